#include "tokenizer/special_set.h"

#include <algorithm>
#include <queue>
#include <tuple>

#if defined(__SSE2__)
#include <emmintrin.h>
#else
#include <cstring>
#endif

namespace forebay::tokenizer {
namespace {

// What a byte can be.
constexpr std::uint8_t first_of_entry = 1;
constexpr std::uint8_t second_of_entry = 2;
constexpr std::uint8_t third_of_entry = 4;
constexpr std::uint8_t whole_entry = 8;   // of one byte
constexpr std::uint8_t last_of_two = 16;  // of an entry of two

unsigned char byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

// isspace() of the C locale, which is what llama.cpp asks.
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Of entries alike in `depth` bytes, all longer than that: those whose next byte is `next`.
void narrow(const SpecialSet::Entry*& low, const SpecialSet::Entry*& high, std::size_t depth, unsigned char next) {
    const auto byte_of = [depth](const SpecialSet::Entry& entry) { return byte_at(entry.text, depth); };
    if (byte_of(*low) != next) low = std::ranges::lower_bound(low, high, next, {}, byte_of);
    if (low != high && byte_of(high[-1]) != next) high = std::ranges::upper_bound(low, high, next, {}, byte_of);
}

}  // namespace

SpecialSet::SpecialSet(std::vector<Entry> entries, SpecialOrder order) : entries_(std::move(entries)), order_(order) {
    std::erase_if(entries_, [](const Entry& entry) { return entry.text.empty(); });
    // Of entries with one spelling, the one that is cut first counts.
    std::ranges::sort(entries_, {}, [](const Entry& entry) { return std::tie(entry.text, entry.rank); });
    const auto doubles = std::ranges::unique(entries_, {}, &Entry::text);
    entries_.erase(doubles.begin(), doubles.end());

    best_rank_.fill(UINT32_MAX);
    bool with_space = false;
    for (const Entry& entry : entries_) {
        const unsigned char first = byte_at(entry.text, 0);
        if (first_bytes_.empty() || first_bytes_.back() != entry.text[0]) first_bytes_ += entry.text[0];
        roles_[first] |= first_of_entry;
        if (entry.text.size() == 1) roles_[first] |= whole_entry;
        if (entry.text.size() > 1) roles_[byte_at(entry.text, 1)] |= second_of_entry;
        if (entry.text.size() == 2) roles_[byte_at(entry.text, 1)] |= last_of_two;
        if (entry.text.size() > 2) roles_[byte_at(entry.text, 2)] |= third_of_entry;
        ++begins_[first + 1U];
        best_rank_[first] = std::min(best_rank_[first], entry.rank);
        bytes_max_ = std::max(bytes_max_, entry.text.size());
        strips_ |= entry.strip_left || entry.strip_right;
        with_space |= std::ranges::any_of(entry.text, is_space);
    }
    for (std::size_t i = 0; i < 256; ++i) begins_[i + 1] += begins_[i];
    strips_matter_ = strips_ && with_space;
}

// Looks at up to three bytes: nearly all that passes is an entry.
bool SpecialSet::may_begin(std::string_view text, std::size_t at) const {
    const std::uint8_t first = roles_[byte_at(text, at)];
    if ((first & first_of_entry) == 0) return false;
    if ((first & whole_entry) != 0) return true;
    if (at + 1 >= text.size()) return false;
    const std::uint8_t second = roles_[byte_at(text, at + 1)];
    if ((second & second_of_entry) == 0) return false;
    if ((second & last_of_two) != 0) return true;
    return at + 2 < text.size() && (roles_[byte_at(text, at + 2)] & third_of_entry) != 0;
}

// The first place from `from` on where an entry may begin, or the end of the text.
std::size_t SpecialSet::find_begin(std::string_view text, std::size_t from) const {
    std::size_t at = from;
#if defined(__SSE2__)
    constexpr std::size_t first_bytes_compared = 4;
    if (first_bytes_.size() <= first_bytes_compared) {
        std::array<__m128i, first_bytes_compared> wanted;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            wanted[i] = _mm_set1_epi8(first_bytes_[std::min(i, first_bytes_.size() - 1)]);
        }
        for (; at + 16 <= text.size(); at += 16) {
            const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
            const __m128i low = _mm_or_si128(_mm_cmpeq_epi8(bytes, wanted[0]), _mm_cmpeq_epi8(bytes, wanted[1]));
            const __m128i high = _mm_or_si128(_mm_cmpeq_epi8(bytes, wanted[2]), _mm_cmpeq_epi8(bytes, wanted[3]));
            auto hits = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, high)));
            for (; hits != 0; hits &= hits - 1) {
                const std::size_t hit = at + static_cast<std::size_t>(__builtin_ctz(hits));
                if (may_begin(text, hit)) return hit;
            }
        }
    }
#else
    if (first_bytes_.size() == 1) {
        while (at < text.size()) {
            const void* hit = std::memchr(text.data() + at, first_bytes_[0], text.size() - at);
            if (hit == nullptr) return text.size();
            at = static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
            if (may_begin(text, at)) return at;
            ++at;
        }
    }
#endif
    while (at < text.size() && !may_begin(text, at)) ++at;
    return at;
}

// The longest entry that stands at `at` and has at most `size_max` bytes; null: none. Narrows the range of entries that
// begin like the text, byte by byte.
const SpecialSet::Entry* SpecialSet::longest_at(std::string_view text, std::size_t at, std::size_t size_max) const {
    const std::size_t size = std::min(size_max, text.size() - at);
    if (size == 0) return nullptr;
    const unsigned char first = byte_at(text, at);
    const Entry* low = entries_.data() + begins_[first];
    const Entry* high = entries_.data() + begins_[first + 1U];
    const Entry* longest = nullptr;
    for (std::size_t depth = 1; low != high; ++depth) {
        if (low->text.size() == depth) {  // the shortest of those that begin alike is the first
            longest = low++;
            if (low == high) break;
        }
        if (depth == size) break;
        narrow(low, high, depth, byte_at(text, at + depth));
    }
    return longest;
}

// Whether an occurrence that begins inside this one of `entry`, at `at`, is cut out before it.
bool SpecialSet::is_outranked(std::string_view text, std::size_t at, const Entry& entry) const {
    for (std::size_t i = at + 1; i < at + entry.text.size(); ++i) {
        if (best_rank_[byte_at(text, i)] >= entry.rank || !may_begin(text, i)) continue;
        const Entry* other = longest_at(text, i, std::string_view::npos);
        if (other != nullptr && other->rank < entry.rank) return true;
    }
    return false;
}

// Occurrences that overlap: they are taken in the order of ranks, from left to right within a rank. An occurrence that
// is cut off by one that was taken gives way to the longest entry that fits before that.
struct SpecialSet::Contest {
    struct Candidate {
        std::size_t begin = 0;
        const Entry* entry = nullptr;
        // std::priority_queue has its greatest on top.
        bool operator<(const Candidate& other) const {
            return entry->rank != other.entry->rank ? entry->rank > other.entry->rank : begin > other.begin;
        }
    };

    const SpecialSet& set;
    std::string_view text;
    std::size_t from, end;
    std::priority_queue<Candidate> candidates;
    std::vector<Match> taken;
    std::vector<std::size_t> owners;  // by place from `from` on: 1 + where the occurrence begins that covers it, or 0

    bool is_free_space(std::size_t at) const { return is_space(text[at]) && owners[at - from] == 0; }

    void take(const Candidate& candidate) {
        Match match{candidate.begin, candidate.begin + candidate.entry->text.size(), candidate.entry};
        if (set.strips_matter_) {
            while (candidate.entry->strip_left && match.begin > from && is_free_space(match.begin - 1)) --match.begin;
            while (candidate.entry->strip_right && match.end < end && is_free_space(match.end)) ++match.end;
        }
        std::fill(owners.begin() + static_cast<std::ptrdiff_t>(match.begin - from),
                  owners.begin() + static_cast<std::ptrdiff_t>(match.end - from), match.begin + 1);
        taken.push_back(match);
    }

    void decide() {
        owners.assign(end - from, 0);
        while (!candidates.empty()) {
            Candidate candidate = candidates.top();
            candidates.pop();
            if (owners[candidate.begin - from] != 0) continue;
            // What was taken is at least as long, so it cannot lie within.
            const std::size_t last = candidate.begin + candidate.entry->text.size() - 1;
            if (owners[last - from] == 0) {
                take(candidate);
                continue;
            }
            const std::size_t room = owners[last - from] - 1 - candidate.begin;
            candidate.entry = set.longest_at(text, candidate.begin, room);
            if (candidate.entry != nullptr) candidates.push(candidate);
        }
        std::ranges::sort(taken, {}, &Match::begin);
    }
};

// Finds what overlaps from `from` on, as far as one occurrence touches the next. Returns where the search may go on.
std::size_t SpecialSet::find_contested(std::vector<Match>& out, std::string_view text, std::size_t from,
                                       bool to_the_end) const {
    Contest contest{*this, text, from, to_the_end ? text.size() : from, {}, {}, {}};
    std::uint32_t best_rank = UINT32_MAX;
    for (std::size_t at = from;; ++at) {
        at = find_begin(text, at);
        if (at == text.size() || (!to_the_end && at > from && at >= contest.end)) break;
        const Entry* entry = longest_at(text, at, std::string_view::npos);
        if (entry == nullptr) continue;
        contest.candidates.push({at, entry});
        contest.end = std::max(contest.end, at + entry->text.size());
        // Nothing on either side takes this one's place: what comes after it is another contest.
        if (!to_the_end && entry->rank < best_rank && !is_outranked(text, at, *entry)) {
            contest.end = at + entry->text.size();
            break;
        }
        best_rank = std::min(best_rank, entry->rank);
    }
    contest.decide();
    out.insert(out.end(), contest.taken.begin(), contest.taken.end());
    return contest.end;
}

// Gives the occurrences from the `first` on the white space beside them.
void SpecialSet::strip(std::vector<Match>& matches, std::size_t first, std::string_view text) const {
    std::size_t before = 0;
    for (std::size_t i = first; i < matches.size(); ++i) {
        Match& match = matches[i];
        const std::size_t after = i + 1 < matches.size() ? matches[i + 1].begin : text.size();
        while (match.entry->strip_left && match.begin > before && is_space(text[match.begin - 1])) --match.begin;
        while (match.entry->strip_right && match.end < after && is_space(text[match.end])) ++match.end;
        before = match.end;
    }
}

void SpecialSet::find(std::vector<Match>& out, std::string_view text) const {
    if (empty()) return;
    const std::size_t first = out.size();
    const bool longest_first = order_ == SpecialOrder::longest_first;
    if (longest_first && strips_matter_) {
        find_contested(out, text, 0, true);
        return;
    }
    for (std::size_t at = find_begin(text, 0); at < text.size(); at = find_begin(text, at)) {
        const Entry* entry = longest_at(text, at, std::string_view::npos);
        if (entry == nullptr) {
            ++at;
        } else if (longest_first && is_outranked(text, at, *entry)) {
            at = find_contested(out, text, at, false);
        } else {
            out.push_back({at, at + entry->text.size(), entry});
            at = out.back().end;
            // Its white space is not searched.
            while (!longest_first && entry->strip_right && at < text.size() && is_space(text[at])) ++at;
        }
    }
    if (strips_) strip(out, first, text);
}

// Whether an entry that begins at `begin` is there, or may be once more text follows, and reaches past `at`.
bool SpecialSet::may_lie_across(std::string_view text, std::size_t begin, std::size_t at) const {
    const unsigned char first = byte_at(text, begin);
    const Entry* low = entries_.data() + begins_[first];
    const Entry* high = entries_.data() + begins_[first + 1U];
    for (std::size_t depth = 1; low != high; ++depth) {
        if (low->text.size() == depth) {
            if (begin + depth > at) return true;
            if (++low == high) break;
        }
        if (begin + depth == text.size()) return true;
        narrow(low, high, depth, byte_at(text, begin + depth));
    }
    return false;
}

// Whether white space on one side of `at` may be swallowed by an entry on the other side.
bool SpecialSet::may_strip_across(std::string_view text, std::size_t at) const {
    const bool beside_space = is_space(text[at - 1]) || at == text.size() || is_space(text[at]);
    if (!beside_space || strips_matter_) return beside_space;
    std::size_t left = at, right = at;
    while (left > 0 && is_space(text[left - 1])) --left;
    while (right < text.size() && is_space(text[right])) ++right;
    for (const Entry& entry : entries_) {
        const std::size_t size = entry.text.size();
        if (entry.strip_right && (right > at || at == text.size()) && text.substr(0, left).ends_with(entry.text)) {
            return true;
        }
        // It may be there only in part so far.
        const std::string_view behind = text.substr(right, size);
        if (entry.strip_left && left < at && std::string_view(entry.text).starts_with(behind)) return true;
    }
    return false;
}

bool SpecialSet::may_cut(std::string_view text, std::size_t at) const {
    if (empty() || at == 0) return true;
    for (std::size_t begin = at - std::min(at, bytes_max_ - 1); begin < at; ++begin) {
        if ((roles_[byte_at(text, begin)] & first_of_entry) != 0 && may_lie_across(text, begin, at)) return false;
    }
    return !strips_ || !may_strip_across(text, at);
}

}  // namespace forebay::tokenizer
