// Node runs tiktoken_child.mjs; texts go in by batches and ids come back.
//
// To it    specials (u32), texts (u32), then for each its bytes (u32) and the bytes.
// From it  for each text the number of ids (u32), or all ones where tiktoken threw; then the ids (u32). Little end
// first.
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "peer.h"

extern char** environ;

namespace forebay::differential {
namespace {

constexpr std::uint32_t threw = UINT32_MAX;

void append_number(std::string& out, std::size_t number) {
    const auto value = static_cast<std::uint32_t>(number);
    out.append(std::bit_cast<std::array<char, 4>>(value).data(), 4);
}

class TiktokenPeer : public Peer {
public:
    TiktokenPeer(int socket, pid_t child) : socket_(socket), child_(child) {}
    ~TiktokenPeer() override {
        ::close(socket_);
        ::kill(child_, SIGTERM);
        ::waitpid(child_, nullptr, 0);
    }

    Result<std::vector<PeerAnswer>> encode(std::span<const std::string> texts,
                                           tokenizer::EncodeOptions options) override {
        std::string batch;
        append_number(batch, options.specials == tokenizer::Specials::as_tokens ? 1 : 0);
        append_number(batch, texts.size());
        for (const std::string& text : texts) {
            append_number(batch, text.size());
            batch += text;
        }
        if (!write_all(batch)) return gone();
        std::vector<PeerAnswer> answers(texts.size());
        for (PeerAnswer& answer : answers) {
            std::uint32_t count = 0;
            if (!read_all(&count, sizeof count)) return gone();
            answer.failed = count == threw;
            if (answer.failed) continue;
            answer.tokens.resize(count);
            if (!read_all(answer.tokens.data(), count * sizeof(TokenId))) return gone();
        }
        return answers;
    }

    bool adds_begin_end() const override { return false; }

private:
    static std::unexpected<Error> gone() { return fail(Code::unavailable, "the process that runs tiktoken has ended"); }

    bool write_all(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t written = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(written));
        }
        return true;
    }

    bool read_all(void* into, std::size_t size) {
        auto* at = static_cast<char*>(into);
        while (size > 0) {
            const ssize_t got = ::read(socket_, at, size);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return false;
            at += got;
            size -= static_cast<std::size_t>(got);
        }
        return true;
    }

    int socket_;
    pid_t child_;
};

}  // namespace

Result<std::unique_ptr<Peer>> open_tiktoken_blocking(const std::string& encoding) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return fail(Code::unavailable, "no socket for node: {}", std::strerror(errno));
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string script = FOREBAY_SOURCE_FOLDER "/tests/differential/tiktoken_child.mjs";
    std::string program = "node";
    std::string name = encoding;
    std::array<char*, 4> arguments = {program.data(), script.data(), name.data(), nullptr};
    pid_t child = 0;
    const int failed = ::posix_spawnp(&child, "node", &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (failed != 0) {
        ::close(ends[0]);
        return fail(Code::unavailable, "node cannot be started: {}", std::strerror(failed));
    }
    return std::make_unique<TiktokenPeer>(ends[0], child);
}

}  // namespace forebay::differential
