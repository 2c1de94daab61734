// A child process with two pipes: its standard input, whose end tells it to stop, and its standard output.
//
// Threads  one I/O thread. Its other file descriptors are closed in the child.
#pragma once
#include <sys/types.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "exec/io_threads.h"

namespace forebay::runtime {

class ChildProcess {
public:
    using Environment = std::vector<std::pair<std::string, std::string>>;
    // Starts `arguments[0]`. `environment` is added to this process's own. unavailable: it cannot start.
    static Result<std::unique_ptr<ChildProcess>> start(exec::IoThread& thread,
                                                       const std::vector<std::string>& arguments,
                                                       const Environment& environment);
    ~ChildProcess();  // kills what still runs, and reaps it

    pid_t pid() const { return pid_; }
    // The next line of its output, without the line feed; nothing at the end of it, which is the child's
    // end, or when the caller is cancelled.
    exec::Task<std::optional<std::string>> read_line();
    // Closes its standard input: a worker drains and exits.
    void ask_to_stop();
    void kill();
    // Waits for its exit; says how it ended: "exited with code 1", "died of signal 9 (Killed)". Nothing: the
    // deadline passed first.
    exec::Task<std::optional<std::string>> ended(Deadline deadline);
    bool died_of_illegal_instruction() const { return illegal_instruction_; }

private:
    using Descriptor = boost::asio::posix::basic_stream_descriptor<exec::Executor>;
    ChildProcess(exec::IoThread& thread, pid_t pid, int input, int output, int pidfd);
    std::string reap_blocking();

    const pid_t pid_;
    Descriptor input_, output_, pidfd_;
    std::string read_;  // bytes after the last line taken
    bool reaped_ = false;
    bool illegal_instruction_ = false;
};

// This program's own file, for starting it again as a worker.
std::string own_executable();

}  // namespace forebay::runtime
