#include "row_texts.hpp"

#include <algorithm>
#include <array>
#include <random>

#include "gateway/base/hex.hpp"
#include "gateway/base/sha256.hpp"

namespace gateway::ledger {

std::string signature_digest(const ledger::identity& identity) {
    if (identity.signature.empty()) return {};
    constexpr std::string_view separator("\0", 1);
    sha256 digest;
    for (const std::string* part : {&identity.caller, &identity.subject, &identity.account})
        digest.update(*part).update(separator);
    const sha256_digest bytes = digest.update(identity.signature).finish();
    std::string made;
    const auto seconds = static_cast<std::uint32_t>(identity.signed_at.time_since_epoch().count());
    for (int shift = 24; shift >= 0; shift -= 8)
        made += static_cast<char>(seconds >> shift & 0xff);
    for (std::size_t i = 0; made.size() < 16; ++i)
        made += static_cast<char>(bytes.at(i));
    return made;
}

std::string join(const std::vector<std::string>& words) {
    std::string joined;
    for (const std::string& each : words) {
        if (!joined.empty()) joined += ' ';
        joined += each;
    }
    return joined;
}

std::vector<std::string> split(std::string_view words) {
    std::vector<std::string> found;
    while (!words.empty()) {
        const auto end = std::min(words.find(' '), words.size());
        found.emplace_back(words.substr(0, end));
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return found;
}

std::string make_process_id() {
    std::random_device random;
    std::array<unsigned char, 16> bytes{};
    for (unsigned char& each : bytes)
        each = static_cast<unsigned char>(random());
    return to_hex(bytes);
}

}  // namespace gateway::ledger
