// Randomness: the kernel's, for secrets, and ids made of it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace forebay {

// Fills `out` from the kernel's generator (getrandom); never fails after boot.
void fill_random(std::span<std::uint8_t> out);

// `length` letters and digits (base 62, unbiased) from the kernel: 43 of them carry 256 bits.
std::string random_token(std::size_t length);

// A request id: "req_" and 26 characters that sort by time (48 bits of milliseconds, 80 random bits,
// Crockford base 32 as ULID writes them). Unique across processes; made without a system call.
std::string new_request_id();

}  // namespace forebay
