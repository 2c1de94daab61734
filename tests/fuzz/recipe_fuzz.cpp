// A recipe from hostile bytes: no crash, no text from a reference to a key in any message or in the written form, and
// what the writer writes reads back as the same, from any folder.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/load.h"
#include "training/recipe.h"

namespace {

constexpr std::string_view canary = "zq9canary";

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace forebay;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const config::Sources sources{.environment = [](const std::string& name) -> std::optional<std::string> {
                                      if (name.starts_with("N")) return std::nullopt;
                                      return std::string(canary);
                                  },
                                  .read_file = [](const std::string& path) -> Result<std::string> {
                                      if (path.ends_with("none"))
                                          return fail(Code::not_found, "No such file or directory");
                                      if (path.ends_with("bytes")) return std::string("\xff\0", 2);
                                      return std::string("{{ a }}\n\n  ${b}\r\n");
                                  }};

    const auto parsed = training::parse_recipe(text, "/folder/recipe.yaml", sources);

    if (!parsed) {
        require(!parsed.error().empty());
        // The file itself may spell the word, perhaps through an escape: then it says nothing.
        const bool spelt = text.find('q') != std::string::npos || text.find('\\') != std::string::npos;
        require(spelt || config::to_string(parsed.error()).find(canary) == std::string::npos);
        return 0;
    }
    const auto yaml = training::to_yaml(*parsed);
    const auto again = training::parse_recipe(yaml, "/elsewhere/recipe.yaml", sources);
    require(again.has_value());
    require(training::to_yaml(*again) == yaml);
    require(again->chat_template == parsed->chat_template);
    require(again->driver.api_key_reference == parsed->driver.api_key_reference);
    require(again->driver.api_key.reveal() == parsed->driver.api_key.reveal());
    return 0;
}
