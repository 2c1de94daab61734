#include "registry/dataset.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/hash.h"
#include "base/utf8.h"

namespace forebay::registry {
namespace {

namespace bjson = boost::json;

constexpr std::size_t line_bytes_max = 4 << 20;
constexpr std::size_t faults_kept = 20;
constexpr std::array<std::string_view, 5> roles = {"system", "user", "assistant", "tool", "developer"};

// What is wrong with a row, or nothing.
using Fault = std::optional<std::string>;

std::string_view view_of(bjson::string_view text) { return {text.data(), text.size()}; }

std::string kind_of(const bjson::value& value) {
    switch (value.kind()) {
        case bjson::kind::null: return "null";
        case bjson::kind::bool_: return "true or false";
        case bjson::kind::string: return "a text";
        case bjson::kind::array: return "a list";
        case bjson::kind::object: return "an object";
        default: return "a number";
    }
}

// From 1, in characters, of the byte at `offset`.
std::size_t column_of(std::string_view line, std::size_t offset) {
    std::size_t column = 1;
    for (std::size_t at = 0; at < std::min(offset, line.size()); ++column)
        at += std::max<std::size_t>(utf8::sequence_size(line.substr(at)), 1);
    return column;
}

Fault utf8_fault(std::string_view line) {
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t size = utf8::sequence_size(line.substr(at));
        if (size == 0)
            return fmt::format("column {}: the byte 0x{:02X} is not UTF-8", column_of(line, at),
                               static_cast<unsigned char>(line[at]));
        at += size;
    }
    return std::nullopt;
}

std::string member_name(std::size_t index, std::string_view field) {
    return fmt::format("messages[{}].{}", index, field);
}

Fault read_text_field(const bjson::value* value, const std::string& name, std::string& out) {
    if (!value) return name + " is missing";
    const auto* text = value->if_string();
    if (!text) return fmt::format("{} must be a text, not {}", name, kind_of(*value));
    out = view_of(*text);
    return std::nullopt;
}

Fault read_message(const bjson::value& value, std::size_t index, Message& out) {
    const auto* object = value.if_object();
    if (!object) return fmt::format("messages[{}] must be an object, not {}", index, kind_of(value));
    for (const auto& member : *object) {
        const auto key = view_of(member.key());
        // Kept out silently, it would train something else than its writer meant.
        if (key != "role" && key != "content")
            return fmt::format("messages[{}] has a field '{}'; a message has role and content alone", index, key);
    }
    if (auto fault = read_text_field(object->if_contains("role"), member_name(index, "role"), out.role)) return fault;
    if (std::ranges::find(roles, out.role) == roles.end())
        return fmt::format("{} '{}' is not known; roles are system, user, assistant, tool and developer",
                           member_name(index, "role"), out.role);
    if (auto fault = read_text_field(object->if_contains("content"), member_name(index, "content"), out.content))
        return fault;
    if (out.role == "assistant" && out.content.empty())
        return member_name(index, "content") + " is empty: the assistant says nothing";
    return std::nullopt;
}

Fault read_chat(const bjson::object& object, Row& row) {
    const auto* messages = object.if_contains("messages");
    if (!messages) {
        const bool text = object.contains("text");
        return fmt::format("messages are missing{}", text ? ": this is a row of the format text" : "");
    }
    const auto* list = messages->if_array();
    if (!list) return fmt::format("messages must be a list, not {}", kind_of(*messages));
    if (list->empty()) return "messages is an empty list";
    row.messages.resize(list->size());
    for (std::size_t i = 0; i < list->size(); ++i)
        if (auto fault = read_message((*list)[i], i, row.messages[i])) return fault;
    if (row.messages.back().role == "assistant") return std::nullopt;
    return fmt::format("the last message is the {}'s; it must be the assistant's", row.messages.back().role);
}

Fault read_text(const bjson::object& object, Row& row) {
    if (!object.contains("text") && object.contains("messages"))
        return "text is missing: this is a row of the format chat";
    return read_text_field(object.if_contains("text"), "text", row.text);
}

class RowReader {
public:
    explicit RowReader(RowFormat format) : format_(format) {}

    Fault read(std::string_view line, Row& row) {
        if (auto fault = utf8_fault(line)) return fault;
        parser_.reset();
        boost::system::error_code error;
        const std::size_t read = parser_.write_some(line.data(), line.size(), error);
        if (!error && read < line.size()) error = bjson::error::extra_data;
        if (!error) parser_.finish(error);
        if (error) return fmt::format("column {}: not JSON: {}", column_of(line, read), error.message());
        const bjson::value value = parser_.release();
        const auto* object = value.if_object();
        if (!object) return fmt::format("a row must be an object, not {}", kind_of(value));
        return format_ == RowFormat::chat ? read_chat(*object, row) : read_text(*object, row);
    }

private:
    const RowFormat format_;
    bjson::stream_parser parser_;
};

// Cuts pieces of a file into lines; of a line that is too long it keeps the beginning alone.
class LineCutter {
public:
    // Calls on_line(line, too_long) for each line that ends in `bytes`, without its end.
    template <class F>
    void add(std::string_view bytes, F&& on_line) {
        while (!bytes.empty()) {
            const std::size_t end = bytes.find('\n');
            append(bytes.substr(0, end));
            if (end == std::string_view::npos) return;
            finish(on_line);
            bytes.remove_prefix(end + 1);
        }
    }
    // The last line, where the file does not end with a line end.
    template <class F>
    void finish(F&& on_line) {
        if (line_.ends_with('\r')) line_.pop_back();
        on_line(line_, line_.size() > line_bytes_max);
        line_.clear();
    }

private:
    void append(std::string_view part) {
        // With room for a \r, so that a line of exactly the limit may end with one.
        const std::size_t room = line_bytes_max + 2 - std::min(line_.size(), line_bytes_max + 2);
        line_ += part.substr(0, room);
    }
    std::string line_;
};

class FileReader {
public:
    FileReader(const std::string& file, RowFormat format) : file_(file), rows_(format) {}

    void add(std::string_view bytes) {
        hash_.add(bytes);
        out_.bytes += bytes.size();
        lines_.add(bytes, [this](std::string_view line, bool too_long) { read_line(line, too_long); });
    }
    ReadRows finish() {
        lines_.finish([this](std::string_view line, bool too_long) { read_line(line, too_long); });
        out_.digest = to_hex(hash_.finish());
        return std::move(out_);
    }

private:
    void read_line(std::string_view line, bool too_long) {
        ++number_;
        Row row;
        row.line = number_;
        Fault fault;
        if (number_ == 1 && (line.starts_with("\xFF\xFE") || line.starts_with("\xFE\xFF"))) {
            fault = "the file is UTF-16; save it as UTF-8";
        } else if (number_ == 1 && line.starts_with("\xEF\xBB\xBF")) {
            fault = "the file begins with a byte order mark; save it as UTF-8 without one";
        } else if (too_long) {
            fault = fmt::format("the line is longer than {} MiB", line_bytes_max >> 20);
        } else if (line.find_first_not_of(" \t") != std::string_view::npos) {
            fault = rows_.read(line, row);
            if (!fault) out_.rows.push_back(std::move(row));
        }
        if (!fault) return;
        if (out_.faults.size() < faults_kept) out_.faults.push_back({file_, number_, *std::move(fault)});
        ++out_.faults_total;
    }

    const std::string file_;
    RowReader rows_;
    LineCutter lines_;
    Sha256Stream hash_;
    std::uint64_t number_ = 0;
    ReadRows out_;
};

}  // namespace

std::string_view name_of(RowFormat format) { return format == RowFormat::chat ? "chat" : "text"; }

std::string to_string(const RowFault& fault) { return fmt::format("{}:{}: {}", fault.file, fault.line, fault.message); }

Result<ReadRows> read_rows_blocking(const std::string& file, RowFormat format) {
    const auto failure = [&](int reason) {
        const auto code = reason == ENOENT ? Code::not_found : Code::unavailable;
        return fail(code, "cannot read {}: {}", file, std::strerror(reason));
    };
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return failure(errno);
    FileReader reader(file, format);
    std::vector<char> buffer(1 << 20);
    ssize_t count = 0;
    int reason = 0;
    do {
        count = ::read(fd, buffer.data(), buffer.size());
        if (count > 0) reader.add({buffer.data(), static_cast<std::size_t>(count)});
        if (count < 0) reason = errno;
    } while (count > 0 || (count < 0 && reason == EINTR));
    ::close(fd);
    if (count < 0) return failure(reason);
    return reader.finish();
}

ReadRows read_rows(std::string_view bytes, const std::string& file, RowFormat format) {
    FileReader reader(file, format);
    reader.add(bytes);
    return reader.finish();
}

}  // namespace forebay::registry
