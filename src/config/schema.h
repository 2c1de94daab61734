// The schema: each key of each section, once. The reader, its suggestions and the writer all walk these
// tables, so that they cannot disagree. docs/guide/configuration.md describes the keys, and a test
// compares it with them.
//
// A visitor has one method per type of value; it gets the key, the field and the limits.
#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

namespace forebay::config {

template <class T>
struct Choice {
    std::string_view word;
    T value;
};

inline const std::vector<Choice<ProviderKind>> provider_kinds{{"openai", ProviderKind::openai}};
inline const std::vector<Choice<JournalSync>> journal_syncs{
    {"always", JournalSync::always}, {"interval", JournalSync::interval}, {"none", JournalSync::none}};
inline const std::vector<Choice<LogFormat>> log_formats{{"text", LogFormat::text}, {"json", LogFormat::json}};
inline const std::vector<Choice<std::string>> log_levels{
    {"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}};

enum class Need {
    optional,     // "" means not set, and is what the writer shows
    required,     // must be there and not empty
    alternative,  // may be left out, must not be empty; the writer leaves an empty one out
};

enum class NameRule {
    identifier,  // ^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$
    model,       // 1 to 128 letters, digits and . _ - / : @
};

inline constexpr std::uint64_t kib = 1024;
inline constexpr std::uint64_t mib = 1024 * kib;
inline constexpr std::uint64_t gib = 1024 * mib;
inline constexpr std::uint64_t tib = 1024 * gib;
inline constexpr std::chrono::milliseconds least_timeout{1};
inline constexpr std::chrono::milliseconds most_timeout = std::chrono::hours(24);

template <class V>
void visit_fields(V& v, TlsSettings& s) {
    v.path("certificate", s.certificate_file, Need::required);
    v.path("private_key", s.private_key_file, Need::required);
}

template <class V>
void visit_fields(V& v, ServerSettings& s) {
    v.integer("threads", s.threads, 0, 1024);
    v.size("header_bytes_max", s.header_bytes_max, kib, mib);
    v.size("body_bytes_max", s.body_bytes_max, kib, gib);
    v.integer("connections_max", s.connections_max, 1, 10'000'000);
    v.duration("header_timeout", s.header_timeout, least_timeout, most_timeout);
    v.duration("body_timeout", s.body_timeout, least_timeout, most_timeout);
    v.duration("idle_timeout", s.idle_timeout, least_timeout, most_timeout);
    v.duration("write_timeout", s.write_timeout, least_timeout, most_timeout);
    v.duration("request_timeout", s.request_timeout, least_timeout, most_timeout);
    v.duration("drain_timeout", s.drain_timeout, std::chrono::milliseconds(0), most_timeout);
}

template <class V>
void visit_fields(V& v, JournalSettings& s) {
    v.choice("sync", s.sync, journal_syncs);
    v.duration("sync_interval", s.sync_interval, least_timeout, std::chrono::hours(1));
    v.size("segment_bytes", s.segment_bytes, 4 * kib, 16 * gib);
    v.size("queue_bytes", s.queue_bytes, 64 * kib, 16 * gib);
    v.size("retain_bytes", s.retain_bytes, 0, 1024 * tib);
    v.boolean("record_content", s.record_content);
}

template <class V>
void visit_fields(V& v, LogSettings& s) {
    v.choice("level", s.level, log_levels);
    v.choice("format", s.format, log_formats);
}

template <class V>
void visit_fields(V& v, ProviderSettings& s) {
    v.choice("kind", s.kind, provider_kinds);
    v.url("base_url", s.base_url, Need::required);
    v.secret("api_key", s.api_key);
    v.duration("connect_timeout", s.connect_timeout, least_timeout, most_timeout);
    v.duration("first_byte_timeout", s.first_byte_timeout, least_timeout, most_timeout);
    v.duration("idle_timeout", s.idle_timeout, least_timeout, most_timeout);
    v.integer("connections_max", s.connections_max, 1, 1'000'000);
    v.path("ca_file", s.ca_file, Need::optional);
}

template <class V>
void visit_fields(V& v, RuntimeSettings& s) {
    v.path("model", s.model, Need::alternative);
    v.url("url", s.url, Need::alternative);
    v.secret("api_key", s.api_key);
    v.integer("slots", s.slots, 1, 256);
    v.integer("context_tokens", s.context_tokens, 16, 16 * 1024 * 1024);
    v.integer("threads", s.threads, 0, 1024);
    v.integer("queue_calls", s.queue_calls, 0, 100'000);
    v.integer("batch_tokens", s.batch_tokens, 1, 65'536);
    v.integer("gpu_layers", s.gpu_layers, -1, 10'000);
    v.duration("load_timeout", s.load_timeout, least_timeout, most_timeout);
}

template <class V>
void visit_fields(V& v, Target& s) {
    v.text("provider", s.provider, Need::alternative);
    v.text("runtime", s.runtime, Need::alternative);
    v.text("model", s.model, Need::alternative);
}

template <class V>
void visit_fields(V& v, ModelSettings& s) {
    v.list("targets", s.targets);
    v.name_or_path("tokenizer", s.tokenizer);
    v.integer("context_tokens", s.context_tokens, 0, 64 * 1024 * 1024);
}

template <class V>
void visit_fields(V& v, TokenizerSettings& s) {
    v.size("text_bytes_max", s.text_bytes_max, kib, gib);
}

template <class V>
void visit_fields(V& v, Settings& s) {
    v.listen("listen", s.listen);
    v.optional_section("tls", s.tls);
    v.section("server", s.server);
    v.section("journal", s.journal);
    v.section("log", s.log);
    v.section("tokenizers", s.tokenizers);
    v.named("providers", s.providers, NameRule::identifier);
    v.named("runtimes", s.runtimes, NameRule::identifier);
    v.named("models", s.models, NameRule::model);
}

}  // namespace forebay::config
