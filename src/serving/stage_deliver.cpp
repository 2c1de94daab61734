#include "serving/stages.h"

namespace forebay::serving {

exec::Task<void> deliver(Call& call) {
    auto& exchange = call.exchange;
    if (!exchange.answered()) {
        auto sent = co_await exchange.send(std::move(call.pending.whole));
        static_cast<void>(sent);
        co_return;
    }
    auto written = co_await exchange.write(call.pending.stream_tail);
    if (!written) co_return;
    // A stream that ends with an error has its error event and no [DONE]; the HTTP message itself is whole,
    // because a client that reads slowly would lose what it has not read of a broken one.
    auto finished = co_await exchange.finish_stream();
    static_cast<void>(finished);
}

}  // namespace forebay::serving
