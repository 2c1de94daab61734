#include <cstdio>
#include <memory>

#include "app/commands.h"
#include "app/completion_scripts.h"

namespace forebay::app {

void add_completion_command(CLI::App& app, int& exit_code) {
    auto shell = std::make_shared<std::string>();
    auto* command = app.add_subcommand("completion", "Prints a completion script for a shell");
    command->footer("Example:\n  source <(forebay completion bash)");
    command->add_option("shell", *shell, "The shell")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
    command->callback([&app, shell, &exit_code] {
        // The tree is complete by now, whatever the order in which the commands were added.
        const auto commands = list_commands(app);
        const auto script = *shell == "bash"  ? bash_completion(commands)
                            : *shell == "zsh" ? zsh_completion(commands)
                                              : fish_completion(commands);
        std::fwrite(script.data(), 1, script.size(), stdout);
        exit_code = exit_done;
    });
}

}  // namespace forebay::app
