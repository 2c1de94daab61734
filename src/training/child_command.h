// A program with its own process group and a small environment, whose lines are read as they come.
//
// Unlike runtime/child_process.h it is followed by a thread that blocks, and its whole group is stopped.
// Threads  one: who starts it must follow it, and live as long (the kernel kills it when that thread ends).
#pragma once
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "training/run_folder_files.h"

namespace forebay::training {

// Splits what comes in pieces. A carriage return ends a line too: progress bars write them. Empty lines are left out;
// what is longer than 64 KiB comes in pieces.
class LineSplitter {
public:
    using OnLine = std::function<void(std::string_view line)>;
    void feed(std::string_view bytes, const OnLine& on_line);
    void finish(const OnLine& on_line);  // what came after the last line end

private:
    std::string rest_;
};

class ChildCommand {
public:
    struct Start {
        std::vector<std::string> arguments;    // the first is a path, or found in PATH
        std::vector<std::string> environment;  // "NAME=VALUE"
        std::string folder;                    // where it runs
        int kept_open = -1;                    // stays open in it and all that it starts, as descriptor 3
    };
    // invalid_argument: no such program, or it cannot be run; unavailable: the system has no room for it.
    static Result<std::unique_ptr<ChildCommand>> start_blocking(const Start& start);
    ~ChildCommand();  // kills what is left of the group

    struct Follow {
        LineSplitter::OnLine on_output;
        LineSplitter::OnLine on_error;
        std::function<bool()> stop_asked;
        std::chrono::milliseconds grace{30'000};  // from SIGTERM to SIGKILL
    };
    struct Ended {
        int code = -1;         // of its exit; -1: a signal ended it
        int signal = 0;        // that ended it
        bool stopped = false;  // stop_asked said so
    };
    // Until its end and that of all that it left running.
    Ended follow_blocking(const Follow& follow);
    pid_t group() const { return pid_; }

private:
    ChildCommand(pid_t pid, Descriptor pidfd, Descriptor output, Descriptor error);
    void read_what_is_there(Descriptor& descriptor, LineSplitter& splitter, const LineSplitter::OnLine& on_line);
    Ended reap_blocking();

    const pid_t pid_;
    Descriptor pidfd_, output_, error_;
    bool reaped_ = false;
};

std::string to_string(const ChildCommand::Ended& ended);  // "exited with code 1", "died of signal 9 (Killed)"

}  // namespace forebay::training
