// Peers: other tokenizers, whose ids ours must have.
//
// Threads  one at a time.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenizer/tokenizer.h"

namespace forebay::differential {

using tokenizer::TokenId;

struct PeerAnswer {
    std::vector<TokenId> tokens;
    bool failed = false;  // it threw
};

class Peer {
public:
    virtual ~Peer() = default;

    // An answer for each text, valid UTF-8, in order. unavailable: the peer is gone.
    virtual Result<std::vector<PeerAnswer>> encode(std::span<const std::string> texts,
                                                   tokenizer::EncodeOptions options) = 0;
    // Whether EncodeOptions::add_begin_end means something to it.
    virtual bool adds_begin_end() const = 0;
};

// llama.cpp's, for a GGUF file.
Result<std::unique_ptr<Peer>> open_llama_blocking(const std::string& file);

// The npm package tiktoken, in a process of node's: "o200k_base" and so on.
Result<std::unique_ptr<Peer>> open_tiktoken_blocking(const std::string& encoding);

}  // namespace forebay::differential
