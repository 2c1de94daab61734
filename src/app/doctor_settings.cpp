#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>

#include "app/doctor.h"
#include "config/load.h"
#include "engine/gguf_check.h"

namespace forebay::app {
namespace {

constexpr const char* area = "configuration";

void add(Findings& findings, std::string subject, Mark mark, std::string fact, std::string remedy = {}) {
    findings.push_back({area, std::move(subject), mark, std::move(fact), std::move(remedy)});
}

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

// 0, or the error that a server would meet when it listens there. Without SO_REUSEPORT, so that a
// listener that has it is noticed too.
int try_to_listen(const addrinfo& address) {
    const int socket = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return errno;
    const int on = 1;
    int error = 0;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.ai_family == AF_INET6) ::setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (::bind(socket, address.ai_addr, address.ai_addrlen) != 0 || ::listen(socket, 1) != 0) error = errno;
    ::close(socket);
    return error;
}

void examine_file(const std::string& subject, const std::string& file, Findings& findings) {
    if (std::ifstream(file)) {
        add(findings, subject, Mark::ok, fmt::format("{} is readable", file));
    } else {
        add(findings, subject, Mark::fail, fmt::format("{}: {}", file, std::generic_category().message(errno)),
            "put the file there, or correct its path in the configuration");
    }
}

bool is_loopback(std::string_view base_url) {
    const auto host = base_url.substr(base_url.find("://") + 3);
    return host.starts_with("127.") || host.starts_with("[::1]") || host.starts_with("localhost");
}

void examine_remote(const std::string& subject, const std::string& url, const config::Secret& key, Findings& findings) {
    const bool in_clear = url.starts_with("http://") && !key.empty() && !is_loopback(url);
    const auto fact = fmt::format("{}, {} key; not contacted", url, key.empty() ? "without a" : "with a");
    if (in_clear) {
        add(findings, subject, Mark::warn, fact + "; the key travels unencrypted", "use https:// where it is offered");
    } else {
        add(findings, subject, Mark::ok, fact);
    }
}

void examine_open_files(const config::Settings& settings, std::optional<std::uint64_t> open_files_max,
                        Findings& findings) {
    if (!open_files_max) return;
    // A proxied call holds two sockets, and the journal, the database and the libraries some files.
    const std::uint64_t wanted = 2ull * settings.server.connections_max + 256;
    if (*open_files_max < wanted) {
        add(findings, "open files", Mark::warn,
            fmt::format("at most {}, while server.connections_max {} may need {}", *open_files_max,
                        settings.server.connections_max, wanted),
            fmt::format("ulimit -n {} (systemd: LimitNOFILE={}), or lower server.connections_max", wanted, wanted));
    } else {
        add(findings, "open files", Mark::ok, fmt::format("at most {}", *open_files_max));
    }
}

}  // namespace

void examine_listen_blocking(const config::ListenAddress& listen, std::optional<int> server_process,
                             Findings& findings) {
    const auto shown = fmt::format("{} port {}", listen.host, listen.port);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int failure = ::getaddrinfo(listen.host.c_str(), std::to_string(listen.port).c_str(), &hints, &found);
    const Addresses addresses(found, &::freeaddrinfo);
    if (failure != 0) {
        return add(findings, "listen", Mark::fail, fmt::format("{}: {}", shown, ::gai_strerror(failure)),
                   "write an address of this machine, such as 127.0.0.1:8080");
    }
    const int error = try_to_listen(*addresses);
    if (error == 0)
        return add(findings, "listen", Mark::ok, shown + (listen.port == 0 ? ": any free port" : " is free"));
    if (error == EADDRINUSE && server_process) {
        return add(findings, "listen", Mark::ok,
                   fmt::format("{} is in use, and a forebay server runs (process {})", shown, *server_process));
    }
    if (error == EADDRINUSE) {
        return add(
            findings, "listen", Mark::warn, shown + " is in use",
            fmt::format("stop what listens there (ss -ltnp 'sport = :{}' shows it), or change listen", listen.port));
    }
    add(findings, "listen", Mark::fail, fmt::format("{}: {}", shown, std::generic_category().message(error)),
        error == EACCES ? "use a port above 1023, or give forebay the capability CAP_NET_BIND_SERVICE"
                        : "write an address that this machine has, or 0.0.0.0 for all of them");
}

void examine_runtime_blocking(const config::RuntimeSettings& runtime, std::optional<std::uint64_t> memory_bytes,
                              Findings& findings) {
    const auto subject = fmt::format("runtime {}", runtime.name);
    if (!runtime.url.empty()) return examine_remote(subject, runtime.url, runtime.api_key, findings);
    const auto size_bytes = engine::check_gguf_blocking(runtime.model);
    if (!size_bytes) {
        return add(findings, subject, Mark::fail, size_bytes.error().message,
                   size_bytes.error().code == Code::not_found
                       ? "put the GGUF file there, or correct the runtime's model"
                       : "download or convert the model again; the file must be whole and readable");
    }
    const auto fact = fmt::format("{}, GGUF, {}", runtime.model, readable_bytes(*size_bytes));
    if (memory_bytes && *size_bytes > *memory_bytes) {
        return add(findings, subject, Mark::warn,
                   fmt::format("{}; only {} of memory are available", fact, readable_bytes(*memory_bytes)),
                   "use a smaller model or a smaller quantization, or free memory");
    }
    add(findings, subject, Mark::ok, fact);
}

void examine_configuration_blocking(const std::string& file, const ConfigurationContext& context, Findings& findings) {
    std::error_code ignored;
    if (!context.file_was_named && !std::filesystem::exists(file, ignored)) {
        return add(findings, "file", Mark::warn, fmt::format("there is no {} in this folder", file),
                   "name one with --config FILE");
    }
    const auto loaded = config::load_blocking(file);
    if (!loaded) {
        for (const auto& problem : loaded.error()) {
            add(findings, "file", Mark::fail, config::to_string(problem),
                "correct the file; serve refuses it as it is");
        }
        return;
    }
    const config::Settings& settings = **loaded;
    add(findings, "file", Mark::ok, fmt::format("{}, revision {}", file, settings.revision));
    examine_open_files(settings, context.open_files_max, findings);
    examine_listen_blocking(settings.listen, context.server_process, findings);
    if (settings.tls) {
        examine_file("tls certificate", settings.tls->certificate_file, findings);
        examine_file("tls private key", settings.tls->private_key_file, findings);
    }
    for (const auto& [name, runtime] : settings.runtimes) {
        examine_runtime_blocking(runtime, context.memory_bytes, findings);
    }
    for (const auto& [name, provider] : settings.providers) {
        examine_remote(fmt::format("provider {}", name), provider.base_url, provider.api_key, findings);
        if (!provider.ca_file.empty()) examine_file(fmt::format("provider {} ca", name), provider.ca_file, findings);
    }
}

}  // namespace forebay::app
