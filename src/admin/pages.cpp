#include "gateway/admin/pages.hpp"

#include "gateway/admin/metrics.hpp"
#include "gateway/base/escape.hpp"

namespace gateway::admin {

namespace {

constexpr std::string_view methods = "GET, HEAD";

page health(const status&) { return {.body = "{\"status\":\"ok\"}\n", .allow = {}}; }

page readiness(const status& from) {
    const auto reasons = from.not_ready();
    if (reasons.empty()) return {.body = "{\"ready\":true}\n", .allow = {}};
    std::string body = R"({"ready":false,"reasons":[)";
    for (const reason& one : reasons) {
        if (body.back() != '[') body += ',';
        body += R"({"what":)";
        append_json_string(body, one.what);
        if (!one.name.empty()) {
            body += R"(,"name":)";
            append_json_string(body, one.name);
        }
        body += R"(,"why":)";
        append_json_string(body, one.why);
        body += '}';
    }
    body += "]}\n";
    return {.status = 503, .body = std::move(body), .allow = {}};
}

page metrics(const status& from) { return {.type = metrics_type, .body = text_of(from.metrics()), .allow = {}}; }

struct route {
    std::string_view path;
    page (*make)(const status&);
};
constexpr route routes[] = {{"/healthz", health}, {"/readyz", readiness}, {"/metrics", metrics}};

}  // namespace

page refusal(unsigned status, std::string_view why) {
    return {.status = status, .body = "{\"error\":" + json_string(why) + "}\n", .allow = {}};
}

page page_for(std::string_view method, std::string_view target, const status& from) {
    const std::string_view path = target.substr(0, target.find('?'));
    for (const route& each : routes) {
        if (each.path != path) continue;
        if (method == "GET" || method == "HEAD") return each.make(from);
        page no = refusal(405, "this page is for GET and HEAD");
        no.allow = methods;
        return no;
    }
    return refusal(404, "no such page; there are /healthz, /readyz and /metrics");
}

}  // namespace gateway::admin
