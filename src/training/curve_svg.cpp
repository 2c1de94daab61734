// Loss over steps as a picture. The raw training loss of a step is noisy, so it is drawn faintly with its running mean
// over it; the evaluation loss is exact and gets dots. Losses fall by factors, not by differences: the axis is
// logarithmic as soon as the largest is some times the smallest. Long runs are drawn as the extremes of each pixel
// column, so that the file stays small and no spike is lost.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/utf8.h"
#include "training/curve_axis.h"
#include "training/readable.h"
#include "training/run_folder.h"

namespace forebay::training {
namespace {

constexpr double width = 880;
constexpr double height = 540;
constexpr double drawn_most = 1e30;  // a run that diverged further is drawn at the edge
constexpr double step_most = 1e15;

struct Panel {
    double left, top, right, bottom;
};
constexpr Panel loss_panel{68, 96, 852, 390};
constexpr Panel rate_panel{68, 424, 852, 486};

// `media` for a dark page repeats only what differs. No CSS variables: not every renderer of SVG knows them.
constexpr std::string_view style = R"css(
text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; font-size: 12px;
       fill: #57606a; font-variant-numeric: tabular-nums; }
.title { font-size: 17px; font-weight: 600; fill: #1f2328; }
.strong { font-weight: 600; fill: #1f2328; }
.page { fill: #ffffff; stroke: #d0d7de; }
.grid { stroke: #eaeef2; stroke-width: 1; }
.axis { stroke: #afb8c1; stroke-width: 1; }
.line { fill: none; stroke-linejoin: round; stroke-linecap: round; }
.raw { stroke: #0969da; stroke-width: 1; opacity: 0.28; }
.train { stroke: #0969da; stroke-width: 2.2; }
.evaluation { stroke: #d4650a; stroke-width: 2; }
.dot { fill: #d4650a; stroke: #ffffff; stroke-width: 1.5; }
.best { fill: none; stroke: #d4650a; stroke-width: 1.5; }
.best-text { fill: #b35309; font-weight: 600; paint-order: stroke; stroke: #ffffff; stroke-width: 4px; }
.rate { stroke: #1a7f64; stroke-width: 1.8; }
.rate-area { fill: #1a7f64; opacity: 0.12; }
.fault { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 4 3; }
.fault-text { fill: #cf222e; font-weight: 600; }
@media (prefers-color-scheme: dark) {
  text { fill: #9198a1; }
  .title, .strong { fill: #f0f6fc; }
  .page { fill: #0d1117; stroke: #30363d; }
  .grid { stroke: #1f262e; }
  .axis { stroke: #444c56; }
  .raw, .train { stroke: #58a6ff; }
  .evaluation, .best { stroke: #ff9b4a; }
  .dot { fill: #ff9b4a; stroke: #0d1117; }
  .best-text { fill: #ffb77c; stroke: #0d1117; }
  .rate { stroke: #4ac6a0; }
  .rate-area { fill: #4ac6a0; }
  .fault { stroke: #ff7b72; }
  .fault-text { fill: #ff7b72; }
}
)css";

struct Sample {
    double x;
    double y;
};

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : utf8::sanitized(text)) {
        switch (c) {
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '&': out += "&amp;"; break;
            default: out.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
        }
    }
    return out;
}

// The mean of `half` neighbours on each side. Towards the ends the window narrows to a quarter before it becomes
// one-sided: a wide one-sided window would lag behind the steep beginning.
std::vector<double> running_mean(const std::vector<double>& values, std::size_t half) {
    std::vector<double> sums(values.size() + 1);
    for (std::size_t i = 0; i < values.size(); ++i) sums[i + 1] = sums[i] + values[i];
    std::vector<double> out(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::size_t reach = std::max(std::min({half, i, values.size() - 1 - i}), half / 4);
        const std::size_t begin = i - std::min(i, reach);
        const std::size_t end = std::min(i + reach + 1, values.size());
        out[i] = (sums[end] - sums[begin]) / static_cast<double>(end - begin);
    }
    return out;
}

constexpr std::size_t noisy_samples_least = 40;  // below, the mean is the curve itself

std::vector<Sample> smoothed(const std::vector<Sample>& samples) {
    const std::size_t half = samples.size() < noisy_samples_least ? 0 : std::max<std::size_t>(4, samples.size() / 80);
    std::vector<double> values;
    for (const auto& sample : samples) values.push_back(sample.y);
    values = running_mean(running_mean(values, half), half);
    auto out = samples;
    for (std::size_t i = 0; i < out.size(); ++i) out[i].y = values[i];
    return out;
}

// At most four samples a pixel column: first, least, largest, last.
std::vector<Sample> thinned(const std::vector<Sample>& samples, const Axis& x) {
    if (samples.size() <= static_cast<std::size_t>(2 * (loss_panel.right - loss_panel.left))) return samples;
    std::vector<Sample> out;
    for (std::size_t begin = 0; begin < samples.size();) {
        std::size_t end = begin;
        const double column = std::floor(x.at(samples[begin].x));
        while (end < samples.size() && std::floor(x.at(samples[end].x)) <= column) ++end;
        const auto less = [](const Sample& a, const Sample& b) { return a.y < b.y; };
        const auto first = samples.begin() + static_cast<std::ptrdiff_t>(begin);
        const auto past = samples.begin() + static_cast<std::ptrdiff_t>(end);
        auto [least, largest] = std::minmax_element(first, past, less);
        if (largest < least) std::swap(least, largest);
        for (const auto it : {first, least, largest, past - 1}) {
            if (out.empty() || out.back().x != it->x) out.push_back(*it);
        }
        begin = end;
    }
    return out;
}

std::string path_of(const std::vector<Sample>& samples, const Axis& x, const Axis& y) {
    std::string out;
    for (const auto& sample : samples) {
        out += fmt::format("{}{:.1f} {:.1f}", out.empty() ? "M" : "L", x.at(sample.x), y.at(sample.y));
    }
    return out;
}

// What is drawn of a run's points: everything finite.
struct Series {
    std::vector<Sample> train;
    std::vector<Sample> evaluation;
    std::vector<Sample> rate;
    std::optional<std::uint64_t> fault_step;  // the first whose loss is no number
    double last_step = 0;
};

Series series_of(const std::vector<CurvePoint>& points) {
    Series out;
    for (const auto& point : points) {
        const auto step = std::min(static_cast<double>(point.step), step_most);
        const auto drawn = [&](double value) { return Sample{step, std::clamp(value, -drawn_most, drawn_most)}; };
        out.last_step = std::max(out.last_step, step);
        if (std::isfinite(point.train_loss)) {
            out.train.push_back(drawn(point.train_loss));
        } else if (!out.fault_step) {
            out.fault_step = point.step;
        }
        if (point.evaluation_loss && std::isfinite(*point.evaluation_loss)) {
            out.evaluation.push_back(drawn(*point.evaluation_loss));
        }
        if (std::isfinite(point.learning_rate)) out.rate.push_back(drawn(point.learning_rate));
    }
    return out;
}

// From the smallest to the largest loss, without the single batches that are far from all others.
std::pair<double, double> loss_range(const Series& series, const std::vector<Sample>& mean) {
    std::vector<double> raw;
    for (const auto& sample : series.train) raw.push_back(sample.y);
    std::ranges::sort(raw);
    const auto cut = raw.size() / 200;
    double low = std::numeric_limits<double>::max();
    double high = std::numeric_limits<double>::lowest();
    const auto include = [&](double value) {
        low = std::min(low, value);
        high = std::max(high, value);
    };
    if (!raw.empty()) {
        include(raw[cut]);
        include(raw[raw.size() - 1 - cut]);
    }
    for (const auto& sample : mean) include(sample.y);
    for (const auto& sample : series.evaluation) include(sample.y);
    if (low > high) return {0, 1};
    return {low, high};
}

class Picture {
public:
    Picture(const std::vector<CurvePoint>& points, const std::string& title)
        : points_(points),
          title_(title),
          series_(series_of(points)),
          mean_(smoothed(series_.train)),
          x_(Axis::linear(0, std::max(series_.last_step, 1.0), loss_panel.left, loss_panel.right)),
          loss_(loss_axis()),
          rate_(rate_axis()) {}

    std::string draw() {
        head();
        grid();
        losses();
        rate();
        legend();
        out_ += "</svg>\n";
        return std::move(out_);
    }

private:
    Axis loss_axis() const {
        const auto [low, high] = loss_range(series_, mean_);
        return Axis::of_losses(low, high, loss_panel.bottom, loss_panel.top);
    }
    Axis rate_axis() const {
        double most = 0;
        for (const auto& sample : series_.rate) most = std::max(most, sample.y);
        return Axis::linear(0, most > 0 ? most * 1.1 : 1, rate_panel.bottom, rate_panel.top);
    }

    void text(double x, double y, std::string_view anchor, std::string_view kind, std::string_view content) {
        out_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor,
                            kind.empty() ? "" : fmt::format(" class=\"{}\"", kind), escaped(content));
    }
    void line(double x1, double y1, double x2, double y2, std::string_view kind) {
        out_ += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>\n", x1, y1,
                            x2, y2, kind);
    }
    void curve(const std::vector<Sample>& samples, const Axis& y, std::string_view kind) {
        if (samples.size() < 2) return;
        out_ += fmt::format("<path class=\"line {}\" clip-path=\"url(#inside)\" d=\"{}\"/>\n", kind,
                            path_of(thinned(samples, x_), x_, y));
    }

    void head() {
        out_ = fmt::format(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
            "role=\"img\">\n"
            "<title>{2}</title>\n<style>{3}</style>\n"
            "<clipPath id=\"inside\"><rect x=\"{4}\" y=\"{5}\" width=\"{6}\" height=\"{7}\"/></clipPath>\n"
            "<rect class=\"page\" x=\"0.5\" y=\"0.5\" width=\"{8}\" height=\"{9}\" rx=\"10\"/>\n",
            width, height, escaped(title_), style, loss_panel.left, loss_panel.top - 4,
            loss_panel.right - loss_panel.left + 4, rate_panel.bottom - loss_panel.top + 8, width - 1, height - 1);
        text(28, 38, "start", "title", shortened(title_));
        text(28, 60, "start", "", summary());
    }
    static std::string shortened(std::string_view title) {
        constexpr std::size_t bytes_max = 72;
        if (title.size() <= bytes_max) return std::string(title);
        const auto cut = title.substr(0, bytes_max);
        return std::string(cut.substr(0, utf8::whole_prefix_size(cut))) + "…";
    }
    std::string summary() const {
        if (points_.empty()) return "no step done yet";
        const CurvePoint& last = points_.back();
        return fmt::format("{} steps · {} tokens · {}", grouped(last.step), short_count(last.tokens),
                           readable_duration(last.seconds));
    }

    void grid() {
        for (const double tick : loss_.ticks()) {
            const double y = loss_.at(tick);
            line(loss_panel.left, y, loss_panel.right, y, "grid");
            text(loss_panel.left - 10, y + 4, "end", "", short_number(tick));
        }
        for (const double tick :
             linear_ticks(0, std::max(series_.last_step, 1.0), std::min(8.0, std::max(series_.last_step, 1.0)))) {
            const double x = x_.at(tick);
            if (tick > 0) {
                line(x, loss_panel.top, x, loss_panel.bottom, "grid");
                line(x, rate_panel.top, x, rate_panel.bottom, "grid");
            }
            text(x, rate_panel.bottom + 20, "middle", "", grouped(static_cast<std::uint64_t>(std::llround(tick))));
        }
        text(loss_panel.right, rate_panel.bottom + 40, "end", "", "step");
        text(28, loss_panel.top - 12, "start", "",
             loss_.is_logarithmic() ? "loss, nats per token (logarithmic)" : "loss, nats per token");
        text(28, rate_panel.top - 12, "start", "", "learning rate");
        line(loss_panel.left, loss_panel.bottom, loss_panel.right, loss_panel.bottom, "axis");
        line(rate_panel.left, rate_panel.bottom, rate_panel.right, rate_panel.bottom, "axis");
    }

    void losses() {
        if (series_.train.size() >= noisy_samples_least) curve(series_.train, loss_, "raw");
        curve(mean_, loss_, "train");
        if (series_.train.size() == 1) {
            out_ += fmt::format("<circle class=\"train\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2\"/>\n", x_.at(mean_[0].x),
                                loss_.at(mean_[0].y));
        }
        curve(series_.evaluation, loss_, "evaluation");
        constexpr std::size_t dots_max = 60;
        if (series_.evaluation.size() <= dots_max) {
            for (const auto& sample : series_.evaluation) {
                out_ += fmt::format("<circle class=\"dot\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.8\"/>\n", x_.at(sample.x),
                                    loss_.at(sample.y));
            }
        }
        best();
        if (!series_.fault_step) return;
        const double x = x_.at(std::min(static_cast<double>(*series_.fault_step), step_most));
        line(x, loss_panel.top, x, loss_panel.bottom, "fault");
        text(x - 6, loss_panel.top + 14, "end", "fault-text",
             fmt::format("loss is not a number at step {}", grouped(*series_.fault_step)));
    }
    void best() {
        const auto found = std::ranges::min_element(series_.evaluation, {}, &Sample::y);
        if (found == series_.evaluation.end()) return;
        const double x = x_.at(found->x);
        const double y = loss_.at(found->y);
        out_ += fmt::format("<circle class=\"best\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"7\"/>\n", x, y);
        const bool right_edge = x > loss_panel.right - 70;
        text(right_edge ? x + 6 : x, y - 14, right_edge ? "end" : "middle", "best-text",
             "best " + short_number(found->y));
    }

    void rate() {
        text(rate_panel.left - 10, rate_panel.bottom + 4, "end", "", "0");
        if (series_.rate.empty()) return;
        const double most = std::ranges::max_element(series_.rate, {}, &Sample::y)->y;
        if (most > 0) {
            line(rate_panel.left, rate_.at(most), rate_panel.right, rate_.at(most), "grid");
            text(rate_panel.left - 10, rate_.at(most) + 4, "end", "", short_number(most));
        }
        if (series_.rate.size() < 2) return;
        const auto samples = thinned(series_.rate, x_);
        out_ += fmt::format("<path class=\"rate-area\" d=\"{}L{:.1f} {:.1f}L{:.1f} {:.1f}Z\"/>\n",
                            path_of(samples, x_, rate_), x_.at(samples.back().x), rate_panel.bottom,
                            x_.at(samples.front().x), rate_panel.bottom);
        curve(series_.rate, rate_, "rate");
    }

    // From the right: evaluation, then training, each with its newest value.
    void legend() {
        double right = loss_panel.right;
        if (!series_.evaluation.empty())
            right = entry(right, "evaluation", "evaluation", series_.evaluation.back().y, true);
        if (!mean_.empty()) entry(right, "train", "train", mean_.back().y, false);
    }
    double entry(double right, std::string_view kind, std::string_view name, double value, bool dot) {
        const auto number = short_number(value);
        const double number_width = 7.3 * static_cast<double>(number.size());
        const double name_width = 6.4 * static_cast<double>(name.size());
        const double left = right - number_width - name_width - 40;
        text(right, 60, "end", "strong", number);
        text(right - number_width - 6, 60, "end", "", name);
        line(left, 56, left + 24, 56, fmt::format("line {}", kind));
        if (dot) out_ += fmt::format("<circle class=\"dot\" cx=\"{:.1f}\" cy=\"56\" r=\"3.8\"/>\n", left + 12);
        return left - 26;
    }

    const std::vector<CurvePoint>& points_;
    const std::string& title_;
    const Series series_;
    const std::vector<Sample> mean_;
    const Axis x_;
    const Axis loss_;
    const Axis rate_;
    std::string out_;
};

}  // namespace

std::string curve_svg(const std::vector<CurvePoint>& points, const std::string& title) {
    return Picture(points, title).draw();
}

}  // namespace forebay::training
