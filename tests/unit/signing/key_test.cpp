#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <new>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "gateway/base/hex.hpp"
#include "gateway/signing/signature.hpp"
#include "hmac.hpp"

namespace gateway::signing {
namespace {

template <class T>
concept printable = requires(std::ostream& out, const T& value) {
    out << value;
};
static_assert(!printable<key>);
static_assert(!std::is_copy_constructible_v<key> && !std::is_copy_assignable_v<key>);
static_assert(std::is_nothrow_move_constructible_v<key> && std::is_nothrow_move_assignable_v<key>);

// RFC 4231, 4. Cases 6 and 7 have keys longer than a block, which no secret key of the vectors is.
TEST(hmac, has_the_published_digests) {
    struct published {
        std::string key, message;
        const char* digest;
    };
    std::string counting;
    for (int i = 1; i <= 25; ++i)
        counting += static_cast<char>(i);
    for (const published& p : {
             published{std::string(20, '\x0b'), "Hi There",
                       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
             {"Jefe", "what do ya want for nothing?",
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
             {std::string(20, '\xaa'), std::string(50, '\xdd'),
              "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
             {counting, std::string(50, '\xcd'), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
             {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
             {std::string(131, '\xaa'),
              "This is a test using a larger than block-size key and a larger than block-size data. The key needs to "
              "be hashed before being used by the HMAC algorithm.",
              "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
         }) {
        EXPECT_EQ(to_hex(hmac(hmac_pads(p.key), {p.message})), p.digest);
        EXPECT_EQ(to_hex(hmac(hmac_pads(p.key), {p.message.substr(0, 3), p.message.substr(3)})), p.digest)
            << "in parts";
    }
}

std::string signed_with(const key& key) {
    signer s;
    const std::array<field, 2> fields{{{"host", "h"}, {"x-sdk-date", "20261123T100000Z"}}};
    return std::string(s.sign({"GET", "/p", "", fields, "hash"}, key, "20261123T100000Z", {"r", "s"}));
}

TEST(key, signs_the_same_after_it_moved) {
    for (const auto algorithm : {algorithm::sdk_hmac_sha256, algorithm::v11_hmac_sha256}) {
        key first(algorithm, "AK", "SK");
        const std::string right = signed_with(first);
        key second(std::move(first));
        EXPECT_EQ(signed_with(second), right);
        key third(algorithm::sdk_hmac_sha256, "other", "other");
        third = std::move(second);
        EXPECT_EQ(signed_with(third), right);
    }
}

TEST(key, longer_than_a_block_is_not_cut) {
    for (const auto algorithm : {algorithm::sdk_hmac_sha256, algorithm::v11_hmac_sha256}) {
        const std::string secret(65, 's');
        EXPECT_NE(signed_with(key(algorithm, "AK", secret)), signed_with(key(algorithm, "AK", secret.substr(0, 64))));
    }
}

// The bytes of an object's hashed pads, where they are inside the object.
bool holds(const std::array<std::byte, sizeof(key)>& storage, const sha256& state) {
    std::array<std::byte, 32> words{};  // the chaining value: SHA256_CTX begins with it (openssl/sha.h)
    std::memcpy(words.data(), &state, words.size());
    return std::search(storage.begin(), storage.end(), words.begin(), words.end()) != storage.end();
}

TEST(key, is_wiped_when_it_goes_or_moves) {
    const hmac_pads pads("SK");
    alignas(key) std::array<std::byte, sizeof(key)> storage{};
    key* inside = new (storage.data()) key(algorithm::sdk_hmac_sha256, "AK", "SK");
    ASSERT_TRUE(holds(storage, pads.inner) && holds(storage, pads.outer));
    inside->~key();
    EXPECT_FALSE(holds(storage, pads.inner) || holds(storage, pads.outer));

    inside = new (storage.data()) key(algorithm::sdk_hmac_sha256, "AK", "SK");
    const key elsewhere(std::move(*inside));
    EXPECT_FALSE(holds(storage, pads.inner) || holds(storage, pads.outer));
    inside->~key();
}

}  // namespace
}  // namespace gateway::signing
