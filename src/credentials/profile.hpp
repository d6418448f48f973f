#pragma once
// The official SDK's own places: its environment variables and its profile file. Source: SDK core, `provider.py` and
// the README's "Use Client with Credentials".

#include <optional>
#include <string>
#include <string_view>

namespace gateway::credentials {

inline constexpr const char* sdk_access_key = "HUAWEICLOUD_SDK_AK";
inline constexpr const char* sdk_secret_key = "HUAWEICLOUD_SDK_SK";
inline constexpr const char* sdk_security_token = "HUAWEICLOUD_SDK_SECURITY_TOKEN";

// HUAWEICLOUD_SDK_CREDENTIALS_FILE, else ~/.huaweicloud/credentials; empty when there is no home either.
[[nodiscard]] std::string profile_path();

// The values of section [basic]; views into `text`. Comments begin with # or ;.
struct profile {
    std::string_view access_key, secret_key, security_token;
};
// Nothing when the section has no ak or no sk.
[[nodiscard]] std::optional<profile> read_profile(std::string_view text);

}  // namespace gateway::credentials
