// Dataset files from hostile bytes: no crash; every row that is read is one that training may take, every fault names a
// line of the file; a report on the rows adds up.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/utf8.h"
#include "registry/dataset.h"

namespace {

using namespace forebay;

void check(bool good) {
    if (!good) std::abort();
}

void check_row(const registry::Row& row, registry::RowFormat format) {
    check(format == registry::RowFormat::text ? row.messages.empty() : !row.messages.empty());
    check(utf8::is_valid(row.text));
    for (const registry::Message& message : row.messages) {
        check(utf8::is_valid(message.content));
        check(message.role != "assistant" || !message.content.empty());
    }
    if (!row.messages.empty()) check(row.messages.back().role == "assistant");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    const auto lines = static_cast<std::uint64_t>(std::ranges::count(bytes, '\n')) + 1;
    for (const auto format : {registry::RowFormat::chat, registry::RowFormat::text}) {
        const auto found = registry::read_rows(bytes, "fuzz", format);
        check(found.bytes == size && found.rows.size() + found.faults_total <= lines);
        for (const auto& row : found.rows) {
            check(row.line >= 1 && row.line <= lines);
            check_row(row, format);
        }
        for (const auto& fault : found.faults) check(fault.line >= 1 && fault.line <= lines && !fault.message.empty());
        const auto report =
            registry::report_on(found.rows, found.rows, 10, [](const registry::Row& row) { return row.text.size(); });
        check(report.duplicates <= report.rows && report.leaked <= report.rows && report.examples.size() <= 10);
        check(registry::to_json(report).ends_with('}'));
    }
    return 0;
}
