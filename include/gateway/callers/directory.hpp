#pragma once
// The callers, and the proofs that authenticate each. Pure: a signature of a change counts once by its record.
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

// A caller by its index in the configuration's list.
enum class caller_id : std::uint32_t {};

enum class proof_kind : std::uint8_t { signature, api_key, certificate, unix_user, listener };
[[nodiscard]] std::string_view name_of(proof_kind kind) noexcept;  // "signature", "api_key", …

// The proofs of the connection itself. Views that live as long as the connection.
struct connection_facts {
    std::string_view listener{};  // its name
    std::span<const std::string>
        certificate_names{};                   // of a verified client certificate: "URI:…", "DNS:…" (lower case)
    std::optional<std::uint32_t> unix_user{};  // the user id at the other end of a unix socket
    // The end of the client certificate's chain; time_point::max() without a certificate.
    std::chrono::sys_seconds certificate_until = std::chrono::sys_seconds::max();
};

// The properties of a call that proofs depend on.
struct call_facts {
    std::string_view
        region{};  // the project's: V11 signatures are good for one; empty where no account has the project
};

struct identity {
    caller_id caller{};
    std::string_view name;  // lives as long as the directory
    proof_kind proof{};
};

struct authentication_error {
    auth_failure reason{};
    // The one that was tried, if any: a view into the request, of any bytes, at most 128; "(a secret)" where the
    // request has a caller's secret in its place.
    std::string_view access_key{};
};
[[noreturn]] void throw_exception_from_error(const authentication_error& e, const boost::source_location& location);

struct proof_fields;

class directory {
public:
    // Reads the callers' secrets and looks up unix users (a user that this machine does not know is a warning: it may
    // come later; digits are a user id as they stand; the kernel's id for users that it can't name is an error);
    // problems name places in the configuration.
    [[nodiscard]] static directory load(const config::settings& settings, std::vector<config::problem>& problems);
    directory(directory&&) noexcept;
    directory& operator=(directory&&) noexcept;
    ~directory();

    // The caller of this request, as received (request.fields: all of its fields; request.payload: the hash of its
    // body). `signer` is the worker's. A proof that is present and wrong is refused even where a weaker one would do;
    // two header proofs are refused. A certificate or unix user that is a caller's must be the same caller's as the
    // header proof above it; a caller with both kinds has to bring both. A connection's proof does not count for a
    // request that a web page may have made. An unknown access key costs what a wrong signature does. After
    // `wrong_signature` the signer's canonical_request() is the gateway's.
    [[nodiscard]] boost::system::result<identity, authentication_error> authenticate(const signing::request& request,
                                                                                     const connection_facts& connection,
                                                                                     const call_facts& call,
                                                                                     std::chrono::sys_seconds now,
                                                                                     signing::signer& signer) const;

    // The same for a head before its body (head.payload is not read); nothing when the request may be authentic. So the
    // body of a stranger is not kept.
    [[nodiscard]] std::optional<authentication_error> check_head(const signing::request& head,
                                                                 const connection_facts& connection,
                                                                 const call_facts& call,
                                                                 std::chrono::sys_seconds now) const;

    // The callers with a certificate of one of these names; for a log, where there are several.
    [[nodiscard]] std::vector<std::string_view> callers_of(std::span<const std::string> certificate_names) const;

    [[nodiscard]] std::optional<caller_id> find(std::string_view name) const;
    [[nodiscard]] std::string_view name_of(caller_id caller) const;

private:
    directory();
    struct tables;
    struct connection_proof;
    struct evidence;
    [[nodiscard]] connection_proof find_connection_proof(const connection_facts& connection,
                                                         std::chrono::sys_seconds now) const;
    [[nodiscard]] identity identity_of(caller_id caller, proof_kind kind) const;
    [[nodiscard]] std::optional<auth_failure> disagreement(const connection_proof& from_connection,
                                                           caller_id caller) const;
    [[nodiscard]] boost::system::result<identity, auth_failure> identify_by_connection(
        const connection_proof& from_connection, const connection_facts& connection,
        std::span<const field> fields) const;
    [[nodiscard]] std::string_view tried_access_key(const proof_fields& fields) const;
    [[nodiscard]] bool takes_any_signature(std::string_view listener) const;
    [[nodiscard]] std::optional<auth_failure> check_signature_form(const signing::request& request,
                                                                   const call_facts& call, const proof_fields& fields,
                                                                   evidence& found) const;
    [[nodiscard]] boost::system::result<evidence, auth_failure> examine(const signing::request& request,
                                                                        const connection_facts& connection,
                                                                        const call_facts& call, proof_fields& fields,
                                                                        std::chrono::sys_seconds now) const;
    std::unique_ptr<const tables> tables_;
};

}  // namespace gateway::callers
