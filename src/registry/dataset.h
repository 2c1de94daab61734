// Datasets: JSONL files of conversations or texts, read strictly, and a report of what is wrong with them.
//
// A chat row is {"messages":[{"role":…,"content":…},…]}: roles system, user, assistant (tool and developer too); the
// last message is the assistant's; contents are texts, and the assistant's are not empty; a message has no other field.
// A text row is {"text":"…"}. Other top-level fields are kept out of training and allowed ("id", "template",
// "metadata"), so that generators can say where a row came from. The file is UTF-8 without a byte order mark, a line at
// most 4 MiB; \n and \r\n end lines.
//
// Threads  any: there is no state.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace forebay::registry {

struct Message {
    std::string role;
    std::string content;
};

struct Row {
    std::vector<Message> messages;  // of a chat row
    std::string text;               // of a text row
    std::uint64_t line = 0;         // in its file, from 1
};

enum class RowFormat { chat, text };
std::string_view name_of(RowFormat format);

struct RowFault {
    std::string file;
    std::uint64_t line = 0;
    std::string message;  // "messages[2].content must be a text"; where JSON or UTF-8 is broken, with the column,
                          // counted in characters from 1
};
std::string to_string(const RowFault& fault);  // "train.jsonl:17: messages[2].content must be a text"

struct ReadRows {
    std::vector<Row> rows;
    std::vector<RowFault> faults;  // the first 20
    std::uint64_t faults_total = 0;
    std::string digest;  // of the file's bytes
    std::uint64_t bytes = 0;
};

// Reads all rows; empty lines are skipped. A faulty file is read to its end. not_found, or unavailable with the reason.
// Blocks on the file.
Result<ReadRows> read_rows_blocking(const std::string& file, RowFormat format);
// The same of bytes in memory; `file` is what faults call them.
ReadRows read_rows(std::string_view bytes, const std::string& file, RowFormat format);

// What a snapshot's report says.
struct DatasetReport {
    std::uint64_t rows = 0;
    std::uint64_t duplicates = 0;  // rows equal to an earlier one of the same file
    std::uint64_t leaked = 0;      // rows whose prompt (all but the last message, or the text; ignoring case, and
                                   // which digits and how much space) is in the other split too
    std::uint64_t empty = 0;       // without any predicted token
    std::uint64_t over_long = 0;   // above context_tokens
    std::vector<std::uint64_t> length_histogram;  // tokens a row; bucket i: [2^i, 2^(i+1)); without the empty ones
    std::uint64_t tokens = 0;
    std::uint64_t tokens_longest = 0;
    std::uint64_t context_tokens = 0;   // as given
    std::string unit = "tokens";        // of the lengths, where the caller counted something else
    std::vector<std::string> examples;  // up to 10: "line 17 repeats line 3"
};

// Tokens of a row as it will be trained; 0 where nothing of it is predicted.
using CountTokens = std::function<std::uint64_t(const Row& row)>;

// `other` are the rows of the other split (may be empty): leakage is counted against them. A row without a prompt never
// leaks. Case is ignored in ASCII, Latin-1, Greek and Cyrillic. context_tokens 0: no row is over-long.
DatasetReport report_on(const std::vector<Row>& rows, const std::vector<Row>& other, std::uint64_t context_tokens,
                        const CountTokens& count);
std::string to_json(const DatasetReport& report);  // an object

}  // namespace forebay::registry
