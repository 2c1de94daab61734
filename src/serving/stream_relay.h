// Stream relay: passes a target's stream on to the client, event by event, and reads along for the record.
//
// The head is held back until the first event has come: an error that arrives before any token keeps its
// own status. After it, an error becomes an event in the stream, and the stream ends without [DONE].
// Source  OpenAI API reference, streaming of chat completions.
#pragma once
#include <string>

#include "net/http_client.h"
#include "net/sse.h"
#include "openai/answer.h"
#include "serving/call.h"

namespace forebay::serving {

class StreamRelay {
public:
    // bad_upstream when the stream's text is above `text_bytes_max`.
    StreamRelay(Call& call, net::ClientResponse& answer, std::uint64_t text_bytes_max);

    // Until the stream's end. What ends it ("data: [DONE]") is left in call.pending, because it waits for
    // the record. bad_upstream: cut, not JSON, too large, or an error event.
    exec::Task<Result<void>> run(net::Response head);

private:
    exec::Task<Result<void>> relay(net::Response head);
    Result<void> take_event(const net::SseParser::Event& event);
    void note_token();
    exec::Task<Result<void>> flush(net::Response& head);
    Result<void> check_end() const;

    Call& call_;
    net::ClientResponse& answer_;
    const std::uint64_t text_bytes_max_;
    net::SseParser parser_;
    openai::StreamedMessage message_;
    std::string out_;    // events to be written together
    bool done_ = false;  // [DONE] came
};

}  // namespace forebay::serving
