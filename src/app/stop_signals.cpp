#include "app/stop_signals.h"

#include <pthread.h>
#include <signal.h>

namespace forebay::app {
namespace {

sigset_t our_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    return set;
}

}  // namespace

void block_signals() {
    const sigset_t set = our_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signal(SIGPIPE, SIG_IGN);
}

SignalKind wait_for_signal_blocking() {
    const sigset_t set = our_signals();
    int number = 0;
    while (sigwait(&set, &number) != 0) {
    }
    return number == SIGHUP ? SignalKind::reload : SignalKind::stop;
}

}  // namespace forebay::app
