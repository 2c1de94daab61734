#include "storage/data_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "storage/test_rig.h"

namespace forebay::storage {
namespace {

TEST(DataFolder, IsCreatedForItsOwnerAloneWithTheFoldersAboveIt) {
    const TestFolder folder;
    const DataFolder data{folder.file("deep/er/data")};

    ASSERT_TRUE(data.create_blocking().has_value());

    struct stat info{};
    ASSERT_EQ(::stat(data.path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777u, 0700u);
    EXPECT_TRUE(data.create_blocking().has_value()) << "a second time is no error";
    EXPECT_EQ(data.state_database(), data.path + "/state.db");
}

TEST(DataFolder, AnExistingFolderKeepsItsMode) {
    const TestFolder folder;
    const DataFolder data{folder.file("shared")};
    ASSERT_EQ(::mkdir(data.path.c_str(), 0750), 0);

    ASSERT_TRUE(data.create_blocking().has_value());

    struct stat info{};
    ASSERT_EQ(::stat(data.path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777u, 0750u);
}

TEST(DataFolder, AFileInItsPlaceIsNamed) {
    const TestFolder folder;
    std::ofstream(folder.file("data")) << "x";

    const auto refused = DataFolder{folder.file("data")}.create_blocking();

    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Code::invalid_argument);
    EXPECT_NE(refused.error().message.find(folder.file("data")), std::string::npos);
    EXPECT_EQ(DataFolder{""}.create_blocking().error().code, Code::invalid_argument);
    EXPECT_EQ(DataFolder{folder.file("data/below")}.create_blocking().error().code, Code::unavailable);
}

}  // namespace
}  // namespace forebay::storage
