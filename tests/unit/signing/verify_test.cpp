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
        return s.verify(claimed, v.request(fields), fields, v.key(), v.date);
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
    const char* name;
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
            EXPECT_FALSE(r.verifies()) << name << ": " << c.name;
        }
    }
}

TEST(verifying, refuses_every_authorization_that_differs_in_a_byte) {
    for (const char* name : {"resize v1.1 minimal/sdk", "resize v1.1 minimal/v11"}) {
        const received r(name);
        const auto fields = vector::views(r.v.sent);
        const key key = r.v.key();
        signer s;
        std::string text = r.v.authorization;
        for (std::size_t i = 0; i < text.size(); ++i) {
            for (int other = 0; other < 256; ++other) {
                text[i] = static_cast<char>(other);
                authorization claimed;
                // Another access key is another caller, whose key is looked up by it: verify() is not to know better.
                const bool right = parse_authorization(text, claimed) && claimed.access_key == key.access_key() &&
                                   s.verify(claimed, r.v.request(fields), fields, key, r.v.date);
                EXPECT_EQ(right, text == r.v.authorization) << text << " at " << i;
            }
            text[i] = r.v.authorization[i];
        }
    }
}

// Below, the signature is right for what a lenient reader would make of the request: nothing but the rule refuses it.

TEST(verifying, refuses_a_signed_header_that_occurs_twice_whichever_was_signed) {
    for (const char* name : {"host", "x-sdk-date", "content-type"}) {
        for (const bool in_front : {false, true}) {
            for (const char* value : {"", "other"}) {
                received r("resize v1.1 minimal/sdk");
                const std::string again = *value == '\0' ? r.value(name) : value;
                r.v.sent.insert(in_front ? r.v.sent.begin() : r.v.sent.end(), {name, again});
                EXPECT_FALSE(r.verifies()) << name << ": " << again << (in_front ? " in front" : " behind");
            }
        }
    }
}

TEST(verifying, refuses_a_signed_header_that_is_not_there) {
    for (const char* claimed : {"absent;content-type;host;x-sdk-date", "content-type;host;x-absent;x-sdk-date",
                                "content-type;host;x-sdk-date;x-z-absent"}) {
        received r("resize v1.1 minimal/sdk");
        const std::string names = r.v.signed_names;
        r.v.authorization.replace(r.v.authorization.find(names), names.size(), claimed);
        EXPECT_FALSE(r.verifies()) << r.v.authorization;
    }
}

TEST(verifying, refuses_the_signature_of_the_other_algorithm) {
    received r("resize v1.1 minimal/v11");
    const auto fields = vector::views(r.v.given);
    const key other(algorithm::sdk_hmac_sha256, r.v.access_key, r.v.secret_key);
    signer s;
    const std::string sdk(s.sign(r.v.request(fields), other, r.v.date, {}));
    authorization claimed, of_other;
    ASSERT_TRUE(parse_authorization(r.v.authorization, claimed));
    ASSERT_TRUE(parse_authorization(sdk, of_other));
    ASSERT_TRUE(s.verify(of_other, r.v.request(fields), fields, other, r.v.date));
    claimed.signature = of_other.signature;
    EXPECT_FALSE(s.verify(claimed, r.v.request(fields), fields, other, r.v.date));
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
