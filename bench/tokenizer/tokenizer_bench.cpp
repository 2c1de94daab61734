// Ours or llama.cpp's tokenizer in a process of its own, asked by lines on standard input; an answer is a line of
// JSON. bench/tokenizer/run.mjs asks these and the published tokenizers the same questions, in turns.
//
// Estimate before measuring: English has 4.6 bytes a piece, of which nine in ten are tokens. Finding the end of a piece
// costs about 2 ns with vectors, its look-up 7 to 10 ns where the table is not in the cache and 3 ns where it is, its
// token 1 ns: 13 ns a piece cold, 350 MB/s; merges of the tenth piece, 100 ns each, take that to 200 MB/s.
//
// Cold     a pass in a new thread, whose caches are empty, over documents that are each encoded once.
// Probe    what memory allows: one look-up per piece in our table, with the pieces cut beforehand and no merges.
#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <future>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tokenizer/built_in.h"
#include "tokenizer/open_tokenizer.h"
#include "tokenizer/piece_key.h"
#include "tokenizer/splitter.h"
#include "tokenizer/token_table.h"

namespace {

using namespace forebay;
using tokenizer::TokenId;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Encoder {
    virtual ~Encoder() = default;
    virtual void encode(std::vector<TokenId>& out, std::string_view text) const = 0;
    virtual std::size_t count(std::string_view text) const = 0;
};

struct Ours : Encoder {
    explicit Ours(tokenizer::TokenizerPtr opened) : tokenizer(std::move(opened)) {}
    void encode(std::vector<TokenId>& out, std::string_view text) const override {
        tokenizer->append_tokens(out, text);
    }
    std::size_t count(std::string_view text) const override { return tokenizer->count(text); }
    tokenizer::TokenizerPtr tokenizer;
};

struct Llama : Encoder {
    explicit Llama(llama_model* opened) : model(opened, &llama_model_free), vocab(llama_model_get_vocab(opened)) {}
    void encode(std::vector<TokenId>& out, std::string_view text) const override {
        out.resize(text.size() + 16);
        const auto room = static_cast<std::int32_t>(out.size());
        const std::int32_t size =
            llama_tokenize(vocab, text.data(), static_cast<std::int32_t>(text.size()), out.data(), room, false, false);
        out.resize(static_cast<std::size_t>(std::max(size, 0)));
    }
    std::size_t count(std::string_view text) const override {
        std::vector<TokenId> out;
        encode(out, text);
        return out.size();
    }
    std::unique_ptr<llama_model, void (*)(llama_model*)> model;
    const llama_vocab* vocab;
};

// "built-in NAME", "file PATH" or "llama PATH".
std::unique_ptr<Encoder> open_encoder(std::string_view what, const std::string& name) {
    if (what == "llama") {
        llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
        llama_model_params params = llama_model_default_params();
        params.vocab_only = true;
        if (llama_model* model = llama_model_load_from_file(name.c_str(), params))
            return std::make_unique<Llama>(model);
        fmt::print(stderr, "error: llama.cpp cannot open {}\n", name);
        return nullptr;
    }
    auto opened = what == "file" ? tokenizer::open_tokenizer_blocking(name) : tokenizer::built_in_tokenizer(name);
    if (opened) return std::make_unique<Ours>(*std::move(opened));
    fmt::print(stderr, "error: {}\n", opened.error().message);
    return nullptr;
}

struct Documents {
    std::string path;
    std::string bytes;
    std::vector<std::string_view> texts;
    std::size_t text_bytes = 0;
};

bool load(Documents& documents, const std::string& path) {
    if (documents.path == path) return true;
    std::ifstream file(path, std::ios::binary);
    if (!file) return false;
    documents = {};
    documents.path = path;
    documents.bytes.assign(std::istreambuf_iterator<char>(file), {});
    const std::string_view all = documents.bytes;
    for (std::size_t at = 0; at + 4 <= all.size();) {
        std::uint32_t size = 0;
        std::memcpy(&size, all.data() + at, 4);
        documents.texts.push_back(all.substr(at + 4, size));
        documents.text_bytes += documents.texts.back().size();
        at += 4 + std::size_t{size};
    }
    return true;
}

struct Pass {
    double seconds = 0;
    std::size_t tokens = 0;
};

Pass encode_all(const Encoder& encoder, const Documents& documents) {
    Pass pass;
    std::vector<TokenId> tokens;
    tokens.reserve(1 << 14);
    const auto start = Clock::now();
    for (const std::string_view text : documents.texts) {
        tokens.clear();
        encoder.encode(tokens, text);
        pass.tokens += tokens.size();
    }
    pass.seconds = seconds_since(start);
    return pass;
}

Pass count_all(const Encoder& encoder, const Documents& documents) {
    Pass pass;
    const auto start = Clock::now();
    for (const std::string_view text : documents.texts) pass.tokens += encoder.count(text);
    pass.seconds = seconds_since(start);
    return pass;
}

std::string answer_pass(const Encoder& encoder, const Documents& documents, const std::string& kind) {
    Pass pass;
    if (kind == "cold") {
        std::packaged_task<Pass()> task([&] { return encode_all(encoder, documents); });
        auto done = task.get_future();
        std::thread(std::move(task)).join();
        pass = done.get();
    } else if (kind == "count") {
        pass = count_all(encoder, documents);
    } else {
        pass = encode_all(encoder, documents);
    }
    return fmt::format(R"({{"bytes":{},"seconds":{},"tokens":{}}})", documents.text_bytes, pass.seconds, pass.tokens);
}

std::string answer_digest(const Encoder& encoder, const Documents& documents) {
    std::uint32_t digest = 0x811C9DC5;
    std::size_t count = 0;
    std::vector<TokenId> tokens;
    for (const std::string_view text : documents.texts) {
        tokens.clear();
        encoder.encode(tokens, text);
        count += tokens.size();
        for (const TokenId token : tokens) digest = (digest ^ static_cast<std::uint32_t>(token)) * 0x01000193;
        digest = (digest ^ 0xFFFFFFFF) * 0x01000193;
    }
    return fmt::format(R"({{"digest":{},"tokens":{}}})", digest, count);
}

std::string answer_latency(const Encoder& encoder, const Documents& documents, std::size_t calls) {
    std::vector<double> micros;
    std::size_t tokens = 0;
    for (std::size_t call = 0; call < calls; ++call) {
        const auto start = Clock::now();
        tokens += encoder.count(documents.texts[call % documents.texts.size()]);
        micros.push_back(seconds_since(start) * 1e6);
    }
    std::ranges::sort(micros);
    return fmt::format(R"({{"p50_us":{},"p99_us":{},"tokens":{}}})", micros[calls / 2], micros[calls * 99 / 100],
                       tokens);
}

// A table with our tokens, as encoding looks them up.
Result<tokenizer::TokenTable> table_of(const tokenizer::Tokenizer& from) {
    tokenizer::Vocabulary vocabulary;
    vocabulary.name = from.info().name;
    for (std::size_t i = 0; i < from.info().vocabulary; ++i) {
        const auto token = static_cast<TokenId>(i);
        tokenizer::Token entry;
        if (!from.is_special(token)) entry.bytes = from.bytes_of(token);
        if (entry.bytes.empty()) entry.kind = tokenizer::TokenKind::unused;
        vocabulary.tokens.push_back(std::move(entry));
    }
    return tokenizer::TokenTable::build(vocabulary);
}

struct Piece {
    const char* begin;
    std::uint32_t size;
    bool at_end;  // fewer than 16 bytes can be read
};

std::vector<Piece> pieces_of(const tokenizer::Splitter& splitter, const Documents& documents) {
    std::vector<Piece> pieces;
    std::array<std::uint32_t, 256> ends{};
    for (const std::string_view text : documents.texts) {
        std::size_t from = 0;
        while (const std::size_t found = splitter.split(text, from, ends)) {
            for (std::size_t i = 0; i < found; ++i) {
                const auto size = static_cast<std::uint32_t>(ends[i] - from);
                pieces.push_back({text.data() + from, size, text.size() - from < 16});
                from = ends[i];
            }
        }
    }
    return pieces;
}

std::size_t look_up_all(const tokenizer::TokenTable& table, const std::vector<Piece>& pieces) {
    std::size_t found = 0;
    for (const Piece& piece : pieces) {
        if (piece.size > tokenizer::PieceKey::bytes_max) continue;
        const tokenizer::PieceKey key = piece.at_end ? tokenizer::piece_key({piece.begin, piece.size})
                                                     : tokenizer::piece_key_within(piece.begin, piece.size);
        found += table.find_piece(key, hash_of(key)) != tokenizer::TokenTable::no_piece;
    }
    return found;
}

// The best of a few, after one that brings the table into memory.
std::string answer_probe(const Encoder& encoder, const Documents& documents) {
    const auto* ours = dynamic_cast<const Ours*>(&encoder);
    if (ours == nullptr) return R"({"error":"only our tables are probed"})";
    const auto table = table_of(*ours->tokenizer);
    if (!table) return fmt::format(R"({{"error":"{}"}})", table.error().message);
    const auto splitter = tokenizer::find_splitter(ours->tokenizer->info().splitter);
    if (!splitter) return fmt::format(R"({{"error":"{}"}})", splitter.error().message);
    const std::vector<Piece> pieces = pieces_of(**splitter, documents);
    const std::size_t found = look_up_all(*table, pieces);
    double seconds = 1e9;
    double split_seconds = 1e9;
    for (int turn = 0; turn < 5; ++turn) {
        auto start = Clock::now();
        if (look_up_all(*table, pieces) != found) return R"({"error":"look-ups differ"})";
        seconds = std::min(seconds, seconds_since(start));
        start = Clock::now();
        if (pieces_of(**splitter, documents).size() != pieces.size()) return R"({"error":"pieces differ"})";
        split_seconds = std::min(split_seconds, seconds_since(start));
    }
    return fmt::format(R"({{"bytes":{},"seconds":{},"split_seconds":{},"pieces":{},"found":{}}})", documents.text_bytes,
                       seconds, split_seconds, pieces.size(), found);
}

std::string answer_to(const Encoder& encoder, Documents& documents, const std::string& line) {
    std::istringstream words(line);
    std::string question, kind, path;
    words >> question;
    if (question == "pass") words >> kind;
    words >> path;
    std::size_t calls = 0;
    words >> calls;
    if (!load(documents, path)) return fmt::format(R"({{"error":"cannot read {}"}})", path);
    if (question == "pass") return answer_pass(encoder, documents, kind);
    if (question == "digest") return answer_digest(encoder, documents);
    if (question == "latency" && calls > 0) return answer_latency(encoder, documents, calls);
    if (question == "probe") return answer_probe(encoder, documents);
    return fmt::format(R"({{"error":"no such question: {}"}})", question);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        fmt::print(stderr,
                   "usage: tokenizer_bench built-in NAME | file PATH | llama PATH\n"
                   "Asked by lines on standard input; bench/tokenizer/run.mjs does.\n");
        return 2;
    }
    const auto start = Clock::now();
    const auto encoder = open_encoder(argv[1], argv[2]);
    if (!encoder) return 1;
    const double open_seconds = seconds_since(start);
    const std::size_t first = encoder->count("Hello world");
    fmt::print("{{\"open_ms\":{},\"ready_ms\":{},\"first\":{}}}\n", open_seconds * 1e3, seconds_since(start) * 1e3,
               first);
    std::fflush(stdout);
    Documents documents;
    for (std::string line; std::getline(std::cin, line);) {
        std::string answer;
        try {
            answer = answer_to(*encoder, documents, line);
        } catch (const std::exception& error) {  // llama.cpp throws at some bytes that are not UTF-8
            answer = fmt::format(R"({{"error":"{}"}})", error.what());
        }
        fmt::print("{}\n", answer);
        std::fflush(stdout);
    }
    return 0;
}
