#include <utility>

#include "gateway/base/secret_text.hpp"
#include "gateway/signing/signature.hpp"
#include "hmac.hpp"

namespace gateway::signing {

key::key(signing::algorithm algorithm, std::string_view access_key, std::string_view secret_key)
    : algorithm_(algorithm), access_key_(access_key) {
    if (algorithm == algorithm::sdk_hmac_sha256) {
        const hmac_pads pads(secret_key);
        inner_ = pads.inner;
        outer_ = pads.outer;
    } else {
        // HKDF-Extract (RFC 5869, 2.2): salt is the access key, input the secret key.
        sha256_digest extracted = hmac(hmac_pads(access_key), {secret_key});
        const hmac_pads pads(as_text(extracted));
        wipe(extracted.data(), extracted.size());
        inner_ = pads.inner;
        outer_ = pads.outer;
    }
}

key::key(key&& other) noexcept
    : algorithm_(other.algorithm_),
      access_key_(std::move(other.access_key_)),
      inner_(other.inner_),
      outer_(other.outer_) {
    wipe(&other.inner_, sizeof other.inner_);
    wipe(&other.outer_, sizeof other.outer_);
}

key& key::operator=(key&& other) noexcept {
    if (this != &other) {
        algorithm_ = other.algorithm_;
        access_key_ = std::move(other.access_key_);
        inner_ = other.inner_;
        outer_ = other.outer_;
        wipe(&other.inner_, sizeof other.inner_);
        wipe(&other.outer_, sizeof other.outer_);
    }
    return *this;
}

key::~key() {
    wipe(&inner_, sizeof inner_);
    wipe(&outer_, sizeof outer_);
}

}  // namespace gateway::signing
