#include "gateway/upstream/trace.hpp"

#include <gmock/gmock.h>

namespace gateway::upstream {
namespace {

constexpr std::string_view id = "4bf92f3577b34da6a3ce929d0e0e4736";

std::string traceparent(std::string_view version, std::string_view trace, std::string_view more = "") {
    std::string text(version);
    text.append("-").append(trace).append("-00f067aa0ba902b7-01").append(more);
    return text;
}

TEST(trace, is_named_by_a_traceparent_of_this_and_later_versions) {
    EXPECT_EQ(trace_id_of(traceparent("00", id)), id);
    EXPECT_EQ(trace_id_of(traceparent("cc", id)), id);
    EXPECT_EQ(trace_id_of(traceparent("cc", id, "-what-comes")), id);
}

TEST(trace, is_not_named_by_what_is_no_traceparent) {
    const std::string none(32, '0');
    const std::string upper = "4BF92F3577B34DA6A3CE929D0E0E4736";
    for (const std::string& text :
         {std::string(), std::string("00-a"), traceparent("ff", id), traceparent("00", none), traceparent("00", upper),
          traceparent("00", id, "-more"), traceparent("cc", id, "more"), traceparent("0g", id),
          std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"),
          std::string("00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
          std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x")})
        EXPECT_EQ(trace_id_of(text), "") << text;
}

TEST(trace, that_begins_here_is_one_that_others_can_read) {
    std::string out;
    append_traceparent(out, id);
    ASSERT_EQ(out, "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-a3ce929d0e0e4736-00\r\n");
    EXPECT_EQ(trace_id_of(out.substr(13, 55)), id);
}

}  // namespace
}  // namespace gateway::upstream
