#include "tokenizer/gguf_special_names.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <unordered_map>

namespace forebay::tokenizer {
namespace {

using Names = std::span<const std::string_view>;

// Tokens at which generation ends: control tokens always. Those of turns and messages are all among them.
constexpr std::string_view ending[] = {"<|eot_id|>",
                                       "<|im_end|>",
                                       "<|end|>",
                                       "<|return|>",
                                       "<|call|>",
                                       "<|flush|>",
                                       "<|calls|>",
                                       "<end_of_turn>",
                                       "<|endoftext|>",
                                       "</s>",
                                       "<|eom_id|>",
                                       "<EOT>",
                                       "_<EOT>",
                                       "[EOT]",
                                       "[EOS]",
                                       "<|end_of_text|>",
                                       "<end_of_utterance>",
                                       "<eos>",
                                       "<turn|>",
                                       "<|tool_response>",
                                       "<｜end▁of▁sentence｜>",
                                       "[e~["};
constexpr std::string_view fill_prefix[] = {"<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>",    "<｜fim▁begin｜>",
                                            "<PRE>",          "▁<PRE>",       "<|code_prefix|>", "<|prefix|>"};
constexpr std::string_view fill_suffix[] = {"<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>",    "<｜fim▁hole｜>",
                                            "<SUF>",          "▁<SUF>",       "<|code_suffix|>", "<|suffix|>"};
constexpr std::string_view fill_middle[] = {"<|fim_middle|>", "<fim-middle>", "<fim_middle>",    "<｜fim▁end｜>",
                                            "<MID>",          "▁<MID>",       "<|code_middle|>", "<|middle|>"};
constexpr std::string_view fill_pad[] = {"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"};
constexpr std::string_view fill_repository[] = {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"};
constexpr std::string_view fill_separator[] = {"<|file_sep|>"};
// Always shown to those who read the text: gpt-oss.
constexpr std::string_view shown[] = {"<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"};

class SpecialNames {
public:
    SpecialNames(Vocabulary& vocabulary, const std::vector<std::string>& spellings)
        : vocabulary_(vocabulary), spellings_(spellings) {
        for (const Names names : {Names(ending), Names(fill_prefix), Names(fill_suffix), Names(fill_middle),
                                  Names(fill_pad), Names(fill_repository), Names(fill_separator), Names(shown)}) {
            for (const std::string_view name : names) ids_.emplace(name, -1);
        }
        for (std::size_t id = 0; id < spellings.size(); ++id) {
            if (const auto found = ids_.find(spellings[id]); found != ids_.end()) {
                found->second = static_cast<TokenId>(id);
            }
        }
    }

    TokenId find(std::string_view name) const { return ids_.at(name); }

    void set(std::string_view name, TokenKind kind) {
        const TokenId id = find(name);
        if (id < 0) return;
        Token& token = vocabulary_.tokens[static_cast<std::size_t>(id)];
        token.kind = kind;
        // The bytes of a special token are its spelling.
        if (kind != TokenKind::normal) token.bytes = name;
    }

    // The one token of `names` that the file did not name itself.
    void set_one(Names names, TokenId named) {
        if (named >= 0) return;
        std::vector<std::string_view> present;
        std::ranges::copy_if(names, std::back_inserter(present),
                             [this](std::string_view name) { return find(name) >= 0; });
        if (present.size() > 1) present = {first_in_map(present)};
        if (!present.empty()) set(present.front(), TokenKind::control);
    }

private:
    // Of several, llama.cpp takes the one that comes first in its hash map, so that the map must be like its own.
    std::string_view first_in_map(const std::vector<std::string_view>& names) {
        if (map_.empty()) {
            for (std::size_t id = 0; id < spellings_.size(); ++id) map_[spellings_[id]] = static_cast<TokenId>(id);
        }
        for (const auto& [spelling, id] : map_) {
            if (const auto found = std::ranges::find(names, spelling); found != names.end()) return *found;
        }
        return names.front();
    }

    Vocabulary& vocabulary_;
    const std::vector<std::string>& spellings_;
    std::unordered_map<std::string_view, TokenId> ids_;
    std::unordered_map<std::string, TokenId> map_;
};

}  // namespace

void apply_special_names(Vocabulary& vocabulary, const std::vector<std::string>& spellings, const FillInTokens& named) {
    SpecialNames names(vocabulary, spellings);
    names.set_one(fill_prefix, named.prefix);
    names.set_one(fill_suffix, named.suffix);
    names.set_one(fill_middle, named.middle);
    names.set_one(fill_pad, named.pad);
    names.set_one(fill_repository, named.repository);
    names.set_one(fill_separator, named.separator);
    for (const std::string_view name : ending) names.set(name, TokenKind::control);
    for (const std::string_view name : shown) names.set(name, TokenKind::user_defined);

    const auto has = [&](std::string_view name) { return names.find(name) >= 0; };
    const bool calls = has("<|call|>") || has("<|calls|>");
    if (calls && (has("<|return|>") || has("<|flush|>"))) names.set("<|end|>", TokenKind::user_defined);
    if (has("<|tool_response>")) names.set("</s>", TokenKind::normal);
}

}  // namespace forebay::tokenizer
