#pragma once
// The tables of a directory. Built once, then only read.

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "gateway/base/text_hash.hpp"
#include "gateway/callers/directory.hpp"

namespace gateway::callers {

// Keys are strings, looked up by views.
template <class Value>
using by_text = boost::unordered_flat_map<std::string, Value, text_hash, std::equal_to<>>;

// A digest is as good as random.
struct digest_hash {
    using is_avalanching = void;
    std::size_t operator()(const sha256_digest& digest) const noexcept {
        std::size_t first = 0;
        std::memcpy(&first, digest.data(), sizeof first);
        return first;
    }
};

// A caller's pair, ready for either algorithm: the caller chooses which.
struct key_pair {
    key_pair(caller_id owner, std::string_view access_key, std::string_view secret_key)
        : caller(owner),
          sdk(signing::algorithm::sdk_hmac_sha256, access_key, secret_key),
          v11(signing::algorithm::v11_hmac_sha256, access_key, secret_key) {}

    [[nodiscard]] const signing::key& key_for(signing::algorithm algorithm) const noexcept {
        return algorithm == signing::algorithm::v11_hmac_sha256 ? v11 : sdk;
    }

    caller_id caller;
    signing::key sdk;
    signing::key v11;
};

struct directory::tables {
    std::vector<std::string> names;  // by id
    by_text<caller_id> by_name;
    by_text<key_pair> by_access_key;
    boost::unordered_flat_map<sha256_digest, caller_id, digest_hash> by_api_key;
    struct listener_rule {
        caller_id caller;
        bool any_signature = false;
        bool tls = false;
        std::vector<std::string> hosts;  // config::listener
    };
    by_text<listener_rule> by_listener;
    bool any_signature = false;  // of some listener
    by_text<caller_id> by_certificate;
    // Digests of the callers' secret keys: a secret sent in place of an access key is not logged.
    boost::unordered_flat_set<sha256_digest, digest_hash> secrets;
    boost::unordered_flat_map<std::uint32_t, caller_id> by_unix_user;
    struct proof_requirement {
        bool header = false;      // has a key of its own, so its certificate or unix user alone is not enough
        bool connection = false;  // has a certificate or unix user, so its key alone is not enough
    };
    std::vector<proof_requirement> required_proofs;  // by id
    // An unknown access key is checked against this pair, so that timing does not distinguish it from a known one.
    key_pair nobody{caller_id{}, "nobody", "nobody's"};
    std::chrono::seconds window{};
};

}  // namespace gateway::callers
