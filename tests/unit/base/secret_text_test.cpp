#include "gateway/base/secret_text.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <type_traits>
#include <utility>

namespace gateway {
namespace {

template <class T>
concept printable = requires(std::ostream& out, const T& value) {
    out << value;
};
template <class T>
concept comparable = requires(const T& a, const T& b) {
    a == b;
};

static_assert(!printable<secret_text>);
static_assert(!comparable<secret_text>);
static_assert(!std::is_copy_constructible_v<secret_text> && !std::is_copy_assignable_v<secret_text>);
static_assert(!std::is_convertible_v<secret_text, std::string_view>);

TEST(secret_text, gives_its_bytes_only_when_asked) {
    const secret_text secret("sk");
    EXPECT_EQ(secret.reveal(), "sk");
    EXPECT_TRUE(secret.same_as("sk"));
    EXPECT_FALSE(secret.same_as("sK"));
    EXPECT_FALSE(secret.same_as("s"));
    EXPECT_FALSE(secret.same_as("sk2"));
}

TEST(secret_text, moves_and_leaves_nothing_behind) {
    secret_text first("sk");
    secret_text second(std::move(first));
    EXPECT_EQ(second.reveal(), "sk");
    EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that is the question
    first = std::move(second);
    EXPECT_EQ(first.reveal(), "sk");
    EXPECT_EQ(first.clone().reveal(), "sk");
}

TEST(secret_text, may_be_empty) {
    const secret_text nothing;
    EXPECT_TRUE(nothing.empty());
    EXPECT_TRUE(nothing.same_as(""));
    EXPECT_FALSE(nothing.same_as("s"));
    EXPECT_TRUE(secret_text("").empty());
}

TEST(secret_text, of_nothing_can_be_cloned) { EXPECT_TRUE(secret_text().clone().empty()); }

TEST(wipe, overwrites_bytes) {
    char bytes[] = "secret";
    wipe(bytes, sizeof bytes);
    for (const char b : bytes)
        EXPECT_EQ(b, 0);
    wipe(nullptr, 0);
}

}  // namespace
}  // namespace gateway
