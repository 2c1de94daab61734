#include "app/registry_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "app/record_text.h"
#include "base/clock.h"

namespace forebay::app {
namespace {

namespace bjson = boost::json;
using registry::LineageNode;
using registry::Version;

// "2026-11-21 22:09:01".
std::string short_time(std::int64_t micros) {
    std::string text = format_utc(micros).substr(0, 19);
    text[10] = ' ';
    return text;
}

std::string short_digest(std::string_view digest) { return "sha256:" + std::string(digest.substr(0, 12)); }

std::string labels_of(const Version& version) {
    return version.labels.empty() ? "-" : fmt::format("{}", fmt::join(version.labels, ", "));
}

// What a node is called: its reference, or its digest where the registry does not hold it.
std::string title_of(const LineageNode& node) {
    return node.version ? node.version->reference() : short_digest(node.digest);
}

// The rest of a node's line.
std::string notes_of(const LineageNode& node) {
    if (!node.version) return "not in this registry";
    std::string notes = fmt::format("{}, {}", name_of(node.version->kind), short_digest(node.digest));
    if (!node.version->labels.empty()) notes += fmt::format(" [{}]", labels_of(*node.version));
    if (node.cut) notes += " (its own lineage is left out: it stands above, or is too deep)";
    return notes;
}

std::string scalar(const bjson::value& value) {
    if (const auto* text = value.if_string()) return printable({text->data(), text->size()});
    if (const auto* number = value.if_double()) return fmt::format("{}", *number);
    return printable(bjson::serialize(value));
}

// The fields of an object, one a line; what is inside a field is indented below it.
void append_fields(std::string& out, const bjson::object& object, std::size_t depth) {
    for (const auto& member : object) {
        const std::string indent(2 * depth, ' ');
        const std::string key = printable({member.key().data(), member.key().size()});
        const auto* inner = member.value().if_object();
        out += fmt::format("{}{:<20} {}\n", indent, key, inner ? "" : scalar(member.value()));
        if (inner && depth < 8) append_fields(out, *inner, depth + 1);
    }
}

void append_object(std::string& out, std::string_view heading, const std::string& json) {
    if (json.empty()) return;
    boost::system::error_code error;
    const auto value = bjson::parse(bjson::string_view(json), error);
    out += fmt::format("{}\n", heading);
    if (!error && value.is_object()) append_fields(out, value.get_object(), 1);
    else out += "  (it cannot be read)\n";
}

void append_fact(std::string& out, std::string_view name, std::string_view value) {
    if (!value.empty()) out += fmt::format("  {:<10} {}\n", name, printable(value));
}

void append_tree(std::string& out, const LineageNode& node, const std::string& indent) {
    for (std::size_t i = 0; i < node.parents.size(); ++i) {
        const LineageNode& parent = node.parents[i];
        const bool last = i + 1 == node.parents.size();
        out += fmt::format("{}{} {}: {}, {}\n", indent, last ? "└──" : "├──", parent.role, title_of(parent),
                           notes_of(parent));
        append_tree(out, parent, indent + (last ? "    " : "│   "));
    }
}

std::string xml_text(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            default: out.push_back(c);
        }
    }
    return out;
}

// Lays the tree out from left to right: a column a step, a row a leaf.
class Picture {
public:
    std::string draw(const LineageNode& root) {
        place(root, 0);
        return fmt::format(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
            "font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" "
            "fill=\"#ffffff\"/>\n{2}{3}"
            "</svg>\n",
            margin * 2 + (deepest_ + 1) * column - (column - box_width),
            margin * 2 + next_row_ * row - (row - box_height), lines_, boxes_);
    }

private:
    static constexpr int margin = 16;
    static constexpr int box_width = 250;
    static constexpr int box_height = 56;
    static constexpr int column = 320;
    static constexpr int row = 76;

    // The y of the node's middle.
    int place(const LineageNode& node, int depth) {
        deepest_ = std::max(deepest_, depth);
        const int right = margin + depth * column + box_width;
        std::vector<int> middles;
        for (const LineageNode& parent : node.parents) middles.push_back(place(parent, depth + 1));
        const int middle =
            middles.empty() ? margin + next_row_++ * row + box_height / 2 : (middles.front() + middles.back()) / 2;
        for (const int other : middles) {
            const int bend = right + (column - box_width) / 2;
            lines_ += fmt::format("<path d=\"M{} {}H{}V{}H{}\" fill=\"none\" stroke=\"#7a8794\"/>\n", right, middle,
                                  bend, other, right + column - box_width);
        }
        draw_box(node, margin + depth * column, middle - box_height / 2);
        return middle;
    }

    void draw_box(const LineageNode& node, int x, int y) {
        const bool dataset = node.version ? node.version->kind == registry::Kind::dataset : node.role == "dataset";
        const std::string_view fill = !node.version ? "#f2f2f2" : dataset ? "#e6f4ea" : "#e8f0fe";
        boxes_ += fmt::format(
            "<g><title>{}</title><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"{}\" "
            "stroke=\"#7a8794\"{}/>\n",
            xml_text(node.digest), x, y, box_width, box_height, fill, node.version ? "" : " stroke-dasharray=\"4 3\"");
        const std::string second = node.version ? fmt::format("{}, {}", node.role, short_digest(node.digest))
                                                : fmt::format("{}, not in this registry", node.role);
        boxes_ += fmt::format("<text x=\"{}\" y=\"{}\" font-weight=\"bold\">{}</text>\n", x + 12, y + 22,
                              xml_text(cut(title_of(node), 32)));
        const bool labelled = node.version && !node.version->labels.empty();
        boxes_ += fmt::format("<text x=\"{}\" y=\"{}\" fill=\"#44505c\" font-size=\"11\">{}</text></g>\n", x + 12,
                              y + 42, xml_text(cut(labelled ? second + " · " + labels_of(*node.version) : second, 44)));
    }

    // References, digests and labels are ASCII; the dot between them is two bytes.
    static std::string cut(const std::string& text, std::size_t length) {
        return text.size() <= length ? text : text.substr(0, length - 1) + "…";
    }

    int next_row_ = 0;
    int deepest_ = 0;
    std::string lines_;
    std::string boxes_;
};

}  // namespace

std::string size_text(std::uint64_t bytes) {
    static constexpr std::array<std::string_view, 5> units = {"bytes", "kB", "MB", "GB", "TB"};
    std::size_t unit = 0;
    double size = static_cast<double>(bytes);
    for (; size >= 999.5 && unit + 1 < units.size(); ++unit) size /= 1000;
    return unit == 0 ? fmt::format("{} bytes", bytes)
                     : fmt::format("{:.{}f} {}", size, size < 99.95 ? 1 : 0, units[unit]);
}

std::string count_text(std::uint64_t count) {
    std::string digits = std::to_string(count);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
    return digits;
}

std::string version_table(const std::vector<Version>& versions) {
    std::size_t reference = 9;
    std::size_t labels = 6;
    for (const Version& version : versions) {
        reference = std::max(reference, version.reference().size());
        labels = std::max(labels, labels_of(version).size());
    }
    std::string out = fmt::format("{:<{}}  {:<7}  {:<{}}  {:>9}  {:<19}  {:<12}  {}\n", "REFERENCE", reference, "KIND",
                                  "LABELS", labels, "SIZE", "CREATED (UTC)", "SHA-256", "SOURCE");
    for (const Version& version : versions)
        out += fmt::format("{:<{}}  {:<7}  {:<{}}  {:>9}  {:<19}  {:<12}  {}\n", version.reference(), reference,
                           name_of(version.kind), labels_of(version), labels, size_text(version.bytes),
                           short_time(version.created_micros), version.digest.substr(0, 12),
                           printable(version.origin.source));
    return out;
}

std::string version_page(const LineageNode& root, const std::vector<registry::LabelMove>& moves) {
    const Version& version = *root.version;
    const registry::Origin& origin = version.origin;
    std::string out = version.reference() + "\n";
    append_fact(out, "kind", name_of(version.kind));
    append_fact(out, "digest", "sha256:" + version.digest);
    append_fact(out, "size", fmt::format("{} ({} bytes)", size_text(version.bytes), count_text(version.bytes)));
    append_fact(out, "created", short_time(version.created_micros) + " UTC");
    append_fact(out, "labels", labels_of(version));
    append_fact(out, "source", origin.source);
    append_fact(out, "run", origin.run);
    for (const LineageNode& parent : root.parents)
        append_fact(out, parent.role, fmt::format("{}, {}", title_of(parent), notes_of(parent)));
    if (origin.seed) append_fact(out, "seed", std::to_string(*origin.seed));
    append_fact(out, "forebay", origin.code_version);
    append_fact(out, "file", version.file);
    append_object(out, "Evaluation", origin.evaluation_json);
    append_object(out, "Details", origin.details_json);
    if (!origin.recipe.empty()) {
        out += fmt::format("Recipe {}\n", origin.recipe_digest.empty() ? "" : short_digest(origin.recipe_digest));
        for (std::string_view rest = origin.recipe; !rest.empty();) {
            const std::size_t end = std::min(rest.find('\n'), rest.size());
            out += fmt::format("  {}\n", printable(rest.substr(0, end)));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    if (!moves.empty()) out += "Labels of " + version.name + ", the newest move first\n";
    for (const registry::LabelMove& move : moves)
        out += fmt::format("  {}  {} to {}:{}\n", short_time(move.moved_micros), move.label, version.name, move.number);
    return out;
}

std::string lineage_tree(const LineageNode& root) {
    std::string out = fmt::format("{}: {}\n", title_of(root), notes_of(root));
    append_tree(out, root, "");
    return out;
}

std::string lineage_svg(const LineageNode& root) { return Picture().draw(root); }

std::string report_page(const registry::DatasetReport& report, bool compared) {
    constexpr std::uint64_t bar_length_max = 40;
    std::string out;
    append_fact(out, "rows", count_text(report.rows));
    append_fact(out, "repeated", count_text(report.duplicates));
    if (compared) append_fact(out, "leaked", count_text(report.leaked));
    append_fact(out, "empty", count_text(report.empty));
    if (report.context_tokens > 0)
        append_fact(out, "over-long",
                    fmt::format("{} (above {})", count_text(report.over_long), count_text(report.context_tokens)));
    const double mean =
        static_cast<double>(report.tokens) / static_cast<double>(std::max<std::uint64_t>(report.rows, 1));
    append_fact(out, "length",
                fmt::format("{:.1f} {} a row, {} the longest, {} in all", mean, report.unit,
                            count_text(report.tokens_longest), count_text(report.tokens)));
    const std::uint64_t tallest = report.length_histogram.empty() ? 0 : std::ranges::max(report.length_histogram);
    bool begun = false;
    for (std::size_t i = 0; i < report.length_histogram.size(); ++i) {
        const std::uint64_t rows = report.length_histogram[i];
        begun = begun || rows > 0;
        if (!begun) continue;
        const std::string range = fmt::format("{} to {}", std::uint64_t{1} << i, (std::uint64_t{2} << i) - 1);
        // A bucket with any row shows.
        const std::uint64_t length = rows == 0 ? 0 : std::max<std::uint64_t>(rows * bar_length_max / tallest, 1);
        std::string bar;
        for (std::uint64_t j = 0; j < length; ++j) bar += "▇";
        out += fmt::format("  {:>16}  {:>9}  {}\n", range, count_text(rows), bar);
    }
    for (const std::string& example : report.examples) out += fmt::format("  {}\n", printable(example));
    return out;
}

}  // namespace forebay::app
