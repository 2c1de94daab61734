// Requests to count for, in three dialects, from hostile bytes: no crash; what becomes a chat can be parsed as one; and
// no count is surer than it is high.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "openai/request.h"
#include "token_service/byte_tokenizer.h"
#include "token_service/count.h"
#include "token_service/foreign_chats.h"

namespace {

using namespace forebay;
using token_service::ByteTokenizer;
using token_service::ChatCounterPtr;

const std::vector<ChatCounterPtr>& counters() {
    static const auto bytes = std::make_shared<ByteTokenizer>("cl100k_base", std::vector<std::string>{"<|start|>"});
    static const std::vector<ChatCounterPtr> all{
        token_service::make_openai_counter(bytes, true), token_service::make_openai_counter(bytes, false),
        token_service::make_harmony_counter(bytes),
        token_service::make_estimate(bytes, *token_service::generic_estimate().family)};
    return all;
}

bool count(openai::Endpoint endpoint, const std::string& body) {
    openai::PromptParts parts;
    if (!openai::parse_request(endpoint, body, &parts)) return false;
    for (const auto& counter : counters()) {
        const auto counted = counter->count({endpoint, parts, body});
        if (!counted || counted->least > counted->tokens || counted->exact == !counted->why.empty()) std::abort();
        static_cast<void>(counter->encode_chat({endpoint, parts, body}, {}));
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    count(openai::Endpoint::chat_completions, text);
    count(openai::Endpoint::completions, text);
    for (const auto& chat : {token_service::chat_of_anthropic(text), token_service::chat_of_responses(text)}) {
        if (chat && !count(openai::Endpoint::chat_completions, *chat)) std::abort();
    }
    return 0;
}
