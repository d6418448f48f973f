#pragma once
// For tests: a whole cloud with control, and calls to it by its accounts.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <chrono>
#include <string>

#include "front.hpp"
#include "signed_call.hpp"

namespace simulator {

// A partner with a pay-per-use server, and its customer with a prepaid one.
struct trial : testing::Test {
    using time = std::chrono::system_clock::time_point;

    front cloud{parse_seed(R"(
accounts:
  - {name: partner, keys: [{access_key: P, secret_key: SK}], projects: [pp], customers: [acme]}
  - {name: acme, keys: [{access_key: A, secret_key: SK}], projects: [pa]}
flavors: [{id: small}, {id: big}, {id: huge}]
servers:
  - {id: s, project: pp, flavor: small, name: web}
  - {id: t, project: pp, flavor: small}
  - {id: prepaid, project: pa, flavor: small, charging_mode: "1"}
jobs: {init_ms: 1000, running_ms: 9000}
)"),
                true};
    time now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + std::chrono::hours(10)};

    reply send(call what, const std::string& key = "P") {
        return cloud.handle(signed_call(std::move(what), {key, "SK"}, now), now);
    }
    answer get(const std::string& path, const std::string& query = "", const std::string& key = "P") {
        return send({"GET", path, query, {}, ""}, key).with;
    }
    reply resize(const std::string& server, const std::string& flavor, const std::string& more = "",
                 const std::string& key = "P") {
        const std::string project = key == "P" ? "pp" : "pa";
        return send({"POST",
                     "/v1.1/" + project + "/cloudservers/" + server + "/resize",
                     "",
                     {},
                     R"({"resize":{"flavorRef":")" + flavor + "\"" + more + "}}"},
                    key);
    }
    reply order(const std::string& flavor, bool pay) {
        return resize("prepaid", flavor, pay ? R"(,"extendparam":{"isAutoPay":"true"})" : "", "A");
    }
    boost::json::value server(const std::string& id = "s") {
        const bool own = id != "prepaid";
        return body(get("/v1/" + std::string(own ? "pp" : "pa") + "/cloudservers/" + id, "", own ? "P" : "A"))
            .at("server");
    }
    answer turn(const std::string& what, const std::string& to) {
        return cloud.handle({"POST", "/simulator/" + what, "", {}, to}, now).with;
    }
    boost::json::value read(const std::string& what, const std::string& query = "") {
        return body(cloud.handle({"GET", "/simulator/" + what, query, {}, ""}, now).with);
    }

    static boost::json::value body(const answer& of) { return boost::json::parse(of.body); }
    static std::string text(const answer& from, const char* name) { return body(from).at(name).as_string().c_str(); }
};

}  // namespace simulator
