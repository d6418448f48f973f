#include <gtest/gtest.h>

#include <string>

#include "gateway/message/chunk_decoder.hpp"

namespace gateway::message {
namespace {

struct decoded {
    std::string content;
    bool done = false;
    bool rejected = false;
    std::size_t used = 0;
};

// Feeds `bytes` in pieces of that size, as a network may.
decoded decode(std::string_view bytes, std::size_t piece, std::size_t max_content = 1 << 20) {
    chunk_decoder decoder;
    decoded result;
    while (result.used < bytes.size() && !decoder.done()) {
        std::size_t used = 0;
        if (decoder.feed(bytes.substr(result.used, piece), used, result.content, max_content)) {
            result.rejected = true;
            return result;
        }
        result.used += used;
        if (used == 0) break;  // `max_content` is reached
    }
    result.done = decoder.done();
    return result;
}

TEST(chunked, bodies_decode_the_same_in_pieces_of_any_size) {
    const std::string bytes =
        "4\r\nWiki\r\n6;name=\"value\"\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\nTrailer: x\r\n\r\nGET /";
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        const auto got = decode(bytes, piece);
        EXPECT_TRUE(got.done) << piece;
        EXPECT_EQ(got.content, "Wikipedia in \r\n\r\nchunks.") << piece;
        EXPECT_EQ(bytes.substr(got.used), "GET /") << piece;
    }
}

TEST(chunked, bodies_may_have_extensions_by_the_letter_of_the_grammar) {
    for (const char* extension :
         {";a", ";a=b", ";a;b=c;d", ";a=\"\"", ";a=\"b; c=\\\"d\\\\\t\"", ";a=\"\";b", ";!#$%&'*+-.^_`|~=1"}) {
        const std::string bytes = "4" + std::string(extension) + "\r\nWiki\r\n0" + extension + "\r\n\r\n";
        for (const std::size_t piece : {bytes.size(), std::size_t{1}}) {
            const auto got = decode(bytes, piece);
            EXPECT_TRUE(got.done) << extension;
            EXPECT_EQ(got.content, "Wiki") << extension;
        }
    }
}

TEST(chunked, bodies_that_are_not_strictly_so_are_rejected) {
    const std::string long_extension(300, 'x');
    const std::string long_trailer(5000, 'x');
    for (const std::string& bytes : {
             std::string("+4\r\nWiki\r\n0\r\n\r\n"),
             std::string("-4\r\nWiki\r\n0\r\n\r\n"),
             std::string("0x4\r\nWiki\r\n0\r\n\r\n"),
             std::string(" 4\r\nWiki\r\n0\r\n\r\n"),
             std::string("4 \r\nWiki\r\n0\r\n\r\n"),
             std::string("4\nWiki\r\n0\r\n\r\n"),
             std::string("4\r\nWiki\n0\r\n\r\n"),
             std::string("4\r\nWikipedia\r\n0\r\n\r\n"),
             std::string("\r\nWiki\r\n0\r\n\r\n"),
             std::string("g\r\nWiki\r\n"),
             std::string("FFFFFFFFFFFFFFFFF\r\nx"),
             std::string("000000000\r\n\r\n"),
             std::string("4;\nWiki\r\n"),
             std::string("4;\r\nWiki\r\n"),
             std::string("4;;;\"\r\nWiki\r\n"),
             std::string("4;a;\r\nWiki\r\n"),
             std::string("4;a=\r\nWiki\r\n"),
             std::string("4;=\r\nWiki\r\n"),
             std::string("4;a=b=c\r\nWiki\r\n"),
             std::string("4;bad[=x\r\nWiki\r\n"),
             std::string("4;a=b\"c\"\r\nWiki\r\n"),
             std::string("4;a=\"b\r\nWiki\r\n"),
             std::string("4;a=\"b\"c\r\nWiki\r\n"),
             std::string("4;a=\"\\\r\nWiki\r\n"),
             std::string("4 ;a\r\nWiki\r\n"),
             std::string("4; a\r\nWiki\r\n"),
             std::string("4;a =b\r\nWiki\r\n"),
             std::string("4;a= b\r\nWiki\r\n"),
             std::string("4;a\t\r\nWiki\r\n"),
             std::string("0;=\r\n\r\n"),
             std::string("4;a\x01\r\nWiki\r\n"),
             "4;" + long_extension + "\r\nWiki\r\n",
             "0\r\nX: " + long_trailer + "\r\n\r\n",
             std::string("0\r\n folded\r\n\r\n"),
             std::string("0\r\n: x\r\n\r\n"),
             std::string("0\r\nno colon\r\n\r\n"),
             std::string("0\r\nX Y: v\r\n\r\n"),
             std::string("0\r\nX\r\n\r\n"),
             std::string("0\r\nX: a\nb\r\n\r\n"),
             std::string("0\r\n\rx"),
             std::string("4\r\rWiki"),
             std::string("0\r\nX: a\x7f\r\n\r\n"),
         }) {
        EXPECT_TRUE(decode(bytes, bytes.size()).rejected) << bytes.substr(0, 40);
        EXPECT_TRUE(decode(bytes, 1).rejected) << bytes.substr(0, 40);
    }
}

TEST(chunked, bodies_wait_where_they_are_cut_off) {
    const std::string bytes = "4\r\nWiki\r\n0\r\n\r\n";
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const auto got = decode(bytes.substr(0, length), 3);
        EXPECT_FALSE(got.rejected) << length;
        EXPECT_FALSE(got.done) << length;
    }
}

TEST(chunked, decoding_stops_at_the_limit_of_content) {
    const auto got = decode("a\r\n0123456789\r\n0\r\n\r\n", 100, 4);
    EXPECT_EQ(got.content, "0123");
    EXPECT_FALSE(got.done);
    EXPECT_EQ(got.used, 7U);
}

}  // namespace
}  // namespace gateway::message
