#include "value_types.hpp"

#include <gtest/gtest.h>

namespace gateway::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

template <class Result, class Kind>
std::optional<Result> parsed(const Kind& kind, std::string_view text) {
    Result output{};
    if (!kind.parse(text, output)) return std::nullopt;
    return output;
}

TEST(durations, are_a_whole_number_and_a_unit) {
    EXPECT_EQ(read_duration("250ms"), milliseconds(250));
    EXPECT_EQ(read_duration("10s"), seconds(10));
    EXPECT_EQ(read_duration("5m"), minutes(5));
    EXPECT_EQ(read_duration("1h"), hours(1));
    EXPECT_EQ(read_duration("400d"), std::chrono::days(400));
    EXPECT_EQ(read_duration("0s"), milliseconds(0));
    for (const auto* text : {"", "s", "10", "10 s", " 10s", "10s ", "1.5s", "-1s", "+1s", "1h30m", "1S", "1D", "1us",
                             "01s", "1e3s", "99999999999999999999s", "9223372036854775807h", "240001h", "10001d"}) {
        EXPECT_EQ(read_duration(text), std::nullopt) << text;
    }
}

TEST(durations, are_held_to_their_bounds) {
    constexpr duration agency{minutes(15), hours(24)};
    EXPECT_EQ(parsed<seconds>(agency, "15m"), minutes(15));
    EXPECT_EQ(parsed<seconds>(agency, "24h"), hours(24));
    EXPECT_EQ(parsed<seconds>(agency, "899s"), std::nullopt);
    EXPECT_EQ(parsed<seconds>(agency, "86401s"), std::nullopt);
    EXPECT_EQ(parsed<milliseconds>(duration{}, "0s"), std::nullopt);
    EXPECT_EQ(parsed<seconds>(duration{seconds(1)}, "1500ms"), std::nullopt);  // where whole seconds are kept
    EXPECT_EQ(write_duration(hours(24)), "24h");
    EXPECT_EQ(write_duration(std::chrono::days(400)), "400d");
    EXPECT_EQ(agency.expected(), "a duration such as 250ms, 10s, 5m, 1h or 7d, from 15m to 24h");
}

TEST(sizes, are_a_whole_number_and_a_unit) {
    EXPECT_EQ(read_size("512B"), 512U);
    EXPECT_EQ(read_size("16KiB"), 16U * 1024);
    EXPECT_EQ(read_size("12MiB"), 12U * 1024 * 1024);
    for (const auto* text : {"", "B", "512", "1KB", "1kib", "1 KiB", "1.5MiB", "-1B", "0x10B", "010B", "1GiB",
                             "18446744073709551615KiB", "99999999999999999999B"}) {
        EXPECT_EQ(read_size(text), std::nullopt) << text;
    }
    EXPECT_EQ(write_size(0), "0B");
    EXPECT_EQ(write_size(1000), "1000B");
    EXPECT_EQ(write_size(16 * 1024), "16KiB");
    EXPECT_EQ(write_size(12 * 1024 * 1024), "12MiB");
}

TEST(counts, are_decimal_and_in_range) {
    constexpr count to_ten{1, 10};
    EXPECT_EQ(parsed<std::size_t>(to_ten, "10"), 10U);
    for (const auto* text : {"0", "11", "08", "0x8", "1_0", "1e1", "1.0", "+1", "-1", "", " 1", "true"}) {
        EXPECT_EQ(parsed<std::size_t>(to_ten, text), std::nullopt) << text;
    }
    EXPECT_EQ(parsed<std::size_t>(count_or_auto{8}, "auto"), 0U);
    EXPECT_EQ(parsed<std::size_t>(count_or_auto{8}, "0"), std::nullopt);
}

TEST(booleans, are_true_or_false_and_nothing_else) {
    EXPECT_EQ(parsed<bool>(boolean{}, "true"), true);
    EXPECT_EQ(parsed<bool>(boolean{}, "false"), false);
    for (const auto* text : {"yes", "no", "on", "off", "True", "TRUE", "1", "0", "y", ""}) {
        EXPECT_EQ(parsed<bool>(boolean{}, text), std::nullopt) << text;
    }
}

TEST(listener_addresses, are_ip_and_port_or_a_unix_path) {
    const auto v4 = parsed<listener>(listener_address{}, "127.0.0.1:8080");
    ASSERT_TRUE(v4);
    EXPECT_EQ(v4->host, "127.0.0.1");
    EXPECT_EQ(v4->port, 8080);
    const auto v6 = parsed<listener>(listener_address{}, "[::1]:0");
    ASSERT_TRUE(v6);
    EXPECT_EQ(v6->host, "::1");
    EXPECT_EQ(v6->port, 0);
    EXPECT_EQ(v6->name, "[::1]:0");
    const auto path = parsed<listener>(listener_address{}, "unix:/run/gateway.sock");
    ASSERT_TRUE(path);
    EXPECT_TRUE(path->is_unix);
    EXPECT_EQ(path->host, "/run/gateway.sock");
    for (const std::string& text :
         {std::string("localhost:8080"), std::string(":8080"), std::string("8080"), std::string("127.0.0.1"),
          std::string("127.0.0.1:"), std::string("127.0.0.1:65536"), std::string("127.0.0.1:080"),
          std::string("127.0.0.1:80a"), std::string("127.1:80"), std::string("::1:80"), std::string("[::1]"),
          std::string("[127.0.0.1]:80"), std::string("[]:80"), std::string("unix:run/x"), std::string("unix:"),
          "unix:/" + std::string(107, 'x'), std::string("")}) {
        EXPECT_FALSE(parsed<listener>(listener_address{}, text)) << text;
    }
    EXPECT_TRUE(parsed<listener>(listener_address{}, "unix:/" + std::string(106, 'x')));
}

TEST(listeners, are_local_when_no_other_machine_reaches_them) {
    for (const auto& [address, local] : std::vector<std::pair<std::string_view, bool>>{{"127.0.0.1:1", true},
                                                                                       {"127.9.9.9:1", true},
                                                                                       {"[::1]:1", true},
                                                                                       {"unix:/x", true},
                                                                                       {"0.0.0.0:1", false},
                                                                                       {"128.0.0.1:1", false},
                                                                                       {"[::]:1", false},
                                                                                       {"[fe80::1]:1", false}}) {
        const auto read = parsed<listener>(listener_address{}, address);
        ASSERT_TRUE(read) << address;
        EXPECT_EQ(read->is_local(), local) << address;
    }
}

TEST(endpoints, are_a_scheme_and_a_host) {
    EXPECT_EQ(parsed<endpoint>(endpoint_url{}, "https://Ecs.CN-north-4.example"),
              (endpoint{true, "ecs.cn-north-4.example", 443}));
    EXPECT_EQ(parsed<endpoint>(endpoint_url{}, "https://127.0.0.1:9443"), (endpoint{true, "127.0.0.1", 9443}));
    EXPECT_EQ(parsed<endpoint>(endpoint_url{}, "http://[::1]:80"), (endpoint{false, "::1", 80}));
    EXPECT_EQ(parsed<endpoint>(endpoint_url{}, "http://h"), (endpoint{false, "h", 80}));
    for (const auto* text : {"",
                             "ecs.example",
                             "//ecs.example",
                             "ftp://ecs.example",
                             "https://",
                             "https:///",
                             "https://ecs.example/",
                             "https://ecs.example/v1",
                             "https://ecs.example?x",
                             "https://ecs.example#x",
                             "https://u@ecs.example",
                             "https://u:p@ecs.example",
                             "https://@ecs.example",
                             "https://ecs.example:0",
                             "https://ecs.example:65536",
                             "https://ecs.example:",
                             "https://a%2eb",
                             "https://a..b",
                             "https://-a",
                             "https://a b",
                             "https://[v1.x]",
                             "https://a:80:80",
                             "https://a\nb"}) {
        EXPECT_FALSE(parsed<endpoint>(endpoint_url{}, text)) << text;
    }
}

TEST(endpoints, name_the_port_only_where_it_is_not_the_schemes_own) {
    EXPECT_EQ((endpoint{true, "h", 443}).authority(), "h");
    EXPECT_EQ((endpoint{true, "h", 80}).authority(), "h:80");
    EXPECT_EQ((endpoint{false, "h", 80}).authority(), "h");
    EXPECT_EQ((endpoint{true, "::1", 9443}).authority(), "[::1]:9443");
}

TEST(ids, have_the_form_the_cloud_gives_them) {
    for (const auto* text : {"cn-north-4", "my-kualalumpur-1", "eu-west-101"}) {
        EXPECT_TRUE(parsed<std::string>(region_id{}, text)) << text;
    }
    for (const auto* text : {"", "cn", "cn-north", "cn-north-", "cn--4", "cn-4", "CN-north-4", "cn-north-1234",
                             "c-north-4", "cn-no-rth-4", "cn-north-4.evil.example", "cn-north-4x"}) {
        EXPECT_FALSE(parsed<std::string>(region_id{}, text)) << text;
    }
    EXPECT_TRUE(parsed<std::string>(project_id{}, std::string(64, 'a')));
    for (const std::string& text : {std::string(65, 'a'), std::string(""), std::string("a.b"), std::string("a/b")}) {
        EXPECT_FALSE(parsed<std::string>(project_id{}, text)) << text;
    }
}

TEST(certificate_names, say_of_which_kind_they_are) {
    for (const auto* text : {"URI:spiffe://corp.example/bot", "DNS:bot.corp.example"}) {
        EXPECT_TRUE(parsed<std::string>(san{}, text)) << text;
    }
    for (const auto* text : {"bot.corp.example", "uri:spiffe://x/y", "URI:", "DNS:", "DNS:a b", "DNS:*.example",
                             "URI:not a uri", "email:a@b", "IP:127.0.0.1"}) {
        EXPECT_FALSE(parsed<std::string>(san{}, text)) << text;
    }
}

TEST(modes, are_octal_and_begin_with_0) {
    EXPECT_EQ(parsed<unsigned>(octal_mode{}, "0660"), 0660U);
    EXPECT_EQ(parsed<unsigned>(octal_mode{}, "0600"), 0600U);
    // 432 and 416 are 0660 and 0640 as tools that write YAML or JSON spell them.
    for (const auto* text :
         {"", "66", "432", "416", "600", "066", "0o660", "0688", "1777", "00660", "rw-rw----", "-660"}) {
        EXPECT_FALSE(parsed<unsigned>(octal_mode{}, text)) << text;
    }
}

TEST(texts, are_one_line) {
    EXPECT_EQ(parsed<std::string>(text{}, "night shift 夜"), "night shift 夜");
    for (const std::string& wrong : {std::string(""), std::string("a\nb"), std::string("a\x7f"), std::string(" a"),
                                     std::string("a "), std::string(257, 'a'), std::string("a\0b", 3)}) {
        EXPECT_FALSE(parsed<std::string>(text{}, wrong)) << wrong;
    }
}

}  // namespace
}  // namespace gateway::config
