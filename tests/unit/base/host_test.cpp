#include "gateway/base/host.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

namespace gateway {
namespace {

using namespace std::string_view_literals;

TEST(host, is_told_from_its_port) {
    for (const auto& [authority, host] : {std::pair{"127.0.0.1"sv, "127.0.0.1"sv},
                                          {"127.0.0.1:8080"sv, "127.0.0.1"sv},
                                          {"Gateway.example:80"sv, "Gateway.example"sv},
                                          {"gateway.example:"sv, "gateway.example"sv},
                                          {"[::1]"sv, "[::1]"sv},
                                          {"[::1]:8080"sv, "[::1]"sv},
                                          {""sv, ""sv},
                                          {":80"sv, ""sv},
                                          {"[::1"sv, ""sv},
                                          {"[::1]evil.example"sv, ""sv},
                                          {"[::1]evil.example:80"sv, ""sv},
                                          {"127.0.0.1:evil.example"sv, ""sv},
                                          {"::1"sv, ""sv}}) {
        EXPECT_EQ(host_without_port(authority), host) << authority;
    }
}

TEST(host, is_an_address_or_a_name_that_a_name_server_decides_about) {
    for (const char* host :
         {"127.0.0.1", "10.1.2.3", "[::1]", "[2001:db8::1]", "[fe80::1%eth0]", "localhost", "LocalHost"})
        EXPECT_TRUE(is_address_or_localhost(host)) << host;
    for (const char* host : {"", "localhost.", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example",
                             "::1", "[]", "[127.0.0.1]", "[%eth0]", "1", "0x7f.1", "127.1", "2130706433",
                             "[evil.example]", "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]"})
        EXPECT_FALSE(is_address_or_localhost(host)) << host;
}

}  // namespace
}  // namespace gateway
