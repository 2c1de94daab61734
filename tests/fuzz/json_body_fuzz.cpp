// Request bodies and answers from hostile bytes: no crash; what is accepted can be edited, and the edit of
// valid JSON is valid JSON that says what was asked.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "openai/answer.h"
#include "openai/body_edit.h"
#include "openai/error_object.h"
#include "openai/request.h"

namespace {

void check_edits(const std::string& body) {
    using namespace forebay::openai;
    std::string renamed = edit_object(body, {{"model", "\"other\""}, {"stream_options", "{\"include_usage\":true}"}});
    const auto again = parse_request(Endpoint::chat_completions, renamed);
    if (!again || again->model != "other" || !again->include_usage) std::abort();
    std::string removed = edit_object(body, {{"model", std::nullopt}});
    const auto without = parse_request(Endpoint::chat_completions, removed);
    if (without || without.error().param != "model") std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace forebay::openai;
    const std::string text(reinterpret_cast<const char*>(data), size);
    std::string body = text;
    // A key written with an escape ("mod\u0065l") is the same key to a JSON parser and another text to the
    // editor; the gateway never edits such a field, it adds the plain one, which the parser then refuses.
    const bool plain = text.find('\\') == std::string::npos;
    if (const auto request = parse_request(Endpoint::chat_completions, body); request && plain) check_edits(body);
    if (body != text) std::abort();
    std::string again = text;
    static_cast<void>(parse_request(Endpoint::completions, again));
    static_cast<void>(read_answer(text));
    static_cast<void>(read_error(text));
    static_cast<void>(edit_object(text, {{"usage", std::nullopt}}));
    StreamedMessage message;
    static_cast<void>(message.read_chunk(text));
    static_cast<void>(message.to_json());
    return 0;
}
