#pragma once
// What the gateway signs with. The one room that fetches secrets of the cloud; everyone else holds a credential's name
// or number, and borrows a lease for the length of a call.

#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/secret_text.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/signing/signature.hpp"

namespace gateway::credentials {

// A credential by its place in the configuration's list.
enum class id : std::uint32_t {};

// What one call signs with. Views into the store, good for as long as the snapshot that holds the store.
struct lease {
    std::string_view name;  // the credential's, for the outcome line
    const signing::key* key = nullptr;
    const secret_text* security_token = nullptr;  // nullptr for a permanent pair
};

// Why there is nothing to sign with just now.
struct unavailable {
    std::string_view name;  // the credential
    std::string why;        // without any secret
    std::chrono::seconds retry_after{1};
};
[[noreturn]] void throw_exception_from_error(const unavailable& e, const boost::source_location& where);

// What a source holds: a key (access key, secret key, token) is visible ASCII and nothing else, any other character in
// it is a copying mistake; a password may hold anything but control characters.
enum class secret_kind : std::uint8_t { key, password };

// Reads the text of a source: the environment variable, the file (one trailing newline is not part of it), the literal.
// Nothing and a problem in `problems` when it is missing, empty, unreadable, over 64 KiB or holds what its kind can't.
[[nodiscard]] std::optional<secret_text> read(const config::source& from, std::vector<config::problem>& problems,
                                              secret_kind kind = secret_kind::key);

class store {
public:
    // Reads every secret that can be had without the network. Problems point at the configuration's places.
    [[nodiscard]] static store load(const config::settings& from, std::vector<config::problem>& problems);

    store(store&&) noexcept;
    store& operator=(store&&) noexcept;
    ~store();

    [[nodiscard]] boost::system::result<lease, unavailable> take(id which) const;
    [[nodiscard]] std::string_view name_of(id which) const;

private:
    store();
    struct entry;
    std::vector<entry> entries_;
};

// The kinds that `run` can't serve yet ("credential globex-agency: agency …"), one problem each; `check` accepts them.
[[nodiscard]] std::vector<config::problem> unsupported(const config::settings& in);

}  // namespace gateway::credentials
