// The metadata of the model that a run makes: a GGUF file without tensors in the run's folder, with architecture,
// tokenizer and chat template. Rows are encoded with it through llama.cpp, and the finished model carries it: so what
// was trained is what is served.
#pragma once
#include <string>

#include "base/error.h"
#include "gradients/ggml_pointers.h"
#include "tokenizer/bpe_trainer.h"
#include "training/recipe.h"

namespace forebay::training {

// Control tokens of a vocabulary trained here.
inline constexpr const char* token_end_of_text = "<|endoftext|>";
inline constexpr const char* token_turn_start = "<|im_start|>";
inline constexpr const char* token_turn_end = "<|im_end|>";

// For a model from scratch. The vocabulary's control tokens are the three above.
Result<void> write_metadata_blocking(const std::string& file, const Recipe& recipe,
                                     const tokenizer::BpeVocabulary& vocabulary);
// From a base (or any GGUF whose tokenizer is used): all of its metadata with the recipe's name, and the recipe's
// template or shape where it has its own. invalid_argument: the base's vocabulary and `recipe` do not fit.
Result<void> copy_metadata_blocking(const std::string& file, const Recipe& recipe, const std::string& base_file);

// Reads metadata alone; null tensors.
Result<gradients::GgufPtr> read_metadata_blocking(const std::string& file);

}  // namespace forebay::training
