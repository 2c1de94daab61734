// Shell completion scripts, made from the command line's own tree of commands and options.
#pragma once
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace forebay::app {

enum class ValueKind { none, words, file, folder, other };

struct CompletionOption {
    std::vector<std::string> names;  // "--config", "-c"; empty for a positional
    std::string description;
    ValueKind kind = ValueKind::none;  // none: a flag
    std::vector<std::string> words;    // what a value can be, for ValueKind::words
};

struct CompletionCommand {
    std::string path;  // "forebay key create"
    std::string name;  // "create"
    std::string description;
    std::vector<CompletionOption> options;
    std::vector<std::string> subcommands;  // their names
};

// Every command that is not hidden, parents before children; the first is the program itself.
std::vector<CompletionCommand> list_commands(const CLI::App& app);

std::string bash_completion(const std::vector<CompletionCommand>& commands);
std::string zsh_completion(const std::vector<CompletionCommand>& commands);
std::string fish_completion(const std::vector<CompletionCommand>& commands);

}  // namespace forebay::app
