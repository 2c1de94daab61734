// Dataset rows as tokens, with the marks of what is predicted: through the model's own tokenizer and chat template, so
// that training sees exactly what serving will send.
//
// Threads  one.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "gradients/batch.h"
#include "registry/dataset.h"
#include "training/recipe.h"

namespace forebay::training {

class RowEncoder {
public:
    // `metadata_file`: a GGUF with the tokenizer and template. `turn_end`: the control token after an assistant's turn;
    // empty: what the template puts there. invalid_argument: it is not one token that ends a generation. Blocks.
    static Result<std::unique_ptr<RowEncoder>> open_blocking(const std::string& metadata_file, LossOn loss,
                                                             const std::string& turn_end = {});
    ~RowEncoder();

    // A chat gives one row, its assistants' turns predicted; where the template shows earlier turns otherwise than it
    // showed them when they were written (some drop reasoning), one row a turn. A text is cut into rows of `context`.
    // invalid_argument: the template refuses the chat; the message says why.
    Result<std::vector<gradients::TokenRow>> encode(const registry::Row& row, std::uint32_t context) const;

    std::int32_t vocabulary_tokens() const;

private:
    struct Impl;
    explicit RowEncoder(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

// {"messages":[…]} of the first `count` messages.
std::string chat_json(const std::vector<registry::Message>& messages, std::size_t count);

}  // namespace forebay::training
