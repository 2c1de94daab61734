#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/doctor.h"
#include "base/json.h"

namespace forebay::app {

std::string_view name_of(Mark mark) {
    switch (mark) {
        case Mark::ok: return "ok";
        case Mark::warn: return "warn";
        case Mark::fail: return "fail";
    }
    return "fail";
}

bool any_failed(const Findings& findings) {
    return std::ranges::any_of(findings, [](const Finding& finding) { return finding.mark == Mark::fail; });
}

std::string to_text(const Findings& findings) {
    std::size_t width = 0;
    for (const auto& finding : findings) width = std::max(width, finding.subject.size());
    std::array<int, 3> counts{};
    std::string out;
    std::string_view area;
    for (const auto& finding : findings) {
        if (finding.area != area) {
            out += fmt::format("{}{}\n", area.empty() ? "" : "\n", finding.area);
            area = finding.area;
        }
        out += fmt::format("  {:<4}  {:<{}}  {}\n", name_of(finding.mark), finding.subject, width, finding.fact);
        if (!finding.remedy.empty()) out += fmt::format("        {:<{}}  fix: {}\n", "", width, finding.remedy);
        ++counts[static_cast<std::size_t>(finding.mark)];
    }
    out += fmt::format("\n{} ok, {} {}, {} failed\n", counts[0], counts[1], counts[1] == 1 ? "warning" : "warnings",
                       counts[2]);
    return out;
}

std::string to_json(const Findings& findings) {
    std::string out;
    json::ObjectWriter report(out);
    report.field("ok", !any_failed(findings));
    report.key("findings");
    out.push_back('[');
    for (const auto& finding : findings) {
        if (&finding != &findings.front()) out.push_back(',');
        json::ObjectWriter object(out);
        object.field("area", finding.area);
        object.field("subject", finding.subject);
        object.field("mark", name_of(finding.mark));
        object.field("fact", finding.fact);
        object.field("remedy", finding.remedy);
        object.close();
    }
    out.push_back(']');
    report.close();
    out.push_back('\n');
    return out;
}

std::string readable_bytes(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 5> units{"bytes", "KiB", "MiB", "GiB", "TiB"};
    auto number = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (number >= 1024 && unit + 1 < units.size()) {
        number /= 1024;
        ++unit;
    }
    return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", number, units[unit]);
}

}  // namespace forebay::app
