#include "tokenizer/built_in.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

#include "tokenizer/bpe_tokenizer.h"
#include "tokenizer/rank_file.h"
#include "tokenizer/token_table.h"

// A table that forebay_pack_tokenizers wrote, as bytes of the program. Pages of their own: what is not used is not
// read.
// clang-format off
#define FOREBAY_TABLE(name)                                                       \
    asm(".pushsection .rodata.forebay_tables,\"a\",@progbits\n"                   \
        ".balign 4096\n"                                                          \
        ".globl forebay_table_" #name ", forebay_table_" #name "_end\n"           \
        "forebay_table_" #name ":\n"                                              \
        ".incbin \"" FOREBAY_TABLES_FOLDER "/" #name ".table\"\n"                 \
        "forebay_table_" #name "_end:\n"                                          \
        ".byte 0\n"                                                               \
        ".popsection");                                                           \
    extern "C" const std::byte forebay_table_##name[], forebay_table_##name##_end[]
// clang-format on

FOREBAY_TABLE(r50k_base);
FOREBAY_TABLE(p50k_base);
FOREBAY_TABLE(cl100k_base);
FOREBAY_TABLE(o200k_base);

namespace forebay::tokenizer {
namespace {

struct Table {
    std::string_view name;
    const std::byte* begin;
    const std::byte* end;
};

std::span<const std::byte> table_of(std::string_view file) {
    const Table tables[] = {{"r50k_base", forebay_table_r50k_base, forebay_table_r50k_base_end},
                            {"p50k_base", forebay_table_p50k_base, forebay_table_p50k_base_end},
                            {"cl100k_base", forebay_table_cl100k_base, forebay_table_cl100k_base_end},
                            {"o200k_base", forebay_table_o200k_base, forebay_table_o200k_base_end}};
    const Table* found = std::ranges::find(tables, file, &Table::name);
    return {found->begin, found->end};
}

Result<TokenizerPtr> open(const RankEncoding& encoding) {
    FOREBAY_TRY(TokenTable table, TokenTable::over(table_of(encoding.file)));
    // p50k_edit and o200k_harmony are another's table with more special tokens.
    return make_bpe_tokenizer(std::move(table), std::string(encoding.name), special_tokens_of(encoding));
}

}  // namespace

std::span<const std::string_view> built_in_names() {
    static const std::vector<std::string_view> names = [] {
        std::vector<std::string_view> out;
        for (const RankEncoding& encoding : rank_encodings()) out.push_back(encoding.name);
        return out;
    }();
    return names;
}

Result<TokenizerPtr> built_in_tokenizer(std::string_view name) {
    static std::mutex mutex;
    static std::map<std::string_view, TokenizerPtr> opened;  // by RankEncoding::name
    const RankEncoding* encoding = find_rank_encoding(name);
    if (encoding == nullptr) {
        return fail(Code::not_found, "there is no built-in tokenizer '{}'; there are {}", name,
                    fmt::join(built_in_names(), ", "));
    }
    const std::lock_guard lock(mutex);
    TokenizerPtr& tokenizer = opened[encoding->name];
    if (!tokenizer) {
        FOREBAY_TRY(tokenizer, open(*encoding));
    }
    return tokenizer;
}

}  // namespace forebay::tokenizer
