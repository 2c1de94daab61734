#include "training/command_log.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "base/utf8.h"

namespace forebay::training {
namespace {

constexpr std::size_t last_lines_max = 20;
constexpr std::size_t last_line_bytes_max = 500;

}  // namespace

std::string plain_line(std::string_view line, std::size_t bytes_max) {
    const bool cut = line.size() > bytes_max;
    if (cut) line = line.substr(0, utf8::whole_prefix_size(line.substr(0, bytes_max)));
    std::string out = utf8::sanitized(line);
    for (char& c : out) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    if (cut) out += "…";
    return out;
}

CommandLog::CommandLog(const std::string& folder, std::uint64_t bytes_max)
    : file_(folder + "/log.txt"),
      older_(folder + "/log.1.txt"),
      half_(std::max<std::uint64_t>(bytes_max / 2, 1)),
      out_(file_, std::ios::app) {
    std::error_code absent;
    const auto size = std::filesystem::file_size(file_, absent);
    if (!absent) written_ = size;
}

void CommandLog::turn_over() {
    out_.close();
    std::error_code ignored;  // the log then starts again without what it held
    std::filesystem::rename(file_, older_, ignored);
    out_.open(file_, std::ios::trunc);
    written_ = 0;
}

bool CommandLog::add_blocking(std::string_view line) {
    last_.push_back(plain_line(line, last_line_bytes_max));
    if (last_.size() > last_lines_max) last_.pop_front();
    if (written_ >= half_) turn_over();
    written_ += line.size() + 1;
    out_ << line << '\n';
    out_.flush();
    return out_.good();
}

std::string CommandLog::last_lines() const { return fmt::format("{}", fmt::join(last_, "\n")); }

}  // namespace forebay::training
