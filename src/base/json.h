// JSON writing for the hot path: appends to a string, no tree. Reading is simdjson's (serving/) or
// Boost.JSON's (everything that is not per call).
#pragma once
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace forebay::json {

// Appends `text` as a JSON string with quotes. Invalid UTF-8 is replaced by U+FFFD, so that the result
// is always valid JSON.
void append_string(std::string& out, std::string_view text);
std::string quote(std::string_view text);

// A writer of one object: {"a":1,"b":"x","c":<raw>}. `raw` values must already be JSON.
//   ObjectWriter object(out); object.field("id", id); object.raw("usage", usage); object.close();
class ObjectWriter {
public:
    explicit ObjectWriter(std::string& out) : out_(out) { out_.push_back('{'); }
    void field(std::string_view name, std::string_view value) {
        key(name);
        append_string(out_, value);
    }
    void field(std::string_view name, const std::string& value) { field(name, std::string_view(value)); }
    void field(std::string_view name, const char* value) { field(name, std::string_view(value)); }
    void field(std::string_view name, bool value) {
        key(name);
        out_ += value ? "true" : "false";
    }
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    void field(std::string_view name, T value) {
        key(name);
        out_ += std::to_string(value);
    }
    void field(std::string_view name, double value);
    void null(std::string_view name) {
        key(name);
        out_ += "null";
    }
    void raw(std::string_view name, std::string_view json) {
        key(name);
        out_ += json;
    }
    // Begins a field and leaves its value to the caller, who appends to the same string.
    void key(std::string_view name);
    void close() { out_.push_back('}'); }

private:
    std::string& out_;
    bool first_ = true;
};

}  // namespace forebay::json
