// Engine: one GGUF model on llama.cpp with continuous batching over slots. No Boost here, so that it
// also builds alone on a GPU machine.
//
// Floor    2. runtime/ (the worker process) owns one.
// Threads  one scheduler thread owns the llama context. submit(), cancel() and stats() from any thread,
//          never blocking for longer than a short lock. A Listener is called on the scheduler thread and
//          must not block: it copies what it gets and posts it on.
// Order    for each submitted call: on_started once, on_token 0..n times, on_done exactly once, nothing
//          after it. on_done may come without on_started (cancelled in the queue).
// Errors   submit: resource_exhausted (queue_calls are waiting), invalid_argument (the prompt does not fit
//          the context: both numbers are named; bad parameter; template error), unavailable (stopping).
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace forebay::engine {

struct EngineSettings {
    std::string model_file;               // GGUF
    std::uint32_t slots = 4;              // sequences decoded at once, 1 to 256
    std::uint32_t context_tokens = 4096;  // KV cells shared by all slots (kv_unified)
    std::uint32_t threads = 0;            // at most; a small model uses fewer. 0: one per physical core
    std::uint32_t queue_calls = 64;
    std::uint32_t batch_tokens = 512;  // tokens per decode step
    std::int32_t gpu_layers = -1;      // -1: all that a found GPU back end takes
    std::string backend_folder;        // where libggml-cpu-*.so lie; empty: beside libllama.so
};

struct ModelInfo {
    std::string architecture;  // "llama", "qwen2", …
    std::string name;          // general.name, may be empty
    std::string description;   // llama.cpp's one line: "llama 8B Q4_K - Medium"
    std::uint64_t parameters = 0;
    std::uint64_t file_bytes = 0;
    std::uint32_t context_tokens_trained = 0;
    std::uint32_t vocabulary_tokens = 0;
    bool has_chat_template = false;    // without one, ChatML is used and a warning logged
    std::string cpu_variant;           // the CPU back end in use, e.g. "haswell"
    std::vector<std::string> devices;  // GPU devices in use; empty on CPU
};

struct Sampling {
    float temperature = 1.0f;  // 0: greedy
    std::int32_t top_k = 0;    // 0: all
    float top_p = 1.0f;
    float min_p = 0.0f;
    float presence_penalty = 0.0f;  // OpenAI's meaning, over generated tokens
    float frequency_penalty = 0.0f;
    std::map<std::int32_t, float> logit_bias;  // token id to added logit
    std::int64_t seed = -1;                    // -1: a random one; the one used is in Finish
};

struct GenerateRequest {
    // Exactly one of the two is used.
    std::string chat_json;  // a JSON object {"messages":[…],"tools":[…]?,"tool_choice":…?}: rendered
                            // with the model's own chat template (llama.cpp's Jinja)
    std::string prompt;     // plain text, when chat_json is empty
    Sampling sampling;
    std::vector<std::string> stop;  // at most 4; never part of the output
    std::int32_t tokens_max = -1;   // -1: until the context is full
    bool logprobs = false;
    std::uint32_t top_logprobs = 0;  // alternatives per token, 0 to 20
    bool echo = false;               // completions: put the prompt's text first (without logprobs)
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

struct TokenLogprob {
    std::int32_t token = 0;
    std::string bytes;  // the token's bytes, perhaps not whole characters
    float logprob = 0;  // natural logarithm, before sampling parameters
};

struct TokenEvent {
    std::string text;                    // whole UTF-8 characters, U+FFFD for bytes that are none; may be empty while
                                         // a character or a possible stop sequence is held back
    std::vector<TokenLogprob> logprobs;  // the tokens behind `text`, when asked for
    std::vector<std::vector<TokenLogprob>> top_logprobs;  // per entry of logprobs, best first
};

enum class FinishReason { stop, length, tool_calls, cancelled };

struct Finish {
    FinishReason reason = FinishReason::stop;
    std::string stop_sequence;  // the one that matched; empty for end of sequence
    std::uint32_t prompt_tokens = 0;
    std::uint32_t cached_tokens = 0;      // of those, found in the KV cache
    std::uint32_t completion_tokens = 0;  // with the end-of-sequence token, as other servers count
    std::int64_t seed = 0;                // the one used
    std::int64_t queue_micros = 0;        // submit to slot
    std::int64_t prefill_micros = 0;      // slot to first token
    std::int64_t decode_micros = 0;       // first token to last
};

class Listener {
public:
    virtual ~Listener() = default;
    virtual void on_started(std::uint32_t prompt_tokens, std::uint32_t cached_tokens) = 0;
    virtual void on_token(TokenEvent event) = 0;
    virtual void on_done(Result<Finish> finish) = 0;
};

struct EngineStats {
    std::uint32_t slots_busy = 0;
    std::uint32_t calls_waiting = 0;
    std::uint32_t kv_cells_used = 0;
    std::uint32_t kv_cells = 0;
    std::uint64_t calls_finished = 0;
    std::uint64_t prompt_tokens = 0;  // totals since start
    std::uint64_t prompt_tokens_cached = 0;
    std::uint64_t completion_tokens = 0;
    std::uint64_t decode_steps = 0;
    std::uint64_t preemptions = 0;
    double decode_seconds = 0;
};

using CallId = std::uint64_t;

class Engine {
public:
    // Loads the model; `progress` gets 0..1 and may return false to stop. Blocks, from milliseconds to
    // minutes. not_found: no such file. invalid_argument: not GGUF, truncated, or of an architecture that
    // llama.cpp does not know; resource_exhausted: not enough memory. Messages name the file and the reason.
    static Result<std::unique_ptr<Engine>> open_blocking(EngineSettings settings,
                                                         const std::function<bool(float)>& progress);
    virtual ~Engine() = default;

    virtual const ModelInfo& model() const = 0;
    virtual EngineStats stats() const = 0;

    virtual Result<CallId> submit(GenerateRequest request, std::shared_ptr<Listener> listener) = 0;
    // Ends the call soon with FinishReason::cancelled; harmless when it has ended already.
    virtual void cancel(CallId call) = 0;

    // Exact token count of a prompt as submit() would make it; thread-safe.
    virtual Result<std::uint32_t> count_tokens(const GenerateRequest& request) const = 0;

    // Cancels all calls and joins the scheduler thread; the destructor frees the model. Blocks.
    virtual void stop_blocking() = 0;
};

// One CPU back end found beside llama.cpp.
struct CpuVariant {
    std::string name;  // "haswell"
    std::string file;
    int score = 0;        // llama.cpp's own; 0: this processor lacks an instruction it needs
    bool proven = false;  // a small Q8_0 product came out right in a child process
    std::string reason;   // why it is not, e.g. "died of signal 4 (illegal instruction)"
};
// All variants, best first. Proving runs each candidate in a child process: `self` is this executable,
// started as `self prove-cpu FILE` (see prove_cpu_main). Blocks.
std::vector<CpuVariant> probe_cpu_variants_blocking(const std::string& self, const std::string& backend_folder);
// The child's side: loads FILE, multiplies, compares with a plain loop; returns the exit code.
int prove_cpu_main(const std::string& backend_file);

// "libllama 0.5.0" and the commit, for --version and doctor.
std::string llama_version();

}  // namespace forebay::engine
