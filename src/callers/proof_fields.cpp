#include "proof_fields.hpp"

namespace gateway::callers {

namespace {

constexpr std::string_view bearer = "Bearer";  // RFC 6750, 2.1; a scheme's case does not count (RFC 9110, 11.1)

}  // namespace

proof_fields pick_proof_fields(std::span<const field> fields) noexcept {
    proof_fields found;
    for (const field& one : fields) {
        const auto take = [&](std::string_view name, const field*& target) {
            if (!same_name(one.name, name)) return;
            if (target != nullptr) found.repeated = true;
            target = &one;
        };
        // The length alone distinguishes most fields.
        switch (one.name.size()) {
            case 9:
                take("X-Api-Key", found.api_key);
                break;
            case 10:
                take("X-Sdk-Date", found.date);
                break;
            case 12:
                take("X-Auth-Token", found.auth_token);
                break;
            case 13:
                take("Authorization", found.authorization);
                break;
            case 20:
                take("X-Sdk-Content-Sha256", found.payload);
                break;
            default:
                break;
        }
    }
    return found;
}

bool is_bearer(std::string_view authorization) noexcept {
    return same_name(authorization.substr(0, authorization.find(' ')), bearer);
}

std::string_view bearer_key(std::string_view authorization) noexcept {
    if (!is_bearer(authorization)) return {};
    const std::size_t start = authorization.find_first_not_of(' ', bearer.size());
    return start == std::string_view::npos ? std::string_view() : authorization.substr(start);
}

std::string_view access_key_as_tried(std::string_view authorization) noexcept {
    if (is_bearer(authorization)) return {};
    struct form {
        std::string_view prefix, terminators;
    };
    for (const auto& [prefix, terminators] : {form{"Access=", ", \t"}, form{"Credential=", "/, \t"}}) {
        const std::size_t position = authorization.find(prefix);
        if (position == std::string_view::npos) continue;
        authorization.remove_prefix(position + prefix.size());
        return authorization.substr(0, authorization.find_first_of(terminators));
    }
    return {};
}

}  // namespace gateway::callers
