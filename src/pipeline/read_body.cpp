// Step 4: what the body asks for, to the letter. Its bytes stay as they came.

#include "call.hpp"
#include "gateway/operations/media_type.hpp"
#include "gateway/pipeline/answers.hpp"

namespace gateway::pipeline {

rejection call::read_body() {
    const std::string_view body = caller_.body();
    if (match_.operation->body == operations::body_kind::none) {
        if (body.empty()) return {};
        return answers::body_not_expected();
    }
    const field* const type = caller_.head().fields.find(message::known::content_type);
    if (type != nullptr && !operations::is_json_in_utf8(type->value)) return answers::wrong_media_type();
    operations::resize_request& resize = space_->resize;
    if (const auto problem = resources_.resize_reader.read(body, resize))
        return answers::bad_body(problem->pointer, problem->message);
    record_.flavor = resize.flavor;
    record_.auto_pay = resize.auto_pay;
    record_.mode = resize.stops_running_server ? "withStopServer" : "";
    record_.dry_run = resize.dry_run;
    return {};
}

}  // namespace gateway::pipeline
