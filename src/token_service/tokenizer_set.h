// TokenizerSet: the counters of a configuration's models, opened when it is loaded and shared with the revision before
// where nothing changed.
//
// Owner    app/ builds one per process.
// Threads  open_blocking from any thread but an I/O thread, one at a time.
// Errors   invalid_argument: a model's `tokenizer` is neither a built-in one nor a file that can be used; the
//          revision is not taken. A runtime's model file that cannot be read is no such fault: its calls are not
//          counted, and its worker says what is wrong.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/settings.h"
#include "token_service/count.h"

namespace forebay::token_service {

// What is known of one target of a model.
struct TargetTokens {
    ChatCounterPtr counter;            // null: calls are not counted
    std::uint64_t context_tokens = 0;  // 0: unknown, nothing is refused
    bool counts_answer = false;        // whether the target refuses a prompt and max_tokens that are too long together
};
// By model and, in it, by target, as in the settings.
using ModelTokens = std::map<std::string, std::vector<TargetTokens>, std::less<>>;

class TokenizerSet {
public:
    // Where tokenizers come from; tests supply their own. All may block.
    struct Sources {
        std::function<std::vector<std::string>()> built_in_names;
        std::function<Result<tokenizer::TokenizerPtr>(const std::string& name)> built_in;
        std::function<Result<tokenizer::TokenizerPtr>(const std::string& file)> from_file;
        // The chat counter of a GGUF file, with the tokenizer that from_file gave for it.
        std::function<Result<ChatCounterPtr>(const std::string& file, tokenizer::TokenizerPtr)> from_gguf;
    };

    explicit TokenizerSet(Sources sources) : sources_(std::move(sources)) {}

    Result<ModelTokens> open_blocking(const config::Settings& settings);

    // By the model table alone.
    Result<ChatCounterPtr> counter_of_model_blocking(std::string_view model);
    // A built-in tokenizer's name, "estimate", or a file; `model` says what its chats look like. not_found lists the
    // built-in ones.
    Result<ChatCounterPtr> counter_of_tokenizer_blocking(const std::string& tokenizer, std::string_view model);

private:
    Result<TargetTokens> open_target(const config::Settings& settings, const config::ModelSettings& model,
                                     const config::Target& target);
    Result<ChatCounterPtr> built_in(const std::string& name, ChatFormat format, bool published);
    Result<ChatCounterPtr> estimate(const Family& family);
    Result<ChatCounterPtr> from_file(const std::string& file);
    template <class Make>
    Result<ChatCounterPtr> shared(const std::string& key, Make make);

    const Sources sources_;
    std::map<std::string, std::weak_ptr<const ChatCounter>> open_;
};

}  // namespace forebay::token_service
