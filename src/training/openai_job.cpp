#include "training/openai_job.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/json.h"
#include "openai/json_text.h"

namespace forebay::training {
namespace {

using Element = simdjson::dom::element;

constexpr std::uint64_t seeds = std::uint64_t{1} << 31;
constexpr std::size_t suffix_bytes_max = 64;
constexpr std::size_t id_bytes_max = 256;

std::string text_of(Element object, std::string_view name) {
    std::string_view text;
    return object[name].get(text) ? std::string() : std::string(text);
}

std::optional<double> number_of(Element object, std::string_view name) {
    double number = 0;
    if (object[name].get(number) || !std::isfinite(number)) return std::nullopt;
    return number;
}

// Steps and counts come as integers, or as doubles from what keeps them in a table; both are taken.
std::uint64_t count_of(Element object, std::string_view name) {
    const double number = number_of(object, name).value_or(0);
    return number >= 0 && number < 0x1p53 ? static_cast<std::uint64_t>(number) : 0;
}

// What is sent back in paths and kept in the run's state.
Result<std::string> id_of(Element object, std::string_view what) {
    std::string id = text_of(object, "id");
    const bool fit = !id.empty() && id.size() <= id_bytes_max &&
                     std::ranges::all_of(id, [](char c) { return c > ' ' && c < 0x7f && c != ','; });
    if (!fit) return fail(Code::bad_upstream, "the API answered with a {} that has no usable id", what);
    return id;
}

Result<ApiFile> file_of(Element object) {
    ApiFile file;
    FOREBAY_TRY(file.id, id_of(object, "file"));
    file.filename = text_of(object, "filename");
    file.purpose = text_of(object, "purpose");
    file.bytes = count_of(object, "bytes");
    return file;
}

Result<ApiJob> job_of(Element object) {
    ApiJob job;
    FOREBAY_TRY(job.id, id_of(object, "job"));
    job.status = text_of(object, "status");
    if (job.status.empty()) return fail(Code::bad_upstream, "the API answered with a job that has no status");
    job.fine_tuned_model = text_of(object, "fine_tuned_model");
    job.training_file = text_of(object, "training_file");
    job.created_at = static_cast<std::int64_t>(count_of(object, "created_at"));
    job.trained_tokens = count_of(object, "trained_tokens");
    simdjson::dom::array files;
    if (!object["result_files"].get(files)) {
        for (const Element file : files) {
            std::string_view id;
            if (!file.get(id)) job.result_files.emplace_back(id);
        }
    }
    Element error;
    if (!object["error"].get(error) && error.is_object()) {
        job.error_code = text_of(error, "code");
        job.error_message = text_of(error, "message");
        job.error_param = text_of(error, "param");
    }
    return job;
}

std::optional<Measured> metrics_of(Element data) {
    const auto step = number_of(data, "step");
    if (!step || *step < 0) return std::nullopt;
    Measured out;
    out.step = count_of(data, "step");
    out.train_loss = number_of(data, "train_loss");
    out.evaluation_loss = number_of(data, "full_valid_loss");
    if (!out.evaluation_loss) out.evaluation_loss = number_of(data, "valid_loss");
    out.total_steps = count_of(data, "total_steps");
    if (!out.train_loss && !out.evaluation_loss) return std::nullopt;
    return out;
}

Result<ApiEvent> event_of(Element object) {
    ApiEvent event;
    FOREBAY_TRY(event.id, id_of(object, "event"));
    event.created_at = static_cast<std::int64_t>(count_of(object, "created_at"));
    event.level = text_of(object, "level");
    event.message = text_of(object, "message");
    Element data;
    if (text_of(object, "type") == "metrics" && !object["data"].get(data) && data.is_object()) {
        event.metrics = metrics_of(data);
    }
    return event;
}

template <class T>
Result<T> parse_object(std::string_view body, std::string_view what, Result<T> (*convert)(Element)) {
    simdjson::dom::parser parser;
    Element object;
    if (openai::parse_json(parser, body).get(object) || !object.is_object()) {
        return fail(Code::bad_upstream, "the API's answer about a {} is not a JSON object", what);
    }
    return convert(object);
}

template <class T>
Result<Page<T>> parse_page(std::string_view body, std::string_view what, Result<T> (*convert)(Element)) {
    simdjson::dom::parser parser;
    Element page;
    simdjson::dom::array data;
    if (openai::parse_json(parser, body).get(page) || page["data"].get(data)) {
        return fail(Code::bad_upstream, "the API's answer is not a list of {}s", what);
    }
    Page<T> out;
    for (const Element item : data) {
        FOREBAY_TRY(auto converted, convert(item));
        out.items.push_back(std::move(converted));
    }
    if (page["has_more"].get(out.has_more)) out.has_more = false;
    return out;
}

// Nothing where `text` is not base64 (RFC 4648 section 4) throughout.
std::optional<std::string> from_base64(std::string_view text) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        if (c == '\r' || c == '\n' || c == '=') continue;
        const auto value = alphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out.push_back(static_cast<char>(bits >> count & 0xff));
        }
    }
    return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> out;
    for (;;) {
        const auto end = std::min(text.find(separator), text.size());
        out.push_back(text.substr(0, end));
        if (end == text.size()) return out;
        text.remove_prefix(end + 1);
    }
}

std::optional<double> number_in(std::string_view cell) {
    while (!cell.empty() && cell.front() == ' ') cell.remove_prefix(1);
    while (!cell.empty() && (cell.back() == ' ' || cell.back() == '\r')) cell.remove_suffix(1);
    double number = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
    if (error != std::errc() || end != cell.data() + cell.size() || !std::isfinite(number)) return std::nullopt;
    return number;
}

// The names of the first line, to look cells up by.
class Columns {
public:
    explicit Columns(std::string_view heading) : names_(split(heading, ',')) {
        for (auto& name : names_) {
            while (name.ends_with('\r') || name.ends_with(' ')) name.remove_suffix(1);
        }
    }
    bool has(std::string_view name) const { return std::ranges::find(names_, name) != names_.end(); }
    std::optional<double> number(const std::vector<std::string_view>& row, std::string_view name) const {
        const auto at = static_cast<std::size_t>(std::ranges::find(names_, name) - names_.begin());
        return at < row.size() ? number_in(row[at]) : std::nullopt;
    }

private:
    std::vector<std::string_view> names_;
};

std::string escaped_filename(const std::string& name) {
    std::string out;
    for (const char c : name) {
        if (c == '"' || c == '\r' || c == '\n') {
            fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
        } else {
            out.push_back(c);
        }
    }
    return out;
}

}  // namespace

Result<ApiFile> parse_file(std::string_view body) { return parse_object<ApiFile>(body, "file", file_of); }
Result<ApiJob> parse_job(std::string_view body) { return parse_object<ApiJob>(body, "job", job_of); }
Result<Page<ApiFile>> parse_files(std::string_view body) { return parse_page<ApiFile>(body, "file", file_of); }
Result<Page<ApiJob>> parse_jobs(std::string_view body) { return parse_page<ApiJob>(body, "job", job_of); }
Result<Page<ApiEvent>> parse_events(std::string_view body) { return parse_page<ApiEvent>(body, "event", event_of); }

std::string job_request(const Recipe& recipe, const std::string& training_file, const std::string& validation_file) {
    std::string hyperparameters;
    json::ObjectWriter numbers(hyperparameters);
    numbers.field("n_epochs", recipe.epochs);
    numbers.field("batch_size", recipe.batch);
    // The recipe's rates are absolute, the API's are multiples of one that it does not tell.
    numbers.field("learning_rate_multiplier", "auto");
    numbers.close();

    std::string out;
    json::ObjectWriter body(out);
    body.field("model", recipe.driver.model);
    body.field("training_file", training_file);
    if (!validation_file.empty()) body.field("validation_file", validation_file);
    body.field("suffix", std::string_view(recipe.name).substr(0, suffix_bytes_max));
    body.field("seed", recipe.seed % seeds);
    body.raw("method",
             fmt::format(R"({{"type":"supervised","supervised":{{"hyperparameters":{}}}}})", hyperparameters));
    body.close();
    return out;
}

Result<std::vector<Measured>> parse_result_file(std::string_view text) {
    std::string decoded;
    if (!text.substr(0, text.find('\n')).contains("step")) {
        auto plain = from_base64(text);
        if (!plain) return fail(Code::bad_upstream, "the result file has no column 'step'");
        decoded = *std::move(plain);
        text = decoded;
    }
    const auto lines = split(text, '\n');
    const Columns columns(lines.front());
    if (!columns.has("step")) return fail(Code::bad_upstream, "the result file has no column 'step'");
    std::vector<Measured> out;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const auto row = split(lines[i], ',');
        const auto step = columns.number(row, "step");
        if (!step || *step < 0 || *step >= 0x1p53) continue;
        Measured point;
        point.step = static_cast<std::uint64_t>(*step);
        point.train_loss = columns.number(row, "train_loss");
        point.evaluation_loss = columns.number(row, "full_valid_loss");
        if (!point.evaluation_loss) point.evaluation_loss = columns.number(row, "valid_loss");
        if (point.train_loss || point.evaluation_loss) out.push_back(point);
    }
    return out;
}

MultipartFrame multipart_frame(const std::string& boundary, const std::string& filename) {
    MultipartFrame frame;
    frame.head = fmt::format(
        "--{0}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n"
        "--{0}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{1}\"\r\n"
        "Content-Type: application/octet-stream\r\n\r\n",
        boundary, escaped_filename(filename));
    frame.tail = fmt::format("\r\n--{}--\r\n", boundary);
    return frame;
}

}  // namespace forebay::training
