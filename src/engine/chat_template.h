// The model's own chat template (Jinja, run by llama.cpp's engine): messages to prompt text.
//
// Threads  render() from any thread; calls take turns.
#pragma once
#include <llama.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/special_text.h"
#include "engine/vocabulary.h"

namespace forebay::engine {

// What a rendering may differ in from a call's.
struct RenderOptions {
    bool add_generation_prompt = true;
    bool continue_final_message = false;  // the last message is left open; then without a generation prompt
    std::string template_kwargs;          // a JSON object that the template sees as variables; empty: none
};

class ChatTemplate {
public:
    // invalid_argument: the model's template does not parse.
    static Result<std::unique_ptr<ChatTemplate>> open(const llama_model& model, const Vocabulary& vocabulary);
    ~ChatTemplate();

    // False when the model has none and ChatML is used instead.
    bool is_the_models() const;

    // The prompt of {"messages":[…],"tools":[…]?,"tool_choice":…?}, ending where the assistant's turn
    // begins. invalid_argument, with the field in `param`: not that shape, or the template refuses it.
    Result<std::vector<PromptPiece>> render(const std::string& chat_json, const RenderOptions& options = {}) const;

private:
    struct Parsed;
    explicit ChatTemplate(std::unique_ptr<Parsed> parsed, SpecialTexts specials);

    std::unique_ptr<Parsed> parsed_;
    SpecialTexts specials_;
    mutable std::mutex mutex_;
};

}  // namespace forebay::engine
