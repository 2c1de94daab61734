#include "base/random.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <random>

#include "base/clock.h"
#include "base/error.h"

namespace forebay {

void fill_random(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        const auto got = getrandom(out.data(), out.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        FOREBAY_CHECK(got > 0);
        out = out.subspan(static_cast<std::size_t>(got));
    }
}

std::string random_token(std::size_t length) {
    static constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string token;
    token.reserve(length);
    while (token.size() < length) {
        std::array<std::uint8_t, 64> bytes;
        fill_random(bytes);
        for (const std::uint8_t byte : bytes) {
            if (byte >= 248) continue;  // 248 = 4 * 62: a larger byte would favour the first letters
            token.push_back(alphabet[byte % 62]);
            if (token.size() == length) break;
        }
    }
    return token;
}

namespace {

struct ThreadGenerator {
    std::mt19937_64 engine;
    ThreadGenerator() {
        std::array<std::uint32_t, 8> seed;
        fill_random({reinterpret_cast<std::uint8_t*>(seed.data()), sizeof seed});
        std::seed_seq sequence(seed.begin(), seed.end());
        engine.seed(sequence);
    }
};

}  // namespace

std::string new_request_id() {
    static constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    static thread_local ThreadGenerator generator;
    const auto millis = static_cast<std::uint64_t>(unix_micros_now() / 1000);
    std::string id = "req_";
    id.resize(4 + 26);
    for (std::size_t i = 0; i < 10; ++i) id[4 + i] = alphabet[(millis >> (45 - 5 * i)) & 31];
    std::uint64_t bits = generator.engine();
    for (std::size_t i = 0; i < 16; ++i) {
        if (i == 8) bits = generator.engine();
        id[14 + i] = alphabet[bits & 31];
        bits >>= 5;
    }
    return id;
}

}  // namespace forebay
