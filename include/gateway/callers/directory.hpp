#pragma once
// Who may call, and the proofs by which each shows who it is. Pure but for the replay memory.
// Source: the contract, step 3 and answers 401; signing: the vendor's "API Request Signing Guide".

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
};

struct identity {
    id who{};
    std::string_view name;  // lives as long as the directory
    proof by{};
};

enum class refusal : std::uint8_t {
    not_authenticated,  // no proof, an unknown key, a wrong signature: one answer for all three (Gateway.0101)
    outside_window,     // X-Sdk-Date too far from now, or older than what the replay memory still covers (0102)
    replayed,           // this signature was used already (0103)
};
[[noreturn]] void throw_exception_from_error(refusal e, const boost::source_location& where);

// Signatures that were accepted, so that each is accepted once. Shared by all workers and kept across reloads. Bounded:
// a caller who signs more calls within the window than are remembered (131,072) gets a shorter window, never a replay.
// Not kept across a restart, nor for a caller who is taken out of the configuration and put back: within the window
// after either, a signature from before can be used once more.
class replay_memory;

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
    // caller's as the header proof above it; a caller with both kinds has to bring both. An unknown access key costs
    // what a wrong signature does.
    [[nodiscard]] boost::system::result<identity, refusal> authenticate(const signing::request& what,
                                                                        const connection_facts& on,
                                                                        std::chrono::sys_seconds now,
                                                                        signing::signer& scratch) const;

    // Whether a request of these fields brings a signature, so that the body's hash is needed to judge it.
    [[nodiscard]] static bool brings_signature(std::span<const field> fields) noexcept;

    [[nodiscard]] std::optional<id> find(std::string_view name) const;
    [[nodiscard]] std::string_view name_of(id who) const;

private:
    directory();
    struct tables;
    struct proved_by_connection;
    [[nodiscard]] proved_by_connection look_at(const connection_facts& on) const;
    std::unique_ptr<const tables> tables_;
    std::shared_ptr<replay_memory> memory_;
};

[[nodiscard]] std::shared_ptr<replay_memory> make_replay_memory();

}  // namespace gateway::callers
