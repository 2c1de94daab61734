#include "serving/stages.h"

namespace forebay::serving {

Result<void> admit(const Services& services, Call& call) {
    call.routes = services.routes.get();
    const auto model = call.routes->models.find(call.request.model);
    if (model == call.routes->models.end()) {
        return std::unexpected(Error{
            Code::not_found,
            fmt::format("the model '{}' does not exist here; GET /v1/models lists those that do", call.request.model),
            "model"});
    }
    call.route = &model->second.front();
    return {};
}

}  // namespace forebay::serving
