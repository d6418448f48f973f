#include "gateway/base/field.hpp"

#include <gtest/gtest.h>

#include <array>

namespace gateway {
namespace {

TEST(field_names, are_the_same_in_either_case_of_ascii_letters_only) {
    EXPECT_TRUE(same_name("X-Sdk-Date", "x-SDK-dATE"));
    EXPECT_TRUE(same_name("", ""));
    EXPECT_FALSE(same_name("host", "hos"));
    EXPECT_FALSE(same_name("a@", "a`"));  // one bit apart, as letters of either case are
    EXPECT_FALSE(same_name("a[", "a{"));
    EXPECT_FALSE(same_name("\xC3\x84", "\xC3\xA4"));  // U+00C4, U+00E4
}

TEST(find_field, gives_the_first_of_that_name) {
    const std::array<field, 3> fields{{{"Host", "a"}, {"X-Id", "1"}, {"x-id", "2"}}};
    ASSERT_NE(find_field(fields, "X-ID"), nullptr);
    EXPECT_EQ(find_field(fields, "X-ID")->value, "1");
    EXPECT_EQ(find_field(fields, "X-I"), nullptr);
    EXPECT_EQ(find_field({}, "Host"), nullptr);
}

}  // namespace
}  // namespace gateway
