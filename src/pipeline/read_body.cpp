// Step 4: what the body asks for, to the letter. Its bytes stay as they came.

#include <variant>

#include "call.hpp"

namespace gateway::pipeline {

rejection call::read_body() {
    rejection rejected = judge_body(request(), match_, resources_.body_reader, space_->body);
    if (rejected) return rejected;
    record_.operation = match_.operation->name;
    if (const auto* const resize = resize_body()) {
        record_.flavor = resize->flavor;
        record_.auto_pay = resize->auto_pay;
        record_.mode = resize->stops_running_server ? "withStopServer" : "";
        record_.dry_run = resize->dry_run;
    }
    return {};
}

}  // namespace gateway::pipeline
