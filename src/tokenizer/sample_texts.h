// Texts for this folder's tests.
#pragma once
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace forebay::tokenizer {

// What this repository is written in: its sources and documents, in the order of their names.
std::string repository_text();

// A line or two in each of many scripts, code, and what pre-tokenizers stumble over.
const std::vector<std::string>& snippets();

// Valid UTF-8 of about `size` bytes: snippets, their parts, runs of one character and random characters of all planes.
std::string mixed_text(std::mt19937_64& random, std::size_t size);

// Anything: mixed text with bytes changed, and bytes alone.
std::string random_bytes(std::mt19937_64& random, std::size_t size);

}  // namespace forebay::tokenizer
