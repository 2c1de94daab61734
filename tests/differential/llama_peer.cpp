#include <llama.h>

#include <algorithm>
#include <exception>

#include "peer.h"

namespace forebay::differential {
namespace {

class LlamaPeer : public Peer {
public:
    explicit LlamaPeer(llama_model* model) : model_(model, &llama_model_free), vocab_(llama_model_get_vocab(model)) {}

    Result<std::vector<PeerAnswer>> encode(std::span<const std::string> texts,
                                           tokenizer::EncodeOptions options) override {
        std::vector<PeerAnswer> answers;
        for (const std::string& text : texts) answers.push_back(encode_one(text, options));
        return answers;
    }

    bool adds_begin_end() const override { return true; }

private:
    PeerAnswer encode_one(std::string_view text, tokenizer::EncodeOptions options) const {
        const bool specials = options.specials == tokenizer::Specials::as_tokens;
        PeerAnswer answer;
        answer.tokens.resize(text.size() * 2 + 16);
        try {
            const auto room = static_cast<std::int32_t>(answer.tokens.size());
            const std::int32_t size = llama_tokenize(vocab_, text.data(), static_cast<std::int32_t>(text.size()),
                                                     answer.tokens.data(), room, options.add_begin_end, specials);
            answer.failed = size < 0;
            answer.tokens.resize(static_cast<std::size_t>(std::max(size, 0)));
        } catch (const std::exception&) {
            answer = {{}, true};
        }
        return answer;
    }

    std::unique_ptr<llama_model, void (*)(llama_model*)> model_;
    const llama_vocab* vocab_;
};

}  // namespace

Result<std::unique_ptr<Peer>> open_llama_blocking(const std::string& file) {
    llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
    llama_model_params params = llama_model_default_params();
    params.vocab_only = true;
    llama_model* model = llama_model_load_from_file(file.c_str(), params);
    if (model == nullptr) return fail(Code::invalid_argument, "llama.cpp cannot open {}", file);
    return std::make_unique<LlamaPeer>(model);
}

}  // namespace forebay::differential
