// For tests: a folder of its own that goes away with the test.
#pragma once
#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "storage/statement.h"

namespace forebay::storage {

// SQL that PostgreSQL takes as well: README.md.
inline void expect_portable(const StatementText& statement) {
    std::string sql(statement.sql);
    for (char& c : sql) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    for (const char* only_here : {"?", "INSERT OR ", "UPDATE OR ", "REPLACE INTO", "AUTOINCREMENT", "PRAGMA", "ROWID",
                                  "IFNULL(", "GLOB", "`", "DATETIME("}) {
        EXPECT_EQ(sql.find(only_here), std::string::npos) << statement.name << " says " << only_here;
    }
}

class TestFolder {
public:
    TestFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "forebay-test-XXXXXX").string();
        const char* made = ::mkdtemp(pattern.data());
        EXPECT_NE(made, nullptr);
        path_ = pattern;
    }
    ~TestFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;

    const std::string& path() const { return path_; }
    std::string file(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

}  // namespace forebay::storage
