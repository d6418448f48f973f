#pragma once
// The credentials of one configuration: how each is come by, and what can be had of them without the network.

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

// A credential by its place in the configuration's list.
enum class id : std::uint32_t {};

// How one credential is come by.
struct definition {
    enum class way : std::uint8_t { pair, token, agency, metadata };

    std::string name;
    way by = way::pair;
    std::string source;        // for people: "file secrets/acme.ak", "agency resize-operator of globex, through …"
    std::uint64_t serial = 0;  // this process's number for it: a reload that changes nothing of it keeps the number
    std::string identity;      // all that makes it another one than before, without secrets
    bool preload = false;

    pair_source pair;                  // pair
    shared_secret first;               // pair: as read at load
    file_marks marks;                  // pair: of its files just before they were read
    config::token_credential token;    // token
    config::agency_credential agency;  // agency
    std::size_t through = 0;           // agency: the index of the credential that may assume it

    // Of the first project that is signed for with it, directly or through it: whose region's IAM gives it out (for a
    // token, when a call does not name a project), and what a harmless query is about. Empty: no account uses it.
    std::string region, project;
    bool signs_calls = false;  // some account names it; else it only stands behind agencies

    // The project that it is fetched for when no call says one: of a token that signs calls. Else empty.
    [[nodiscard]] std::string usual_scope() const { return by == way::token && signs_calls ? project : std::string(); }
};

// Where a credential comes from, for people: "file \"secrets/acme.ak\"", "IAM user gateway of partner". No secret is
// read.
[[nodiscard]] std::string describe(const config::credential& one);

class store {
public:
    // Reads every secret that can be had without the network. Problems point at the configuration's places. `before`
    // (may be nullptr) is the store that this one replaces: what is the same keeps its number.
    [[nodiscard]] static store load(const config::settings& from, std::vector<config::problem>& problems,
                                    const store* before = nullptr);

    [[nodiscard]] const definition& operator[](id which) const { return all_[static_cast<std::size_t>(which)]; }
    // The region of a project of some account; empty for a project of none.
    [[nodiscard]] std::string_view region_of(std::string_view project) const;
    [[nodiscard]] const std::vector<definition>& all() const noexcept { return all_; }

private:
    std::vector<definition> all_;
    // Of accounts that use a token, whose slots are named after projects.
    std::unordered_map<std::string, std::string, text_hash, std::equal_to<>> regions_;
};

}  // namespace gateway::credentials
