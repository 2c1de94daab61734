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
    if (!written || call.pending.cut) {
        exchange.abort_stream();
        co_return;
    }
    auto finished = co_await exchange.finish_stream();
    static_cast<void>(finished);
}

}  // namespace forebay::serving
