#include <gtest/gtest.h>

#include <string>

#include "gateway/message/head.hpp"

namespace gateway::message {
namespace {

struct body_case {
    std::string_view text;
    body_framing body;
    bool keep_alive;
};

TEST(response_head, says_how_its_body_ends) {
    for (const auto& c : {
             body_case{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", body_framing::length, true},
             body_case{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", body_framing::none, true},
             body_case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", body_framing::chunked, true},
             body_case{"HTTP/1.1 200 OK\r\n\r\n", body_framing::until_close, false},
             body_case{"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", body_framing::length, false},
             body_case{"HTTP/1.1 204 No Content\r\n\r\n", body_framing::none, true},
             body_case{"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", body_framing::none, true},
             body_case{"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", body_framing::none, false},
             body_case{"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n", body_framing::none, true},
             body_case{"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", body_framing::none, true},
             body_case{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", body_framing::length,
                       false},
         }) {
        response_head parsed;
        const auto problem = parse_response_head(c.text, parsed);
        ASSERT_FALSE(problem) << c.text << problem->reason;
        EXPECT_EQ(parsed.framing.body, c.body) << c.text;
        EXPECT_EQ(parsed.framing.keep_alive, c.keep_alive) << c.text;
    }
}

TEST(response_head, is_held_to_the_same_framing_as_a_request) {
    for (const std::string_view text : {
             "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
             "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
             "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
             "HTTP/1.1 200 OK\r\nX: a\x01\r\n\r\n",
             "HTTP/1.1 20 OK\r\n\r\n",
             "HTTP/1.1 2000 OK\r\n\r\n",
             "HTTP/1.1 999 OK\r\n\r\n",
             "HTTP/2 200 OK\r\n\r\n",
             "ICY 200 OK\r\n\r\n",
             "HTTP/1.0 100 Continue\r\n\r\n",
             "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n",
             "HTTP/1.1 200 OK\nX: y\r\n\r\n",
         }) {
        response_head parsed;
        EXPECT_TRUE(parse_response_head(text, parsed)) << text;
    }
}

}  // namespace
}  // namespace gateway::message
