// forebay_pack_tokenizers RANK_FOLDER OUT_FOLDER: makes OUT_FOLDER/NAME.table of each rank file NAME.tiktoken of a
// built-in encoding. Runs while the program is built; built_in.cpp takes the tables in.
#include <fstream>

#include "base/log.h"
#include "tokenizer/rank_file.h"
#include "tokenizer/token_table.h"

namespace forebay::tokenizer {
namespace {

Result<void> pack(const RankEncoding& encoding, const std::string& from, const std::string& to) {
    const std::string source = fmt::format("{}/{}.tiktoken", from, encoding.name);
    FOREBAY_TRY(Vocabulary vocabulary, read_rank_file_blocking(source));
    vocabulary.source = "built in";
    FOREBAY_TRY(const TokenTable table, TokenTable::build(vocabulary));
    const std::string path = fmt::format("{}/{}.table", to, encoding.name);
    std::ofstream file(path, std::ios::binary);
    const auto bytes = table.bytes();
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) return fail(Code::unavailable, "cannot write '{}'", path);
    return {};
}

Result<void> pack_all(const std::string& from, const std::string& to) {
    for (const RankEncoding& encoding : rank_encodings()) {
        if (encoding.name == encoding.file) FOREBAY_TRY_VOID(pack(encoding, from, to));
    }
    return {};
}

}  // namespace
}  // namespace forebay::tokenizer

int main(int count, char** arguments) {
    if (count != 3) {
        forebay::log::error("usage: forebay_pack_tokenizers RANK_FOLDER OUT_FOLDER");
        return 2;
    }
    const forebay::Result<void> packed = forebay::tokenizer::pack_all(arguments[1], arguments[2]);
    if (packed) return 0;
    forebay::log::error("{}", packed.error().message);
    return 1;
}
