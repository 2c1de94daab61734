// What a command says, kept in two files of bounded size: log.txt, and before it log.1.txt.
//
// Threads  one. A log that cannot be written costs no training: the first failure is told once.
#pragma once
#include <cstdint>
#include <deque>
#include <fstream>
#include <string>
#include <string_view>

namespace forebay::training {

// `line` fit for a terminal: control characters as spaces, invalid UTF-8 replaced, at most `bytes_max` bytes.
std::string plain_line(std::string_view line, std::size_t bytes_max);

class CommandLog {
public:
    // Goes on with what is there. Each of the two files has at most half of `bytes_max`, a last line aside.
    CommandLog(const std::string& folder, std::uint64_t bytes_max);

    // False: it could not be written.
    bool add_blocking(std::string_view line);
    // The newest lines, at most 20, shortened; for messages.
    std::string last_lines() const;

private:
    void turn_over();

    const std::string file_, older_;
    const std::uint64_t half_;
    std::ofstream out_;
    std::uint64_t written_ = 0;
    std::deque<std::string> last_;
};

}  // namespace forebay::training
