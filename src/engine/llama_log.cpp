#include "engine/llama_log.h"

#include <ggml.h>
#include <llama.h>
#include <log.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/log.h"

namespace forebay::engine {
namespace {

struct Listeners {
    std::mutex mutex;
    std::vector<LlamaErrors*> all;
};
Listeners& listeners() {
    static Listeners instance;
    return instance;
}

void write_line(ggml_log_level level, std::string_view line) {
    if (level == GGML_LOG_LEVEL_ERROR) {
        const std::scoped_lock lock(listeners().mutex);
        for (LlamaErrors* errors : listeners().all) errors->add(std::string(line));
        if (listeners().all.empty()) {
            log::warning("llama.cpp: {}", line);
        } else {
            log::info("llama.cpp: {}", line);
        }
    } else if (level == GGML_LOG_LEVEL_WARN) {
        log::info("llama.cpp: {}", line);
    } else {
        log::debug("llama.cpp: {}", line);
    }
}

// Lines arrive in parts: a part without a line end is continued by the next one of the same thread.
void on_llama_log(ggml_log_level level, const char* text, void*) {
    thread_local std::string pending;
    thread_local ggml_log_level pending_level = GGML_LOG_LEVEL_INFO;
    if (level != GGML_LOG_LEVEL_CONT) pending_level = level;
    pending += text;
    for (std::size_t end = pending.find('\n'); end != std::string::npos; end = pending.find('\n')) {
        if (end > 0) write_line(pending_level, std::string_view(pending).substr(0, end));
        pending.erase(0, end + 1);
    }
}

// "/…/llama-model.cpp:1260: …" without the folder that llama.cpp was built in.
std::string_view without_folder(std::string_view message) {
    const std::size_t slash = message.substr(0, message.find(": ")).rfind('/');
    return slash == std::string_view::npos ? message : message.substr(slash + 1);
}

}  // namespace

void install_llama_log() {
    static std::once_flag once;
    std::call_once(once, [] {
        llama_log_set(on_llama_log, nullptr);
        // In place of the default, which starts a debugger to print a backtrace. The process aborts after it.
        ggml_set_abort_callback(
            [](const char* message) { log::error("llama.cpp aborts: {}", without_folder(message)); });
        // The chat-template code logs through a second logger with its own thread and standard error.
        common_log_set_verbosity_thold(-1);
    });
}

LlamaErrors::LlamaErrors() {
    const std::scoped_lock lock(listeners().mutex);
    listeners().all.push_back(this);
}

LlamaErrors::~LlamaErrors() {
    const std::scoped_lock lock(listeners().mutex);
    std::erase(listeners().all, this);
}

std::string LlamaErrors::first() const {
    const std::scoped_lock lock(mutex_);
    const std::size_t prefix = first_.find(": ");
    const bool has_function = prefix != std::string::npos && first_.find(' ') > prefix;
    return has_function ? first_.substr(prefix + 2) : first_;
}

void LlamaErrors::add(std::string line) {
    const std::scoped_lock lock(mutex_);
    if (first_.empty()) first_ = std::move(line);
}

}  // namespace forebay::engine
