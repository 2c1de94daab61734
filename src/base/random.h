// Randomness: the kernel's, for secrets, and ids made of it; and a repeatable kind.
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

// The next number of a sequence that begins with `state` and is the same on every machine (splitmix64): for what must
// be repeatable from a seed, never for secrets.
inline std::uint64_t next_repeatable(std::uint64_t& state) {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

}  // namespace forebay
