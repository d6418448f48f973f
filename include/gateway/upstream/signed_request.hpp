#pragma once
// A request to the cloud as bytes: its first lines, and the fields that prove the gateway to it.

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/credentials/credential_cache.hpp"
#include "gateway/signing/signature.hpp"

namespace gateway::upstream {

// Of every body that goes to the cloud. No text of the caller's: what the cloud's signer could read differently would
// be a refusal of the gateway's key.
inline constexpr std::string_view body_type = "application/json";

struct outgoing_request {
    std::string_view method, path, query;
    std::string_view authority;  // the endpoint's Host
    std::string_view project_id, region;
    bool has_body = false;
    std::string_view payload;  // the hash of the body, which may be empty
};

// Appends the request line and Host. Other fields may follow.
void begin_request(std::string& out, const outgoing_request& request);

// Appends X-Project-Id, the proof and the empty line. `date`: X-Sdk-Date. The end of the signature in `out`; 0 where a
// token went out in its place.
[[nodiscard]] std::size_t sign_request(std::string& out, const outgoing_request& request,
                                       const credentials::credential_handle& credential, std::string_view date,
                                       signing::signer& signer);

}  // namespace gateway::upstream
