#include "gateway/outcome/rejected_lines.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace gateway::outcome {
namespace {

using namespace std::chrono_literals;

const rejected_lines::time start{1000s};

record from_peer(std::string_view peer, std::string_view code = "Gateway.0101") {
    record r;
    r.peer = peer;
    r.code = code;
    return r;
}

// As many as have a line of their own.
void fill_second(rejected_lines& lines_of, rejected_lines::time time) {
    for (std::size_t i = 0; i < rejected_lines::max_per_second; ++i)
        EXPECT_FALSE(lines_of.gather(from_peer("192.0.2.1:1"), time));
}

std::vector<std::string> due(rejected_lines& lines_of, rejected_lines::time time) {
    std::string text;
    const std::size_t count = lines_of.append_due(text, time);
    std::vector<std::string> lines;
    for (std::size_t end = 0; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1))
        lines.push_back(text.substr(0, end));
    EXPECT_EQ(lines.size(), count);
    std::sort(lines.begin(), lines.end(),
              [](const auto& a, const auto& b) { return a.substr(a.find("\"peer")) < b.substr(b.find("\"peer")); });
    return lines;
}

TEST(rejected_lines, of_a_second_are_gathered_beyond_a_hundred_by_address_and_code) {
    rejected_lines all;
    fill_second(all, start);
    for (const char* peer :
         {"192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3", "[2001:db8::1]:1", "unix:uid=7,pid=1", "unix:uid=7,pid=2"})
        EXPECT_TRUE(all.gather(from_peer(peer), start + 500ms));
    EXPECT_TRUE(all.gather(from_peer("192.0.2.1:4", "Gateway.0301"), start + 999ms));
    EXPECT_TRUE(due(all, start + 999ms).empty());

    const auto lines = due(all, start + 1s);
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_TRUE(lines[0].find("\"peer\":\"192.0.2.1:1\"") != std::string::npos) << lines[0];
    EXPECT_TRUE(lines[0].ends_with(",\"repeated\":3}")) << lines[0];
    EXPECT_TRUE(lines[1].find("Gateway.0301") != std::string::npos && lines[1].find("repeated") == std::string::npos)
        << lines[1];
    EXPECT_TRUE(lines[2].find("\"peer\":\"[2001:db8::1]:1\"") != std::string::npos) << lines[2];
    EXPECT_TRUE(lines[3].ends_with(",\"repeated\":2}")) << lines[3];
    EXPECT_TRUE(all.is_empty());
}

TEST(rejected_lines, take_an_ipv6_address_for_its_network_and_an_ipv4_address_for_itself) {
    struct {
        const char *first, *second;
        bool alike;
    } const cases[] = {
        {"[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff:ffff:ffff:ffff]:2", true},
        {"[2001:db8:1:2::1]:1", "[2001:db8:1:3::1]:1", false},
        {"[fe80::1%eth0]:1", "[fe80::2%eth0]:1", true},
        {"[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.1]:2", true},
        {"[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.2]:1", false},
        {"192.0.2.1:1", "192.0.2.2:1", false},
        {"unix:uid=7,pid=1", "unix:uid=8,pid=1", false},
    };
    for (const auto& c : cases) {
        rejected_lines all;
        fill_second(all, start);
        EXPECT_TRUE(all.gather(from_peer(c.first), start));
        EXPECT_TRUE(all.gather(from_peer(c.second), start));
        EXPECT_EQ(due(all, start + 1s).size(), c.alike ? 1U : 2U) << c.first << " and " << c.second;
    }
}

TEST(rejected_lines, of_a_flood_from_a_thousand_addresses_take_little_of_the_log) {
    rejected_lines all;
    fill_second(all, start);
    for (unsigned i = 0; i < 1000; ++i) {
        record r = from_peer("");
        const std::string peer = "192.0.2." + std::to_string(i / 4) + ":" + std::to_string(i),
                          host = "[2001:db8:0:" + std::to_string(i) + "::1]:1";
        r.message = "this is not a well-formed HTTP request: the request line has no version (RFC 9112, 3)";
        r.peer = i % 2 == 0 ? peer : host;
        EXPECT_TRUE(all.gather(r, start));
    }
    std::string text;
    EXPECT_EQ(all.append_due(text, start + 1s), 51U);
    EXPECT_LT(text.size(), 32U * 1024);
}

TEST(rejected_lines, have_lines_of_their_own_again_in_the_next_second) {
    rejected_lines all;
    fill_second(all, start);
    EXPECT_TRUE(all.gather(from_peer("192.0.2.1:1"), start));
    fill_second(all, start + 1s);
    EXPECT_TRUE(all.gather(from_peer("192.0.2.1:1"), start + 1s));
    const auto lines = due(all, start + 1s);  // the writer was late
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(lines[0].ends_with(",\"repeated\":2}"));
}

TEST(rejected_lines, of_more_peers_than_are_kept_apart_are_gathered_by_code) {
    rejected_lines all;
    fill_second(all, start);
    for (std::size_t i = 0; i < 3 * rejected_lines::max_kept; ++i) {
        const std::string peer = "[2001:db8:0:" + std::to_string(i) + "::1]:1";
        EXPECT_TRUE(all.gather(from_peer(peer), start));
    }
    std::string text;
    EXPECT_EQ(all.append_due(text, start + 1s), rejected_lines::max_kept + 1);
    EXPECT_NE(text.find(",\"repeated\":100}"), std::string::npos);
}

TEST(rejected_lines, keep_a_bounded_memory) {
    rejected_lines all;
    fill_second(all, start);
    const std::string long_text(256, '\x01');
    for (std::size_t i = 0; i < 3 * rejected_lines::max_kept; ++i) {
        const std::string peer = "[2001:db8:0:" + std::to_string(i) + "::1]:1";
        record r = from_peer(peer);
        r.message = r.account = r.region = r.listener = long_text;
        EXPECT_TRUE(all.gather(r, start));
    }
    std::string text;
    all.append_due(text, start + 1s);
    EXPECT_LT(text.size(), rejected_lines::max_bytes + 2 * longest_line);
}

TEST(rejected_lines, are_due_at_the_end) {
    rejected_lines all;
    fill_second(all, start);
    EXPECT_TRUE(all.gather(from_peer("192.0.2.1:1"), start));
    EXPECT_FALSE(all.is_due(start));
    all.end_second();
    EXPECT_TRUE(all.is_due(start));
    EXPECT_EQ(due(all, start).size(), 1U);
}

}  // namespace
}  // namespace gateway::outcome
