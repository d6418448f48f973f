#pragma once
// The credentials of one configuration: the source of each, and the secrets that need no network.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/base/secret_text.hpp"
#include "gateway/base/text_hash.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/credentials/pair_files.hpp"
#include "gateway/credentials/secret.hpp"

namespace gateway::credentials {

// A credential by its index in the configuration's list.
enum class credential_id : std::uint32_t {};

// Where the secret of one credential comes from.
struct definition {
    enum class source_type : std::uint8_t { pair, token, agency, metadata };

    std::string name;
    source_type type = source_type::pair;
    std::string source;        // for people: "file secrets/acme.ak", "agency resize-operator of globex, through …"
    std::uint64_t serial = 0;  // this process's number for it: a reload that does not change it keeps the number
    std::string identity;      // text that changes when the credential does, without secrets
    bool preload = false;

    pair_source pair;                  // pair
    shared_secret first;               // pair: as read at load
    file_marks marks;                  // pair: of its files just before they were read
    config::token_credential token;    // token
    config::agency_credential agency;  // agency
    std::size_t through = 0;           // agency: the index of the credential that may assume it

    // Of the first project whose calls are signed with it, directly or through an agency: the region whose IAM issues
    // it (for a token, when a call names no project), and the project of a harmless query. Empty: no account uses it.
    std::string region, project;
    bool signs_calls = false;  // some account names it; else only agencies use it

    // The project that a token which signs calls is fetched for when no call names one. Else empty.
    [[nodiscard]] std::string default_scope() const {
        return type == source_type::token && signs_calls ? project : std::string();
    }
};

// Where a credential comes from, for people: "file \"secrets/acme.ak\"", "IAM user gateway of partner". No secret is
// read.
[[nodiscard]] std::string describe(const config::credential& one);

class store {
public:
    // Reads every secret that needs no network. Problems name places in the configuration. `previous` (may be nullptr)
    // is the store that this one replaces: an unchanged credential keeps its serial.
    [[nodiscard]] static store load(const config::settings& settings, std::vector<config::problem>& problems,
                                    const store* previous = nullptr);

    [[nodiscard]] const definition& operator[](credential_id credential) const {
        return all_[static_cast<std::size_t>(credential)];
    }
    // The region of a project of some account; empty for a project of none.
    [[nodiscard]] std::string_view region_of(std::string_view project) const;
    [[nodiscard]] const std::vector<definition>& all() const noexcept { return all_; }

private:
    std::vector<definition> all_;
    // By project, of accounts that use a token, whose cache keys name projects.
    std::unordered_map<std::string, std::string, text_hash, std::equal_to<>> regions_;
};

}  // namespace gateway::credentials
