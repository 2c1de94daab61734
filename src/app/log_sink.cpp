#include "app/log_sink.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

namespace forebay::app {
namespace {

log::Level level_from(std::string_view name) {
    if (name == "debug") return log::Level::debug;
    if (name == "warning") return log::Level::warning;
    if (name == "error") return log::Level::error;
    return log::Level::info;
}

std::string_view name_of(log::Level level) {
    switch (level) {
        case log::Level::debug: return "debug";
        case log::Level::info: return "info";
        case log::Level::warning: return "warning";
        case log::Level::error: return "error";
    }
    return "error";
}

spdlog::level::level_enum spdlog_level(log::Level level) {
    switch (level) {
        case log::Level::debug: return spdlog::level::debug;
        case log::Level::info: return spdlog::level::info;
        case log::Level::warning: return spdlog::level::warn;
        case log::Level::error: return spdlog::level::err;
    }
    return spdlog::level::err;
}

void write_text(log::Level level, std::string_view line) {
    spdlog::default_logger_raw()->log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
}

void write_json(log::Level level, std::string_view line) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("time", format_utc(unix_micros_now()));
    object.field("level", name_of(level));
    object.field("message", line);
    object.close();
    spdlog::default_logger_raw()->log(spdlog_level(level), spdlog::string_view_t(out));
}

}  // namespace

void install_log_sink(const config::LogSettings& settings) {
    auto logger = std::make_shared<spdlog::logger>("forebay", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_level(spdlog::level::trace);
    logger->flush_on(spdlog::level::trace);
    logger->set_pattern(settings.format == config::LogFormat::json ? "%v" : "%Y-%m-%d %H:%M:%S.%e %-7l %v");
    spdlog::set_default_logger(std::move(logger));
    log::set_sink(settings.format == config::LogFormat::json ? &write_json : &write_text, level_from(settings.level));
}

}  // namespace forebay::app
