#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "gateway/message/response_reader.hpp"

namespace gateway::message {
namespace {

constexpr std::size_t everything = 1 << 20;

// The result of reading a response, and whether the connection can be used again.
struct response {
    read_result head = read_result::need_more;
    read_result body = read_result::need_more;
    unsigned status = 0;
    std::string content;
    bool reusable = false;
    std::string reason;
};

void receive(response_reader& reader, std::string_view bytes) {
    const auto space = reader.prepare();
    ASSERT_GE(space.size(), bytes.size());
    std::copy(bytes.begin(), bytes.end(), space.begin());
    reader.commit(bytes.size());
}

// Hands the bytes over in pieces of that size, as a network may, then closes the connection if `closes`.
response read(response_reader& reader, std::string_view bytes, std::size_t piece, bool closes) {
    response got;
    std::size_t taken = 0;
    const auto next_piece = [&] {
        const std::string_view next = bytes.substr(taken, piece);
        receive(reader, next);
        taken += next.size();
        return !next.empty();
    };
    while ((got.head = reader.read_head()) == read_result::need_more)
        if (!next_piece()) break;
    got.reason = reader.reason();
    if (got.head != read_result::message) return got;
    got.status = reader.head().status;
    while ((got.body = reader.read_body(everything)) == read_result::need_more)
        if (!next_piece() && (!closes || !reader.end_of_input())) break;
    got.reason = reader.reason();
    got.content = reader.body();
    got.reusable = reader.is_reusable();
    return got;
}

struct response_case {
    std::string text;
    bool closes;  // the connection, behind it
    response expected;
};

std::string repeated(std::string_view text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i)
        all += text;
    return all;
}

constexpr auto whole = read_result::message;
constexpr auto need_more = read_result::need_more;
constexpr auto rejected = read_result::rejected;
const std::string continues = "HTTP/1.1 100 Continue\r\n\r\n";
const std::string ok = "HTTP/1.1 200 OK\r\n";
const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";

const response_case cases[] = {
    // A length.
    {ok + "Content-Length: 5\r\n\r\nhello", false, {whole, whole, 200, "hello", true, ""}},
    {ok + "Content-Length: 0\r\n\r\n", false, {whole, whole, 200, "", true, ""}},
    {ok + "Content-Length: 5\r\nConnection: close\r\n\r\nhello", false, {whole, whole, 200, "hello", false, ""}},
    {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, {whole, whole, 200, "hello", false, ""}},
    {ok + "Content-Length: 5\r\n\r\nhell", true, {whole, need_more, 200, "hell", false, ""}},
    // Chunks.
    {chunked + "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", false, {whole, whole, 200, "hello", true, ""}},
    {chunked + "0\r\nTrailer: x\r\n\r\n", false, {whole, whole, 200, "", true, ""}},
    {chunked + "3\r\nhel\r\n", true, {whole, need_more, 200, "hel", false, ""}},
    {chunked + "5\r\nhello\r\n0\r\n", true, {whole, need_more, 200, "hello", false, ""}},
    {chunked + "x\r\n",
     false,
     {whole, rejected, 200, "", false, "a chunk size is not a hexadecimal number (RFC 9112, 7.1)"}},
    {chunked + "3\r\nhelX",
     false,
     {whole, rejected, 200, "hel", false, "a chunk does not end with CRLF (RFC 9112, 7.1)"}},
    // Until the connection closes.
    {ok + "\r\nhello", true, {whole, whole, 200, "hello", false, ""}},
    {ok + "\r\n", true, {whole, whole, 200, "", false, ""}},
    {ok + "\r\nhello", false, {whole, need_more, 200, "hello", false, ""}},
    // No body, whatever the fields say.
    {"HTTP/1.1 204 No Content\r\n\r\n", false, {whole, whole, 204, "", true, ""}},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", false, {whole, whole, 204, "", false, ""}},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false, {whole, whole, 304, "", true, ""}},
    // Interim responses.
    {continues + ok + "Content-Length: 2\r\n\r\nok", false, {whole, whole, 200, "ok", true, ""}},
    {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + continues + ok + "Content-Length: 2\r\n\r\nok",
     false,
     {whole, whole, 200, "ok", true, ""}},
    {continues, true, {need_more, need_more, 0, "", false, ""}},
    {repeated(continues, 8) + ok + "Content-Length: 2\r\n\r\nok", false, {whole, whole, 200, "ok", true, ""}},
    {repeated(continues, 9),
     false,
     {rejected, need_more, 0, "", false, "the endpoint sent an interim answer that was not asked for"}},
    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
     false,
     {rejected, need_more, 0, "", false, "the endpoint sent an interim answer that was not asked for"}},
    // No head.
    {"", true, {need_more, need_more, 0, "", false, ""}},
    {"HTTP/1.1 200 OK\r\nContent-", true, {need_more, need_more, 0, "", false, ""}},
    {"HTTP/2 200",
     false,
     {rejected, need_more, 0, "", false, "it does not begin as an HTTP/1.1 answer does (RFC 9112, 4)"}},
    {"SSH-2.0-OpenSSH_9.2\r\n",
     false,
     {rejected, need_more, 0, "", false, "it does not begin as an HTTP/1.1 answer does (RFC 9112, 4)"}},
    {ok + "A: b\r\n c\r\n\r\n", false, {rejected, need_more, 0, "", false, "a header line is folded (RFC 9112, 5.2)"}},
};

TEST(response_reader, reads_the_same_however_the_bytes_are_cut_into_packets) {
    for (const auto& c : cases) {
        for (const std::size_t piece : {std::max<std::size_t>(1, c.text.size()), std::size_t{1}, std::size_t{7}}) {
            response_reader reader;
            const response got = read(reader, c.text, piece, c.closes);
            const auto description = c.text.substr(0, 200) + " in pieces of " + std::to_string(piece);
            EXPECT_EQ(got.head, c.expected.head) << description;
            EXPECT_EQ(got.body, c.expected.body) << description;
            EXPECT_EQ(got.status, c.expected.status) << description;
            EXPECT_EQ(got.content, c.expected.content) << description;
            EXPECT_EQ(got.reusable, c.expected.reusable) << description;
            EXPECT_EQ(got.reason, c.expected.reason) << description;
            EXPECT_EQ(reader.started(), !c.text.empty()) << description;
        }
    }
}

TEST(response_reader, reads_responses_one_after_the_other) {
    response_reader reader;
    for (const auto& c : cases) {
        const response got = read(reader, c.text, c.text.size() + 1, c.closes);
        EXPECT_EQ(got.content, c.expected.content) << c.text.substr(0, 200);
        EXPECT_EQ(got.reusable, c.expected.reusable) << c.text.substr(0, 200);
        reader.reset();
        EXPECT_FALSE(reader.started());
        EXPECT_EQ(reader.head_bytes(), 0U);
    }
}

TEST(response_reader, trusts_no_connection_with_another_request_when_bytes_follow_the_response) {
    for (const std::string& text : {
             ok + "Content-Length: 5\r\n\r\nhello",
             ok + "Content-Length: 0\r\n\r\n",
             chunked + "5\r\nhello\r\n0\r\n\r\n",
             std::string("HTTP/1.1 204 No Content\r\n\r\n"),
             std::string("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
         }) {
        response_reader reader;
        EXPECT_TRUE(read(reader, text, text.size(), false).reusable) << text;
        receive(reader, "H");
        EXPECT_FALSE(reader.is_reusable()) << text;
    }
}

TEST(response_reader, rejects_a_head_of_more_than_64_KiB_with_and_without_its_end) {
    const std::string start = ok + "X: ";
    for (const bool ends : {false, true}) {
        for (const std::size_t size : {response_reader::max_head_bytes, response_reader::max_head_bytes + 1}) {
            std::string text = start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n";
            if (!ends) text.back() = 'x';
            response_reader reader;
            const response got = read(reader, text, response_reader::head_read_size, false);
            const bool fits = ends && size == response_reader::max_head_bytes;
            EXPECT_EQ(got.head, fits ? whole : rejected) << size;
            EXPECT_EQ(got.reason, fits ? "" : "the header of the answer is longer than 64 KiB") << size;
        }
    }
}

TEST(response_reader, copies_neither_head_nor_body_that_came_in_one_read) {
    response_reader reader;
    const std::string text = ok + "Content-Length: 5\r\n\r\nhello";
    const char* const memory = reader.prepare().data();
    EXPECT_EQ(read(reader, text, text.size(), false).content, "hello");
    EXPECT_EQ(reader.body().data(), memory + reader.head_bytes());
    EXPECT_EQ(reader.head().fields[0].value.data(), memory + ok.size() + std::string_view("Content-Length: ").size());
}

TEST(response_reader, keeps_the_fields_of_a_head_that_moves_as_the_body_grows) {
    const std::string body(100 * 1024, 'b');
    const std::string text =
        ok + "X-Request-Id: an-id\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    response_reader reader;
    EXPECT_EQ(read(reader, text, 1000, false).content, body);
    EXPECT_EQ(reader.head().fields.find(known::x_request_id)->value, "an-id");
}

TEST(response_reader, gives_a_body_piece_by_piece_in_memory_of_a_bounded_size) {
    const std::string piece(1000, 'p');
    std::string chunks;
    for (int i = 0; i < 500; ++i)
        chunks += "3e8\r\n" + piece + "\r\n";
    for (const std::string& text : {
             ok + "Content-Length: 500000\r\n\r\n" + repeated(piece, 500),
             chunked + chunks + "0\r\n\r\n",
             ok + "\r\n" + repeated(piece, 500),
         }) {
        response_reader reader;
        std::size_t taken = 0, content = 0, max_memory = 0;
        const auto next_piece = [&] {
            const std::string_view next = std::string_view(text).substr(taken, 4000);
            receive(reader, next);
            taken += next.size();
            return !next.empty();
        };
        while (reader.read_head() == need_more)
            ASSERT_TRUE(next_piece());
        while (!reader.whole()) {
            while (reader.read_body(1) == need_more)
                ASSERT_TRUE(next_piece() || reader.end_of_input());
            max_memory = std::max(max_memory, reader.prepare().size() + reader.body().size());
            content += reader.body().size();
            reader.consume_body();
        }
        EXPECT_EQ(content, 500000U);
        EXPECT_LE(max_memory, 2 * (response_reader::body_read_size + 4096));
    }
}

TEST(response_reader, decodes_no_more_of_a_chunked_body_than_is_wanted_and_a_read) {
    response_reader reader;
    const std::string head = chunked + "fffff\r\n";
    receive(reader, head);
    ASSERT_EQ(reader.read_head(), whole);
    for (int i = 0; i < 10; ++i)
        receive(reader, std::string(response_reader::body_read_size, 'c'));
    EXPECT_EQ(reader.read_body(100), whole);
    EXPECT_EQ(reader.body().size(), 100 + response_reader::body_read_size);
}

}  // namespace
}  // namespace gateway::message
