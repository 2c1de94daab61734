#include "gateway/models.h"

#include <charconv>

#include "base/json.h"
#include "runtime/error_response.h"

namespace forebay::gateway {
namespace {

void append_model(std::string& out, const std::string& name, const serving::Routes& routes) {
    json::ObjectWriter object(out);
    object.field("id", name);
    object.field("object", "model");
    object.field("created", routes.created_seconds);
    object.field("owned_by", "forebay");
    object.close();
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned byte = 0;
        if (text[i] == '%' && i + 2 < text.size() &&
            std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr == text.data() + i + 3) {
            out.push_back(static_cast<char>(byte));
            i += 2;
        } else {
            out.push_back(text[i]);
        }
    }
    return out;
}

net::Response json_response() {
    net::Response response;
    response.headers.add("content-type", "application/json");
    return response;
}

}  // namespace

net::Response model_list_response(const serving::Routes& routes) {
    net::Response response = json_response();
    response.body = R"({"object":"list","data":[)";
    bool first = true;
    for (const auto& [name, targets] : routes.models) {
        if (!first) response.body.push_back(',');
        first = false;
        append_model(response.body, name, routes);
    }
    response.body += "]}";
    return response;
}

net::Response model_response(const serving::Routes& routes, std::string_view id) {
    const std::string name = percent_decoded(id);
    if (!routes.models.contains(name)) {
        return runtime::error_response(
            {Code::not_found, fmt::format("the model '{}' does not exist here", name), "model"});
    }
    net::Response response = json_response();
    append_model(response.body, name, routes);
    return response;
}

}  // namespace forebay::gateway
