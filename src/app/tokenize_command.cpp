#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "app/commands.h"
#include "app/tokenize_text.h"
#include "base/json.h"
#include "base/utf8.h"
#include "config/load.h"
#include "token_service/tokenizer_sources.h"

namespace forebay::app {
namespace {

using token_service::ChatCounterPtr;
using token_service::TokenizerSet;
using tokenizer::Specials;
using tokenizer::TokenizerPtr;

constexpr std::size_t input_bytes_max = 2'000'000'000;  // tokenizers take texts below 2 GiB

struct Options {
    std::string model;
    std::pair<std::string, std::string> compare;
    std::string config_file;
    std::vector<std::string> files;
    bool count = false, ids = false, pieces = false;
    bool json = false, specials = false, chat = false, list = false;

    Specials specials_mode() const { return specials ? Specials::as_tokens : Specials::as_text; }
};

bool print(std::FILE* out, std::string_view text) {
    return std::fwrite(text.data(), 1, text.size(), out) == text.size();
}

int failed(const Error& error) {
    print(stderr, fmt::format("error: {}\n", error.message));
    return error.code == Code::invalid_argument || error.code == Code::not_found ? exit_usage : exit_failed;
}

// What tokenizes: a tokenizer of its own, or the estimate of a closed one.
struct Subject {
    std::string name;
    TokenizerPtr tokenizer;  // of a file; null: the counter's
    ChatCounterPtr counter;  // null: of a file whose chat format was not asked for

    const tokenizer::Tokenizer* find_tokenizer() const { return tokenizer ? tokenizer.get() : counter->tokenizer(); }
    std::string tokenizer_name() const { return tokenizer ? tokenizer->info().name : counter->name(); }
    // "gpt-4 (cl100k_base)".
    std::string label() const {
        return name == tokenizer_name() ? name : fmt::format("{} ({})", name, tokenizer_name());
    }
};

bool looks_like_file(const std::string& name) {
    return name.ends_with(".gguf") || name.ends_with(".json") || name.ends_with(".tiktoken");
}

Result<ChatCounterPtr> counter_in_config(TokenizerSet& set, const std::string& file, const std::string& model) {
    const auto loaded = config::load_blocking(file);
    if (!loaded) return fail(Code::invalid_argument, "{}", config::to_string(loaded.error()));
    const auto found = (*loaded)->models.find(model);
    if (found == (*loaded)->models.end()) return ChatCounterPtr();
    config::Settings settings = **loaded;
    settings.models = {*found};
    FOREBAY_TRY(const auto opened, set.open_blocking(settings));
    const auto& counter = opened.at(model).front().counter;
    if (!counter) return fail(Code::unavailable, "the tokenizer of '{}' could not be opened", model);
    return counter;
}

// A model of the configuration, a file, a built-in tokenizer, a model of the table, or the generic estimate; in that
// order.
Result<Subject> find_subject(const Options& options, const std::string& name) {
    TokenizerSet set(token_service::system_sources({}));
    if (!options.config_file.empty()) {
        FOREBAY_TRY(auto counter, counter_in_config(set, options.config_file, name));
        if (counter) return Subject{name, nullptr, std::move(counter)};
    }
    std::error_code error;
    if (looks_like_file(name) || std::filesystem::exists(name, error)) {
        const std::string path = std::filesystem::absolute(name, error).string();
        Subject subject{name, nullptr, nullptr};
        if (options.chat) {
            FOREBAY_TRY(subject.counter, set.counter_of_tokenizer_blocking(path, {}));
        } else {
            FOREBAY_TRY(subject.tokenizer, token_service::open_file_blocking(path, {}));
        }
        return subject;
    }
    Subject subject{name, nullptr, nullptr};
    if (auto built_in = set.counter_of_tokenizer_blocking(name, name)) {
        subject.counter = std::move(*built_in);
    } else {
        FOREBAY_TRY(subject.counter, set.counter_of_model_blocking(name));
    }
    return subject;
}

Result<std::string> read_input(const std::string& file) {
    const bool standard = file == "-";
    const int descriptor = standard ? STDIN_FILENO : ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return fail(Code::not_found, "cannot read {}: {}", file, std::strerror(errno));
    std::string text;
    std::string piece(256 * 1024, '\0');
    ssize_t got = 0;
    do {
        got = ::read(descriptor, piece.data(), piece.size());
        if (got > 0) text.append(piece, 0, static_cast<std::size_t>(got));
    } while ((got > 0 && text.size() <= input_bytes_max) || (got < 0 && errno == EINTR));
    const int error = errno;
    if (!standard) ::close(descriptor);
    if (got < 0) return fail(Code::unavailable, "cannot read {}: {}", file, std::strerror(error));
    if (got > 0) return fail(Code::too_large, "{} has more than {} bytes", file, input_bytes_max);
    return text;
}

Result<token_service::Count> count_of(const Options& options, const Subject& subject, const std::string& text) {
    openai::PromptParts parts;
    if (options.chat) {
        FOREBAY_TRY(const auto parsed, openai::parse_request(openai::Endpoint::chat_completions, text, &parts));
        return subject.counter->count({parsed.endpoint, parts, text});
    }
    if (const auto* tokenizer = subject.find_tokenizer()) {
        const std::size_t tokens = tokenizer->count(text, {.specials = options.specials_mode()});
        return token_service::Count{.tokens = tokens, .least = tokens};
    }
    parts.add(openai::PartKind::prompt, text);
    return subject.counter->count({openai::Endpoint::completions, parts, text});
}

Result<std::vector<tokenizer::TokenId>> tokens_of(const Options& options, const Subject& subject,
                                                  const std::string& text) {
    if (options.chat) {
        openai::PromptParts parts;
        FOREBAY_TRY(const auto parsed, openai::parse_request(openai::Endpoint::chat_completions, text, &parts));
        return subject.counter->encode_chat({parsed.endpoint, parts, text}, {});
    }
    std::vector<tokenizer::TokenId> tokens;
    subject.find_tokenizer()->append_tokens(tokens, text, {.specials = options.specials_mode()});
    return tokens;
}

std::string ids_line(const std::vector<tokenizer::TokenId>& tokens, std::string_view between) {
    std::string out;
    for (const auto token : tokens) fmt::format_to(std::back_inserter(out), "{}{}", out.empty() ? "" : between, token);
    return out;
}

std::string json_line(const Options& options, const Subject& subject, const std::string& file, std::size_t bytes,
                      const token_service::Count& count, const std::vector<tokenizer::TokenId>& tokens) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("file", file);
    object.field("model", subject.name);
    object.field("tokenizer", subject.tokenizer_name());
    object.field("bytes", bytes);
    object.field("count", count.tokens);
    object.field("exact", count.exact);
    if (!count.exact) object.field("why", count.why);
    if (!options.count) object.raw("ids", "[" + ids_line(tokens, ",") + "]");
    if (options.pieces) {
        object.key("pieces");
        out += '[';
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            if (i > 0) out += ',';
            json::append_string(out, subject.find_tokenizer()->bytes_of(tokens[i]));
        }
        out += ']';
    }
    object.close();
    return out + "\n";
}

class Run {
public:
    Run(const Options& options, Subject subject) : options_(options), subject_(std::move(subject)) {}

    int all(const std::vector<std::string>& files) {
        if (!options_.count && !subject_.find_tokenizer()) {
            return failed({Code::invalid_argument,
                           fmt::format("the tokenizer of '{}' is not public: its tokens can be counted with --count, "
                                       "as an estimate, but not told",
                                       subject_.name),
                           {}});
        }
        int exit_code = exit_done;
        for (const auto& file : files) {
            if (auto done = one(file, files.size() > 1); !done) exit_code = failed(done.error());
        }
        if (options_.count && !options_.json && files.size() > 1) print(stdout, fmt::format("{}\ttotal\n", total_));
        return exit_code;
    }

private:
    Result<void> one(const std::string& file, bool named) {
        FOREBAY_TRY(const std::string text, read_input(file));
        token_service::Count count;
        std::vector<tokenizer::TokenId> tokens;
        if (options_.count) {
            FOREBAY_TRY(count, count_of(options_, subject_, text));
        } else {
            FOREBAY_TRY(tokens, tokens_of(options_, subject_, text));
            count.tokens = count.least = tokens.size();
        }
        if (!count.exact && !said_) {
            print(stderr, fmt::format("{}: the count is an estimate: {}\n", subject_.name, count.why));
            said_ = true;
        }
        total_ += count.tokens;
        std::string out;
        if (options_.json) {
            out = json_line(options_, subject_, file, text.size(), count, tokens);
        } else if (options_.count) {
            out = named ? fmt::format("{}\t{}\n", count.tokens, file) : fmt::format("{}\n", count.tokens);
        } else if (options_.pieces) {
            if (named) out = file + ":\n";
            out += piece_lines(*subject_.find_tokenizer(), tokens, colours_);
        } else {
            out = ids_line(tokens, " ") + "\n";
        }
        if (!print(stdout, out)) return fail(Code::unavailable, "standard output was closed");
        return {};
    }

    const Options& options_;
    const Subject subject_;
    const bool colours_ = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
    std::size_t total_ = 0;
    bool said_ = false;
};

Result<void> print_differences(const Options& options, const Subject& left, const Subject& right,
                               const std::string& text) {
    const auto *a = left.find_tokenizer(), *b = right.find_tokenizer();
    FOREBAY_TRY(const auto differences, differences_of(*a, *b, text, options.specials_mode()));
    const auto pieces = [](const tokenizer::Tokenizer& tokenizer, const std::vector<tokenizer::TokenId>& tokens) {
        std::string out;
        for (const auto token : tokens) out += fmt::format(" \"{}\"", escaped(tokenizer.bytes_of(token)));
        return out;
    };
    for (const auto& one : differences) {
        print(stdout,
              fmt::format("{}-{}\n  A{}\n  B{}\n", one.begin, one.end, pieces(*a, one.left), pieces(*b, one.right)));
    }
    return {};
}

int compare(const Options& options, const std::vector<std::string>& files) {
    auto left = find_subject(options, options.compare.first);
    if (!left) return failed(left.error());
    auto right = find_subject(options, options.compare.second);
    if (!right) return failed(right.error());
    if (options.pieces && (!left->find_tokenizer() || !right->find_tokenizer())) {
        return failed({Code::invalid_argument, "--pieces needs two tokenizers that are public", {}});
    }
    std::vector<InputCount> counts;
    int exit_code = exit_done;
    for (const auto& file : files) {
        const auto text = read_input(file);
        if (!text) {
            exit_code = failed(text.error());
            continue;
        }
        const auto a = count_of(options, *left, *text), b = count_of(options, *right, *text);
        if (!a || !b) return failed(!a ? a.error() : b.error());
        for (const auto& [subject, count] : {std::pair{&*left, &*a}, std::pair{&*right, &*b}}) {
            if (!count->exact && counts.empty()) {
                print(stderr, fmt::format("{}: the count is an estimate: {}\n", subject->name, count->why));
            }
        }
        counts.push_back({file, text->size(), a->tokens, b->tokens});
        if (options.json) print(stdout, to_json(left->name, right->name, counts.back()) + "\n");
        if (!options.pieces) continue;
        if (files.size() > 1) print(stdout, file + ":\n");
        if (auto done = print_differences(options, *left, *right, *text); !done) return failed(done.error());
    }
    if (!options.json) print(stdout, comparison_table(left->label(), right->label(), counts));
    return exit_code;
}

std::string model_json(const token_service::ModelRow& row) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("model", row.pattern);
    object.field("tokenizer", row.family ? fmt::format("estimate:{}", row.family->name) : std::string(row.tokenizer));
    object.field("chat", name_of(row.format));
    if (row.context_tokens > 0) object.field("context_tokens", row.context_tokens);
    object.close();
    return out;
}

int list(const Options& options) {
    std::string out;
    const auto names = token_service::system_sources({}).built_in_names();
    if (options.json) {
        json::ObjectWriter object(out);
        object.key("tokenizers");
        out += '[';
        for (const auto& name : names) out += (out.ends_with('[') ? "" : ",") + json::quote(name);
        out += ']';
        object.key("models");
        out += '[';
        for (const auto& row : token_service::model_table()) out += (out.ends_with('[') ? "" : ",") + model_json(row);
        out += ']';
        object.close();
        out += '\n';
    } else {
        out = "Built-in tokenizers:\n";
        for (const auto& name : names) out += fmt::format("  {}\n", name);
        out += fmt::format("\n{:<24} {:<20} {}\n", "models named", "tokenizer", "context");
        for (const auto& row : token_service::model_table()) {
            out += fmt::format("{:<24} {:<20} {}\n", row.pattern,
                               row.family ? fmt::format("estimate:{}", row.family->name) : std::string(row.tokenizer),
                               row.context_tokens > 0 ? std::to_string(row.context_tokens) : "-");
        }
    }
    print(stdout, out);
    return exit_done;
}

int tokenize(const Options& options) {
    if (options.list) return list(options);
    const auto files = options.files.empty() ? std::vector<std::string>{"-"} : options.files;
    if (!options.compare.first.empty()) return compare(options, files);
    if (options.model.empty()) {
        return failed(
            {Code::invalid_argument, "name a tokenizer, a model or a file with --model (--list lists them)", {}});
    }
    auto subject = find_subject(options, options.model);
    if (!subject) return failed(subject.error());
    return Run(options, std::move(*subject)).all(files);
}

}  // namespace

void add_tokenize_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("tokenize", "Counts, shows and compares the tokens of texts");
    command->footer(
        "Examples:\n"
        "  forebay tokenize --model gpt-4o --count README.md\n"
        "  echo 'Where is my kettle?' | forebay tokenize --model models/some-model.gguf --pieces\n"
        "  forebay tokenize --compare o200k_base cl100k_base src/*.cpp\n\n"
        "Without files it reads standard input. Without --count and --pieces it prints ids.");
    auto* model =
        command->add_option("--model", options->model,
                            "A built-in tokenizer, a model's name, or a file (.gguf, tokenizer.json, .tiktoken)");
    auto* compared = command->add_option("--compare", options->compare, "Two of them, side by side");
    model->excludes(compared);
    auto* count = command->add_flag("--count", options->count,
                                    "Prints the number of tokens alone; of several files, each and a total");
    auto* ids = command->add_flag("--ids", options->ids, "Prints the ids on one line");
    auto* pieces = command->add_flag("--pieces", options->pieces,
                                     "Prints each token's id and text; with --compare, where the two differ");
    count->excludes(ids)->excludes(pieces);
    ids->excludes(pieces);
    command->add_flag("--specials", options->specials, "Spellings of control tokens are control tokens, not text");
    command->add_flag("--chat", options->chat,
                      "The inputs are bodies of /v1/chat/completions: a chat is counted as a call's");
    command->add_option("--config", options->config_file, "A configuration, to name its models")->type_name("FILE");
    command->add_flag("--list", options->list, "Lists the built-in tokenizers and the models that are known by name");
    command->add_flag("--json", options->json, "Prints one JSON object an input");
    command->add_option("files", options->files, "Texts; - is standard input")->type_name("FILE");
    command->callback([options, &exit_code] { exit_code = tokenize(*options); });
}

}  // namespace forebay::app
