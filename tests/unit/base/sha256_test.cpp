#include "gateway/base/sha256.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "gateway/base/hex.hpp"

namespace gateway {
namespace {

// FIPS 180-4 examples and NIST's long message.
TEST(sha256, has_the_published_digests) {
    EXPECT_EQ(to_hex(sha256_of("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(sha256_of("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(sha256_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(to_hex(sha256_of(std::string(1000000, 'a'))),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(sha256, can_be_kept_half_way_and_gone_on_with_twice) {
    sha256 common;
    common.update("ab");
    sha256 other = common;
    EXPECT_EQ(common.update("c").finish(), sha256_of("abc"));
    EXPECT_EQ(other.update("d").finish(), sha256_of("abd"));
}

TEST(hex, has_both_digits_of_every_byte_at_every_position) {
    std::string digits = "0123456789abcdef", expected;
    std::array<unsigned char, 256> all{};
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i] = static_cast<unsigned char>(i);
        expected += {digits[i >> 4], digits[i & 15]};
    }
    for (std::size_t start = 0; start < 40; ++start) {
        const auto part = std::span(all).subspan(start, all.size() - 2 * start);
        EXPECT_EQ(to_hex(part), expected.substr(2 * start, 2 * part.size())) << start;
    }
}

TEST(hex, reads_what_it_writes_and_nothing_else) {
    const std::array<unsigned char, 3> bytes{0x00, 0x7f, 0xff};
    EXPECT_EQ(to_hex(bytes), "007fff");
    std::array<unsigned char, 3> read{};
    EXPECT_TRUE(read_hex("007FfF", read));
    EXPECT_EQ(read, bytes);
    for (const char* text : {"", "007ff", "007fff0", "00 7ff", "0x7fff", "g07fff"})
        EXPECT_FALSE(read_hex(text, read)) << text;
}

}  // namespace
}  // namespace gateway
