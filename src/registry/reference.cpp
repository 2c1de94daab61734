#include "registry/reference.h"

#include <algorithm>
#include <charconv>

#include "base/utf8.h"
#include "registry/registry.h"

namespace forebay::registry {
namespace {

constexpr std::size_t name_length_max = 64;
constexpr std::size_t digest_digits = 64;
constexpr std::size_t digest_digits_min = 8;
constexpr std::string_view digest_prefix = "sha256:";

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

// For messages: what somebody typed, cut and without control characters.
std::string shown(std::string_view text) {
    std::string out = utf8::sanitized(text.substr(0, utf8::whole_prefix_size(text.substr(0, 80))));
    for (char& c : out)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    return out;
}

Result<void> check_word(std::string_view what, std::string_view text, bool digit_first) {
    const bool begins = !text.empty() && (is_lower(text[0]) || (digit_first && is_digit(text[0])));
    const bool goes_on = std::ranges::all_of(
        text, [](char c) { return is_lower(c) || is_digit(c) || c == '.' || c == '_' || c == '-'; });
    if (begins && goes_on && text.size() <= name_length_max) return {};
    return fail(Code::invalid_argument,
                "'{}' is not a {}: it begins with a lower-case letter{} and has at most {} lower-case letters, digits, "
                "'.', '_' and '-'",
                shown(text), what, digit_first ? " or a digit" : "", name_length_max);
}

Result<Reference> parse_digest(std::string_view text, std::string_view digits) {
    Reference reference;
    for (const char c : digits) reference.digest.push_back(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
    if (!std::ranges::all_of(reference.digest, is_hex) || digits.size() < digest_digits_min ||
        digits.size() > digest_digits)
        return fail(Code::invalid_argument, "'{}' is not a digest: sha256: and {} to {} hexadecimal digits",
                    shown(text), digest_digits_min, digest_digits);
    return reference;
}

}  // namespace

Result<void> check_name(std::string_view name) {
    if (name == "sha256")
        return fail(Code::invalid_argument, "'sha256' cannot be a name: references to digests begin so");
    return check_word("name", name, true);
}

Result<void> check_label(std::string_view label) { return check_word("label", label, false); }

bool is_digest(std::string_view text) { return text.size() == digest_digits && std::ranges::all_of(text, is_hex); }

Result<Reference> parse_reference(std::string_view text) {
    if (text.starts_with(digest_prefix)) return parse_digest(text, text.substr(digest_prefix.size()));
    Reference reference;
    const auto separator = text.find_first_of(":@");
    reference.name = text.substr(0, separator);
    FOREBAY_TRY_VOID(check_name(reference.name));
    if (separator == std::string_view::npos) return reference;
    const std::string_view rest = text.substr(separator + 1);
    if (text[separator] == '@') {
        FOREBAY_TRY_VOID(check_label(rest));
        if (rest != latest) reference.label = rest;
        return reference;
    }
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), reference.number);
    if (error != std::errc() || end != rest.data() + rest.size() || reference.number < 1)
        return fail(Code::invalid_argument, "'{}' is not a reference: a version's number follows the colon, from 1",
                    shown(text));
    return reference;
}

}  // namespace forebay::registry
