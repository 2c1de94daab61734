#include "app/model_card.h"

#include "base/json.h"

namespace forebay::app {

std::string model_json(const engine::ModelInfo& model) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("architecture", model.architecture);
    object.field("name", model.name);
    object.field("description", model.description);
    object.field("parameters", model.parameters);
    object.field("file_bytes", model.file_bytes);
    object.field("context_tokens_trained", model.context_tokens_trained);
    object.field("vocabulary_tokens", model.vocabulary_tokens);
    object.field("has_chat_template", model.has_chat_template);
    object.field("cpu_variant", model.cpu_variant);
    object.key("devices");
    out.push_back('[');
    for (std::size_t i = 0; i < model.devices.size(); ++i) {
        if (i > 0) out.push_back(',');
        json::append_string(out, model.devices[i]);
    }
    out.push_back(']');
    object.close();
    return out;
}

}  // namespace forebay::app
