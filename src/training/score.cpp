#include "training/score.h"

#include <algorithm>
#include <boost/json.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "engine/engine.h"
#include "training/row_encoder.h"

namespace forebay::training {
namespace {

// Collects one answer; the scheduler's thread writes, the scoring thread waits for all.
class Answers {
public:
    explicit Answers(std::size_t count) : texts_(count) {}

    void append(std::size_t row, const std::string& text) {
        const std::lock_guard lock(mutex_);
        texts_[row] += text;
    }
    void end(std::size_t row, const Result<engine::Finish>& finish) {
        const std::lock_guard lock(mutex_);
        if (!finish && !error_)
            error_ = Error{finish.error().code, fmt::format("row {}: {}", row + 1, finish.error().message), {}};
        ++done_;
        changed_.notify_all();
    }
    // Waits until `count` calls have ended.
    Result<void> wait_for_blocking(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return done_ >= count || error_; });
        if (error_) return std::unexpected(*error_);
        return {};
    }
    const std::string& text(std::size_t row) const { return texts_[row]; }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> texts_;
    std::size_t done_ = 0;
    std::optional<Error> error_;
};

class RowListener final : public engine::Listener {
public:
    RowListener(Answers& answers, std::size_t row) : answers_(answers), row_(row) {}
    void on_started(std::uint32_t, std::uint32_t) override {}
    void on_token(engine::TokenEvent event) override { answers_.append(row_, event.text); }
    void on_done(Result<engine::Finish> finish) override { answers_.end(row_, finish); }

private:
    Answers& answers_;
    std::size_t row_;
};

bool is_object(std::string_view text, boost::json::value& out) {
    boost::system::error_code error;
    out = boost::json::parse(text, error);
    return !error && out.is_object();
}

}  // namespace

void ScoreCount::add(std::string_view expected, std::string_view answer) {
    ++rows_;
    boost::json::value wanted;
    if (!is_object(expected, wanted)) {
        exact_ += expected == answer ? 1 : 0;
        return;
    }
    ++json_rows_;
    boost::json::value given;
    const bool valid = is_object(answer, given);
    valid_ += valid ? 1 : 0;
    exact_ += valid && given == wanted ? 1 : 0;
    for (const auto& [key, value] : wanted.as_object()) {
        auto field = std::ranges::find(fields_, std::string_view(key), &std::pair<std::string, Field>::first);
        if (field == fields_.end()) field = fields_.insert(fields_.end(), {std::string(key), Field{}});
        ++field->second.expected;
        const auto* found = valid ? given.as_object().if_contains(key) : nullptr;
        field->second.equal += found && *found == value ? 1 : 0;
    }
}

ScoreResult ScoreCount::result() const {
    const auto part = [](std::uint64_t some, std::uint64_t all) {
        return all == 0 ? 0.0 : static_cast<double>(some) / static_cast<double>(all);
    };
    ScoreResult out;
    out.rows = rows_;
    out.valid_json = part(valid_, json_rows_);
    out.exact = part(exact_, rows_);
    for (const auto& [name, field] : fields_) out.by_field.emplace_back(name, part(field.equal, field.expected));
    return out;
}

Result<ScoreResult> score_blocking(const ScoreOptions& options, const std::vector<registry::Row>& rows) {
    engine::EngineSettings settings;
    settings.model_file = options.model_file;
    settings.slots = options.slots;
    settings.threads = options.threads;
    settings.queue_calls = options.slots * 2;
    settings.context_tokens = 8192;
    FOREBAY_TRY(const auto engine, engine::Engine::open_blocking(settings, [](float) { return true; }));
    Answers answers(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::vector<registry::Message>& messages = rows[i].messages;
        if (messages.empty()) return fail(Code::invalid_argument, "row {} is not a chat", i + 1);
        engine::GenerateRequest request;
        request.chat_json = chat_json(messages, messages.size() - 1);
        request.sampling.temperature = 0;
        request.tokens_max = static_cast<std::int32_t>(options.tokens_max);
        const std::size_t ahead = std::size_t{options.slots} * 2;
        if (i >= ahead) FOREBAY_TRY_VOID(answers.wait_for_blocking(i - ahead + 1));
        auto submitted = engine->submit(std::move(request), std::make_shared<RowListener>(answers, i));
        if (!submitted) return fail(submitted.error().code, "row {}: {}", i + 1, submitted.error().message);
        if (options.on_row) options.on_row(i, rows.size());
    }
    FOREBAY_TRY_VOID(answers.wait_for_blocking(rows.size()));
    engine->stop_blocking();
    ScoreCount count;
    for (std::size_t i = 0; i < rows.size(); ++i) count.add(rows[i].messages.back().content, answers.text(i));
    return count.result();
}

}  // namespace forebay::training
