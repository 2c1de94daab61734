#include "registry/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "base/hash.h"
#include "registry/blob_store.h"
#include "registry/reference.h"
#include "registry/statements.h"
#include "storage/migrations.h"
#include "storage/test_rig.h"

namespace forebay::registry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RegistryTest : public testing::Test {
protected:
    RegistryTest() {
        database_ = *storage::open_state_blocking(folder_.file("state.db"));
        registry_ = *Registry::open_blocking(*database_, folder_.file("registry"));
    }
    Registry& registry() { return *registry_; }

    std::string file(std::string_view bytes) {
        const std::string path = folder_.file("source-" + std::to_string(files_++));
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }
    Version add(std::string_view name, std::string_view bytes, const Origin& origin = {}, Kind kind = Kind::model) {
        auto added = registry_->add_blocking(kind, name, file(bytes), origin);
        EXPECT_TRUE(added.has_value()) << added.error().message;
        return added.value_or(Version{});
    }
    Error find_error(std::string_view reference) {
        auto found = registry_->find_blocking(reference);
        EXPECT_FALSE(found.has_value()) << reference;
        return found ? Error{} : found.error();
    }
    std::vector<std::string> blobs() {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(folder_.file("registry/blobs")))
            names.push_back(entry.path().filename());
        return names;
    }

    const storage::TestFolder folder_;
    std::unique_ptr<storage::Database> database_;
    std::unique_ptr<Registry> registry_;

private:
    int files_ = 0;
};

std::string content_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string digest_of(std::string_view bytes) { return to_hex(sha256(bytes)); }

Origin made_of(std::string base_digest, std::vector<std::string> dataset_digests = {}) {
    Origin origin;
    origin.base_digest = std::move(base_digest);
    origin.dataset_digests = std::move(dataset_digests);
    return origin;
}

TEST_F(RegistryTest, EveryStatementFitsItsTableAndPostgreSqlToo) {
    for (const auto& statement : sql::all) {
        const auto checked = database_->check_blocking(statement);
        EXPECT_TRUE(checked.has_value()) << checked.error().message;
        storage::expect_portable(statement);
    }
}

TEST_F(RegistryTest, AVersionIsACopyUnderItsDigestThatNobodyMayWrite) {
    const std::string bytes(3'000'000, 'w');

    const Version version = add("triage", bytes);

    EXPECT_EQ(version.reference(), "triage:1");
    EXPECT_EQ(version.digest, digest_of(bytes));
    EXPECT_EQ(version.bytes, bytes.size());
    EXPECT_EQ(version.file, folder_.file("registry/blobs/" + version.digest));
    EXPECT_TRUE(std::filesystem::path(version.file).is_absolute());
    EXPECT_EQ(content_of(version.file), bytes);
    struct stat info{};
    ASSERT_EQ(::stat(version.file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777u, 0444u);
    EXPECT_THAT(blobs(), ElementsAre(version.digest)) << "no copy under another name is left";
}

TEST_F(RegistryTest, AllOfTheOriginComesBack) {
    const Origin origin{.source = "training run 7",
                        .run = "7",
                        .recipe = "name: triage\n",
                        .recipe_digest = digest_of("r"),
                        .base_digest = digest_of("base"),
                        .dataset_digests = {digest_of("z"), digest_of("a"), digest_of("z")},
                        .seed = ~std::uint64_t{0},
                        .code_version = "0.1.0",
                        .evaluation_json = "{\"loss\":\n0.5}",
                        .details_json = R"({"layers":4})"};
    add("triage", "weights", origin);

    const auto found = *registry().find_blocking("triage");

    EXPECT_EQ(found.origin.source, origin.source);
    EXPECT_EQ(found.origin.run, origin.run);
    EXPECT_EQ(found.origin.recipe, origin.recipe);
    EXPECT_EQ(found.origin.recipe_digest, origin.recipe_digest);
    EXPECT_EQ(found.origin.base_digest, origin.base_digest);
    EXPECT_EQ(found.origin.dataset_digests, origin.dataset_digests);
    EXPECT_EQ(found.origin.seed, origin.seed);
    EXPECT_EQ(found.origin.code_version, origin.code_version);
    EXPECT_EQ(found.origin.evaluation_json, origin.evaluation_json);
    EXPECT_EQ(found.origin.details_json, origin.details_json);
    EXPECT_FALSE(add("other", "bytes").origin.seed.has_value());

    const std::string line = to_json(found);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const auto json = boost::json::parse(line).as_object();
    EXPECT_EQ(json.at("reference"), "triage:1");
    EXPECT_EQ(json.at("evaluation").at("loss").as_double(), 0.5);
    EXPECT_EQ(json.at("seed").to_number<std::uint64_t>(), ~std::uint64_t{0});
    EXPECT_EQ(json.at("dataset_digests").as_array().size(), 3u);
    EXPECT_EQ(json.at("labels").as_array().at(0), "latest");
}

TEST_F(RegistryTest, VersionsAreNumberedPerNameAndTheSameBytesAreOneVersion) {
    add("a", "one");
    add("a", "two");
    add("b", "one");

    Origin told_otherwise;
    told_otherwise.source = "another";
    const Version again = add("a", "one", told_otherwise);

    EXPECT_EQ(again.reference(), "a:1");
    EXPECT_EQ(again.origin.source, "");
    std::vector<std::string> listed;
    for (const auto& version : *registry().list_blocking(std::nullopt)) listed.push_back(version.reference());
    EXPECT_THAT(listed, ElementsAre("b:1", "a:2", "a:1")) << "newest first";
    EXPECT_EQ(blobs().size(), 2u);
}

TEST_F(RegistryTest, ANameHasOneKind) {
    add("triage", "one");

    const auto refused = registry().add_blocking(Kind::dataset, "triage", file("rows"), {});

    EXPECT_EQ(refused.error().code, Code::conflict);
    EXPECT_THAT(refused.error().message, HasSubstr("'triage' holds models; choose another name for datasets"));
    EXPECT_EQ(blobs().size(), 1u);
    add("rows", "rows", {}, Kind::dataset);
    EXPECT_EQ(registry().list_blocking(Kind::dataset)->size(), 1u);
    EXPECT_EQ(registry().list_blocking(Kind::adapter)->size(), 0u);
}

TEST_F(RegistryTest, EveryFormOfAReferenceLeadsToItsVersion) {
    const Version first = add("triage", "one");
    const Version second = add("triage", "two");
    ASSERT_TRUE(registry().label_blocking("triage:1", "production").has_value());
    std::string upper = first.digest.substr(0, 12);
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));

    EXPECT_EQ(registry().find_blocking("triage")->number, 2);
    EXPECT_EQ(registry().find_blocking("triage@latest")->number, 2);
    EXPECT_EQ(registry().find_blocking("triage:1")->number, 1);
    EXPECT_EQ(registry().find_blocking("triage@production")->number, 1);
    EXPECT_EQ(registry().find_blocking("sha256:" + second.digest)->number, 2);
    EXPECT_EQ(registry().find_blocking("sha256:" + upper)->number, 1);
}

TEST_F(RegistryTest, WhatIsNotThereIsNamedWithWhatThereIs) {
    EXPECT_THAT(find_error("triage").message, HasSubstr("the registry is empty"));
    add("triage", "one");
    add("base", "two");
    ASSERT_TRUE(registry().label_blocking("triage:1", "production").has_value());

    EXPECT_EQ(find_error("triagg").message, "nothing is named 'triagg'; there are base and triage");
    EXPECT_EQ(find_error("triage:2").message, "'triage' has no version 2; its latest is 1");
    EXPECT_EQ(find_error("triage@canary").message, "'triage' has no label 'canary'; it has latest and production");
    EXPECT_EQ(find_error("sha256:00000000").code, Code::not_found);
    for (const auto* missing : {"triagg", "triage:2", "triage@canary"})
        EXPECT_EQ(find_error(missing).code, Code::not_found);
}

TEST_F(RegistryTest, ReferencesOfNoFormAreRefused) {
    for (const auto* bad : {"",
                            ":1",
                            "@x",
                            "triage:",
                            "triage:0",
                            "triage:-1",
                            "triage:1x",
                            "triage:1:2",
                            "triage@",
                            "triage@Prod",
                            "triage@1",
                            "Triage",
                            "a b",
                            "../x",
                            "-x",
                            "sha256:",
                            "sha256:1234567",
                            "sha256:zzzzzzzz",
                            "triage:99999999999999999999",
                            "x\n"})
        EXPECT_EQ(find_error(bad).code, Code::invalid_argument) << bad;
    EXPECT_EQ(find_error("sha256:" + std::string(65, 'a')).code, Code::invalid_argument);
    EXPECT_FALSE(check_name("sha256").has_value());
    EXPECT_FALSE(check_name(std::string(65, 'a')).has_value());
    EXPECT_TRUE(check_name("0a.b_c-" + std::string(57, 'a')).has_value());
}

TEST_F(RegistryTest, ABeginningOfTwoDigestsIsNotUniqueAndOneDigestOfTwoNamesIsTheFirst) {
    const Version first = add("zebra", "the same");
    add("aardvark", "the same");
    EXPECT_EQ(registry().find_blocking("sha256:" + first.digest)->name, "zebra");

    // A digest that differs in its last digit alone, put into the table as only a test can.
    std::string near = first.digest;
    near.back() = near.back() == '0' ? '1' : '0';
    ASSERT_TRUE(
        database_->exec_blocking(sql::insert_version, "zebra", 2, near, 1, 1, "", "", "", "", std::nullopt, "", "", "")
            .has_value());
    const auto refused = find_error("sha256:" + first.digest.substr(0, 20));
    EXPECT_EQ(refused.code, Code::invalid_argument);
    EXPECT_THAT(refused.message, HasSubstr("not unique"));
    EXPECT_EQ(registry().find_blocking("sha256:" + first.digest)->number, 1);
}

TEST_F(RegistryTest, ALabelMovesAndEveryMoveIsKept) {
    add("triage", "one");
    add("triage", "two");
    EXPECT_THAT(registry().label_blocking("triage:1", "production")->labels, ElementsAre("production"));
    EXPECT_THAT(registry().label_blocking("triage:2", "production")->labels, ElementsAre("latest", "production"));
    EXPECT_TRUE(registry().label_blocking("triage@production", "production").has_value()) << "no move";
    EXPECT_TRUE(registry().label_blocking("triage:2", "canary").has_value());

    EXPECT_THAT(registry().find_blocking("triage:1")->labels, IsEmpty());
    EXPECT_THAT(registry().find_blocking("triage:2")->labels, ElementsAre("canary", "latest", "production"));
    const auto moves = *registry().label_moves_blocking("triage");
    ASSERT_EQ(moves.size(), 3u);
    EXPECT_EQ(moves[0].label, "canary");
    EXPECT_EQ(moves[1].number, 2);
    EXPECT_EQ(moves[2].number, 1);
    EXPECT_LE(moves[2].moved_micros, moves[1].moved_micros);
    EXPECT_GT(moves[2].moved_micros, 0);
}

TEST_F(RegistryTest, LatestAndBadLabelsCannotBeSet) {
    add("triage", "one");

    for (const auto* bad : {"latest", "", "Production", "1", "a b", "a:b"})
        EXPECT_EQ(registry().label_blocking("triage:1", bad).error().code, Code::invalid_argument) << bad;
    EXPECT_EQ(registry().label_blocking("triage:2", "production").error().code, Code::not_found);
    EXPECT_THAT(*registry().label_moves_blocking("triage"), IsEmpty());
}

TEST_F(RegistryTest, ALineageGoesDownToTheRootsAndNamesWhatIsNotHere) {
    const Version data = add("data", "rows", {}, Kind::dataset);
    const Version base = add("base", "base", made_of({}, {data.digest}));
    const std::string elsewhere = digest_of("elsewhere");
    add("tuned", "tuned", made_of(base.digest, {elsewhere, data.digest}));

    const auto root = *registry().lineage_blocking("tuned");

    EXPECT_EQ(root.role, "model");
    ASSERT_EQ(root.parents.size(), 3u);
    EXPECT_EQ(root.parents[0].role, "base");
    EXPECT_EQ(root.parents[0].version->reference(), "base:1");
    ASSERT_EQ(root.parents[0].parents.size(), 1u);
    EXPECT_EQ(root.parents[0].parents[0].version->reference(), "data:1");
    EXPECT_EQ(root.parents[1].role, "dataset");
    EXPECT_EQ(root.parents[1].digest, elsewhere);
    EXPECT_FALSE(root.parents[1].version.has_value());
    EXPECT_EQ(root.parents[2].version->reference(), "data:1");
    EXPECT_FALSE(root.parents[2].cut) << "it has nothing to cut";
    const auto json = boost::json::parse(to_json(root)).as_object();
    EXPECT_EQ(json.at("parents").as_array().at(0).at("parents").as_array().at(0).at("version").at("name"), "data");
    EXPECT_TRUE(json.at("parents").as_array().at(1).at("version").is_null());
}

TEST_F(RegistryTest, ALineageThatGoesInACircleEndsAndSaysWhere) {
    add("a", "a", made_of(digest_of("b")));
    add("b", "b", made_of(digest_of("a")));
    add("self", "self", made_of(digest_of("self")));

    const auto root = *registry().lineage_blocking("a");

    ASSERT_EQ(root.parents.size(), 1u);
    ASSERT_EQ(root.parents[0].parents.size(), 1u);
    const LineageNode& again = root.parents[0].parents[0];
    EXPECT_EQ(again.version->reference(), "a:1");
    EXPECT_TRUE(again.cut);
    EXPECT_THAT(again.parents, IsEmpty());
    EXPECT_TRUE(registry().lineage_blocking("self")->parents.at(0).cut);
}

TEST_F(RegistryTest, ALineageIsCutAHundredStepsDown) {
    add("chain", "0");
    for (int i = 1; i <= 105; ++i) add("chain", std::to_string(i), made_of(digest_of(std::to_string(i - 1))));

    const auto root = *registry().lineage_blocking("chain");

    int depth = 0;
    const LineageNode* node = &root;
    while (!node->parents.empty()) {
        EXPECT_FALSE(node->cut);
        node = &node->parents[0];
        ++depth;
    }
    EXPECT_EQ(depth, 100);
    EXPECT_TRUE(node->cut);
}

TEST_F(RegistryTest, OriginsThatSayNonsenseAndFilesThatAreNoneAreRefused) {
    const auto refusal = [&](const std::string& path, const Origin& origin) {
        return registry().add_blocking(Kind::model, "triage", path, origin).error();
    };
    const std::string good = file("x");
    EXPECT_EQ(refusal(good, made_of("sha256:12")).code, Code::invalid_argument);
    EXPECT_EQ(refusal(good, made_of({}, {std::string(64, 'A')})).code, Code::invalid_argument);
    Origin list;
    list.evaluation_json = "[1]";
    EXPECT_EQ(refusal(good, list).code, Code::invalid_argument);
    Origin half;
    half.details_json = "{";
    EXPECT_EQ(refusal(good, half).code, Code::invalid_argument);
    EXPECT_EQ(refusal(folder_.file("none"), {}).code, Code::not_found);
    EXPECT_EQ(refusal(folder_.path(), {}).code, Code::invalid_argument);
    EXPECT_EQ(refusal(file(""), {}).code, Code::invalid_argument);
    ASSERT_EQ(::mkfifo(folder_.file("pipe").c_str(), 0600), 0);
    EXPECT_EQ(refusal(folder_.file("pipe"), {}).code, Code::invalid_argument);
    EXPECT_EQ(registry().add_blocking(Kind::model, "Bad Name", good, {}).error().code, Code::invalid_argument);
    EXPECT_THAT(blobs(), IsEmpty());
    EXPECT_THAT(*registry().list_blocking(std::nullopt), IsEmpty());
}

TEST_F(RegistryTest, VerifyFindsDamagedAndMissingBlobsAndAddingThemAgainMendsThem) {
    const Version good = add("good", "good");
    const Version damaged = add("damaged", "damaged");
    add("copy-of-damaged", "damaged");
    const Version missing = add("missing", "missing");
    EXPECT_THAT(*registry().verify_blocking(), IsEmpty());
    std::filesystem::permissions(damaged.file, std::filesystem::perms::owner_all);
    std::ofstream(damaged.file) << "dAmaged";
    std::filesystem::remove(missing.file);

    EXPECT_THAT(*registry().verify_blocking(), ElementsAre("copy-of-damaged:1", "damaged:1", "missing:1"));

    EXPECT_EQ(add("damaged", "damaged").number, 1);
    EXPECT_EQ(add("missing", "missing").number, 1);
    EXPECT_THAT(*registry().verify_blocking(), IsEmpty());
}

// Fails the nth database call, for every n: a version is visible exactly when adding it reported success, and a second
// attempt finds the blob that the first one left.
TEST_F(RegistryTest, AVersionIsVisibleExactlyWhenAddingSucceeded) {
    const Origin origin = made_of(digest_of("base"), {digest_of("data")});
    int failures = 0;
    for (int nth = 0;; ++nth) {
        ASSERT_LT(nth, 100);
        const std::string name = "n" + std::to_string(nth);
        const std::string source = file(name);
        database_->fail_call_for_test(nth);

        const auto attempt = registry().add_blocking(Kind::model, name, source, origin);

        const bool fired = database_->fault_fired_for_test();
        database_->fail_call_for_test(-1);
        EXPECT_EQ(attempt.has_value(), !fired) << "call " << nth;
        EXPECT_EQ(registry().find_blocking(name).has_value(), attempt.has_value()) << "call " << nth;
        EXPECT_EQ(add(name, name, origin).reference(), name + ":1") << "call " << nth;
        if (!fired) break;
        ++failures;
    }
    EXPECT_GT(failures, 5);
    EXPECT_THAT(*registry().verify_blocking(), IsEmpty());
}

TEST_F(RegistryTest, ACopyThatACrashLeftIsRemovedAndOneUnderWayIsNot) {
    const std::string abandoned = folder_.file("registry/blobs/.copy-abcdef");
    std::ofstream(abandoned) << "half";
    std::atomic<bool> stop = false;
    // Opening again and again while files are put in: none may lose its copy.
    std::jthread opener([&] {
        while (!stop) EXPECT_TRUE(BlobStore::open_blocking(folder_.file("registry/blobs")).has_value());
    });
    const auto store = *BlobStore::open_blocking(folder_.file("registry/blobs"));
    for (int i = 0; i < 50; ++i) {
        const std::string bytes(100'000, static_cast<char>('a' + i % 26));
        const auto put = store.put_blocking(file(bytes));
        EXPECT_TRUE(put.has_value()) << put.error().message;
    }
    stop = true;
    opener.join();

    EXPECT_FALSE(std::filesystem::exists(abandoned));
    EXPECT_EQ(blobs().size(), 26u);
}

TEST_F(RegistryTest, SeveralProcessesMayAddToOneNameAtOnce) {
    constexpr int writers = 4;
    constexpr int versions = 10;
    std::vector<std::string> files;
    for (int i = 0; i < versions; ++i) files.push_back(file("bytes " + std::to_string(i)));
    {
        std::vector<std::jthread> threads;
        for (int writer = 0; writer < writers; ++writer) {
            threads.emplace_back([&, writer] {
                // A database of its own, as another process has it.
                auto database = *storage::open_state_blocking(folder_.file("state.db"));
                auto own = *Registry::open_blocking(*database, folder_.file("registry"));
                for (int i = 0; i < versions; ++i) {
                    const auto& source = files[static_cast<std::size_t>((i + writer) % versions)];
                    const auto added = own->add_blocking(Kind::model, "shared", source, {});
                    EXPECT_TRUE(added.has_value()) << added.error().message;
                }
            });
        }
    }

    std::set<std::int64_t> numbers;
    for (const auto& version : *registry().list_blocking(std::nullopt)) numbers.insert(version.number);
    EXPECT_EQ(numbers.size(), std::size_t{versions}) << "each file once";
    EXPECT_EQ(*numbers.rbegin(), versions) << "without gaps";
    EXPECT_EQ(blobs().size(), std::size_t{versions});
    EXPECT_THAT(*registry().verify_blocking(), IsEmpty());
}

}  // namespace
}  // namespace forebay::registry
