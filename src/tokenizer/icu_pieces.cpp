#include "tokenizer/icu_pieces.h"

#include <unicode/uchar.h>
#include <unicode/uregex.h>
#include <unicode/ustring.h>
#include <unicode/utext.h>
#include <unicode/utf8.h>

#include "base/error.h"
#include "tokenizer/unicode_classes.h"

namespace forebay::tokenizer {
namespace {

void replace_all(std::string& text, std::string_view what, std::string_view with) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
        text.replace(at, what.size(), with);
    }
}

class Utf8Text {
public:
    explicit Utf8Text(std::string_view text) {
        UErrorCode error = U_ZERO_ERROR;
        utext_openUTF8(&text_, text.data(), static_cast<std::int64_t>(text.size()), &error);
        FOREBAY_CHECK(U_SUCCESS(error));
    }
    Utf8Text(const Utf8Text&) = delete;
    Utf8Text& operator=(const Utf8Text&) = delete;
    ~Utf8Text() { utext_close(&text_); }

    UText* get() { return &text_; }

private:
    UText text_ = UTEXT_INITIALIZER;
};

}  // namespace

IcuPattern::IcuPattern(std::string pattern) {
    replace_all(pattern, "\\s", "\\p{White_Space}");
    replace_all(pattern, "\\S", "\\P{White_Space}");
    std::vector<UChar> units(pattern.size() + 1);
    std::int32_t count = 0;
    UErrorCode error = U_ZERO_ERROR;
    u_strFromUTF8(units.data(), static_cast<std::int32_t>(units.size()), &count, pattern.data(),
                  static_cast<std::int32_t>(pattern.size()), &error);
    expression_.reset(uregex_open(units.data(), count, 0, nullptr, &error));
    FOREBAY_CHECK(U_SUCCESS(error));
}

void IcuPattern::Closer::operator()(void* expression) const {
    uregex_close(static_cast<URegularExpression*>(expression));
}

void IcuPattern::cut(std::string_view text, std::size_t start, std::vector<std::uint32_t>& ends) const {
    auto* expression = static_cast<URegularExpression*>(expression_.get());
    Utf8Text utf8(text);
    UErrorCode error = U_ZERO_ERROR;
    uregex_setUText(expression, utf8.get(), &error);
    std::size_t last = 0;
    const auto add = [&](std::size_t end) {
        if (end > last) ends.push_back(static_cast<std::uint32_t>(start + end));
        last = end;
    };
    while (uregex_findNext(expression, &error) && U_SUCCESS(error)) {
        add(static_cast<std::size_t>(uregex_start64(expression, 0, &error)));
        add(static_cast<std::size_t>(uregex_end64(expression, 0, &error)));
    }
    FOREBAY_CHECK(U_SUCCESS(error));
    add(text.size());
}

std::vector<std::uint32_t> pieces_by(const std::vector<IcuPattern>& patterns, std::string_view text) {
    std::vector<std::uint32_t> ends{static_cast<std::uint32_t>(text.size())};
    for (const IcuPattern& pattern : patterns) {
        std::vector<std::uint32_t> finer;
        std::size_t at = 0;
        for (const std::uint32_t end : ends) {
            pattern.cut(text.substr(at, end - at), at, finer);
            at = end;
        }
        ends = std::move(finer);
    }
    return ends;
}

bool is_known_alike(char32_t character) {
    constexpr std::uint32_t classed = U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK | U_GC_P_MASK | U_GC_S_MASK;
    const auto code_point = static_cast<UChar32>(character);
    const bool in_icu = (U_GET_GC_MASK(code_point) & classed) != 0 || u_isUWhiteSpace(code_point);
    const auto in_ours = [&](UnicodeVersion version) { return UnicodeClasses::get(version).bits(character) != 0; };
    return in_icu == in_ours(UnicodeVersion::v15_1) && in_icu == in_ours(UnicodeVersion::v16_0);
}

std::string known_alike(std::string_view text) {
    std::string out;
    for (std::int32_t at = 0; at < static_cast<std::int32_t>(text.size());) {
        const std::int32_t start = at;
        UChar32 character = 0;
        U8_NEXT(text.data(), at, static_cast<std::int32_t>(text.size()), character);
        if (is_known_alike(static_cast<char32_t>(character))) {
            out += text.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(at - start));
        }
    }
    return out;
}

}  // namespace forebay::tokenizer
