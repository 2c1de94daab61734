#include "training/child_command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/clock.h"

namespace forebay::training {
namespace {

constexpr std::size_t line_bytes_max = 64 * 1024;
constexpr int look_for_stop_every_ms = 100;
// Above the descriptors that the child gets, so that moving them there overwrites none that is still to be moved.
constexpr int descriptor_least = 16;

struct Pipe {
    Descriptor read_end, write_end;
};

Result<Descriptor> moved_up(int descriptor) {
    Descriptor moved(::fcntl(descriptor, F_DUPFD_CLOEXEC, descriptor_least));
    if (moved.get() < 0) return fail(Code::unavailable, "cannot copy a descriptor: {}", std::strerror(errno));
    return moved;
}

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return fail(Code::unavailable, "cannot make a pipe: {}", std::strerror(errno));
    }
    Pipe pipe{Descriptor(ends[0]), Descriptor(ends[1])};
    FOREBAY_TRY(pipe.write_end, moved_up(pipe.write_end.get()));
    return pipe;
}

// Where `program` is; relative paths are relative to `folder`.
Result<std::string> find_program(const std::string& program, const std::string& folder) {
    if (program.empty()) return fail(Code::invalid_argument, "the command is empty");
    if (program.contains('/')) {
        const std::string path = program.front() == '/' ? program : folder + "/" + program;
        if (::access(path.c_str(), X_OK) == 0) return path;
        return fail(Code::invalid_argument, "cannot run '{}': {}", path, std::strerror(errno));
    }
    const char* listed = std::getenv("PATH");
    std::string_view folders = listed ? listed : "/usr/local/bin:/usr/bin:/bin";
    while (!folders.empty()) {
        const auto end = std::min(folders.find(':'), folders.size());
        const std::string path = fmt::format("{}/{}", folders.substr(0, end), program);
        if (end > 0 && ::access(path.c_str(), X_OK) == 0) return path;
        folders.remove_prefix(std::min(end + 1, folders.size()));
    }
    return fail(Code::invalid_argument, "there is no program '{}' in PATH", program);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

// All that the child needs between fork and exec, where it may not allocate.
struct Birth {
    const char* program;
    char** arguments;
    char** environment;
    const char* folder;
    int input, output, error, kept_open, report;
    pid_t parent;
};

// Runs in the child: only calls that are safe after a fork of a program with threads (signal-safety(7)).
[[noreturn]] void become(const Birth& birth) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != birth.parent) ::_exit(127);
    for (const int number : {SIGPIPE, SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGCHLD, SIGUSR1, SIGUSR2}) {
        ::signal(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::dup2(birth.input, STDIN_FILENO);
    ::dup2(birth.output, STDOUT_FILENO);
    ::dup2(birth.error, STDERR_FILENO);
    unsigned first_closed = STDERR_FILENO + 1;
    if (birth.kept_open >= 0) ::dup2(birth.kept_open, static_cast<int>(first_closed++));
    const int report = static_cast<int>(first_closed++);
    ::dup3(birth.report, report, O_CLOEXEC);
    ::syscall(SYS_close_range, first_closed, ~0U, 0U);
    if (::chdir(birth.folder) == 0) ::execve(birth.program, birth.arguments, birth.environment);
    const int reason = errno;
    const auto written = ::write(report, &reason, sizeof reason);
    static_cast<void>(written);
    ::_exit(127);
}

}  // namespace

void LineSplitter::feed(std::string_view bytes, const OnLine& on_line) {
    while (!bytes.empty()) {
        const auto end = std::min(bytes.find_first_of("\r\n"), bytes.size());
        const auto taken = std::min(end, line_bytes_max - rest_.size());
        rest_.append(bytes.substr(0, taken));
        const bool whole = taken == end && end < bytes.size();
        bytes.remove_prefix(taken + (whole ? 1 : 0));
        if (whole || rest_.size() == line_bytes_max) finish(on_line);
    }
}

void LineSplitter::finish(const OnLine& on_line) {
    const std::string line = std::exchange(rest_, {});
    if (!line.empty()) on_line(line);
}

Result<std::unique_ptr<ChildCommand>> ChildCommand::start_blocking(const Start& start) {
    if (start.arguments.empty()) return fail(Code::invalid_argument, "the command is empty");
    FOREBAY_TRY(const auto program, find_program(start.arguments[0], start.folder));
    FOREBAY_TRY(auto output, make_pipe());
    FOREBAY_TRY(auto error, make_pipe());
    FOREBAY_TRY(auto report, make_pipe());
    const Descriptor opened(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    FOREBAY_TRY(const auto input, moved_up(opened.get()));
    Descriptor kept_open;
    if (start.kept_open >= 0) {
        FOREBAY_TRY(kept_open, moved_up(start.kept_open));
    }

    auto arguments = start.arguments;
    auto environment = start.environment;
    auto argument_pointers = pointers(arguments);
    auto environment_pointers = pointers(environment);
    const Birth birth{program.c_str(),
                      argument_pointers.data(),
                      environment_pointers.data(),
                      start.folder.c_str(),
                      input.get(),
                      output.write_end.get(),
                      error.write_end.get(),
                      kept_open.get(),
                      report.write_end.get(),
                      ::getpid()};
    const pid_t pid = ::fork();
    if (pid == 0) become(birth);
    if (pid < 0) return fail(Code::unavailable, "cannot start {}: {}", program, std::strerror(errno));
    // In the child and here: whoever comes first, the group is there before it is needed.
    ::setpgid(pid, pid);
    output.write_end = Descriptor();
    error.write_end = Descriptor();
    report.write_end = Descriptor();

    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    std::unique_ptr<ChildCommand> child(
        new ChildCommand(pid, Descriptor(pidfd), std::move(output.read_end), std::move(error.read_end)));
    if (pidfd < 0) return fail(Code::unavailable, "cannot watch {}: {}", program, std::strerror(errno));
    int reason = 0;
    if (::read(report.read_end.get(), &reason, sizeof reason) == sizeof reason) {
        return fail(Code::invalid_argument, "cannot run '{}': {}", program, std::strerror(reason));
    }
    return child;
}

ChildCommand::ChildCommand(pid_t pid, Descriptor pidfd, Descriptor output, Descriptor error)
    : pid_(pid), pidfd_(std::move(pidfd)), output_(std::move(output)), error_(std::move(error)) {
    ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(error_.get(), F_SETFL, O_NONBLOCK);
}

ChildCommand::~ChildCommand() {
    if (!reaped_) reap_blocking();
}

void ChildCommand::read_what_is_there(Descriptor& descriptor, LineSplitter& splitter,
                                      const LineSplitter::OnLine& on_line) {
    std::array<char, 16 * 1024> bytes;
    // One piece at a time while it runs: who writes without pause must not keep a stop from being seen. After its end
    // what the pipe held, and no more: what it started may have left its group, and write for ever.
    const int pieces = reaped_ ? 64 : 1;
    for (int piece = 0; piece < pieces && descriptor.get() >= 0; ++piece) {
        const auto got = ::read(descriptor.get(), bytes.data(), bytes.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) {
            const Descriptor ended = std::move(descriptor);
            return;
        }
        splitter.feed({bytes.data(), static_cast<std::size_t>(got)}, on_line);
    }
}

ChildCommand::Ended ChildCommand::follow_blocking(const Follow& follow) {
    LineSplitter output, error;
    bool asked = false, killed = false;
    Deadline patience = Deadline::never();
    for (bool running = true; running;) {
        std::array<pollfd, 3> waited{pollfd{pidfd_.get(), POLLIN, 0}, pollfd{output_.get(), POLLIN, 0},
                                     pollfd{error_.get(), POLLIN, 0}};
        ::poll(waited.data(), waited.size(), look_for_stop_every_ms);
        if (waited[1].revents != 0) read_what_is_there(output_, output, follow.on_output);
        if (waited[2].revents != 0) read_what_is_there(error_, error, follow.on_error);
        running = waited[0].revents == 0;
        if (running && !asked && follow.stop_asked && follow.stop_asked()) {
            asked = true;
            patience = Deadline::in(follow.grace);
            ::kill(-pid_, SIGTERM);
        }
        if (running && !killed && asked && patience.passed()) {
            killed = true;
            ::kill(-pid_, SIGKILL);
        }
    }
    Ended ended = reap_blocking();
    ended.stopped = asked;
    read_what_is_there(output_, output, follow.on_output);
    read_what_is_there(error_, error, follow.on_error);
    output.finish(follow.on_output);
    error.finish(follow.on_error);
    return ended;
}

ChildCommand::Ended ChildCommand::reap_blocking() {
    // Until it is reaped its number is its group's alone, so that this can hit nobody else.
    ::kill(-pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    reaped_ = true;
    Ended ended;
    if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
    return ended;
}

std::string to_string(const ChildCommand::Ended& ended) {
    if (ended.signal == 0) return fmt::format("exited with code {}", ended.code);
    return fmt::format("died of signal {} ({})", ended.signal, strsignal(ended.signal));
}

}  // namespace forebay::training
