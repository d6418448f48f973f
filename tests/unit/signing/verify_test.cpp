#include <gtest/gtest.h>

#include <functional>

#include "vectors.hpp"

namespace gateway::signing {
namespace {

// A request as received, to be changed by a test before it is verified.
struct received {
    explicit received(std::string_view name) : v(vector_named(name)) {}
    [[nodiscard]] bool verifies() const {
        const auto fields = vector::views(v.sent);
        authorization claimed;
        if (!parse_authorization(v.authorization, claimed)) return false;
        signer s;
        return s.verify(claimed, v.what(fields), fields, v.with(), v.date);
    }
    std::string& value(std::string_view name) {
        for (auto& [n, value] : v.sent) {
            if (same_name(n, name)) return value;
        }
        throw std::out_of_range(std::string(name));
    }
    vector v;
};

struct change {
    const char* what;
    std::function<void(received&)> make;
};

TEST(verifying, refuses_a_request_that_was_changed_on_its_way) {
    for (const char* name : {"resize v1.1 full with project/sdk", "resize v1.1 full with project/v11"}) {
        ASSERT_TRUE(received(name).verifies());
        for (const change& c : {
                 change{"method", [](received& r) { r.v.method = "PUT"; }},
                 change{"path", [](received& r) { r.v.path += "x"; }},
                 change{"query", [](received& r) { r.v.query = "a=b"; }},
                 change{"payload", [](received& r) { r.v.payload[0] = r.v.payload[0] == '0' ? '1' : '0'; }},
                 change{"host", [](received& r) { r.value("Host") += "x"; }},
                 change{"project", [](received& r) { r.value("X-Project-Id")[0] = 'z'; }},
                 change{"content type", [](received& r) { r.value("Content-Type") = "text/plain"; }},
                 change{"date", [](received& r) { r.v.date = "20261123T100001Z"; }},
                 change{"a signed header twice", [](received& r) { r.v.sent.emplace_back("x-project-id", "y"); }},
                 change{"a signed header missing",
                        [](received& r) {
                            std::erase_if(r.v.sent, [](const auto& h) { return same_name(h.first, "X-Project-Id"); });
                        }},
             }) {
            received r(name);
            c.make(r);
            EXPECT_FALSE(r.verifies()) << name << ": " << c.what;
        }
    }
}

TEST(verifying, refuses_every_authorization_that_differs_in_a_byte) {
    for (const char* name : {"resize v1.1 minimal/sdk", "resize v1.1 minimal/v11"}) {
        const std::string right = vector_named(name).authorization;
        const bool v11 = right.starts_with("V11");
        // What stands before the scope's end is the access key: it is not part of an SDK-HMAC-SHA256 signature, the
        // caller's key was found by it.
        const std::string access = vector_named(name).access_key;
        const std::size_t begin = right.find(access), end = begin + access.size();
        for (std::size_t i = 0; i < right.size(); ++i) {
            if (i >= begin && i < end) continue;
            for (const char other : {static_cast<char>(right[i] ^ 1), 'Z', ' '}) {
                if (other == right[i]) continue;
                received r(name);
                r.v.authorization[i] = other;
                EXPECT_FALSE(r.verifies()) << r.v.authorization << " at " << i << (v11 ? " v11" : "");
            }
        }
    }
}

TEST(verifying, does_not_mind_headers_that_were_not_signed) {
    received r("show job/sdk");
    r.v.sent.emplace_back("X-Forwarded-For", "10.0.0.1");
    r.v.sent.emplace_back("X-Forwarded-For", "10.0.0.2");
    EXPECT_TRUE(r.verifies());
}

TEST(verifying, refuses_a_scope_of_another_day) {
    received r("resize v1.1 minimal/v11");
    r.v.date = "20261124T100000Z";
    r.value("X-Sdk-Date") = r.v.date;
    EXPECT_FALSE(r.verifies());
}

}  // namespace
}  // namespace gateway::signing
