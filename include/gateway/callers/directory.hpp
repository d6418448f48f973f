#pragma once
// Who may call, and the proofs by which each shows who it is. Pure but for the replay memory.
// Source: docs/running.md, "Callers that prove themselves by their connection"; signing: the vendor's "API Request
// Signing Guide".

#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/field.hpp"
#include "gateway/callers/auth_failure.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/signing/signature.hpp"

namespace gateway::callers {

// A caller by its place in the configuration's list.
enum class id : std::uint32_t {};

enum class proof : std::uint8_t { signature, api_key, certificate, unix_user, listener };
[[nodiscard]] std::string_view name_of(proof which) noexcept;  // "signature", "api_key", …

// What the connection itself proves. Views that live as long as the connection.
struct connection_facts {
    std::string_view listener{};  // its name
    std::span<const std::string>
        certificate_names{};                   // of a verified client certificate: "URI:…", "DNS:…" (lower case)
    std::optional<std::uint32_t> unix_user{};  // the user id at the other end of a unix socket
    // Of the client certificate and of all that vouch for it; the latest time there is where none was shown.
    std::chrono::sys_seconds certificate_until = std::chrono::sys_seconds::max();
};

// What is asked for, as far as proofs depend on it.
struct call_facts {
    std::string_view
        region{};         // the project's: V11 signatures are good for one; empty where no account has the project
    bool changes = true;  // not a query: a signature is good for it once
};

struct identity {
    id who{};
    std::string_view name;  // lives as long as the directory
    proof by{};
};

struct refusal {
    auth_failure why{};
    // That was tried, if any: a view into the request, of any bytes, at most 128; "(a secret)" where a caller's stood
    // in its place.
    std::string_view access_key{};
};
[[noreturn]] void throw_exception_from_error(const refusal& e, const boost::source_location& where);

// Signatures of changes that were accepted, so that each is accepted once. Shared by all workers and kept across
// reloads. Bounded: a caller who signs more calls within the window than are remembered (131,072) gets a shorter
// window, never a replay. Not kept across a restart, nor for a caller who is taken out of the configuration and put
// back: within the window after either, a signature from before can be used once more.
class replay_memory;
struct proof_fields;

class directory {
public:
    // Reads the callers' secrets and looks up unix users (a user that this machine does not know is a warning: it may
    // come later; digits are a user id as they stand; the kernel's id for users that it can't name is an error);
    // problems point at the configuration's places. `memory` is the one of the directory that this one replaces, which
    // must still be there: it is what keeps the callers' signatures remembered.
    [[nodiscard]] static directory load(const config::settings& from, std::shared_ptr<replay_memory> memory,
                                        std::vector<config::problem>& problems);
    directory(directory&&) noexcept;
    directory& operator=(directory&&) noexcept;
    ~directory();

    // Who sends this request. `what` is the request as received (what.fields: all of its fields; what.payload: the hash
    // of its body); `scratch` is the worker's signer. A proof that is present and wrong is refused even where a weaker
    // one would do; two header proofs are refused. A certificate or unix user that is a caller's must be the same
    // caller's as the header proof above it; a caller with both kinds has to bring both. What belongs to the connection
    // proves nothing for a request that a web page may have made. An unknown access key costs what a wrong signature
    // does. After `wrong_signature` the signer's canonical_request() is what the gateway took the request for.
    [[nodiscard]] boost::system::result<identity, refusal> authenticate(const signing::request& what,
                                                                        const connection_facts& on,
                                                                        const call_facts& call,
                                                                        std::chrono::sys_seconds now,
                                                                        signing::signer& scratch) const;

    // The same as far as the head tells (head.payload is not looked at); nothing when it may still be right. So that a
    // stranger's body need not be kept.
    [[nodiscard]] std::optional<refusal> judge_head(const signing::request& head, const connection_facts& on,
                                                    const call_facts& call, std::chrono::sys_seconds now) const;

    // Whose certificate one of these names is; for a log, where it is several callers'.
    [[nodiscard]] std::vector<std::string_view> callers_of(std::span<const std::string> certificate_names) const;

    [[nodiscard]] std::optional<id> find(std::string_view name) const;
    [[nodiscard]] std::string_view name_of(id who) const;

private:
    directory();
    struct tables;
    struct connection_proof;
    struct evidence;
    [[nodiscard]] connection_proof look_at(const connection_facts& on, std::chrono::sys_seconds now) const;
    [[nodiscard]] identity proved(id who, proof by) const;
    [[nodiscard]] std::optional<auth_failure> disagreement(const connection_proof& of, id who) const;
    [[nodiscard]] boost::system::result<identity, auth_failure> by_connection(const connection_proof& of,
                                                                              const connection_facts& on,
                                                                              std::span<const field> fields) const;
    [[nodiscard]] std::string_view tried_key(const proof_fields& with) const;
    [[nodiscard]] bool takes_any_signature(std::string_view listener) const;
    [[nodiscard]] std::optional<auth_failure> look_at_signature(const signing::request& what, const call_facts& call,
                                                                const proof_fields& with, evidence& into) const;
    [[nodiscard]] boost::system::result<evidence, auth_failure> examine(const signing::request& what,
                                                                        const connection_facts& on,
                                                                        const call_facts& call, proof_fields& with,
                                                                        std::chrono::sys_seconds now) const;
    std::unique_ptr<const tables> tables_;
    std::shared_ptr<replay_memory> memory_;
};

[[nodiscard]] std::shared_ptr<replay_memory> make_replay_memory();

}  // namespace gateway::callers
