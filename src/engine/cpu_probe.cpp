// Proving each CPU back end in a child process, where an illegal instruction harms nobody.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "engine/backends.h"
#include "engine/engine.h"

extern char** environ;

namespace forebay::engine {
namespace {

constexpr int proof_millis_max = 10'000;

Result<pid_t> start_proof(const std::string& self, const std::string& file) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0);
    }
    std::string program = self;
    std::string command = "prove-cpu";
    std::string argument = file;
    const std::array<char*, 4> arguments{program.data(), command.data(), argument.data(), nullptr};
    pid_t child = 0;
    const int error = posix_spawn(&child, self.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) return fail(Code::internal, "cannot start '{}': {}", self, std::strerror(error));
    return child;
}

// True once the child has ended, however; false when the time was up.
bool wait_for_end(pid_t child) {
    const auto descriptor = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    if (descriptor < 0) return true;  // waitpid below then waits without a limit
    pollfd watched{descriptor, POLLIN, 0};
    int ready = 0;
    do {
        ready = poll(&watched, 1, proof_millis_max);
    } while (ready < 0 && errno == EINTR);
    close(descriptor);
    return ready != 0;
}

void prove(const std::string& self, CpuVariant& variant) {
    const Result<pid_t> child = start_proof(self, variant.file);
    if (!child) {
        variant.reason = child.error().message;
        return;
    }
    const bool ended = wait_for_end(*child);
    if (!ended) kill(*child, SIGKILL);
    int status = 0;
    while (waitpid(*child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!ended) {
        variant.reason = fmt::format("did not finish a small product in {} seconds", proof_millis_max / 1000);
    } else if (WIFSIGNALED(status)) {
        const int signal = WTERMSIG(status);
        const char* name = signal == SIGILL ? "illegal instruction" : strsignal(signal);
        variant.reason = fmt::format("died of signal {} ({})", signal, name);
    } else if (WEXITSTATUS(status) != 0) {
        variant.reason = "a small product came out wrong";
    } else {
        variant.proven = true;
    }
}

}  // namespace

std::vector<CpuVariant> probe_cpu_variants_blocking(const std::string& self, const std::string& backend_folder) {
    std::vector<CpuVariant> variants =
        score_cpu_variants_blocking(backend_folder.empty() ? default_backend_folder() : backend_folder);
    for (CpuVariant& variant : variants) {
        if (variant.score > 0) prove(self, variant);
    }
    return variants;
}

}  // namespace forebay::engine
