// A tokenizer for tests: a token per byte, and control tokens that take one each.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace forebay::token_service {

class ByteTokenizer final : public tokenizer::Tokenizer {
public:
    explicit ByteTokenizer(std::string name, std::vector<std::string> control = {}) : control_(std::move(control)) {
        info_.name = std::move(name);
        info_.kind = "bytes";
        info_.vocabulary = 256 + control_.size();
        info_.token_bytes_max = 16;
        for (std::size_t i = 0; i < 256; ++i) bytes_.push_back(static_cast<char>(static_cast<unsigned char>(i)));
    }

    const tokenizer::TokenizerInfo& info() const override { return info_; }

    void append_tokens(std::vector<tokenizer::TokenId>& out, std::string_view text,
                       tokenizer::EncodeOptions options) const override {
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t control =
                options.specials == tokenizer::Specials::as_tokens ? control_at(text.substr(at)) : control_.size();
            if (control < control_.size()) {
                out.push_back(static_cast<tokenizer::TokenId>(256 + control));
                at += control_[control].size();
            } else {
                out.push_back(static_cast<unsigned char>(text[at++]));
            }
        }
    }
    std::size_t count(std::string_view text, tokenizer::EncodeOptions options) const override {
        std::vector<tokenizer::TokenId> tokens;
        append_tokens(tokens, text, options);
        return tokens.size();
    }
    Result<std::vector<tokenizer::Offset>> append_with_offsets(std::vector<tokenizer::TokenId>& out,
                                                               std::string_view text,
                                                               tokenizer::EncodeOptions options) const override {
        const std::size_t before = out.size();
        append_tokens(out, text, options);
        std::vector<tokenizer::Offset> offsets;
        std::size_t at = 0;
        for (std::size_t i = before; i < out.size(); ++i) {
            const std::size_t size = bytes_of(out[i]).size();
            offsets.push_back({at, at + size});
            at += size;
        }
        return offsets;
    }

    std::string_view bytes_of(tokenizer::TokenId token) const override {
        const auto index = static_cast<std::size_t>(token);
        if (token < 0 || index >= info_.vocabulary) return {};
        return index < 256 ? std::string_view(bytes_).substr(index, 1) : std::string_view(control_[index - 256]);
    }
    bool is_special(tokenizer::TokenId token) const override { return token >= 256; }
    tokenizer::TokenId find(std::string_view bytes) const override {
        if (bytes.size() == 1) return static_cast<unsigned char>(bytes.front());
        const std::size_t control = control_at(bytes);
        return control < control_.size() ? static_cast<tokenizer::TokenId>(256 + control) : -1;
    }
    Result<std::string> decode(std::span<const tokenizer::TokenId> tokens,
                               tokenizer::Specials specials) const override {
        std::string out;
        for (const tokenizer::TokenId token : tokens) {
            if (token < 0 || static_cast<std::size_t>(token) >= info_.vocabulary) {
                return fail(Code::invalid_argument, "no token {}", token);
            }
            if (!is_special(token) || specials == tokenizer::Specials::as_tokens) out += bytes_of(token);
        }
        return out;
    }
    std::size_t last_cut(std::string_view text, tokenizer::EncodeOptions) const override { return text.size(); }

private:
    std::size_t control_at(std::string_view text) const {
        for (std::size_t i = 0; i < control_.size(); ++i) {
            if (text.starts_with(control_[i])) return i;
        }
        return control_.size();
    }

    const std::vector<std::string> control_;
    tokenizer::TokenizerInfo info_;
    std::string bytes_;
};

}  // namespace forebay::token_service
