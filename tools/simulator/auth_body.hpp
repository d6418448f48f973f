#pragma once
// The body of a request to IAM for a token or a temporary pair. Source: IAM API reference, "Obtaining a User Token
// Through Password Authentication", "Obtaining an Agency Token", "Obtaining a Temporary Access Key and Security Token".

#include <chrono>
#include <string>
#include <variant>

namespace simulator {

struct auth_body {
    enum class method { password, assume_role, token };
    // Whom something is for, by one or the other; both empty: not said.
    struct named {
        std::string id, name;
        [[nodiscard]] bool given() const { return !id.empty() || !name.empty(); }
    };

    method by = method::password;
    std::string user, password, user_domain;  // of password
    std::string agency;                       // of assume_role
    named agency_domain;
    std::chrono::seconds duration{900};  // of a pair
    named project, domain;               // the scope; a project wins
};

// What the body says, or what is wrong with it. `policy` and all that the reference doesn't name are let pass.
[[nodiscard]] std::variant<auth_body, std::string> read_auth_body(const std::string& body);

}  // namespace simulator
