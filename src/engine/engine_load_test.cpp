// Model files that cannot be loaded, and the CPU back ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/backends.h"
#include "engine/gguf_check.h"
#include "engine/test_rig.h"

namespace forebay::engine {
namespace {

using testing::HasSubstr;

// A folder of this test's own, removed with what is in it.
class ModelFiles : public testing::Test {
protected:
    ModelFiles() {
        std::string name = testing::TempDir() + "forebay-engine-XXXXXX";
        folder_ = mkdtemp(name.data());
    }
    ~ModelFiles() override { std::filesystem::remove_all(folder_); }

    std::string write(const std::string& content, const std::string& name = "model.gguf") {
        const std::string path = folder_ + "/" + name;
        std::ofstream(path, std::ios::binary) << content;
        return path;
    }

    static std::string read_model() {
        std::ifstream file(model_path("random"), std::ios::binary);
        std::ostringstream content;
        content << file.rdbuf();
        return content.str();
    }

    static Error open_error(const std::string& path) {
        EngineSettings settings = small_settings();
        settings.model_file = path;
        const Result<std::unique_ptr<Engine>> engine = Engine::open_blocking(settings, nullptr);
        return engine ? Error{Code::internal, "it was loaded", {}} : engine.error();
    }

    std::string folder_;
};

TEST_F(ModelFiles, AMissingFileIsNotFound) {
    const Error error = open_error(folder_ + "/none.gguf");

    EXPECT_EQ(error.code, Code::not_found);
    EXPECT_THAT(error.message, HasSubstr("none.gguf"));
}

TEST_F(ModelFiles, AnEmptyFileAndAFolderAndGarbageAreRefusedInWords) {
    EXPECT_THAT(open_error(write("")).message, HasSubstr("is empty"));
    EXPECT_THAT(open_error(folder_).message, HasSubstr("not a regular file"));
    EXPECT_THAT(open_error(write("<html>404 Not Found</html>, and so on")).message, HasSubstr("not a GGUF file"));
    EXPECT_THAT(open_error(write("GG")).message, HasSubstr("not a GGUF file"));
    EXPECT_THAT(open_error(write("GGUF\x03")).message, HasSubstr("truncated"));
    std::string version_99 = read_model();
    version_99[4] = 99;
    EXPECT_THAT(open_error(write(version_99)).message, HasSubstr("version 99"));
}

TEST_F(ModelFiles, ATruncatedFileIsRefusedWhereverItIsCut) {
    const std::string whole = read_model();

    for (std::size_t size = 1; size < whole.size(); size += size < 30'000 ? 487 : 40'009) {
        const Error error = open_error(write(whole.substr(0, size)));
        EXPECT_EQ(error.code, Code::invalid_argument) << size << ": " << error.message;
    }
    EXPECT_THAT(open_error(write(whole.substr(0, whole.size() - 100))).message, HasSubstr("truncated"));
}

TEST_F(ModelFiles, AHeaderThatPromisesTooMuchIsRefused) {
    std::string content = read_model();
    content.replace(8, 8, 8, '\x7F');  // the number of tensors

    EXPECT_THAT(open_error(write(content)).message, HasSubstr("damaged or truncated"));
}

TEST_F(ModelFiles, DamagedMetadataNeverCrashesTheCheck) {
    const std::string whole = read_model();

    for (std::size_t at = 4; at < 2'000; at += 3) {
        std::string content = whole.substr(0, 60'000);
        content[at] = static_cast<char>(content[at] ^ 0x5A);
        EXPECT_FALSE(check_gguf_blocking(write(content)).has_value());
    }
}

TEST_F(ModelFiles, AnUnknownArchitectureIsNamed) {
    std::string content = read_model();
    const std::size_t at = content.find("llama", content.find("general.architecture"));
    content.replace(at, 5, "lhama");

    const Error error = open_error(write(content));

    EXPECT_EQ(error.code, Code::invalid_argument);
    EXPECT_THAT(error.message, HasSubstr("lhama"));
}

TEST_F(ModelFiles, LoadingStopsWhenTheProgressCallbackSaysSo) {
    EngineSettings settings = small_settings();
    settings.model_file = model_path("random");

    const auto engine = Engine::open_blocking(settings, [](float) { return false; });

    ASSERT_FALSE(engine.has_value());
    EXPECT_EQ(engine.error().code, Code::cancelled);
}

TEST_F(ModelFiles, TooManySlotsAreRefused) {
    EngineSettings settings = small_settings();
    settings.model_file = model_path("random");
    settings.slots = 257;

    const auto engine = Engine::open_blocking(settings, nullptr);

    ASSERT_FALSE(engine.has_value());
    EXPECT_EQ(engine.error().code, Code::invalid_argument);
}

TEST(CpuVariants, TheBestVariantOfThisProcessorIsProvenInAChild) {
    const std::vector<CpuVariant> variants = probe_cpu_variants_blocking("/proc/self/exe", "");

    ASSERT_FALSE(variants.empty());
    EXPECT_GT(variants.front().score, 0);
    EXPECT_TRUE(variants.front().proven) << variants.front().name << ": " << variants.front().reason;
    for (const CpuVariant& variant : variants) {
        EXPECT_LE(variant.score, variants.front().score);
        EXPECT_NE(variant.proven, variant.score == 0) << variant.name << ": " << variant.reason;
        EXPECT_EQ(variant.reason.empty(), variant.proven) << variant.name;
    }
}

TEST_F(ModelFiles, AVariantWhoseChildDiesIsNotProvenAndSaysWhy) {
    const std::string dies = write("#!/bin/sh\nkill -ILL $$\n", "dies");
    const std::string fails = write("#!/bin/sh\nexit 1\n", "fails");
    chmod(dies.c_str(), 0700);
    chmod(fails.c_str(), 0700);

    const CpuVariant dead = probe_cpu_variants_blocking(dies, "").front();
    const CpuVariant wrong = probe_cpu_variants_blocking(fails, "").front();
    const CpuVariant absent = probe_cpu_variants_blocking(folder_ + "/none", "").front();

    EXPECT_FALSE(dead.proven);
    EXPECT_EQ(dead.reason, "died of signal 4 (illegal instruction)");
    EXPECT_FALSE(wrong.proven);
    EXPECT_THAT(wrong.reason, HasSubstr("came out wrong"));
    EXPECT_FALSE(absent.proven);
    EXPECT_THAT(absent.reason, HasSubstr("cannot start"));
}

TEST_F(ModelFiles, ProvingAFileThatIsNoBackEndFails) { EXPECT_EQ(prove_cpu_main(write("not a library")), 1); }

TEST_F(ModelFiles, AFolderWithoutBackEndsHasNoVariants) { EXPECT_TRUE(score_cpu_variants_blocking(folder_).empty()); }

}  // namespace
}  // namespace forebay::engine
