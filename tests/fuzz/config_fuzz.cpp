// forebay.yaml from hostile bytes: no crash, no text from a reference in any message or in the written
// form of a secret, and what the writer writes reads back as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/load.h"

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
                                      return std::string(canary);
                                  }};

    const auto loaded = config::parse(text, "/folder/forebay.yaml", sources);

    if (!loaded) {
        require(!loaded.error().empty());
        // The file itself may spell the word, perhaps through an escape: then it says nothing.
        const bool spelt = text.find('q') != std::string::npos || text.find('\\') != std::string::npos;
        require(spelt || config::to_string(loaded.error()).find(canary) == std::string::npos);
        return 0;
    }
    const auto yaml = config::to_yaml(**loaded);
    const auto again = config::parse(yaml, "/folder/forebay.yaml", sources);
    require(again.has_value());
    require(config::to_yaml(**again) == yaml);
    return 0;
}
