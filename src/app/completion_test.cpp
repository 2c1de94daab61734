// Completion scripts follow the command tree; bash itself runs the one for bash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "app/completion_scripts.h"

namespace forebay::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Completion : public testing::Test {
protected:
    void SetUp() override {
        auto* key = app_.add_subcommand("key", "Makes keys");
        auto* create = key->add_subcommand("create", "It's \"new\": shown once");
        create->add_option("-n,--name", text_, "Who it is for");
        create->add_option("--data", text_, "The data folder")->type_name("DIR");
        create->add_flag("--quiet", flag_, "Prints the key alone");
        key->add_subcommand("list", "Lists keys");
        auto* completion = app_.add_subcommand("completion", "Prints a script");
        completion->add_option("shell", text_, "The shell")->check(CLI::IsMember({"bash", "fish"}));
        completion->add_option("--style", text_, "How")->check(CLI::IsMember({"plain", "fancy"}));
        app_.add_subcommand("hidden", "Internal")->group("");
    }

    // What bash offers for a line, by loading the script and calling its function.
    std::vector<std::string> bash_offers(const std::vector<std::string>& words) {
        std::string name = (std::filesystem::temp_directory_path() / "forebay-completion-XXXXXX").string();
        const int descriptor = ::mkstemp(name.data());
        EXPECT_GE(descriptor, 0);
        ::close(descriptor);
        std::ofstream script(name);
        script << bash_completion(list_commands(app_)) << "COMP_WORDS=(";
        for (const auto& word : words) script << "'" << word << "' ";
        script << ")\nCOMP_CWORD=" << words.size() - 1
               << "\n_forebay 2>/dev/null\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
        script.close();
        std::vector<std::string> offers;
        std::FILE* bash = ::popen(("bash " + name).c_str(), "r");
        std::array<char, 256> line{};
        while (bash && std::fgets(line.data(), line.size(), bash)) {
            std::string offer(line.data());
            offer.pop_back();
            if (!offer.empty()) offers.push_back(offer);
        }
        EXPECT_EQ(::pclose(bash), 0);
        std::filesystem::remove(name);
        return offers;
    }

    CLI::App app_{"Forebay", "forebay"};
    std::string text_;
    bool flag_ = false;
};

TEST_F(Completion, BashOffersSubcommandsAndOptions) {
    EXPECT_THAT(bash_offers({"forebay", ""}), ElementsAre("key", "completion", "--help", "-h"));
    EXPECT_THAT(bash_offers({"forebay", "k"}), ElementsAre("key"));
    EXPECT_THAT(bash_offers({"forebay", "key", ""}), ElementsAre("create", "list", "--help", "-h"));
    EXPECT_THAT(bash_offers({"forebay", "key", "create", "--"}), ElementsAre("--help", "--name", "--data", "--quiet"));
    EXPECT_THAT(bash_offers({"forebay", "completion", "f"}), ElementsAre("fish"));
}

TEST_F(Completion, BashOffersTheValuesOfAnOption) {
    EXPECT_THAT(bash_offers({"forebay", "completion", "--style", ""}), ElementsAre("plain", "fancy"));
    EXPECT_THAT(bash_offers({"forebay", "key", "create", "--name", ""}), ElementsAre());
    EXPECT_THAT(bash_offers({"forebay", "key", "create", "--data", "/et"}), ElementsAre("/etc"));
    EXPECT_THAT(bash_offers({"forebay", "key", "create", "--quiet", "--n"}), ElementsAre("--name"));
}

TEST_F(Completion, HiddenCommandsStayHidden) {
    const auto commands = list_commands(app_);

    EXPECT_THAT(bash_completion(commands), Not(HasSubstr("hidden")));
    EXPECT_THAT(zsh_completion(commands), Not(HasSubstr("hidden")));
    EXPECT_THAT(fish_completion(commands), Not(HasSubstr("hidden")));
}

TEST_F(Completion, DescriptionsAreQuotedForEachShell) {
    const auto commands = list_commands(app_);

    EXPECT_THAT(zsh_completion(commands), HasSubstr(R"('create:It'\''s "new": shown once')"));
    EXPECT_THAT(fish_completion(commands), HasSubstr(R"(-a create -d 'It\'s "new": shown once')"));
    EXPECT_THAT(fish_completion(commands), HasSubstr("-l name -s n -x -d 'Who it is for'"));
    EXPECT_THAT(fish_completion(commands), HasSubstr("-x -a 'plain fancy' -d 'How'"));
}

}  // namespace
}  // namespace forebay::app
