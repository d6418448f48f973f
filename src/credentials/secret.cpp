#include "gateway/credentials/secret.hpp"

namespace gateway::credentials {

std::shared_ptr<secret> make_pair(signing::algorithm sign_with, std::string_view access_key,
                                  std::string_view secret_key, const secret_text* token, bool proven) {
    auto made = std::allocate_shared<secret>(secret_allocator<secret>(), proven);
    made->key.emplace(sign_with, access_key, secret_key);
    if (token != nullptr) made->token = token->clone();
    made->fingerprints = {sha256_of(access_key), sha256_of(secret_key),
                          sha256_of(token != nullptr ? token->reveal() : "")};
    return made;
}

std::shared_ptr<secret> make_token(std::string_view token) {
    auto made = std::allocate_shared<secret>(secret_allocator<secret>(), true);
    made->token.emplace(token);
    made->fingerprints[2] = sha256_of(token);
    return made;
}

}  // namespace gateway::credentials
