#include "gateway/admin/pages.hpp"

#include <openssl/evp.h>

#include <array>

#include "gateway/admin/metrics.hpp"
#include "gateway/base/escape.hpp"
#include "gateway/base/host.hpp"
#include "gateway/base/sha256.hpp"
#include "status_page.hpp"

namespace gateway::admin {

namespace {

constexpr std::string_view methods = "GET, HEAD";

page health(const status&) { return {.body = "{\"status\":\"ok\"}\n"}; }

page ready(const std::vector<reason>& degraded) {
    std::string body = R"({"ready":true)";
    for (const reason& one : degraded) {
        body += &one == degraded.data() ? R"(,"degraded":[)" : ",";
        append_json_string(body, one.kind);
    }
    body += degraded.empty() ? "}\n" : "]}\n";
    return {.body = std::move(body)};
}

page readiness(const status& source) {
    const auto reasons = source.not_ready();
    if (reasons.empty()) return ready(source.degraded());
    std::string body = R"({"ready":false,"reasons":[)";
    for (const reason& one : reasons) {
        if (body.back() != '[') body += ',';
        body += R"({"what":)";
        append_json_string(body, one.kind);
        if (!one.name.empty()) {
            body += R"(,"name":)";
            append_json_string(body, one.name);
        }
        body += R"(,"why":)";
        append_json_string(body, one.text);
        body += '}';
    }
    body += "]}\n";
    return {.status = 503, .body = std::move(body)};
}

// For a request under a name: it may come from a web page (see page_for), which must not read the reasons.
page bare_readiness(const status& source) {
    page made = readiness(source);
    if (made.status != 200)
        made.body =
            "{\"ready\":false,\"hint\":\"ask by address, as in http://127.0.0.1:9901/readyz, for the reasons\"}\n";
    return made;
}

page metrics(const status& source) { return {.type = metrics_type, .body = text_of(source.metrics())}; }

page overview(const status& source) { return {.body = source.overview()}; }

page configuration(const status& source) { return {.body = source.configuration()}; }

// As a Content-Security-Policy names what stands in an element of the page (CSP 3, 2.3.1).
std::string hash_of(std::string_view element) {
    const std::string begin = '<' + std::string(element) + '>', end = "</" + std::string(element) + '>';
    const auto start = status_page.find(begin) + begin.size();
    const auto digest = sha256_of(status_page.substr(start, status_page.find(end, start) - start));
    std::array<unsigned char, (sizeof(digest) + 2) / 3 * 4 + 1> text{};
    const int length = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest.size()));
    return "'sha256-" + std::string(text.begin(), text.begin() + length) + '\'';
}

// The page holds its own script and style, and no other runs; it may load and ask nothing but this listener, and be in
// no frame.
page for_people(const status&) {
    static const std::string policy = "default-src 'none'; style-src " + hash_of("style") + "; script-src " +
                                      hash_of("script") +
                                      "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                                      "frame-ancestors 'none'";
    return {.type = "text/html; charset=utf-8", .body = std::string(status_page), .security_policy = policy};
}

enum class hosts { any, addresses };
struct route {
    std::string_view path;
    page (*make)(const status&);
    hosts allowed_hosts;
    page (*make_for_name)(const status&) = make;
};
constexpr route routes[] = {{"/healthz", health, hosts::any},
                            {"/readyz", readiness, hosts::any, bare_readiness},
                            {"/metrics", metrics, hosts::any},
                            {"/", for_people, hosts::addresses},
                            {"/status.json", overview, hosts::addresses},
                            {"/config", configuration, hosts::addresses}};

}  // namespace

page error_page(unsigned status, std::string_view reason) {
    return {.status = status, .body = "{\"error\":" + json_string(reason) + "}\n"};
}

bool is_for_probes(std::string_view target) {
    const std::string_view path = target.substr(0, target.find('?'));
    return path == "/healthz" || path == "/readyz";
}

page page_for(std::string_view method, std::string_view target, std::string_view host, const status& source) {
    const std::string_view path = target.substr(0, target.find('?'));
    for (const route& each : routes) {
        if (each.path != path) continue;
        const bool by_name = !host.empty() && !is_address_or_localhost(host_without_port(host));
        if (each.allowed_hosts == hosts::addresses && by_name)
            return error_page(
                421,
                "this page is not for that Host: ask by address, as in http://127.0.0.1:9901/, or let the "
                "proxy in between set Host to localhost");
        if (method == "GET" || method == "HEAD") return by_name ? each.make_for_name(source) : each.make(source);
        page not_allowed = error_page(405, "this page is for GET and HEAD");
        not_allowed.allow = methods;
        return not_allowed;
    }
    return error_page(404, "no such page; there are /, /healthz, /readyz, /metrics, /status.json and /config");
}

}  // namespace gateway::admin
