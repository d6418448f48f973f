#include <openssl/crypto.h>

#include <algorithm>
#include <array>

#include "gateway/base/append.hpp"
#include "gateway/base/hex.hpp"
#include "gateway/base/secret_text.hpp"
#include "gateway/signing/signature.hpp"
#include "hmac.hpp"

namespace gateway::signing {

using namespace std::string_view_literals;

namespace {

using hex_digest = std::array<char, 64>;

std::string_view text(const hex_digest& digest) noexcept { return {digest.data(), digest.size()}; }

hex_digest hex(const sha256_digest& digest) noexcept {
    hex_digest digits;
    write_hex(digest, digits.data());
    return digits;
}

bool by_name(const field& a, const field& b) noexcept {
    return std::lexicographical_compare(a.name.begin(), a.name.end(), b.name.begin(), b.name.end(),
                                        [](char x, char y) { return lower_case(x) < lower_case(y); });
}

}  // namespace

payload_hash hash_payload(std::string_view body) noexcept {
    static constexpr std::string_view of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    payload_hash digits;
    if (body.empty())
        of_nothing.copy(digits.data(), digits.size());
    else
        write_hex(sha256_of(body), digits.data());
    return digits;
}

std::string_view signer::sign(const request& request, const key& key, std::string_view date, const scope& scope) {
    if (std::is_sorted(request.fields.begin(), request.fields.end(), by_name)) {
        canonicalise(request, request.fields);
    } else {
        ordered_.assign(request.fields.begin(), request.fields.end());
        std::sort(ordered_.begin(), ordered_.end(), by_name);
        canonicalise(request, ordered_);
    }
    const hex_digest signature = compute(key, date, scope);
    authorization_.clear();
    append(authorization_, name_of(key.algorithm()));
    if (key.algorithm() == algorithm::sdk_hmac_sha256) {
        append(authorization_, " Access="sv, key.access_key());
    } else {
        append(authorization_, " Credential="sv, key.access_key(), "/"sv, date.substr(0, 8), "/"sv, scope.region, "/"sv,
               scope.service);
    }
    append(authorization_, ", SignedHeaders="sv, names_, ", Signature="sv, text(signature));
    return authorization_;
}

bool signer::verify(const authorization& claimed, request request, std::span<const field> received, const key& key,
                    std::string_view date) {
    ordered_.clear();
    for (std::string_view rest = claimed.signed_headers; !rest.empty();) {
        const auto end = std::min(rest.find(';'), rest.size());
        const auto name = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const field* found = nullptr;
        for (const field& f : received) {
            if (!same_name(f.name, name)) continue;
            if (found != nullptr) return false;
            found = &f;
        }
        if (found == nullptr) return false;
        ordered_.push_back({name, found->value});
    }
    if (claimed.algorithm != key.algorithm()) return false;
    if (claimed.algorithm == algorithm::v11_hmac_sha256 && claimed.date != date.substr(0, 8)) return false;
    canonicalise(request, ordered_);
    const hex_digest signature = compute(key, date, claimed.scope);
    return claimed.signature.size() == signature.size() &&
           CRYPTO_memcmp(claimed.signature.data(), signature.data(), signature.size()) == 0;
}

void signer::forget() noexcept {
    wipe(canonical_.data(), canonical_.size());
    canonical_.clear();
}

hex_digest signer::compute(const key& key, std::string_view date, const scope& scope) {
    const hex_digest of_canonical = hex(sha256_of(canonical_));
    to_sign_.clear();
    append(to_sign_, name_of(key.algorithm()), "\n"sv, date, "\n"sv);
    if (key.algorithm() == algorithm::sdk_hmac_sha256) {
        append(to_sign_, text(of_canonical));
        return hex(hmac(key.inner_, key.outer_, {to_sign_}));
    }
    // HKDF-Expand to one block (RFC 5869, 2.3). The key of the HMAC is the block's hexadecimal text, not its bytes.
    const std::size_t info_begins = to_sign_.size();
    append(to_sign_, date.substr(0, 8), "/"sv, scope.region, "/"sv, scope.service);
    sha256_digest derived = hmac(key.inner_, key.outer_, {std::string_view(to_sign_).substr(info_begins), "\x01"});
    hex_digest derived_text = hex(derived);
    append(to_sign_, "\n"sv, text(of_canonical));
    const hex_digest signature = hex(hmac(hmac_pads(text(derived_text)), {to_sign_}));
    wipe(derived.data(), derived.size());
    wipe(derived_text.data(), derived_text.size());
    return signature;
}

}  // namespace gateway::signing
