// The bytes of generated tokens as events for the caller: whole UTF-8 characters, nothing of a stop
// sequence, and each token's logprobs with the text that the token ends in.
#pragma once
#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/stop_matcher.h"

namespace forebay::engine {

// A generated token with what was asked for about it.
struct TokenDetail {
    TokenLogprob chosen;
    std::vector<TokenLogprob> alternatives;
};

class OutputText {
public:
    OutputText(std::vector<std::string> stops, bool logprobs);

    // The event for the next token. After it, stopped() says whether a stop sequence matched.
    TokenEvent push(std::string_view bytes, TokenDetail detail);
    // The last event, with all that was held back; often empty.
    TokenEvent finish();

    bool stopped() const { return stopped_; }
    const std::string& stop_sequence() const { return stops_.matched(); }

private:
    struct Waiting {
        std::size_t begin;  // of the token's bytes in all output
        std::size_t end;
        TokenDetail detail;
    };
    TokenEvent take(std::string ready, bool last);

    StopMatcher stops_;
    bool logprobs_;
    bool stopped_ = false;
    std::string partial_;           // the beginning of a character
    std::size_t bytes_pushed_ = 0;  // by tokens
    std::size_t bytes_passed_ = 0;  // to the caller
    std::deque<Waiting> waiting_;
};

}  // namespace forebay::engine
