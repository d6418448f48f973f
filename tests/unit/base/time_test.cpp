#include "gateway/base/time.hpp"

#include <gtest/gtest.h>

namespace gateway {
namespace {

using namespace std::chrono;

TEST(sdk_date, is_written_and_read_back) {
    for (const char* text :
         {"20261123T100000Z", "20240229T235959Z", "20000229T000000Z", "19700101T000000Z", "20261231T235959Z"}) {
        const auto time = read_sdk_date(text);
        ASSERT_TRUE(time) << text;
        EXPECT_EQ(sdk_date(*time), text);
    }
    EXPECT_EQ(read_sdk_date("19700102T000001Z"), sys_seconds(seconds(86401)));
}

TEST(sdk_date, of_another_form_or_of_no_day_is_rejected) {
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

TEST(read_rfc3339, reads_what_the_cloud_writes_and_nothing_else) {
    using namespace std::chrono;
    const auto whole = sys_days(year(2020) / 1 / 4) + hours(9) + minutes(5) + seconds(22);
    EXPECT_EQ(read_rfc3339("2020-01-04T09:05:22Z"), whole);
    EXPECT_EQ(read_rfc3339("2020-01-04T09:05:22.701000Z"), whole + milliseconds(701));
    EXPECT_EQ(read_rfc3339("2020-01-04T09:05:22.5Z"), whole + milliseconds(500));
    for (const auto* wrong : {"", "2020-01-04T09:05:22", "2020-01-04T09:05:22.Z", "2020-01-04 09:05:22Z",
                              "2020-13-04T09:05:22Z", "2020-01-04T24:05:22Z", "2020-01-04T09:05:22+00:00",
                              "2020-01-04T09:05:22.-1Z", "2020-01-04T09:05:22.1234567890Z"})
        EXPECT_FALSE(read_rfc3339(wrong).has_value()) << wrong;
}

TEST(read_http_date, reads_the_form_of_rfc_9110_and_nothing_else) {
    using namespace std::chrono;
    EXPECT_EQ(read_http_date("Sun, 06 Nov 1994 08:49:37 GMT"),
              sys_days(year(1994) / 11 / 6) + hours(8) + minutes(49) + seconds(37));
    for (const auto* wrong :
         {"", "Sun, 06 Nov 1994 08:49:37 UTC", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
          "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT"})
        EXPECT_FALSE(read_http_date(wrong).has_value()) << wrong;
}

}  // namespace
}  // namespace gateway
