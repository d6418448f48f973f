#include "gateway/base/time.hpp"

#include <gtest/gtest.h>

namespace gateway {
namespace {

using namespace std::chrono;

TEST(sdk_date, is_written_and_read_back) {
    for (const char* text :
         {"20261123T100000Z", "20240229T235959Z", "20000229T000000Z", "19700101T000000Z", "20261231T235959Z"}) {
        const auto at = read_sdk_date(text);
        ASSERT_TRUE(at) << text;
        EXPECT_EQ(sdk_date(*at), text);
    }
    EXPECT_EQ(read_sdk_date("19700102T000001Z"), sys_seconds(seconds(86401)));
}

TEST(sdk_date, of_another_form_or_of_no_day_is_refused) {
    for (const char* text :
         {"", "20261123T100000", "20261123T100000z", "20261123 100000Z", "20261123T10000Z", "20261123T1000000Z",
          "20260229T100000Z", "21000229T100000Z", "20261131T100000Z", "20261301T100000Z", "20260001T100000Z",
          "20261123T240000Z", "20261123T106000Z", "20261123T100060Z", "2026112xT100000Z", "-0261123T100000Z"})
        EXPECT_FALSE(read_sdk_date(text)) << text;
}

TEST(rfc3339, has_microseconds) {
    std::string text = "at ";
    append_rfc3339(text, sys_days(2026y / 11 / 23) + 10h + 1min + 2s + 34us);
    EXPECT_EQ(text, "at 2026-11-23T10:01:02.000034Z");
    text.clear();
    append_rfc3339(text, sys_days(2024y / 2 / 29) + 23h + 59min + 59s + 999999us);
    EXPECT_EQ(text, "2024-02-29T23:59:59.999999Z");
    text.clear();
    append_rfc3339(text, system_clock::time_point(-1us));
    EXPECT_EQ(text, "1969-12-31T23:59:59.999999Z");
}

}  // namespace
}  // namespace gateway
