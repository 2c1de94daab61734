#include "tokenizer/open_tokenizer.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/hash.h"
#include "base/log.h"
#include "tokenizer/bpe_tokenizer.h"
#include "tokenizer/gguf_metadata.h"
#include "tokenizer/gguf_tokenizer.h"
#include "tokenizer/rank_file.h"
#include "tokenizer/read_file.h"
#include "tokenizer/table_format.h"
#include "tokenizer/token_table.h"
#include "tokenizer/tokenizer_json.h"

namespace forebay::tokenizer {
namespace {

// Of what the readers make of a file: with another one, tables that were kept are not taken.
constexpr int readers_version = 1;

enum class FileKind { gguf, json, ranks, table };

struct TokenizerFile {
    std::string path;
    FileKind kind = FileKind::ranks;
};

// By what is in it; names only say which file of a folder it is.
Result<TokenizerFile> look_at(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code error;
    std::string file = path;
    if (fs::is_directory(path, error)) {
        file = (fs::path(path) / "tokenizer.json").string();
        if (!fs::exists(file, error))
            return fail(Code::not_found, "there is no tokenizer.json in the folder '{}'", path);
    }
    if (!fs::exists(file, error)) return fail(Code::not_found, "there is no tokenizer file '{}'", file);
    std::ifstream stream(file, std::ios::binary);
    if (!stream || !fs::is_regular_file(file, error)) {
        return fail(Code::invalid_argument, "tokenizer file '{}' cannot be read", file);
    }
    std::array<char, 64> first{};
    stream.read(first.data(), first.size());
    const std::string_view start(first.data(), static_cast<std::size_t>(stream.gcount()));
    const std::string_view magic(TableHeader::expected_magic.data(), TableHeader::expected_magic.size());
    if (start.starts_with(magic)) return TokenizerFile{file, FileKind::table};
    if (start.starts_with("GGUF")) return TokenizerFile{file, FileKind::gguf};
    const std::size_t text = start.find_first_not_of("\xEF\xBB\xBF \t\r\n");
    if (text != std::string_view::npos && start[text] == '{') return TokenizerFile{file, FileKind::json};
    if (file.ends_with(".gguf")) return fail(Code::invalid_argument, "model file '{}' is not a GGUF file", file);
    if (file.ends_with(".json")) return fail(Code::invalid_argument, "'{}' is not a JSON object", file);
    return TokenizerFile{file, FileKind::ranks};
}

Result<Vocabulary> read(const TokenizerFile& file) {
    switch (file.kind) {
        case FileKind::gguf: return read_gguf_vocabulary_blocking(file.path);
        case FileKind::json: return read_tokenizer_json_blocking(file.path);
        case FileKind::ranks: return read_rank_file_blocking(file.path);
        case FileKind::table: return fail(Code::invalid_argument, "'{}' is a table of tokens already", file.path);
    }
    return fail(Code::internal, "an unknown kind of tokenizer file");
}

// Of a model file only the metadata counts, which is before gigabytes of tensors.
Result<Sha256> digest_of(const TokenizerFile& file) {
    std::uint64_t left = UINT64_MAX;
    if (file.kind == FileKind::gguf) {
        FOREBAY_TRY(const GgufMetadata metadata, GgufMetadata::read_blocking(file.path, {}));
        left = metadata.bytes();
    }
    Sha256Stream digest;
    std::ifstream stream(file.path, std::ios::binary);
    std::string buffer(std::size_t{1} << 20, '\0');
    while (left > 0 && stream) {
        stream.read(buffer.data(), static_cast<std::streamsize>(std::min<std::uint64_t>(left, buffer.size())));
        digest.add(std::string_view(buffer).substr(0, static_cast<std::size_t>(stream.gcount())));
        left -= static_cast<std::uint64_t>(stream.gcount());
    }
    if (!stream.eof() && left > 0) return fail(Code::invalid_argument, "'{}' cannot be read", file.path);
    return digest.finish();
}

// The file's name is part of it too: the table names its source.
Result<std::string> cached_name(const TokenizerFile& file, const std::string& folder) {
    FOREBAY_TRY(const Sha256 digest, digest_of(file));
    const std::string key = fmt::format("{} {} {} {}", to_hex(digest), TableHeader::expected_version, readers_version,
                                        std::filesystem::absolute(file.path).string());
    return fmt::format("{}/{}.tokens", folder, to_hex(sha256(key)).substr(0, 32));
}

// Written beside its place first, so that no one ever sees a part of it.
Result<void> keep(const TokenTable& table, const std::string& place) {
    std::string draft = place + ".XXXXXX";
    const int descriptor = ::mkstemp(draft.data());
    if (descriptor < 0) return fail(Code::unavailable, "cannot write '{}': {}", draft, std::strerror(errno));
    std::span<const std::byte> rest = table.bytes();
    while (!rest.empty()) {
        const ssize_t written = ::write(descriptor, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) break;
        rest = rest.subspan(static_cast<std::size_t>(written));
    }
    const bool kept = rest.empty() && ::close(descriptor) == 0 && std::rename(draft.c_str(), place.c_str()) == 0;
    if (kept) return {};
    const int reason = errno;
    if (!rest.empty()) ::close(descriptor);
    ::unlink(draft.c_str());
    return fail(Code::unavailable, "cannot write '{}': {}", place, std::strerror(reason));
}

Result<TokenTable> build(const TokenizerFile& file) {
    FOREBAY_TRY(const Vocabulary vocabulary, read(file));
    return TokenTable::build(vocabulary);
}

Result<TokenTable> build_or_find(const TokenizerFile& file, const std::string& folder) {
    if (file.kind == FileKind::table) return TokenTable::open_blocking(file.path);
    if (folder.empty()) return build(file);
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    FOREBAY_TRY(const std::string place, cached_name(file, folder));
    Result<TokenTable> kept = TokenTable::open_blocking(place);
    if (kept) return kept;
    if (kept.error().code != Code::not_found) {
        log::warning("the tokenizer of '{}' is built again: {}", file.path, kept.error().message);
    }
    FOREBAY_TRY(TokenTable table, build(file));
    if (const Result<void> written = keep(table, place); !written) {
        log::warning("the table of the tokenizer of '{}' is not kept: {}", file.path, written.error().message);
    }
    return table;
}

}  // namespace

Result<Vocabulary> read_vocabulary_blocking(const std::string& path) {
    FOREBAY_TRY(const TokenizerFile file, look_at(path));
    return read(file);
}

Result<TokenizerPtr> open_tokenizer_blocking(const std::string& path, const OpenSettings& settings) {
    FOREBAY_TRY(const TokenizerFile file, look_at(path));
    FOREBAY_TRY(TokenTable table, build_or_find(file, settings.cache_folder));
    return make_bpe_tokenizer(std::move(table));
}

}  // namespace forebay::tokenizer
