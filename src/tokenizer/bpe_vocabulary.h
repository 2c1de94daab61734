// The parts of a byte-level vocabulary that training and checking share.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/bpe_trainer.h"

namespace forebay::tokenizer {

inline constexpr std::size_t byte_tokens = 256;

// The 256 bytes in GPT-2's order: first those that are printable characters of Latin-1, then the rest.
std::vector<std::string> make_byte_tokens();

// What train_bpe says of control tokens.
Result<void> check_control(const std::vector<std::string>& control);

}  // namespace forebay::tokenizer
