// Settings: what forebay.yaml says, one struct per section, validated as a whole before any of it is
// used. The schema is the structs below plus the reader in reader.cpp; docs/guide/configuration.md
// describes each key.
//
// Floor    1. Everything above reads it; nothing above writes it.
// Threads  a Settings is immutable once loaded; it is shared as std::shared_ptr<const Settings>.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace forebay::config {

// A value that must not be shown. It has no formatter and no stream operator: only reveal() gives it.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    const std::string& reveal() const { return value_; }
    bool empty() const { return value_.empty(); }

private:
    std::string value_;
};

struct ListenAddress {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8080;  // 0: the kernel picks one
};

struct TlsSettings {               // tls: {certificate: FILE, private_key: FILE}
    std::string certificate_file;  // PEM, the chain, leaf first
    std::string private_key_file;  // PEM
};

struct ServerSettings {                                  // server: {...}
    unsigned threads = 0;                                // I/O threads; 0: one per core
    std::uint64_t header_bytes_max = 32 * 1024;          // above: 431
    std::uint64_t body_bytes_max = 32ull * 1024 * 1024;  // above: 413
    std::uint32_t connections_max = 16384;               // above: the connection is closed at once
    std::chrono::milliseconds header_timeout{10'000};    // from the first byte to the end of the headers
    std::chrono::milliseconds body_timeout{60'000};      // for the whole body
    std::chrono::milliseconds idle_timeout{75'000};      // between requests on one connection
    std::chrono::milliseconds write_timeout{30'000};     // without progress while writing
    std::chrono::milliseconds request_timeout{600'000};  // one call, from its headers to its last byte
    std::chrono::milliseconds drain_timeout{30'000};     // after SIGTERM, for calls under way
};

enum class ProviderKind { openai };

struct ProviderSettings {  // providers: {NAME: {...}}
    std::string name;
    ProviderKind kind = ProviderKind::openai;
    std::string base_url;  // http(s)://host[:port][/path], no trailing slash
    Secret api_key;        // sent as "authorization: Bearer …"; none when empty
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds first_byte_timeout{300'000};  // from the last request byte to the response head
    std::chrono::milliseconds idle_timeout{120'000};        // between two pieces of a response
    std::uint32_t connections_max = 1024;                   // per I/O thread
    std::string ca_file;  // PEM bundle instead of the system's, for private authorities
};

struct RuntimeSettings {  // runtimes: {NAME: {...}}
    std::string name;
    std::string model;                    // path of a GGUF file, made absolute against the configuration file
    std::uint32_t slots = 4;              // calls decoded at once, 1 to 256
    std::uint32_t context_tokens = 4096;  // KV cells shared by all slots
    std::uint32_t threads = 0;            // compute threads; 0: one per physical core
    std::uint32_t queue_calls = 64;       // waiting calls; above: 503 with Retry-After
    std::uint32_t batch_tokens = 512;     // tokens per decode step
    std::int32_t gpu_layers = -1;         // layers offloaded where a GPU back end is found; -1: all
    std::string url;                      // a worker elsewhere (http://host:port) instead of a child process
    Secret api_key;                       // for that worker
    std::chrono::milliseconds load_timeout{600'000};
};

struct Target {            // one way to answer a model's calls
    std::string provider;  // exactly one of provider and runtime is set
    std::string runtime;
    std::string model;  // the name to ask the provider for; empty: the name the caller used
};

struct ModelSettings {  // models: {NAME: {targets: [...], ...}}
    std::string name;
    std::vector<Target> targets;  // at least one; tried in order until one answers
    std::string tokenizer = {};   // a built-in tokenizer's name, "estimate" or a file's absolute path; empty: by name
    std::uint64_t context_tokens = 0;  // prompt and answer together; 0: what is known of the name
};

struct TokenizerSettings {                               // tokenizers: {...}
    std::uint64_t text_bytes_max = 16ull * 1024 * 1024;  // of a body that is only counted or tokenized; above: 413
};

enum class JournalSync { always, interval, none };

struct JournalSettings {  // journal: {...}
    JournalSync sync = JournalSync::interval;
    std::chrono::milliseconds sync_interval{1'000};
    std::uint64_t segment_bytes = 64ull * 1024 * 1024;
    std::uint64_t queue_bytes = 64ull * 1024 * 1024;  // records not yet written; above: calls are refused
    std::uint64_t retain_bytes = 0;                   // oldest segments go first; 0: keep everything
    bool record_content = true;                       // false: messages in and out are left out
};

enum class LogFormat { text, json };

struct LogSettings {             // log: {...}
    std::string level = "info";  // debug, info, warning, error
    LogFormat format = LogFormat::text;
};

struct Settings {
    std::string file;      // where it was read from
    std::string revision;  // "sha256:" and 16 hexadecimal digits of the file's text
    ListenAddress listen;
    std::optional<TlsSettings> tls;
    ServerSettings server;
    JournalSettings journal;
    LogSettings log;
    TokenizerSettings tokenizers;
    std::map<std::string, ProviderSettings> providers;
    std::map<std::string, RuntimeSettings> runtimes;
    std::map<std::string, ModelSettings> models;
};

}  // namespace forebay::config
