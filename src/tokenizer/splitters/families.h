// The families of rules: one function for each, which makes a splitter of that rule under any of its names.
#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "tokenizer/splitter.h"

namespace forebay::tokenizer {

// Whether vectorised scans are used where a rule has them; tests compare both.
enum class Pace { fast, plain };

// By name, as find_splitter(), but a new one.
Result<std::unique_ptr<Splitter>> make_splitter(std::string_view name, Pace pace);

// One name for each rule. For tests.
std::vector<std::string_view> rule_names();

using MakeSplitter = std::unique_ptr<Splitter> (*)(std::string_view name, Pace pace);

// gpt2.cpp
std::unique_ptr<Splitter> make_r50k(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_gpt2(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_starcoder(std::string_view name, Pace pace);

// cl100k.cpp
std::unique_ptr<Splitter> make_cl100k(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_llama3(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_qwen2(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_qwen35(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_seed_coder(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_ufakzeka(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_minicpm5(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_laguna(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_jais2(std::string_view name, Pace pace);

// o200k.cpp
std::unique_ptr<Splitter> make_o200k(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_gpt4o(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_tekken(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_granite_multi(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_tiny_aya(std::string_view name, Pace pace);

// phrases.cpp
std::unique_ptr<Splitter> make_kimi_k2(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_exaone_moe(std::string_view name, Pace pace);

// punctuation_apart.cpp
std::unique_ptr<Splitter> make_falcon(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_default(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_chameleon(std::string_view name, Pace pace);

// deepseek.cpp
std::unique_ptr<Splitter> make_deepseek_llm(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_deepseek_coder(std::string_view name, Pace pace);

// scripts_apart.cpp
std::unique_ptr<Splitter> make_deepseek_v3(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_spark(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_afmoe(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_youtu(std::string_view name, Pace pace);

// separators.cpp
std::unique_ptr<Splitter> make_poro(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_viking(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_lines(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_whitespace(std::string_view name, Pace pace);
std::unique_ptr<Splitter> make_superbpe(std::string_view name, Pace pace);

}  // namespace forebay::tokenizer
