#pragma once
// What a worker signs with: its own hold on every secret in use, so that a call takes one without a lock or an atomic.
// Whoever keeps the secrets fresh puts new ones in; a call that finds none says so and waits.

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

// One secret's place: a credential by its serial and, for a token, the project that it is scoped to (empty: the
// account).
struct slot {
    std::uint64_t serial = 0;
    std::string project;
    bool operator==(const slot&) const = default;
};

// Why there is nothing to sign with just now.
struct unavailable {
    std::string_view name;  // the credential
    std::string why;        // without any secret
    std::chrono::seconds retry_after{1};
    bool on_its_way = false;  // worth waiting for
    bool ask = false;         // nobody may know yet that it is wanted
    slot where;
};
[[noreturn]] void throw_exception_from_error(const unavailable& e, const boost::source_location& where);

// A worker's hold on a secret; shared by its calls, counted without atomics.
struct held {
    shared_secret is;
};

// What one call signs with, from when it takes it to its end.
class lease {
public:
    [[nodiscard]] bool empty() const noexcept { return !of_; }
    // Of one that is not empty:
    [[nodiscard]] std::string_view name() const noexcept { return name_; }  // the credential's
    [[nodiscard]] const signing::key* key() const noexcept { return of_->is->key ? &*of_->is->key : nullptr; }
    [[nodiscard]] const secret_text* token() const noexcept { return of_->is->token ? &*of_->is->token : nullptr; }
    [[nodiscard]] std::string_view access_key() const noexcept;  // empty for a token
    [[nodiscard]] const shared_secret& shared() const noexcept { return of_->is; }

    trial tries;  // under way while the cloud has not taken this key yet

private:
    friend class wallet;
    std::string_view name_;
    boost::local_shared_ptr<const held> of_;
};

// One for each worker and configuration, used on the worker's thread only. Outlived by its store.
class wallet {
public:
    using time = secret::time;

    // `before` (may be nullptr): of the configuration that this one replaces; what is still good is taken over.
    wallet(const store& of, const wallet* before);

    [[nodiscard]] boost::system::result<lease, unavailable> take(id which, std::string_view project,
                                                                 std::string_view caller, time now);

    // That secret is no good any more: not lent again, unless another one has taken its place already.
    void drop(const slot& where, const shared_secret& which);

    // Puts in what the slot signs with from now on; nullptr: nothing, for the reason `why` and until `retry` at least.
    // With a secret, `why` says why it is rested. What this configuration does not know is passed over.
    void put(const slot& where, shared_secret what, std::string why, time retry);

private:
    struct entry {
        boost::local_shared_ptr<const held> now;
        std::string why;
        time retry{};
        bool asked = false;
    };
    using by_project = std::unordered_map<std::string, entry, text_hash, std::equal_to<>>;
    [[nodiscard]] entry* find(std::size_t which, std::string_view project);

    const store& of_;
    std::vector<entry> entries_;                              // by credential
    std::unordered_map<std::size_t, by_project> projects_;    // of tokens: the configuration's projects bound it
    std::unordered_map<std::uint64_t, std::size_t> numbers_;  // credential by serial
};

// Whoever keeps wallets filled, as workers see it. From any thread; returns at once.
class supplier {
public:
    supplier() = default;
    supplier(const supplier&) = delete;
    supplier& operator=(const supplier&) = delete;
    virtual ~supplier() = default;

    virtual void want(const slot& what) = 0;  // a call waits for it
    // The cloud says that this secret has expired or was revoked: it is used no more.
    virtual void drop(const slot& what, const shared_secret& which) = 0;
    // The cloud refused this secret for the third time in a row; `details` is what it said.
    virtual void rest(const slot& what, const shared_secret& which, std::string details) = 0;
    // The cloud accepted a call that was under way when this secret was rested.
    virtual void resume(const slot& what, const shared_secret& which) = 0;
    // The cloud refused two calls of one caller in a row, and nobody else's: is it the secret, or the calls?
    virtual void doubt(const slot& what, const shared_secret& which) = 0;
    // How far a region's clock is ahead of ours, as its Date tells.
    virtual void note_skew(std::string_view region, std::chrono::seconds ahead) = 0;
};

}  // namespace gateway::credentials
