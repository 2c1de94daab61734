#include "runtime/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace forebay::runtime {
namespace {

namespace asio = boost::asio;
constexpr std::size_t line_bytes_max = 64 * 1024;

struct Pipe {
    int read_end = -1, write_end = -1;
};

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
        return fail(Code::unavailable, "cannot make a pipe: {}", std::strerror(errno));
    return Pipe{ends[0], ends[1]};
}

std::vector<std::string> environment_with(const ChildProcess::Environment& extra) {
    std::vector<std::string> out;
    for (char** entry = environ; *entry; ++entry) out.emplace_back(*entry);
    for (const auto& [name, value] : extra) {
        std::erase_if(out, [&](const std::string& entry) { return entry.starts_with(name + "="); });
        out.push_back(name + "=" + value);
    }
    return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

int spawn(const std::vector<std::string>& arguments, const ChildProcess::Environment& environment, int input,
          int output, pid_t* pid) {
    auto words = arguments;
    auto variables = environment_with(environment);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    // A group of its own, so that a Ctrl-C at the terminal reaches the supervisor alone.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setpgroup(&attributes, 0);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    const int failed =
        posix_spawn(pid, arguments[0].c_str(), &files, &attributes, pointers(words).data(), pointers(variables).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failed;
}

}  // namespace

std::string own_executable() {
    std::error_code error;
    auto path = std::filesystem::read_symlink("/proc/self/exe", error);
    return error ? std::string("forebay") : path.string();
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(exec::IoThread& thread,
                                                          const std::vector<std::string>& arguments,
                                                          const Environment& environment) {
    FOREBAY_TRY(const Pipe input, make_pipe());
    auto output = make_pipe();
    if (!output) {
        ::close(input.read_end);
        ::close(input.write_end);
        return std::unexpected(output.error());
    }
    pid_t pid = -1;
    const int failed = spawn(arguments, environment, input.read_end, output->write_end, &pid);
    ::close(input.read_end);
    ::close(output->write_end);
    const int pidfd = failed == 0 ? static_cast<int>(syscall(SYS_pidfd_open, pid, 0)) : -1;
    if (pidfd < 0) {
        const int reason = failed != 0 ? failed : errno;
        if (failed == 0) {
            ::kill(pid, SIGKILL);
            waitpid(pid, nullptr, 0);
        }
        ::close(input.write_end);
        ::close(output->read_end);
        return fail(Code::unavailable, "cannot start {}: {}", arguments[0], std::strerror(reason));
    }
    return std::unique_ptr<ChildProcess>(new ChildProcess(thread, pid, input.write_end, output->read_end, pidfd));
}

ChildProcess::ChildProcess(exec::IoThread& thread, pid_t pid, int input, int output, int pidfd)
    : pid_(pid), input_(thread.context(), input), output_(thread.context(), output), pidfd_(thread.context(), pidfd) {}

ChildProcess::~ChildProcess() {
    if (reaped_) return;
    kill();
    reap_blocking();
}

void ChildProcess::kill() {
    if (!reaped_) ::kill(pid_, SIGKILL);
}

void ChildProcess::ask_to_stop() {
    boost::system::error_code ignored;
    input_.close(ignored);
}

exec::Task<std::optional<std::string>> ChildProcess::read_line() {
    std::array<char, 4096> bytes;
    for (;;) {
        if (const auto end = read_.find('\n'); end != std::string::npos) {
            std::string line = read_.substr(0, end);
            read_.erase(0, end + 1);
            co_return line;
        }
        if (read_.size() > line_bytes_max) read_.clear();
        auto [error, got] = co_await output_.async_read_some(asio::buffer(bytes), asio::as_tuple(exec::await));
        if (error) co_return std::nullopt;
        read_.append(bytes.data(), got);
    }
}

exec::Task<std::optional<std::string>> ChildProcess::ended(Deadline deadline) {
    using namespace asio::experimental::awaitable_operators;
    using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, exec::Executor>;
    if (reaped_) co_return "has ended before";
    while (!deadline.passed()) {
        Timer timer(pidfd_.get_executor(), deadline.at());
        auto exit = pidfd_.async_wait(Descriptor::wait_read, asio::as_tuple(exec::await));
        auto late = timer.async_wait(asio::as_tuple(exec::await));
        auto first = co_await (std::move(exit) || std::move(late));
        // A cancellation ends both waits without an exit: the child must still be waited for.
        if (first.index() == 0 && !std::get<0>(std::get<0>(first))) co_return reap_blocking();
    }
    co_return std::nullopt;
}

std::string ChildProcess::reap_blocking() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    reaped_ = true;
    if (WIFEXITED(status)) return fmt::format("exited with code {}", WEXITSTATUS(status));
    const int signal = WTERMSIG(status);
    illegal_instruction_ = signal == SIGILL;
    return fmt::format("died of signal {} ({})", signal, strsignal(signal));
}

}  // namespace forebay::runtime
