// Comparison: our tokenizer beside a peer on many texts. What differs is made as short as it gets and kept.
//
// Threads  one at a time.
#pragma once
#include <bitset>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "peer.h"
#include "tokenizer/tokenizer.h"

namespace forebay::differential {

struct Finding {
    std::string vocabulary;
    std::string what;  // "ids", "count", "offsets", "round trip", "cut", "growth", "stream", "fit"
    std::string text;  // the shortest found
    std::string detail;
};

struct Totals {
    std::size_t texts = 0, bytes = 0, tokens = 0, peer_failures = 0, findings = 0;
};

class Comparison {
public:
    Comparison(std::string name, tokenizer::TokenizerPtr ours, std::unique_ptr<Peer> peer);

    const std::string& name() const { return name_; }
    // Spellings of our special tokens, a few dozen at most.
    const std::vector<std::string>& specials() const { return specials_; }
    bool adds_begin_end() const { return peer_->adds_begin_end(); }

    // Ids of valid texts, ours beside the peer's. unavailable: the peer is gone.
    Result<void> compare(std::span<const std::string> texts, tokenizer::EncodeOptions options);
    // What ours promises by itself, of any bytes: that counts are sizes, offsets cover the text, tokens give it back,
    // cuts hold. `more` is what a text grows by.
    void check_alone(const std::string& text, std::string_view more, tokenizer::EncodeOptions options);
    // Ids that a file of llama.cpp's expects.
    void expect(const std::string& text, const std::vector<TokenId>& expected);

    const Totals& totals() const { return totals_; }
    const std::vector<Finding>& findings() const { return findings_; }

private:
    using Broken = std::function<bool(const std::string&)>;

    std::vector<TokenId> our_tokens(std::string_view text, tokenizer::EncodeOptions options) const;
    void keep(std::string what, const std::string& text, const Broken& broken,
              const std::function<std::string(const std::string&)>& detail);
    bool differs(const std::string& text, tokenizer::EncodeOptions options);
    std::string both(const std::string& text, tokenizer::EncodeOptions options);
    bool keeps(std::string_view text) const;
    bool offsets_hold(const std::string& text, tokenizer::EncodeOptions options) const;
    bool growth_holds(const std::string& text, std::string_view more, tokenizer::EncodeOptions options) const;
    bool stream_holds(const std::string& text, tokenizer::EncodeOptions options) const;
    bool fit_holds(const std::string& text, tokenizer::EncodeOptions options) const;
    bool cut_holds(const std::string& text, std::string_view more, tokenizer::EncodeOptions options) const;

    std::string name_;
    tokenizer::TokenizerPtr ours_;
    std::unique_ptr<Peer> peer_;
    std::vector<std::string> specials_;
    std::bitset<256> kept_;      // bytes that have tokens; a text of others does not come back
    bool marks_spaces_ = false;  // a space and U+2581 are the same token
    Totals totals_;
    std::vector<Finding> findings_;
};

// As a C++ literal would have it.
std::string shown(std::string_view text);

}  // namespace forebay::differential
