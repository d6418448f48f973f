// Which of the operations of one path it is. The members `resize` and `dry_run` stand for the keys of two operations.

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>

#include "gateway/operations/body.hpp"

namespace gateway::operations {

namespace {

operation with_key(std::string_view key) {
    operation made = row_of(operation_id::resize);
    made.body_key = key;
    return made;
}

const std::array several{with_key("reboot"), with_key("dry_run"), with_key("resize")};

TEST(body_reader, chooses_the_operation_whose_key_the_body_has) {
    body_reader reader;
    body asked;
    const auto found = reader.read(several, R"({"resize":{"flavorRef":"2"}})", asked);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, &several[2]);
    EXPECT_EQ(*reader.read(several, R"({"dry_run":true})", asked), &several[1])
        << "what the other needs is not missing";
}

TEST(body_reader, rejects_a_body_with_the_keys_of_two_operations_or_of_none) {
    body_reader reader;
    body asked;
    const auto two = reader.read(several, R"({"resize":{"flavorRef":"2"},"dry_run":true})", asked);
    ASSERT_FALSE(two);
    EXPECT_EQ(two.error().pointer, "/resize");
    EXPECT_EQ(two.error().message, "stands beside dry_run; send one of them");
    const auto none = reader.read(several, "{}", asked);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().pointer, "/reboot");
    EXPECT_THROW(static_cast<void>(none.value()), std::invalid_argument);
}

TEST(body_reader, reads_into_a_body_of_another_kind) {
    body_reader reader;
    body asked;
    ASSERT_TRUE(reader.read(std::span(several).last(1), R"({"resize":{"flavorRef":"2"}})", asked));
    EXPECT_EQ(std::get<resize_request>(asked).flavor, "2");
}

}  // namespace

}  // namespace gateway::operations
