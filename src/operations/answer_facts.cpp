#include "gateway/operations/answer_facts.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <initializer_list>

namespace gateway::operations {

namespace {

namespace json = boost::json;

// The first of these members that is a text, or a number as IAM's codes are.
void take(const json::object& from, std::initializer_list<std::string_view> names, std::string& into) {
    for (const std::string_view name : names) {
        const json::value* const found = from.if_contains(name);
        if (found == nullptr) continue;
        if (const auto* text = found->if_string()) {
            into.assign(text->data(), text->size());
            return;
        }
        if (const auto* number = found->if_int64()) {
            into = std::to_string(*number);
            return;
        }
    }
}

}  // namespace

void read_answer(std::string_view body, answer_facts& into) {
    into.job_id.clear();
    into.order_id.clear();
    into.code.clear();
    into.message.clear();
    unsigned char memory[4096];  // enough for every answer that is read here; the heap has the rest
    json::monotonic_resource resource(memory);
    boost::system::error_code ec;
    const json::value parsed = json::parse(body, ec, &resource);
    const json::object* const answer = ec ? nullptr : parsed.if_object();
    if (answer == nullptr) return;

    take(*answer, {"job_id"}, into.job_id);
    take(*answer, {"order_id"}, into.order_id);
    const json::value* const nested = answer->if_contains("error");
    const json::object* const error = nested != nullptr && nested->is_object() ? &nested->get_object() : answer;
    take(*error, {"error_code", "errorCode", "code"}, into.code);
    take(*error, {"error_msg", "errorMsg", "message"}, into.message);
}

}  // namespace gateway::operations
