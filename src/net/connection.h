// One server connection: reads requests one after another, runs the handler, writes the answers.
// Used by http_server.cpp only.
#pragma once
#include <memory>

#include "exec/task_group.h"
#include "net/http_server.h"
#include "net/peer_watch.h"
#include "net/socket.h"
#include "net/tls.h"

namespace forebay::net {

// What every connection of one I/O thread shares.
struct ConnectionHome {
    exec::IoThread& thread;
    const HttpServer::Options& options;
    const Handler& handler;
    ServerStats& stats;
    exec::TaskGroup& group;
    const std::atomic<bool>& draining;
    // One open connection, as the server sees it when it drains or stops.
    struct Open : boost::intrusive::list_base_hook<boost::intrusive::tag<ConnectionHome>,
                                                   boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
        virtual ~Open() = default;
        virtual void close_when_idle() = 0;
        virtual void end_for_shutdown() = 0;
    };
    boost::intrusive::list<Open, boost::intrusive::base_hook<Open>, boost::intrusive::constant_time_size<false>> all;
};

// Serves `socket` until it closes. `member` is this coroutine's own handle in the group.
exec::Task<void> serve_connection(ConnectionHome& home, TcpSocket socket, TlsContext tls,
                                  exec::TaskGroup::Member member);

}  // namespace forebay::net
