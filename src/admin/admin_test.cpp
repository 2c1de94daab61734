#include "admin/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "exec/pool.h"
#include "net/test_rig.h"
#include "storage/migrations.h"

namespace forebay::admin {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Rig {
    Rig() {
        std::filesystem::create_directories(folder);
        database = *storage::open_state_blocking(folder + "/state.db");
        store = *keys::KeyStore::open_blocking(*database, folder + "/keys.revision");
        admin_key = store->create_blocking("root", keys::Role::admin)->text;
        developer_key = store->create_blocking("dev", keys::Role::developer)->text;
        ring = *keys::KeyRing::open_blocking(*store, pool);
        Platform platform{.reload = [this] { return reload(); },
                          .config_yaml = [] { return std::string("models: {}\n"); },
                          .config_revision = [] { return std::string("sha256:1"); }};
        admin = std::make_unique<Admin>(*ring, std::move(platform));
    }
    ~Rig() {
        pool.stop_blocking();
        std::filesystem::remove_all(folder);
    }
    exec::Task<Result<Reloaded>> reload() {
        Reloaded copy = reloaded;
        co_return copy;
    }
    std::string send(const std::string& method, const std::string& path, const std::string& key) const {
        return server.converse(fmt::format(
            "{} {} HTTP/1.1\r\nhost: h\r\nconnection: close\r\nauthorization: Bearer {}\r\n\r\n", method, path, key));
    }

    const std::string folder = fmt::format("{}/forebay_admin_{}", testing::TempDir(), ::getpid());
    std::unique_ptr<storage::Database> database;
    std::unique_ptr<keys::KeyStore> store;
    exec::Pool pool{"database", 1, 8};
    std::unique_ptr<keys::KeyRing> ring;
    std::unique_ptr<Admin> admin;
    Reloaded reloaded{"sha256:2", {}, {"listen"}};
    std::string admin_key, developer_key;
    net::TestServer server{[this](net::Exchange& exchange) { return admin->answer(exchange); }};
};

TEST(Admin, NeedsAnAdminsKeyForEveryEndpoint) {
    Rig rig;
    for (const char* path : {"/api/v1/config", "/api/v1/anything"}) {
        EXPECT_THAT(rig.send("GET", path, rig.developer_key), StartsWith("HTTP/1.1 403 ")) << path;
        EXPECT_THAT(rig.send("GET", path, "fb-none"), StartsWith("HTTP/1.1 401 ")) << path;
    }
    EXPECT_THAT(rig.send("GET", "/api/v1/anything", rig.admin_key), StartsWith("HTTP/1.1 404 "));
}

TEST(Admin, ReloadSaysWhatItDid) {
    Rig rig;

    EXPECT_THAT(
        rig.send("POST", "/api/v1/config/reload", rig.admin_key),
        testing::AllOf(StartsWith("HTTP/1.1 200 "),
                       HasSubstr(R"({"status":"reloaded","revision":"sha256:2","restart_needed_for":["listen"]})")));
}

TEST(Admin, AReloadWithProblemsIs422AndListsThem) {
    Rig rig;
    rig.reloaded.problems = {"forebay.yaml:3:5: unknown key 'modles'"};

    EXPECT_THAT(rig.send("POST", "/api/v1/config/reload", rig.admin_key),
                testing::AllOf(StartsWith("HTTP/1.1 422 "), HasSubstr("forebay.yaml:3:5: unknown key 'modles'"),
                               HasSubstr(R"("status":"unchanged")")));
}

TEST(Admin, ShowsTheConfigurationInForce) {
    Rig rig;

    EXPECT_THAT(rig.send("GET", "/api/v1/config", rig.admin_key),
                testing::AllOf(HasSubstr("x-forebay-config-revision: sha256:1"), testing::EndsWith("models: {}\n")));
}

}  // namespace
}  // namespace forebay::admin
