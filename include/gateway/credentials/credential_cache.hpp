#pragma once
// A worker's cache of the secrets in use, so that a call acquires one without a lock or an atomic. The credential
// provider puts new ones in; a call that finds none requests it and waits.

#include <boost/smart_ptr/local_shared_ptr.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/base/text_hash.hpp"
#include "gateway/credentials/secret.hpp"
#include "gateway/credentials/store.hpp"

namespace gateway::credentials {

// The key of one secret: a credential by its serial and, for a token, the project that it is scoped to (empty: the
// account).
struct cache_key {
    std::uint64_t serial = 0;
    std::string project;
    bool operator==(const cache_key&) const = default;
};

// Why there is nothing to sign with at the moment.
struct unavailable {
    std::string_view name;  // the credential
    std::string reason;     // without any secret
    std::chrono::seconds retry_after{1};
    bool is_pending = false;      // it is being fetched or probed: wait for it
    bool should_request = false;  // the provider may not know yet that it is needed
    cache_key key;
};
[[noreturn]] void throw_exception_from_error(const unavailable& e, const boost::source_location& location);

// A secret as the calls of one worker share it, counted without atomics.
struct held_secret {
    shared_secret value;
};

// The credential of one call, from acquire() to its end.
class credential_handle {
public:
    [[nodiscard]] bool empty() const noexcept { return !secret_; }
    // Of one that is not empty:
    [[nodiscard]] std::string_view name() const noexcept { return name_; }  // the credential's
    [[nodiscard]] const signing::key* key() const noexcept {
        return secret_->value->key ? &*secret_->value->key : nullptr;
    }
    [[nodiscard]] const secret_text* token() const noexcept {
        return secret_->value->token ? &*secret_->value->token : nullptr;
    }
    [[nodiscard]] std::string_view access_key() const noexcept;  // empty for a token
    [[nodiscard]] const shared_secret& shared() const noexcept { return secret_->value; }
    // For another request on behalf of the same call, which goes on to hold its probe. May outlive it.
    [[nodiscard]] credential_handle without_probe() const {
        credential_handle same;
        same.name_ = name_;
        same.secret_ = secret_;
        return same;
    }

    probe_guard probe;  // active while the cloud has not accepted this key yet

private:
    friend class credential_cache;
    std::string_view name_;
    boost::local_shared_ptr<const held_secret> secret_;
};

// One for each worker and configuration, used on the worker's thread only. Outlived by its store.
class credential_cache {
public:
    using time = secret::time;

    // `previous` (may be nullptr): of the configuration that this one replaces; its valid secrets are kept.
    credential_cache(const store& current, const credential_cache* previous);

    [[nodiscard]] boost::system::result<credential_handle, unavailable> acquire(credential_id credential,
                                                                                std::string_view project,
                                                                                std::string_view caller, time now);

    // Removes that secret, unless another one has replaced it already.
    void invalidate(const cache_key& key, const shared_secret& revoked);

    // Sets the secret of a key; nullptr: there is none, for `reason` and until `retry` at least. With a secret,
    // `reason` says why its breaker is open. A key that this configuration does not know is ignored.
    void put(const cache_key& key, shared_secret secret, std::string reason, time retry);

private:
    struct entry {
        boost::local_shared_ptr<const held_secret> secret;
        std::string reason;
        time retry{};
        bool requested = false;
    };
    using by_project = std::unordered_map<std::string, entry, text_hash, std::equal_to<>>;
    [[nodiscard]] entry* find(std::size_t index, std::string_view project);

    const store& store_;
    std::vector<entry> entries_;                            // by credential
    std::unordered_map<std::size_t, by_project> projects_;  // of tokens: the configuration's projects bound it
    std::unordered_map<std::uint64_t, std::size_t> index_by_serial_;  // credential by serial
};

// Fetches and refreshes the secrets of the caches, as workers see it. From any thread; returns at once.
class credential_provider {
public:
    credential_provider() = default;
    credential_provider(const credential_provider&) = delete;
    credential_provider& operator=(const credential_provider&) = delete;
    virtual ~credential_provider() = default;

    virtual void request(const cache_key& key) = 0;  // a call waits for it
    // The cloud says that this secret has expired or was revoked.
    virtual void on_revoked(const cache_key& key, const shared_secret& revoked) = 0;
    // The cloud refused this secret for the third time in a row; `details` is its message.
    virtual void on_breaker_open(const cache_key& key, const shared_secret& refused, std::string details) = 0;
    // The cloud accepted a call that was in progress when the breaker of this secret opened.
    virtual void on_breaker_closed(const cache_key& key, const shared_secret& accepted) = 0;
    // The cloud refused two calls of one caller in a row, and nobody else's: a query tells whether it refuses the
    // secret.
    virtual void verify(const cache_key& key, const shared_secret& refused) = 0;
    // How far a region's clock is ahead of ours, by its Date.
    virtual void note_skew(std::string_view region, std::chrono::seconds ahead) = 0;
};

}  // namespace gateway::credentials
