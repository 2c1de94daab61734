// How long a dataset's rows are: in a model's tokens, or in characters where no model is given.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "registry/dataset.h"

namespace forebay::app {

class RowLengths {
public:
    // In characters of all that a row says.
    static std::unique_ptr<RowLengths> in_characters();
    // In tokens of a GGUF model or vocabulary, whose weights are not loaded: of a chat the prompt in the model's own
    // template, the answer and the token that ends it; of a text the text and its end. Blocks.
    static Result<std::unique_ptr<RowLengths>> in_tokens_blocking(const std::string& model_file);
    virtual ~RowLengths() = default;

    // 0 where nothing of the row is predicted.
    virtual std::uint64_t count(const registry::Row& row) = 0;
    virtual std::string unit() const = 0;              // "tokens"
    virtual std::uint64_t context_tokens() const = 0;  // that the model was trained for; 0: unknown
    // The first row that could not be counted, and why: the model's template refused it. Its file is empty.
    virtual const std::optional<registry::RowFault>& failure() const = 0;
};

}  // namespace forebay::app
