#include "app/completion_scripts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>

namespace forebay::app {
namespace {

// The words of a "{a,b,c}" that CLI11's IsMember leaves in the type's name.
std::vector<std::string> words_of_type(const std::string& type) {
    std::vector<std::string> words;
    const auto open = type.find('{');
    const auto close = type.find('}', open);
    if (open == std::string::npos || close == std::string::npos) return words;
    std::string inside = type.substr(open + 1, close - open - 1);
    for (std::size_t begin = 0; begin <= inside.size();) {
        const auto end = std::min(inside.find(',', begin), inside.size());
        words.push_back(inside.substr(begin, end - begin));
        begin = end + 1;
    }
    return words;
}

CompletionOption describe(const CLI::Option& option) {
    CompletionOption out;
    out.description = option.get_description();
    for (const auto& name : option.get_lnames()) out.names.push_back("--" + name);
    for (const auto& name : option.get_snames()) out.names.push_back("-" + name);
    if (option.get_items_expected_max() == 0) return out;
    const std::string type = option.get_option_text() + " " + option.get_type_name();
    out.words = words_of_type(type);
    if (!out.words.empty()) {
        out.kind = ValueKind::words;
    } else if (type.find("DIR") != std::string::npos) {
        out.kind = ValueKind::folder;
    } else if (type.find("FILE") != std::string::npos || type.find("PATH") != std::string::npos) {
        out.kind = ValueKind::file;
    } else {
        out.kind = ValueKind::other;
    }
    return out;
}

void add_command(const CLI::App& app, const std::string& parent, std::vector<CompletionCommand>& out) {
    CompletionCommand command;
    command.name = app.get_name();
    command.path = parent.empty() ? command.name : parent + " " + command.name;
    command.description = app.get_description();
    for (const auto* option : app.get_options()) {
        if (!option->get_group().empty()) command.options.push_back(describe(*option));
    }
    const auto visible = [](const CLI::App* sub) { return !sub->get_group().empty() && !sub->get_name().empty(); };
    const auto children = app.get_subcommands(visible);
    for (const auto* child : children) command.subcommands.push_back(child->get_name());
    const std::string path = command.path;
    out.push_back(std::move(command));
    for (const auto* child : children) add_command(*child, path, out);
}

std::string shell_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

// fish, too, ends a single-quoted text at a quote, but escapes with a backslash inside it.
std::string fish_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out.push_back('\\');
        out.push_back(c);
    }
    return out + "'";
}

// "'forebay key' | 'forebay key create'": the pattern of every path below the program's own.
std::string path_pattern(const std::vector<CompletionCommand>& commands, std::string_view separator) {
    std::vector<std::string> paths;
    for (std::size_t i = 1; i < commands.size(); ++i) paths.push_back(shell_quoted(commands[i].path));
    return paths.empty() ? "''" : fmt::format("{}", fmt::join(paths, separator));
}

// The `case` arms that complete the value of the option in front of the cursor; `action` writes one body.
template <class Action>
std::string value_arms(const std::vector<CompletionCommand>& commands, Action action) {
    std::string out;
    for (const auto& command : commands) {
        for (const auto& option : command.options) {
            if (option.kind == ValueKind::none || option.names.empty()) continue;
            std::vector<std::string> patterns;
            for (const auto& name : option.names) patterns.push_back(shell_quoted(command.path + " " + name));
            out += fmt::format("        {}) {}; return ;;\n", fmt::join(patterns, " | "), action(option));
        }
    }
    return out;
}

std::string bash_value(const CompletionOption& option) {
    switch (option.kind) {
        case ValueKind::file: return "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")";
        case ValueKind::folder: return "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")";
        case ValueKind::words:
            return fmt::format("mapfile -t COMPREPLY < <(compgen -W {} -- \"$cur\")",
                               shell_quoted(fmt::format("{}", fmt::join(option.words, " "))));
        case ValueKind::none:
        case ValueKind::other: return ":";
    }
    return ":";
}

std::string zsh_value(const CompletionOption& option) {
    switch (option.kind) {
        case ValueKind::file: return "_files";
        case ValueKind::folder: return "_files -/";
        case ValueKind::words: return fmt::format("compadd -- {}", fmt::join(option.words, " "));
        case ValueKind::none:
        case ValueKind::other: return ":";
    }
    return ":";
}

std::string fish_value(const CompletionOption& option) {
    switch (option.kind) {
        case ValueKind::file: return " -r -F";
        case ValueKind::folder: return " -x -a '(__fish_complete_directories)'";
        case ValueKind::words:
            return fmt::format(" -x -a {}", fish_quoted(fmt::format("{}", fmt::join(option.words, " "))));
        case ValueKind::other: return " -x";
        case ValueKind::none: return "";
    }
    return "";
}

// What may stand at the cursor itself: subcommands, options, and the words of positionals.
std::vector<std::string> words_at(const CompletionCommand& command) {
    std::vector<std::string> words = command.subcommands;
    for (const auto& option : command.options) {
        const auto& own = option.names.empty() ? option.words : option.names;
        words.insert(words.end(), own.begin(), own.end());
    }
    return words;
}

bool takes_files(const CompletionCommand& command) {
    return std::ranges::any_of(command.options, [](const CompletionOption& option) {
        return option.names.empty() && (option.kind == ValueKind::file || option.kind == ValueKind::folder);
    });
}

const CompletionCommand* find_child(const std::vector<CompletionCommand>& commands, const CompletionCommand& parent,
                                    const std::string& name) {
    const auto child = std::ranges::find(commands, parent.path + " " + name, &CompletionCommand::path);
    return child == commands.end() ? nullptr : &*child;
}

}  // namespace

std::vector<CompletionCommand> list_commands(const CLI::App& app) {
    std::vector<CompletionCommand> commands;
    add_command(app, "", commands);
    return commands;
}

std::string bash_completion(const std::vector<CompletionCommand>& commands) {
    const auto& program = commands.front().name;
    std::string out = fmt::format("# bash completion for {0}: source <({0} completion bash)\n_{0}() {{\n", program);
    out += "    local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\" words='' i\n";
    out += fmt::format("    local at={}\n    COMPREPLY=()\n", shell_quoted(program));
    out += "    for ((i = 1; i < COMP_CWORD; i++)); do\n        case \"$at ${COMP_WORDS[i]}\" in\n";
    out += fmt::format("            {}) at=\"$at ${{COMP_WORDS[i]}}\" ;;\n", path_pattern(commands, " | "));
    out += "        esac\n    done\n    case \"$at $prev\" in\n";
    out += value_arms(commands, bash_value);
    out += "    esac\n    case \"$at\" in\n";
    for (const auto& command : commands) {
        out += fmt::format("        {}) words={}", shell_quoted(command.path),
                           shell_quoted(fmt::format("{}", fmt::join(words_at(command), " "))));
        out += takes_files(command) ? "; compopt -o default ;;\n" : " ;;\n";
    }
    out += "    esac\n    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\n";
    return out + fmt::format("complete -F _{0} {0}\n", program);
}

std::string zsh_completion(const std::vector<CompletionCommand>& commands) {
    const auto& program = commands.front().name;
    const auto entry = [](const std::string& word, const std::string& description) {
        std::string name;
        for (const char c : word) name += c == ':' ? std::string("\\:") : std::string(1, c);
        return shell_quoted(description.empty() ? name : name + ":" + description);
    };
    std::string out = fmt::format("#compdef {0}\n# zsh completion for {0}: source <({0} completion zsh)\n", program);
    out += fmt::format("_{0}() {{\n    local at={1} prev=\"${{words[CURRENT-1]}}\" word\n", program,
                       shell_quoted(program));
    out += "    local -a candidates\n    for word in \"${(@)words[2,CURRENT-1]}\"; do\n        case \"$at $word\" in\n";
    out += fmt::format("            {}) at=\"$at $word\" ;;\n", path_pattern(commands, " | "));
    out += "        esac\n    done\n    case \"$at $prev\" in\n";
    out += value_arms(commands, zsh_value);
    out += "    esac\n    case \"$at\" in\n";
    for (const auto& command : commands) {
        std::vector<std::string> entries;
        for (const auto& name : command.subcommands) {
            const auto* child = find_child(commands, command, name);
            entries.push_back(entry(name, child ? child->description : ""));
        }
        for (const auto& option : command.options) {
            for (const auto& name : option.names) entries.push_back(entry(name, option.description));
            if (option.names.empty()) {
                for (const auto& word : option.words) entries.push_back(entry(word, ""));
            }
        }
        out += fmt::format("        {}) candidates=({})", shell_quoted(command.path), fmt::join(entries, " "));
        out += takes_files(command) ? "; _files ;;\n" : " ;;\n";
    }
    out += fmt::format("    esac\n    _describe {} candidates\n}}\n", shell_quoted(program));
    return out + fmt::format("if [ \"$funcstack[1]\" = _{0} ]; then _{0} \"$@\"; else compdef _{0} {0}; fi\n", program);
}

std::string fish_completion(const std::vector<CompletionCommand>& commands) {
    const auto& program = commands.front().name;
    std::string out = fmt::format("# fish completion for {0}: {0} completion fish | source\n", program);
    out += fmt::format("function __{0}_at\n    set -l at {0}\n", program);
    out += "    for word in (commandline -opc)[2..-1]\n        switch \"$at $word\"\n";
    out += fmt::format("            case {}\n                set at \"$at $word\"\n", path_pattern(commands, " "));
    out += "        end\n    end\n    test \"$at\" = \"$argv[1]\"\nend\n";
    out += fmt::format("complete -c {} -f\n", program);
    for (const auto& command : commands) {
        const auto head = fmt::format("complete -c {} -n \"__{}_at '{}'\"", program, program, command.path);
        for (const auto& name : command.subcommands) {
            const auto* child = find_child(commands, command, name);
            out += fmt::format("{} -a {} -d {}\n", head, name, fish_quoted(child ? child->description : ""));
        }
        for (const auto& option : command.options) {
            std::string names;
            for (const auto& name : option.names) {
                names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            }
            if (names.empty() && option.words.empty() && !takes_files(command)) continue;
            const auto value = names.empty() && option.words.empty() ? " -F" : fish_value(option);
            out += fmt::format("{}{}{} -d {}\n", head, names, value, fish_quoted(option.description));
        }
    }
    return out;
}

}  // namespace forebay::app
