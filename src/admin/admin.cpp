#include "admin/admin.h"

#include "base/json.h"
#include "base/random.h"
#include "runtime/error_response.h"
#include "serving/authenticate.h"

namespace forebay::admin {
namespace {

using exec::Task;

void append_list(std::string& out, const std::vector<std::string>& texts) {
    out.push_back('[');
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (i > 0) out.push_back(',');
        json::append_string(out, texts[i]);
    }
    out.push_back(']');
}

}  // namespace

Admin::Admin(keys::KeyRing& keys, Platform platform) : keys_(keys), platform_(std::move(platform)) {}

Task<void> Admin::answer(net::Exchange& exchange) {
    auto answered = co_await respond(exchange);
    net::Response response = answered ? std::move(*answered) : runtime::error_response(answered.error());
    response.headers.add("x-request-id", new_request_id());
    auto sent = co_await exchange.send(std::move(response));
    static_cast<void>(sent);
}

Task<Result<net::Response>> Admin::respond(net::Exchange& exchange) {
    FOREBAY_CO_TRY(const auto key, co_await serving::authenticate(keys_, exchange));
    if (key->role != keys::Role::admin) {
        co_return fail(Code::permission_denied, "the key '{}' has the role '{}'; this needs 'admin'", key->name,
                       keys::name_of(key->role));
    }
    const std::string method = exchange.request().method;
    const std::string path(exchange.request().path());
    if (path == "/api/v1/config/reload" && method == "POST") co_return co_await reload();
    if (path == "/api/v1/config" && method == "GET") {
        net::Response response;
        response.headers.add("content-type", "application/yaml");
        response.headers.add("x-forebay-config-revision", platform_.config_revision());
        response.body = platform_.config_yaml();
        co_return response;
    }
    co_return fail(Code::not_found, "there is no endpoint {} {}", method, path);
}

Task<Result<net::Response>> Admin::reload() {
    FOREBAY_CO_TRY(const Reloaded reloaded, co_await platform_.reload());
    net::Response response;
    response.status = reloaded.problems.empty() ? 200 : 422;
    response.headers.add("content-type", "application/json");
    json::ObjectWriter object(response.body);
    object.field("status", reloaded.problems.empty() ? "reloaded" : "unchanged");
    object.field("revision", reloaded.revision);
    object.key("restart_needed_for");
    append_list(response.body, reloaded.restart);
    if (!reloaded.problems.empty()) {
        object.key("error");
        json::ObjectWriter error(response.body);
        error.field("message", "the file has problems; the configuration in force is unchanged");
        error.field("type", "invalid_request_error");
        error.null("param");
        error.field("code", "invalid_configuration");
        error.key("problems");
        append_list(response.body, reloaded.problems);
        error.close();
    }
    object.close();
    co_return response;
}

}  // namespace forebay::admin
