// A set of special tokens and the search for them: the larger part of SpecialTokens.
//
// Threads  any: const after construction.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace forebay::tokenizer {

class SpecialSet {
public:
    struct Entry {
        std::string text;
        TokenId id = -1;
        std::uint32_t rank = 0;  // the lower is cut first
        bool strip_left = false, strip_right = false;
    };
    // An occurrence: `begin` to `end` with the white space that it swallows.
    struct Match {
        std::size_t begin = 0, end = 0;
        const Entry* entry = nullptr;
    };

    SpecialSet() = default;
    SpecialSet(std::vector<Entry> entries, SpecialOrder order);

    bool empty() const { return entries_.empty(); }

    // Appends what is to be cut out of `text`, in order, without overlaps.
    void find(std::vector<Match>& out, std::string_view text) const;

    // See SpecialTokens::may_cut.
    bool may_cut(std::string_view text, std::size_t at) const;

private:
    struct Contest;

    bool may_begin(std::string_view text, std::size_t at) const;
    std::size_t find_begin(std::string_view text, std::size_t from) const;
    const Entry* longest_at(std::string_view text, std::size_t at, std::size_t size_max) const;
    bool may_lie_across(std::string_view text, std::size_t begin, std::size_t at) const;
    bool may_strip_across(std::string_view text, std::size_t at) const;
    bool is_outranked(std::string_view text, std::size_t at, const Entry& entry) const;
    std::size_t find_contested(std::vector<Match>& out, std::string_view text, std::size_t from, bool to_the_end) const;
    void strip(std::vector<Match>& matches, std::size_t first, std::string_view text) const;

    std::vector<Entry> entries_;                  // by text
    std::array<std::uint32_t, 257> begins_{};     // where in entries_ those begin that begin with a byte
    std::array<std::uint32_t, 256> best_rank_{};  // of the entries that begin with a byte
    std::array<std::uint8_t, 256> roles_{};       // what a byte can be in an entry: the bits in the .cpp
    std::string first_bytes_;
    std::size_t bytes_max_ = 0;
    SpecialOrder order_ = SpecialOrder::longest_first;
    bool strips_ = false;         // some entry swallows white space
    bool strips_matter_ = false;  // and some entry contains white space, so that the two meet
};

}  // namespace forebay::tokenizer
