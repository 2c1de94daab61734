// The whole of load.h: what is accepted, what each mistake is told, and that secrets stay secret.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "config/load.h"

namespace forebay::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

constexpr const char* canary = "canary-7f3a";

// Variables and files that exist; everything else does not.
Sources fake_sources() {
    return {.environment = [](const std::string& name) -> std::optional<std::string> {
                static const std::map<std::string, std::string> variables{
                    {"KEY", canary},      {"PORT", "9000"},     {"EMPTY", ""},           {"TWO_LINES", "canary\n7f3a"},
                    {"NUMBER", "777777"}, {"SLOTS", "6"},       {"WORD", canary},        {"HOST", "canary-7f3a.test"},
                    {"YES", "true"},      {"TIMEOUT", "250ms"}, {"UPSTREAM_KEY", canary}};
                const auto found = variables.find(name);
                return found == variables.end() ? std::nullopt : std::optional(found->second);
            },
            .read_file = [](const std::string& path) -> Result<std::string> {
                if (path == "/etc/forebay/keys/upstream") return std::string(canary) + "\n";
                return fail(Code::not_found, "No such file or directory");
            }};
}

Loaded parse_text(std::string_view text) { return parse(text, "/etc/forebay/forebay.yaml", fake_sources()); }

// The problems without the file's name: "3:5: unknown key …".
std::vector<std::string> problems_of(std::string_view text) {
    const auto loaded = parse_text(text);
    std::vector<std::string> out;
    if (loaded) return out;
    for (const auto& problem : loaded.error()) {
        EXPECT_EQ(problem.file, "/etc/forebay/forebay.yaml");
        out.push_back(to_string(problem).substr(problem.file.size() + 1));
    }
    return out;
}

constexpr std::string_view example = R"(listen: 127.0.0.1:8080
providers:
  upstream: { kind: openai, base_url: "http://127.0.0.1:9001/v1", api_key: "${env:UPSTREAM_KEY}" }
runtimes:
  tiny: { model: models/tiny.gguf, slots: 8, context_tokens: 8192, threads: 2 }
models:
  gpt-4o-mini: { targets: [ { provider: upstream, model: gpt-4o-mini } ] }
  tiny:        { targets: [ { runtime: tiny } ] }
)";

TEST(Config, TheDocumentedExampleIsAccepted) {
    const auto loaded = parse_text(example);

    ASSERT_TRUE(loaded) << to_string(loaded.error());
    const Settings& settings = **loaded;
    EXPECT_EQ(settings.listen.host, "127.0.0.1");
    EXPECT_EQ(settings.listen.port, 8080);
    EXPECT_EQ(settings.providers.at("upstream").base_url, "http://127.0.0.1:9001/v1");
    EXPECT_EQ(settings.providers.at("upstream").api_key.reveal(), canary);
    EXPECT_EQ(settings.runtimes.at("tiny").model, "/etc/forebay/models/tiny.gguf");
    EXPECT_EQ(settings.runtimes.at("tiny").slots, 8u);
    EXPECT_EQ(settings.runtimes.at("tiny").context_tokens, 8192u);
    EXPECT_EQ(settings.runtimes.at("tiny").threads, 2u);
    ASSERT_EQ(settings.models.at("gpt-4o-mini").targets.size(), 1u);
    EXPECT_EQ(settings.models.at("gpt-4o-mini").targets[0].provider, "upstream");
    EXPECT_EQ(settings.models.at("tiny").targets[0].runtime, "tiny");
    EXPECT_EQ(settings.revision.size(), std::string("sha256:").size() + 16);
}

TEST(Config, TheRevisionChangesWithTheTextAlone) {
    const auto first = parse_text("listen: 8080\n");
    const auto same = parse_text("listen: 8080\n");
    const auto other = parse_text("listen: 8081\n");

    EXPECT_EQ((*first)->revision, (*same)->revision);
    EXPECT_NE((*first)->revision, (*other)->revision);
}

TEST(Config, EveryKeyIsReadWithItsUnit) {
    const auto loaded = parse_text(R"(
listen: "[::1]:0"
tls: { certificate: tls/chain.pem, private_key: /secret/key.pem }
server:
  threads: 3
  header_bytes_max: 16KiB
  body_bytes_max: 1MB
  connections_max: 100
  header_timeout: 500ms
  body_timeout: 1m
  idle_timeout: 2m
  write_timeout: 3s
  request_timeout: 1h
  drain_timeout: 0s
journal: { sync: always, sync_interval: 20ms, segment_bytes: 8192, queue_bytes: 1MiB, retain_bytes: 2GB,
           record_content: false }
log: { level: warning, format: json }
providers:
  p: { base_url: "HTTPS://api.example.com/v1/", connect_timeout: 1s, first_byte_timeout: 2s, idle_timeout: 3s,
       connections_max: 7, ca_file: ca.pem }
runtimes:
  here: { model: /m/a.gguf, queue_calls: 0, batch_tokens: 64, gpu_layers: 0, load_timeout: 5m }
  there: { url: "http://worker:8090", api_key: plain }
models:
  org/name:8b@v1: { targets: [ { runtime: here }, { runtime: there, model: other } ] }
)");

    ASSERT_TRUE(loaded) << to_string(loaded.error());
    const Settings& s = **loaded;
    EXPECT_EQ(s.listen.host, "::1");
    EXPECT_EQ(s.listen.port, 0);
    EXPECT_EQ(s.tls->certificate_file, "/etc/forebay/tls/chain.pem");
    EXPECT_EQ(s.tls->private_key_file, "/secret/key.pem");
    EXPECT_EQ(s.server.threads, 3u);
    EXPECT_EQ(s.server.header_bytes_max, 16'384u);
    EXPECT_EQ(s.server.body_bytes_max, 1'000'000u);
    EXPECT_EQ(s.server.connections_max, 100u);
    EXPECT_EQ(s.server.header_timeout, 500ms);
    EXPECT_EQ(s.server.body_timeout, 1min);
    EXPECT_EQ(s.server.idle_timeout, 2min);
    EXPECT_EQ(s.server.write_timeout, 3s);
    EXPECT_EQ(s.server.request_timeout, 1h);
    EXPECT_EQ(s.server.drain_timeout, 0s);
    EXPECT_EQ(s.journal.sync, JournalSync::always);
    EXPECT_EQ(s.journal.sync_interval, 20ms);
    EXPECT_EQ(s.journal.segment_bytes, 8192u);
    EXPECT_EQ(s.journal.queue_bytes, 1'048'576u);
    EXPECT_EQ(s.journal.retain_bytes, 2'000'000'000u);
    EXPECT_FALSE(s.journal.record_content);
    EXPECT_EQ(s.log.level, "warning");
    EXPECT_EQ(s.log.format, LogFormat::json);
    EXPECT_EQ(s.providers.at("p").base_url, "https://api.example.com/v1");
    EXPECT_EQ(s.providers.at("p").connect_timeout, 1s);
    EXPECT_EQ(s.providers.at("p").first_byte_timeout, 2s);
    EXPECT_EQ(s.providers.at("p").idle_timeout, 3s);
    EXPECT_EQ(s.providers.at("p").connections_max, 7u);
    EXPECT_EQ(s.providers.at("p").ca_file, "/etc/forebay/ca.pem");
    EXPECT_EQ(s.runtimes.at("here").queue_calls, 0u);
    EXPECT_EQ(s.runtimes.at("here").batch_tokens, 64u);
    EXPECT_EQ(s.runtimes.at("here").gpu_layers, 0);
    EXPECT_EQ(s.runtimes.at("here").load_timeout, 5min);
    EXPECT_EQ(s.runtimes.at("there").url, "http://worker:8090");
    EXPECT_EQ(s.runtimes.at("there").api_key.reveal(), "plain");
    EXPECT_EQ(s.models.at("org/name:8b@v1").targets[1].model, "other");
}

TEST(Config, ATokenizerIsANameOrAFile) {
    const auto loaded = parse_text(R"(
providers: { p: { base_url: "http://h" } }
models:
  named: { targets: [ { provider: p } ], tokenizer: o200k_base, context_tokens: 8192 }
  filed: { targets: [ { provider: p } ], tokenizer: tokenizer.json }
  placed: { targets: [ { provider: p } ], tokenizer: tokenizers/house }
tokenizers: { text_bytes_max: 2MiB }
)");

    ASSERT_TRUE(loaded) << to_string(loaded.error());
    const Settings& s = **loaded;
    EXPECT_EQ(s.models.at("named").tokenizer, "o200k_base");
    EXPECT_EQ(s.models.at("named").context_tokens, 8192u);
    EXPECT_EQ(s.models.at("filed").tokenizer, "/etc/forebay/tokenizer.json");
    EXPECT_EQ(s.models.at("placed").tokenizer, "/etc/forebay/tokenizers/house");
    EXPECT_EQ(s.tokenizers.text_bytes_max, 2'097'152u);
}

TEST(Config, SectionsThatAreLeftEmptyKeepTheirDefaults) {
    const auto loaded = parse_text("server:\nproviders:\nruntimes:\nmodels:\n");

    ASSERT_TRUE(loaded) << to_string(loaded.error());
    EXPECT_EQ((*loaded)->server.idle_timeout, ServerSettings{}.idle_timeout);
    EXPECT_TRUE((*loaded)->models.empty());
}

TEST(Config, ReferencesMayBePartOfAnyValue) {
    const auto loaded = parse_text(R"(
listen: "127.0.0.1:${env:PORT}"
server: { idle_timeout: "${env:TIMEOUT}" }
journal: { record_content: "${env:YES}" }
providers:
  p: { base_url: "http://${env:HOST}:${env:PORT}/v1", api_key: "Token ${file:keys/upstream}$${x}" }
runtimes:
  r: { model: a.gguf, slots: "${env:SLOTS}" }
)");

    ASSERT_TRUE(loaded) << to_string(loaded.error());
    EXPECT_EQ((*loaded)->listen.port, 9000);
    EXPECT_EQ((*loaded)->server.idle_timeout, 250ms);
    EXPECT_EQ((*loaded)->providers.at("p").base_url, "http://canary-7f3a.test:9000/v1");
    EXPECT_EQ((*loaded)->providers.at("p").api_key.reveal(), "Token canary-7f3a${x}");
    EXPECT_EQ((*loaded)->runtimes.at("r").slots, 6u);
}

struct Mistake {
    std::string_view text;
    std::string_view problem;  // the whole line
};

class ConfigMistake : public testing::TestWithParam<Mistake> {};

TEST_P(ConfigMistake, IsToldWithItsPlaceAndTheRemedy) {
    EXPECT_THAT(problems_of(GetParam().text), ElementsAre(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    Structure, ConfigMistake,
    testing::Values(Mistake{"listen: 8080\nmodles:\n", "2:1: unknown key 'modles'; did you mean 'models'?"},
                    Mistake{"server: { thread: 1 }\n", "1:11: unknown key 'thread' in server; did you mean 'threads'?"},
                    Mistake{"log: { colour: red }\n", "1:8: unknown key 'colour' in log; known here: level, format"},
                    Mistake{"listen: 8080\nlisten: 8081\n", "2:1: duplicate key 'listen': it stands in line 1 already"},
                    Mistake{"", "1:1: the file is empty: it needs at least one key, such as 'models:'"},
                    Mistake{"# nothing\n", "1:1: the file is empty: it needs at least one key, such as 'models:'"},
                    Mistake{"- a\n", "1:1: the file must be a mapping (key: value) at its top"},
                    Mistake{"server: 5\n", "1:9: server must be a mapping (key: value)"},
                    Mistake{"providers: [a]\n", "1:12: providers must be a mapping (name: settings)"},
                    Mistake{"listen: 8080\n---\nlisten: 8081\n",
                            "2:1: a second document begins here ('---'): the file must hold one"},
                    Mistake{"server:\n\tthreads: 1\n", "2:1: a tab is used for indentation: use spaces"},
                    Mistake{"listen: \"8080\n",
                            "2:1: the file ends, or '---' begins, inside a quoted text: a quote is missing"}));

INSTANTIATE_TEST_SUITE_P(
    Values, ConfigMistake,
    testing::Values(
        Mistake{"server: { threads: two }\n", "1:20: server.threads must be a whole number from 0 to 1024, not 'two'"},
        Mistake{"server: { threads: -1 }\n", "1:20: server.threads must be a whole number from 0 to 1024, not '-1'"},
        Mistake{"server: { threads: 1.5 }\n", "1:20: server.threads must be a whole number from 0 to 1024, not '1.5'"},
        Mistake{"server: { threads: \"2\" }\n",
                "1:20: server.threads must be a whole number from 0 to 1024, not the text '2'"},
        Mistake{"server: { threads: 99999999999999999999 }\n",
                "1:20: server.threads must be a whole number from 0 to 1024, not '99999999999999999999'"},
        Mistake{"server: { threads: [1] }\n",
                "1:20: server.threads is a list: it must be a whole number from 0 to 1024"},
        Mistake{"server:\n  threads:\n", "2:3: server.threads has no value: it must be a whole number from 0 to 1024"},
        Mistake{"server: { idle_timeout: 75 }\n",
                "1:25: server.idle_timeout has no unit: write 75s or 75ms (units: ms, s, m, h)"},
        Mistake{
            "server: { idle_timeout: 75x }\n",
            "1:25: server.idle_timeout must be a whole number with one of the units ms, s, m or h, such as 30s, not "
            "'75x'"},
        Mistake{"server: { idle_timeout: 48h }\n", "1:25: server.idle_timeout must be from 1ms to 24h, not '48h'"},
        Mistake{"server: { body_bytes_max: 2GiB }\n",
                "1:27: server.body_bytes_max must be from 1KiB to 1GiB, not '2GiB'"},
        Mistake{"journal: { record_content: yes }\n", "1:28: journal.record_content must be true or false, not 'yes'"},
        Mistake{"journal: { record_content: \"true\" }\n",
                "1:28: journal.record_content must be true or false, not the text 'true'"},
        Mistake{"journal: { sync: allways }\n",
                "1:18: journal.sync must be one of always, interval, none, not 'allways'; did you mean 'always'?"},
        Mistake{"log: { level: verbose }\n",
                "1:15: log.level must be one of debug, info, warning, error, not 'verbose'"},
        Mistake{"listen: 70000\n", "1:9: listen must have a port from 0 to 65535"},
        Mistake{"listen: localhost\n",
                "1:9: listen has no port: write host:port, such as 127.0.0.1:8080 or [::1]:8080"},
        Mistake{"tls: { certificate: a.pem }\n", "1:6: tls needs 'private_key'"}));

INSTANTIATE_TEST_SUITE_P(
    Names, ConfigMistake,
    testing::Values(
        Mistake{"providers:\n  \"a b\": { base_url: \"http://h\" }\n",
                "2:3: 'a b' is not a valid name in providers: a name is 1 to 64 letters, digits, '.', '_' and '-', and "
                "begins with a letter or a digit"},
        Mistake{"runtimes: { r: { model: a } }\nmodels:\n  \"é\": { targets: [{ runtime: r }] }\n",
                "3:3: 'é' is not a valid name in models: a name is 1 to 128 letters, digits and . _ - / : @"},
        Mistake{"providers:\n  up: { base_url: \"http://h\" }\nmodels:\n  m: { targets: [{ provider: upp }] }\n",
                "4:30: models.m.targets[0].provider names 'upp', but there is no such provider; did you mean 'up'?"},
        Mistake{"models:\n  m: { targets: [{ provider: openai }] }\n",
                "2:30: models.m.targets[0].provider names 'openai', but there is no such provider (there are none)"},
        Mistake{"runtimes: { tiny: { model: a } }\nmodels:\n  m: { targets: [{ provider: tiny }] }\n",
                "3:30: models.m.targets[0].provider names no provider: 'tiny' is a runtime, so write 'runtime: tiny'"},
        Mistake{"models:\n  m: { targets: [{ model: x }] }\n",
                "2:18: models.m.targets[0] must name a provider or a runtime"},
        Mistake{"runtimes: { t: { model: a } }\nproviders: { p: { base_url: \"http://h\" } }\nmodels:\n"
                "  m: { targets: [{ provider: p, runtime: t }] }\n",
                "4:18: models.m.targets[0] must name either a provider or a runtime, not both"},
        Mistake{"models:\n  m: { targets: [] }\n", "2:17: models.m.targets must have at least one entry"},
        Mistake{"models:\n  m: {}\n", "2:6: models.m needs 'targets'"},
        Mistake{"models:\n  m: { targets: { runtime: x } }\n",
                "2:17: models.m.targets must be a list: begin each entry with '- ', or write [ … ]"},
        Mistake{"runtimes:\n  r: { slots: 2 }\n",
                "2:6: runtimes.r needs 'model' (a GGUF file to run here) or 'url' (a worker elsewhere)"},
        Mistake{
            "runtimes:\n  r: { model: a, url: \"http://h\" }\n",
            "2:6: runtimes.r has both 'model' and 'url': keep 'model' to run it here, 'url' to use a worker elsewhere"},
        Mistake{"runtimes:\n  r: { model: a, api_key: k }\n",
                "2:27: runtimes.r.api_key is only for a worker elsewhere: it needs 'url' instead of 'model'"},
        Mistake{"runtimes:\n  r: { model: a, slots: 64, context_tokens: 32 }\n",
                "2:6: runtimes.r has fewer context_tokens (32) than slots (64)"},
        Mistake{"providers:\n  p: { kind: openai }\n", "2:6: providers.p needs 'base_url'"}));

INSTANTIATE_TEST_SUITE_P(
    References, ConfigMistake,
    testing::Values(
        Mistake{
            "providers:\n  p: { base_url: \"http://h\", api_key: \"${env:NOT_SET}\" }\n",
            "2:39: providers.p.api_key is not usable: environment variable NOT_SET is not set: set it before starting "
            "forebay (export NOT_SET=…)"},
        Mistake{
            "providers:\n  p: { base_url: \"http://h\", api_key: \"${file:keys/none}\" }\n",
            "2:39: providers.p.api_key is not usable: file '/etc/forebay/keys/none' cannot be read: No such file or "
            "directory"},
        Mistake{"log: { level: \"${LEVEL}\" }\n",
                "1:15: log.level is not usable: '${LEVEL}' is not understood: write ${env:NAME} or ${file:PATH}, or "
                "'$${' for a literal '${'"},
        Mistake{"server: { threads: \"${env:NUMBER}\" }\n",
                "1:20: server.threads must be a whole number from 0 to 1024"},
        Mistake{"server: { idle_timeout: \"${env:NUMBER}\" }\n",
                "1:25: server.idle_timeout has no unit: write ms, s, m or h after the number"},
        Mistake{"models:\n  m: { targets: [{ provider: \"${env:WORD}\" }] }\n",
                "2:30: models.m.targets[0].provider names no provider of this file"}));

TEST(Config, EveryProblemIsReportedAndInTheOrderOfTheFile) {
    const auto problems = problems_of(
        "models:\n  m: { targets: [{ runtime: none }] }\nserver:\n  threads: many\n  idle_timeout: 5\nlisen: 1\n");

    ASSERT_EQ(problems.size(), 4u);
    EXPECT_THAT(problems[0], HasSubstr("2:29: models.m.targets[0].runtime"));
    EXPECT_THAT(problems[1], HasSubstr("4:12: server.threads"));
    EXPECT_THAT(problems[2], HasSubstr("5:17: server.idle_timeout"));
    EXPECT_THAT(problems[3], HasSubstr("6:1: unknown key 'lisen'; did you mean 'listen'?"));
}

TEST(Config, ManyProblemsEndWithTheirCount) {
    std::string text;
    for (int i = 0; i < 120; ++i) text += "unknown" + std::to_string(i) + ": 1\n";

    const auto problems = problems_of(text);

    ASSERT_EQ(problems.size(), 51u);
    EXPECT_EQ(problems.back(), " and 70 more problems, not shown");
}

// Each text puts the canary, literally in a secret or through a reference anywhere, next to a mistake.
class ConfigSecret : public testing::TestWithParam<std::string_view> {};

TEST_P(ConfigSecret, IsInNoMessage) {
    const auto loaded = parse_text(GetParam());

    ASSERT_FALSE(loaded);
    EXPECT_THAT(to_string(loaded.error()), Not(HasSubstr("canary")));
}

INSTANTIATE_TEST_SUITE_P(
    Everywhere, ConfigSecret,
    testing::Values("listen: \"${env:WORD}\"\n", "log: { level: \"${env:WORD}\" }\n",
                    "log: { format: \"x${env:WORD}\" }\n", "server: { threads: \"${env:WORD}\" }\n",
                    "server: { body_bytes_max: \"${env:WORD}\" }\n", "server: { body_timeout: \"${env:WORD}\" }\n",
                    "server: { body_timeout: \"9h${env:WORD}\" }\n", "journal: { record_content: \"${env:WORD}\" }\n",
                    "models: { m: { targets: [{ runtime: \"${env:WORD}\" }] } }\n",
                    "providers: { p: { base_url: \"${env:WORD}\" } }\n",
                    "providers: { p: { base_url: \"http://user:${env:WORD}@h\" } }\n",
                    "providers: { p: { base_url: \"http://user:canary-7f3a@h\" } }\n",
                    "providers: { p: { base_url: \"http://h\", kind: x, api_key: \"${env:TWO_LINES}\" } }\n",
                    "providers: { p: { base_url: \"http://h\", api_key: \"canary\\n7f3a\" } }\n",
                    "providers: { p: { base_url: \"http://h\", api_key: \"a${canary-7f3a}\" } }\n",
                    "providers: { p: { base_url: \"http://h\", api_key: \"a${env:canary-7f3a}\" } }\n",
                    "providers: { p: { base_url: \"http://h\", api_key: \"a${canary-7f3a\" } }\n",
                    "providers: { p: { base_url: \"http://h\", api_key: [canary-7f3a] } }\n",
                    "providers:\n  p:\n    base_url: http://h\n    api_key: *canary-7f3a\n",
                    "providers:\n  p:\n    base_url: http://h\n    api_key: !canary-7f3a x\n",
                    "providers:\n  p:\n    base_url: http://h\n    api_key: \"canary\\canary\"\n",
                    "providers:\n  p:\n    base_url: http://h\n    api_key: canary: 7f3a\n"));

TEST(ConfigWriter, WritesEveryDefaultAndNoSecret) {
    const auto loaded = parse_text(example);
    ASSERT_TRUE(loaded) << to_string(loaded.error());

    const auto yaml = to_yaml(**loaded);

    EXPECT_THAT(yaml, Not(HasSubstr(canary)));
    EXPECT_THAT(yaml, HasSubstr("api_key: \"(secret)\""));
    EXPECT_THAT(yaml, HasSubstr("idle_timeout: 75s"));
    EXPECT_THAT(yaml, HasSubstr("segment_bytes: 64MiB"));
    EXPECT_THAT(yaml, HasSubstr("sync: interval"));
    EXPECT_THAT(yaml, HasSubstr("gpu_layers: -1"));
}

TEST(ConfigWriter, WhatItWritesReadsBackAsTheSame) {
    const auto loaded = parse_text(R"(
listen: "[::]:443"
tls: { certificate: "a b.pem", private_key: "$${odd}.pem" }
providers: { 8: { base_url: "http://h", api_key: k }, null-ish: { base_url: "https://[::1]:1/x" } }
runtimes: { "true": { model: "é: #.gguf" }, far: { url: "http://h:1", api_key: k } }
models: { "-": { targets: [{ runtime: "true" }] }, "a:b": { targets: [{ provider: "8", model: "no" }] } }
)");
    ASSERT_TRUE(loaded) << to_string(loaded.error());
    const auto yaml = to_yaml(**loaded);

    const auto again = parse_text(yaml);

    ASSERT_TRUE(again) << to_string(again.error()) << "\n" << yaml;
    EXPECT_EQ(to_yaml(**again), yaml);
    EXPECT_EQ((*again)->tls->private_key_file, "/etc/forebay/${odd}.pem");
}

class ConfigFile : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "forebay-config-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string write(const std::string& name, std::string_view text) const {
        std::ofstream(folder_ / name) << text;
        return (folder_ / name).string();
    }
    std::filesystem::path folder_;
};

TEST_F(ConfigFile, RelativePathsStartAtTheFileAndNotAtTheWorkingFolder) {
    write("key.txt", "from-file\r\n");
    const auto file = write("forebay.yaml",
                            "providers: { p: { base_url: \"http://h\", api_key: \"${file:key.txt}\" } }\n"
                            "runtimes: { r: { model: ../m.gguf } }\n");

    const auto loaded = load_blocking(file);

    ASSERT_TRUE(loaded) << to_string(loaded.error());
    EXPECT_EQ((*loaded)->providers.at("p").api_key.reveal(), "from-file");
    EXPECT_EQ((*loaded)->runtimes.at("r").model, folder_.parent_path() / "m.gguf");
}

TEST_F(ConfigFile, AMissingFileIsOneProblemWithoutAPlace) {
    const auto loaded = load_blocking("/nonexistent/forebay.yaml");

    ASSERT_FALSE(loaded);
    EXPECT_EQ(to_string(loaded.error()), "/nonexistent/forebay.yaml: cannot be read: No such file or directory");
}

TEST_F(ConfigFile, AFolderIsNotAFile) {
    const auto loaded = load_blocking(folder_.string());

    ASSERT_FALSE(loaded);
    EXPECT_THAT(to_string(loaded.error()), HasSubstr("cannot be read: Is a directory"));
}

TEST_F(ConfigFile, AFileThatNeverEndsIsRefused) {
    const auto loaded = load_blocking("/dev/zero");

    ASSERT_FALSE(loaded);
    EXPECT_THAT(to_string(loaded.error()), HasSubstr("larger than 1048576 bytes"));
}

}  // namespace
}  // namespace forebay::config
