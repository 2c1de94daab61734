#include "config/load.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "base/hash.h"
#include "config/reader.h"

namespace forebay::config {
namespace {

std::string reason_of(int error) { return std::generic_category().message(error); }

// The whole file, at most file_bytes_max. The message is the reason alone.
Result<std::string> read_file_blocking(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return fail(Code::not_found, "{}", reason_of(errno));
    std::string content;
    std::string piece(64 * 1024, '\0');
    Result<std::string> out;
    while (true) {
        const ssize_t got = ::read(descriptor, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            out = fail(Code::unavailable, "{}", reason_of(errno));
            break;
        }
        content.append(piece, 0, static_cast<std::size_t>(got));
        if (content.size() > file_bytes_max) {
            out = fail(Code::too_large, "it is larger than {} bytes", file_bytes_max);
            break;
        }
        if (got == 0) {
            out = std::move(content);
            break;
        }
    }
    ::close(descriptor);
    return out;
}

}  // namespace

Sources system_sources() {
    return {.environment = [](const std::string& name) -> std::optional<std::string> {
                const char* value = std::getenv(name.c_str());
                return value ? std::optional<std::string>(value) : std::nullopt;
            },
            .read_file = read_file_blocking};
}

Loaded parse(std::string_view text, const std::string& file, const Sources& sources) {
    ProblemList problems(file);
    auto settings = std::make_shared<Settings>();
    settings->file = file;
    settings->revision = "sha256:" + to_hex(sha256(text)).substr(0, 16);

    const auto root = parse_yaml(text, problems);
    if (root && root->kind == NodeKind::mapping) {
        std::error_code ignored;
        const auto whole = std::filesystem::absolute(file, ignored);
        ReadContext context{.problems = problems, .sources = sources, .folder = whole.parent_path(), .places = {}};
        read_settings(context, *root, *settings);
        cross_check(context, *settings);
    } else if (problems.empty()) {
        // An empty file is what a reload sees while an editor is saving: taking it would drop every model.
        const bool empty = !root || root->kind == NodeKind::null;
        problems.add({1, 1}, empty ? "the file is empty: it needs at least one key, such as 'models:'"
                                   : "the file must be a mapping (key: value) at its top");
    }
    if (!problems.empty()) return std::unexpected(problems.take());
    return settings;
}

Loaded load_blocking(const std::string& file, const Sources& sources) {
    const auto text = sources.read_file(file);
    if (!text) {
        ProblemList problems(file);
        problems.add({}, "cannot be read: " + text.error().message);
        return std::unexpected(problems.take());
    }
    return parse(*text, file, sources);
}

}  // namespace forebay::config
