// llama.cpp's log, which is one per process, sent to base/log one level lower: what matters to a caller
// is in our own errors.
#pragma once
#include <mutex>
#include <string>

namespace forebay::engine {

// Replaces llama.cpp's output to standard error. Call before anything else of llama.cpp; repeated calls
// do nothing.
void install_llama_log();

// Keeps what llama.cpp calls an error while this object lives, on any thread: the reason of a failed load,
// or what is expected when a decode is cut short. Such lines are logged as information only.
class LlamaErrors {
public:
    LlamaErrors();
    ~LlamaErrors();
    LlamaErrors(const LlamaErrors&) = delete;
    LlamaErrors& operator=(const LlamaErrors&) = delete;

    // The first error line, without llama.cpp's function name; empty if there was none.
    std::string first() const;
    void add(std::string line);

private:
    mutable std::mutex mutex_;
    std::string first_;
};

}  // namespace forebay::engine
