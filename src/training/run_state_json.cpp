#include "training/run_state_json.h"

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <limits>

#include "base/json.h"

namespace forebay::training {
namespace {

namespace bj = boost::json;

constexpr std::array<std::string_view, 4> status_words{"running", "interrupted", "done", "failed"};

std::string to_json(const ScoreResult& score) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("rows", score.rows);
    object.field("valid_json", score.valid_json);
    object.field("exact", score.exact);
    object.key("by_field");
    std::string fields = "[";
    for (const auto& [name, part] : score.by_field) {
        if (fields.size() > 1) fields.push_back(',');
        json::ObjectWriter field(fields);
        field.field("field", name);
        field.field("part", part);
        field.close();
    }
    out += fields + "]";
    object.close();
    return out;
}

// Reads fields of one object; the first fault stays, and later reads do nothing.
class FieldReader {
public:
    FieldReader(const bj::object& object, std::string where) : object_(object), where_(std::move(where)) {}

    void read(std::string_view name, std::string& out) {
        const auto* value = find(name);
        if (!value) return;
        if (!value->is_string()) return wrong(name, "a text");
        out = std::string(value->get_string());
    }
    void read(std::string_view name, double& out) {
        const auto* value = find(name);
        if (!value) return;
        if (value->is_null()) {
            out = std::numeric_limits<double>::quiet_NaN();
        } else if (value->is_number()) {
            out = value->to_number<double>();
        } else {
            wrong(name, "a number");
        }
    }
    template <std::integral T>
    void read(std::string_view name, T& out) {
        const auto* value = find(name);
        if (!value) return;
        boost::system::error_code error;
        const auto number = value->is_number() ? value->to_number<T>(error) : T{};
        if (!value->is_number() || error) return wrong(name, "a whole number");
        out = number;
    }
    void read(std::string_view name, std::vector<std::string>& out) {
        const auto* value = find(name);
        if (!value) return;
        if (!value->is_array()) return wrong(name, "a list");
        for (const auto& item : value->get_array()) {
            if (!item.is_string()) return wrong(name, "a list of texts");
            out.emplace_back(item.get_string());
        }
    }
    // Absent and null are the same here.
    const bj::value* optional(std::string_view name) const {
        const auto* value = object_.if_contains(name);
        return value && !value->is_null() ? value : nullptr;
    }
    void wrong(std::string_view name, std::string_view expected) {
        if (fault_.empty()) fault_ = fmt::format("{}{} must be {}", where_, name, expected);
    }
    Result<void> result() const {
        if (!fault_.empty()) return fail(Code::invalid_argument, "{}", fault_);
        return {};
    }

private:
    const bj::value* find(std::string_view name) {
        if (!fault_.empty()) return nullptr;
        const auto* value = object_.if_contains(name);
        if (!value) fault_ = fmt::format("{}{} is missing", where_, name);
        return value;
    }

    const bj::object& object_;
    std::string where_;
    std::string fault_;
};

Result<bj::object> parse_object(std::string_view text) {
    boost::system::error_code error;
    try {
        auto value = bj::parse(text, error);
        if (error) return fail(Code::invalid_argument, "it is not JSON: {}", error.message());
        if (!value.is_object()) return fail(Code::invalid_argument, "it is not a JSON object");
        return std::move(value.get_object());
    } catch (const std::exception& thrown) {
        return fail(Code::invalid_argument, "it is not JSON: {}", thrown.what());
    }
}

Result<ScoreResult> parse_score(const bj::value& value) {
    if (!value.is_object()) return fail(Code::invalid_argument, "score must be an object");
    ScoreResult out;
    FieldReader reader(value.get_object(), "score.");
    reader.read("rows", out.rows);
    reader.read("valid_json", out.valid_json);
    reader.read("exact", out.exact);
    const auto* fields = reader.optional("by_field");
    if (!fields || !fields->is_array()) {
        reader.wrong("by_field", "a list");
    } else {
        for (const auto& item : fields->get_array()) {
            if (!item.is_object()) return fail(Code::invalid_argument, "score.by_field must hold objects");
            FieldReader field(item.get_object(), "score.by_field.");
            auto& [name, part] = out.by_field.emplace_back();
            field.read("field", name);
            field.read("part", part);
            FOREBAY_TRY_VOID(field.result());
        }
    }
    FOREBAY_TRY_VOID(reader.result());
    return out;
}

// The fields of RunState that are plain values, once for the reader and for the writer.
template <class Visit, class State>
void visit_fields(Visit visit, State& s) {
    visit("id", s.id);
    visit("name", s.name);
    visit("driver", s.driver);
    visit("error", s.error);
    visit("started_micros", s.started_micros);
    visit("ended_micros", s.ended_micros);
    visit("trained_seconds", s.trained_seconds);
    visit("steps", s.steps);
    visit("steps_planned", s.steps_planned);
    visit("tokens", s.tokens);
    visit("train_loss", s.train_loss);
    visit("evaluation_loss", s.evaluation_loss);
    visit("best_evaluation_loss", s.best_evaluation_loss);
    visit("recipe_digest", s.recipe_digest);
    visit("base_digest", s.base_digest);
    visit("dataset_digests", s.dataset_digests);
    visit("weights_digest", s.weights_digest);
    visit("output_file", s.output_file);
    visit("output_digest", s.output_digest);
    visit("registered", s.registered);
    visit("remote_job", s.remote_job);
}

// A field a line: people read this file too.
class LineWriter {
public:
    template <class T>
    void field(std::string_view name, const T& value) {
        std::string one;
        json::ObjectWriter object(one);
        object.field(name, value);
        object.close();
        raw(std::string_view(one).substr(1, one.size() - 2));
    }
    void field(std::string_view name, const std::vector<std::string>& values) {
        std::string list;
        for (const auto& value : values) list.append(list.empty() ? "" : ", ").append(json::quote(value));
        raw(fmt::format("\"{}\":[{}]", name, list));
    }
    void raw(std::string_view member) { out_ += fmt::format("{}\n  {}", out_.empty() ? "{" : ",", member); }
    std::string take() { return out_ + "\n}\n"; }

private:
    std::string out_;
};

}  // namespace

std::string_view name_of(RunStatus status) { return status_words.at(static_cast<std::size_t>(status)); }

std::string to_json(const RunState& state) {
    LineWriter out;
    out.field("status", name_of(state.status));
    visit_fields([&](std::string_view name, const auto& value) { out.field(name, value); }, state);
    if (state.score) out.raw("\"score\":" + to_json(*state.score));
    return out.take();
}

Result<RunState> parse_run_state(std::string_view json) {
    FOREBAY_TRY(const auto object, parse_object(json));
    RunState out;
    FieldReader reader(object, "");
    std::string status;
    reader.read("status", status);
    visit_fields([&](std::string_view name, auto& value) { reader.read(name, value); }, out);
    const auto word = std::find(status_words.begin(), status_words.end(), status);
    if (word == status_words.end()) reader.wrong("status", "one of running, interrupted, done, failed");
    FOREBAY_TRY_VOID(reader.result());
    out.status = static_cast<RunStatus>(word - status_words.begin());
    if (const auto* score = reader.optional("score")) {
        FOREBAY_TRY(out.score, parse_score(*score));
    }
    return out;
}

std::string to_json(const CurvePoint& point) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("step", point.step);
    object.field("learning_rate", point.learning_rate);
    object.field("train_loss", point.train_loss);
    object.field("gradient_norm", point.gradient_norm);
    object.field("tokens", point.tokens);
    object.field("seconds", point.seconds);
    if (point.evaluation_loss) object.field("evaluation_loss", *point.evaluation_loss);
    object.close();
    return out;
}

Result<CurvePoint> parse_curve_point(std::string_view json) {
    FOREBAY_TRY(const auto object, parse_object(json));
    CurvePoint out;
    FieldReader reader(object, "");
    reader.read("step", out.step);
    reader.read("learning_rate", out.learning_rate);
    reader.read("train_loss", out.train_loss);
    reader.read("gradient_norm", out.gradient_norm);
    reader.read("tokens", out.tokens);
    reader.read("seconds", out.seconds);
    if (object.contains("evaluation_loss")) reader.read("evaluation_loss", out.evaluation_loss.emplace());
    FOREBAY_TRY_VOID(reader.result());
    return out;
}

}  // namespace forebay::training
