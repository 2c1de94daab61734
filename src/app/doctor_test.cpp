// doctor's findings from recorded files and folders made for the test.
#include "app/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "journal/format.h"
#include "storage/database.h"

namespace forebay::app {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Doctor : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "forebay-doctor-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        root_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(root_); }

    std::string write(const std::string& name, std::string_view text) const {
        const std::filesystem::path file = root_ + "/" + name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << text;
        return file.string();
    }
    void write_machine(std::string_view flags) const {
        std::string cpuinfo;
        for (int i = 0; i < 4; ++i) {
            cpuinfo += "processor\t: " + std::to_string(i) + "\nmodel name\t: Example CPU @ 2GHz\nphysical id\t: 0\n" +
                       "core id\t\t: " + std::to_string(i / 2) + "\nflags\t\t: " + std::string(flags) + "\n\n";
        }
        write("proc/cpuinfo", cpuinfo);
        write("proc/meminfo", "MemTotal:       16777216 kB\nMemFree:  1 kB\nMemAvailable:    8388608 kB\n");
    }
    const Finding& find(std::string_view subject) const {
        for (const auto& finding : findings_) {
            if (finding.subject == subject) return finding;
        }
        static const Finding none{"", "", Mark::fail, "(no such finding)", ""};
        return none;
    }

    std::string root_;
    Findings findings_;
};

TEST_F(Doctor, NamesTheProcessorItsFeaturesAndItsCores) {
    write_machine("fpu sse avx avx2 fma avx512f avx512_vnni amx_int8");

    const auto memory = examine_machine_blocking(root_, findings_);

    EXPECT_EQ(find("processor").fact, "Example CPU @ 2GHz: AVX2 FMA AVX-512F AVX-512VNNI AMX-INT8");
    EXPECT_EQ(find("processor").mark, Mark::ok);
    EXPECT_EQ(find("cores").fact, "4 logical, 2 physical");
    EXPECT_EQ(find("memory").fact, "8.0 GiB available of 16.0 GiB");
    EXPECT_EQ(memory, 8ull << 30);
}

TEST_F(Doctor, WarnsOfAProcessorWithoutAvx2) {
    write_machine("fpu sse avx");

    examine_machine_blocking(root_, findings_);

    EXPECT_EQ(find("processor").mark, Mark::warn);
    EXPECT_THAT(find("processor").remedy, HasSubstr("AVX2"));
}

TEST_F(Doctor, TheTightestControlGroupLimitOnTheWayUpCounts) {
    write_machine("avx2");
    write("proc/self/cgroup", "0::/system.slice/forebay.service\n");
    write("sys/fs/cgroup/system.slice/forebay.service/memory.max", "max\n");
    write("sys/fs/cgroup/system.slice/memory.max", "1073741824\n");
    write("sys/fs/cgroup/memory.max", "4294967296\n");
    write("sys/fs/cgroup/system.slice/forebay.service/cpu.max", "150000 100000\n");

    const auto memory = examine_machine_blocking(root_, findings_);

    EXPECT_EQ(memory, 1ull << 30);
    EXPECT_THAT(find("memory").fact, HasSubstr("the control group allows 1.0 GiB"));
    EXPECT_THAT(find("cores").fact, HasSubstr("the control group allows 1.5"));
    EXPECT_EQ(find("cores").mark, Mark::warn);
}

TEST_F(Doctor, ReadsControlGroupsOfVersionOneToo) {
    write_machine("avx2");
    write("proc/self/cgroup", "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n");
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "2147483648\n");
    write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");

    EXPECT_EQ(examine_machine_blocking(root_, findings_), 2ull << 30);
    EXPECT_EQ(find("cores").mark, Mark::ok);
}

TEST_F(Doctor, AMachineWithoutGpuIsFine) {
    examine_gpu_blocking(root_, root_ + "/lib", findings_);

    EXPECT_EQ(find("gpu").mark, Mark::ok);
    EXPECT_THAT(find("gpu").fact, HasSubstr("models run on the processor"));
}

TEST_F(Doctor, AGpuWithoutItsBackEndIsAWarning) {
    write("dev/nvidia0", "");
    write("dev/nvidiactl", "");
    write("proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: \t\t NVIDIA H100\nIRQ: 5\n");

    examine_gpu_blocking(root_, root_ + "/lib", findings_);
    EXPECT_EQ(find("gpu").mark, Mark::warn);
    EXPECT_THAT(find("gpu").remedy, HasSubstr("libggml-cuda.so"));

    findings_.clear();
    write("lib/libggml-cuda.so", "");
    examine_gpu_blocking(root_, root_ + "/lib", findings_);
    EXPECT_EQ(find("gpu").mark, Mark::ok);
    EXPECT_EQ(find("gpu").fact, "NVIDIA H100, reached through libggml-cuda.so");
}

TEST_F(Doctor, TheBestProvenCpuVariantIsTheOneInUse) {
    examine_cpu_variants({{"amx", "a.so", 9, false, "died of signal 4 (illegal instruction)"},
                          {"haswell", "h.so", 5, true, ""},
                          {"sse42", "s.so", 1, true, ""},
                          {"power9", "p.so", 0, false, ""}},
                         findings_);

    EXPECT_EQ(find("cpu amx").mark, Mark::warn);
    EXPECT_THAT(find("cpu amx").fact, HasSubstr("signal 4"));
    EXPECT_EQ(find("cpu haswell").fact, "works, score 5; this one is used");
    EXPECT_EQ(find("cpu sse42").fact, "works, score 1");
    EXPECT_EQ(find("cpu power9").fact, "not for this processor");
    EXPECT_FALSE(any_failed(findings_));
}

TEST_F(Doctor, NoWorkingCpuVariantIsAFailure) {
    examine_cpu_variants({{"haswell", "h.so", 5, false, "it computed a wrong product"}}, findings_);

    EXPECT_TRUE(any_failed(findings_));
}

TEST_F(Doctor, ADataFolderThatIsNotThereYetIsFine) {
    EXPECT_EQ(examine_data_blocking({root_ + "/none"}, "", findings_), std::nullopt);

    EXPECT_FALSE(any_failed(findings_));
    EXPECT_THAT(find("folder").fact, HasSubstr("does not exist yet"));
}

TEST_F(Doctor, ADataFolderOpenToOthersIsAWarningWithItsCommand) {
    std::filesystem::create_directory(root_ + "/data");
    ::chmod((root_ + "/data").c_str(), 0755);

    examine_data_blocking({root_ + "/data"}, "", findings_);
    EXPECT_EQ(find("folder").mark, Mark::warn);
    EXPECT_EQ(find("folder").remedy, "chmod 700 " + root_ + "/data");

    findings_.clear();
    ::chmod((root_ + "/data").c_str(), 0700);
    examine_data_blocking({root_ + "/data"}, "", findings_);
    EXPECT_EQ(find("folder").mark, Mark::ok);
}

TEST_F(Doctor, AStateDatabaseThatIsNotOneIsAFailure) {
    write("data/state.db", std::string(8192, 'x'));

    examine_data_blocking({root_ + "/data"}, "", findings_);

    EXPECT_EQ(find("state database").mark, Mark::fail);
    EXPECT_THAT(find("state database").remedy, Not(IsEmpty()));
}

TEST_F(Doctor, AStateDatabaseOpens) {
    std::filesystem::create_directory(root_ + "/data");
    ASSERT_TRUE(storage::Database::open_blocking(root_ + "/data/state.db"));

    examine_data_blocking({root_ + "/data"}, "", findings_);

    EXPECT_EQ(find("state database").mark, Mark::ok) << find("state database").fact;
    EXPECT_THAT(find("state database").fact, HasSubstr("opens"));
}

TEST_F(Doctor, AWholeJournalIsCountedAndATornTailIsAWarning) {
    std::string segment;
    journal::append_file_header(segment, {.first = 1, .created_micros = 7});
    journal::append_record(segment, 1, "{}");
    const auto whole_bytes = segment.size();
    journal::append_record(segment, 2, "{\"a\":1}");
    const auto examine = [&](std::size_t bytes) {
        findings_.clear();
        write("data/journal/" + std::string("00000000000000000001.seg"), std::string_view(segment).substr(0, bytes));
        examine_data_blocking({root_ + "/data"}, "", findings_);
        return find("journal");
    };

    EXPECT_EQ(examine(segment.size()).mark, Mark::ok);
    EXPECT_THAT(examine(segment.size()).fact, HasSubstr("2 records, all whole"));
    EXPECT_EQ(examine(whole_bytes + 5).mark, Mark::warn);
    EXPECT_THAT(examine(whole_bytes + 5).fact, HasSubstr("the last 5 bytes"));
}

TEST_F(Doctor, ADamagedJournalIsAFailure) {
    write("data/journal/00000000000000000001.seg", std::string(4096, 'x'));

    examine_data_blocking({root_ + "/data"}, "", findings_);

    EXPECT_EQ(find("journal").mark, Mark::fail) << find("journal").fact;
}

TEST_F(Doctor, ARunningServerIsFoundByItsLock) {
    const auto lock = write("data/lock", "");
    struct stat status{};
    ASSERT_EQ(::stat(lock.c_str(), &status), 0);
    write("proc/locks", "1: POSIX  ADVISORY  WRITE 7 00:01:" + std::to_string(status.st_ino) +
                            " 0 EOF\n2: FLOCK  ADVISORY  WRITE 4711 00:01:" + std::to_string(status.st_ino) +
                            " 0 EOF\n");

    EXPECT_EQ(examine_data_blocking({root_ + "/data"}, root_, findings_), 4711);
}

TEST_F(Doctor, AnAddressInUseIsAWarningUnlessAServerRuns) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(socket, 1), 0);
    ASSERT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), 0);
    const config::ListenAddress listen{"127.0.0.1", ntohs(address.sin_port)};

    examine_listen_blocking(listen, std::nullopt, findings_);
    examine_listen_blocking(listen, 4711, findings_);
    ::close(socket);
    examine_listen_blocking(listen, std::nullopt, findings_);

    ASSERT_EQ(findings_.size(), 3u);
    EXPECT_EQ(findings_[0].mark, Mark::warn) << findings_[0].fact;
    EXPECT_EQ(findings_[1].mark, Mark::ok);
    EXPECT_THAT(findings_[1].fact, HasSubstr("process 4711"));
    EXPECT_EQ(findings_[2].mark, Mark::ok) << findings_[2].fact;
}

TEST_F(Doctor, AnAddressOfAnotherMachineIsAFailure) {
    examine_listen_blocking({"203.0.113.7", 8080}, std::nullopt, findings_);

    EXPECT_EQ(find("listen").mark, Mark::fail) << find("listen").fact;
}

TEST_F(Doctor, AModelMustBeThereWholeAndGguf) {
    config::RuntimeSettings runtime;
    runtime.name = "tiny";
    const auto examine = [&](const std::string& model, std::optional<std::uint64_t> memory) {
        findings_.clear();
        runtime.model = model;
        examine_runtime_blocking(runtime, memory, findings_);
        return findings_.at(0);
    };

    EXPECT_EQ(examine(root_ + "/none.gguf", {}).mark, Mark::fail);
    EXPECT_THAT(examine(write("page.gguf", "<html>"), {}).fact, HasSubstr("is not a GGUF file"));
    // A file without tensors: the magic, version 3, two counts of zero, and padding to 32 bytes.
    const std::string gguf = "GGUF" + std::string("\3\0\0\0", 4) + std::string(24, '\0');
    EXPECT_THAT(examine(write("cut.gguf", gguf.substr(0, 20)), {}).fact, HasSubstr("truncated"));
    const auto good = write("good.gguf", gguf);
    EXPECT_EQ(examine(good, 4096).mark, Mark::ok) << findings_[0].fact;
    EXPECT_THAT(examine(good, 4096).fact, HasSubstr("GGUF, 32 bytes"));
    EXPECT_EQ(examine(good, 16).mark, Mark::warn);
}

TEST_F(Doctor, EachProblemOfTheConfigurationIsAFailure) {
    const auto file = write("forebay.yaml", "lisen: 1\nserver: { threads: x }\n");

    examine_configuration_blocking(file, ConfigurationContext{}, findings_);

    ASSERT_EQ(findings_.size(), 2u);
    EXPECT_THAT(findings_[0].fact, HasSubstr("did you mean 'listen'?"));
    EXPECT_EQ(findings_[1].mark, Mark::fail);
}

TEST_F(Doctor, AMissingConfigurationFailsOnlyWhenItWasNamed) {
    ConfigurationContext context;
    examine_configuration_blocking(root_ + "/none.yaml", context, findings_);
    EXPECT_FALSE(any_failed(findings_));

    context.file_was_named = true;
    examine_configuration_blocking(root_ + "/none.yaml", context, findings_);
    EXPECT_TRUE(any_failed(findings_));
}

TEST_F(Doctor, AKeyThatWouldTravelInClearIsAWarningAndIsNotShown) {
    const auto file = write("forebay.yaml",
                            "listen: 127.0.0.1:0\nproviders:\n"
                            "  far: { base_url: \"http://api.example.com\", api_key: sk-canary }\n"
                            "  near: { base_url: \"http://127.0.0.1:9\", api_key: sk-canary }\n");

    examine_configuration_blocking(file, ConfigurationContext{}, findings_);

    EXPECT_EQ(find("provider far").mark, Mark::warn);
    EXPECT_EQ(find("provider near").mark, Mark::ok);
    EXPECT_THAT(to_text(findings_) + to_json(findings_), Not(HasSubstr("canary")));
}

TEST(DoctorReport, IsAlignedAndNamesTheRemedy) {
    const Findings findings{{"machine", "cpu", Mark::ok, "fast", ""},
                            {"data", "folder", Mark::warn, "open", "chmod 700 data"}};

    EXPECT_EQ(to_text(findings),
              "machine\n"
              "  ok    cpu     fast\n"
              "\n"
              "data\n"
              "  warn  folder  open\n"
              "                fix: chmod 700 data\n"
              "\n"
              "1 ok, 1 warning, 0 failed\n");
}

TEST(DoctorReport, IsOneJsonObject) {
    const Findings findings{{"data", "disk", Mark::fail, "\"full\"", "free some space"}};

    EXPECT_EQ(to_json(findings),
              R"({"ok":false,"findings":[{"area":"data","subject":"disk","mark":"fail","fact":"\"full\"",)"
              R"("remedy":"free some space"}]})"
              "\n");
}

}  // namespace
}  // namespace forebay::app
