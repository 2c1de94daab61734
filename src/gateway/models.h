// GET /v1/models and GET /v1/models/{id}.
#pragma once
#include "net/http.h"
#include "serving/routes.h"

namespace forebay::gateway {

net::Response model_list_response(const serving::Routes& routes);
// `id` as it stands in the path, percent-encoded or not. 404 when there is no such model.
net::Response model_response(const serving::Routes& routes, std::string_view id);

}  // namespace forebay::gateway
