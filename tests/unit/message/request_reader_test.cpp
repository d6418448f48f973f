#include "gateway/message/request_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace gateway::message {
namespace {

constexpr request_limits limits{.head_bytes = 1024, .body_bytes = 64};

struct request {
    std::string method, target, body;
    std::size_t bytes = 0;

    bool operator==(const request&) const = default;
};
void PrintTo(const request& r, std::ostream* out) {
    *out << r.method << ' ' << r.target << ' ' << r.body << ", " << r.bytes << " bytes";
}

// The result of reading all the requests that some bytes hold.
struct reading {
    std::vector<request> requests;
    read_result last = read_result::need_more;  // need_more or rejected
    bool in_body = false;                       // which that is about
    problem why;
    std::size_t rejected_bytes = 0;
};

void receive(request_reader& reader, std::string_view bytes) {
    const auto space = reader.prepare();
    ASSERT_GE(space.size(), bytes.size());
    std::copy(bytes.begin(), bytes.end(), space.begin());
    reader.commit(bytes.size());
}

// As many requests as are there.
void read_requests(request_reader& reader, reading& got) {
    for (;;) {
        if (!got.in_body) {
            got.last = reader.read_head(limits);
            if (got.last != read_result::message) break;
            got.in_body = true;
        }
        got.last = reader.read_body(limits);
        if (got.last != read_result::message) break;
        const request_head& head = reader.head();
        got.requests.push_back(
            {std::string(head.method), std::string(head.target), std::string(reader.body()), reader.bytes()});
        got.in_body = false;
        reader.next();
    }
    if (got.last != read_result::rejected) return;
    got.why = reader.problem();
    got.rejected_bytes = reader.bytes();
}

// Hands the bytes over in pieces that end at these places, as a network may.
reading read(std::string_view bytes, const std::vector<std::size_t>& ends) {
    request_reader reader;
    reading got;
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
        if (got.last == read_result::rejected) break;
        receive(reader, bytes.substr(begin, end - begin));
        begin = end;
        read_requests(reader, got);
    }
    return got;
}

reading read(std::string_view bytes) { return read(bytes, {bytes.size()}); }

std::vector<std::size_t> every_byte(std::string_view bytes) {
    std::vector<std::size_t> ends;
    for (std::size_t end = 1; end <= bytes.size(); ++end)
        ends.push_back(end);
    return ends;
}

void expect_same(const reading& got, const reading& expected, const std::string& description) {
    EXPECT_EQ(got.requests, expected.requests) << description;
    EXPECT_EQ(got.last, expected.last) << description;
    EXPECT_EQ(got.in_body, expected.in_body) << description;
    if (expected.last != read_result::rejected) return;
    EXPECT_EQ(got.why.kind, expected.why.kind) << description;
    EXPECT_EQ(got.why.reason, expected.why.reason) << description;
}

std::string text(std::string_view line, std::initializer_list<std::string_view> fields, std::string_view body = {}) {
    std::string all(line);
    all += "\r\n";
    for (const auto field : fields)
        all.append(field).append("\r\n");
    return all.append("\r\n").append(body);
}

std::string padded(std::string start, std::size_t size, std::string_view end) {
    start.append(size - start.size() - end.size(), 'x').append(end);
    return start;
}

struct accepted_case {
    std::string bytes;
    std::vector<request> requests;
    bool more = false;  // a request has begun behind them
};

const std::string get = text("GET /a HTTP/1.1", {"Host: h"});
const std::string post = text("POST /b HTTP/1.1", {"Host: h", "Content-Length: 5"}, "hello");
const std::string chunked_head = text("POST /c HTTP/1.1", {"Host: h", "Transfer-Encoding: chunked"});
const std::string chunked = chunked_head + "3;a=\"b\"\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: t\r\n\r\n";
const request get_request{"GET", "/a", "", get.size()};
const request post_request{"POST", "/b", "hello", post.size()};
const request chunked_request{"POST", "/c", "hello", chunked.size()};

const accepted_case accepted_cases[] = {
    {"", {}},
    {get, {get_request}},
    {post, {post_request}},
    {chunked, {chunked_request}},
    {text("POST /b HTTP/1.1", {"Host: h", "Content-Length: 0"}), {{"POST", "/b", "", 48}}},
    {text("GET /a HTTP/1.0", {}), {{"GET", "/a", "", 19}}},
    {text("POST /b HTTP/1.0", {"Content-Length: 2"}, "ok"), {{"POST", "/b", "ok", 41}}},
    {text("POST /b HTTP/1.1", {"Host: h", "Expect: 100-continue", "Content-Length: 2"}, "ok"),
     {{"POST", "/b", "ok", 72}}},
    // One after the other.
    {get + post + chunked + get, {get_request, post_request, chunked_request, get_request}},
    {chunked + chunked, {chunked_request, chunked_request}},
    // RFC 9112, 2.2: an empty line.
    {"\r\n" + get, {get_request}},
    {"\r\n" + post + "\r\n" + get + "\r\n", {post_request, get_request}},
    // More is to come.
    {"\r", {}, true},
    {"G", {}, true},
    {"GET /a HTTP/1.1\r\nHost: h\r\n\r", {}, true},
    {"GET /a HTTP/1.1\nHost: h\n\n", {}, true},  // a bare LF ends no line, so this is no head yet
    {get + "P", {get_request}, true},
    {text("POST /b HTTP/1.1", {"Host: h", "Content-Length: 5"}, "hell"), {}, true},
    {chunked_head + "5\r\nhello\r\n0\r\n", {}, true},
    // Limits, exactly at.
    {padded("GET /a HTTP/1.1\r\nHost: h\r\nX: ", limits.head_bytes, "\r\n\r\n"),
     {{"GET", "/a", "", limits.head_bytes}}},
    {text("POST /b HTTP/1.1", {"Host: h", "Content-Length: 64"}, std::string(64, 'b')),
     {{"POST", "/b", std::string(64, 'b'), 113}}},
    {chunked_head + "40\r\n" + std::string(64, 'b') + "\r\n0\r\n\r\n",
     {{"POST", "/c", std::string(64, 'b'), chunked_head.size() + 75}}},
};

TEST(request_reader, reads_the_same_requests_wherever_the_bytes_are_cut) {
    for (const auto& c : accepted_cases) {
        const reading whole = read(c.bytes);
        EXPECT_EQ(whole.requests, c.requests) << c.bytes;
        EXPECT_EQ(whole.last, read_result::need_more) << c.bytes;
        expect_same(read(c.bytes, every_byte(c.bytes)), whole, c.bytes + "\nbyte by byte");
        for (std::size_t cut = 1; cut < c.bytes.size(); ++cut)
            expect_same(read(c.bytes, {cut, c.bytes.size()}), whole, c.bytes + "\ncut at " + std::to_string(cut));
    }
}

TEST(request_reader, knows_whether_a_request_has_begun) {
    for (const auto& c : accepted_cases) {
        request_reader reader;
        reading got;
        receive(reader, c.bytes);
        read_requests(reader, got);
        EXPECT_EQ(reader.empty(), !c.more) << c.bytes;
    }
}

struct rejected_case {
    std::string bytes;  // the last of them is the one that shows it
    fault kind;
    std::string_view reason;
    bool in_body = false;
    std::size_t requests = 0;  // before it
};

constexpr auto bad = fault::malformed;
constexpr std::string_view no_method = "no method begins so (RFC 9112, 3)";

const rejected_case rejected_cases[] = {
    // No request begins so.
    {std::string(1, '\x16'), bad,
     "this listener speaks plain HTTP, and a TLS hello came: use http://, or another listener"},
    {"\n", bad, no_method},
    {" ", bad, no_method},
    {"\rG", bad, no_method},
    {"\r\n\r", bad, no_method},
    {get + "\r\n\r", bad, no_method, false, 1},
    {post + "{", bad, no_method, false, 1},
    // Heads.
    {"GET /a HTTP/1.1\nHost: h\n\r\n\r\n", bad, "a CR or LF stands alone (RFC 9112, 2.2)"},
    {text("GET /a HTTP/1.1", {"Host: h", "A: b", " c"}), bad, "a header line is folded (RFC 9112, 5.2)"},
    {text("GET /a HTTP/1.1", {"Host: h", "A : b"}), bad, "a header name is malformed (RFC 9112, 5.1)"},
    {text("GET /a HTTP/1.1", {}), bad, "no Host (RFC 9112, 3.2)"},
    {text("GET /a HTTP/2.0", {"Host: h"}), bad, "the version is not HTTP/1.1 or HTTP/1.0 (RFC 9112, 2.3)"},
    {get + text("GET /a HTTP/1.1", {}), bad, "no Host (RFC 9112, 3.2)", false, 1},
    // Framing that another could read differently.
    {text("POST /b HTTP/1.1", {"Host: h", "Content-Length: 5", "Content-Length: 5"}), bad,
     "Content-Length occurs twice (RFC 9112, 6.3)"},
    {text("POST /b HTTP/1.1", {"Host: h", "Content-Length: 5", "Transfer-Encoding: chunked"}), bad,
     "both Content-Length and Transfer-Encoding (RFC 9112, 6.1)"},
    {text("POST /b HTTP/1.0", {"Host: h", "Transfer-Encoding: chunked"}), bad,
     "Transfer-Encoding in an HTTP/1.0 message (RFC 9112, 6.1)"},
    {text("POST /b HTTP/1.1", {"Host: h", "Transfer-Encoding: gzip, chunked"}), fault::unknown_transfer_coding,
     "the only transfer-coding taken here is chunked (RFC 9112, 7)"},
    {text("POST /b HTTP/1.1", {"Host: h", "Expect: 200-ok", "Content-Length: 5"}), fault::unknown_expectation,
     "the only expectation taken here is 100-continue (RFC 9110, 10.1.1)"},
    // Limits, one over.
    {text(std::string(max_method_length + 1, 'M') + " /a HTTP/1.1", {"Host: h"}), fault::method_too_long,
     "the method is longer than any that there is (RFC 9112, 3)"},
    {std::string(limits.head_bytes, 'M'), fault::method_too_long, "the method is longer than limits.header_bytes"},
    {padded("GET /", limits.head_bytes, ""), fault::line_too_long,
     "the request line is longer than limits.header_bytes"},
    {padded("GET /a HTTP/1.1\r\nHost: h\r\nX: ", limits.head_bytes, "\r\n\r"), fault::header_too_long,
     "the header is longer than limits.header_bytes"},
    {text("POST /b HTTP/1.1", {"Host: h", "Content-Length: 65"}), fault::body_too_large,
     "the body is larger than limits.body_bytes"},
    {chunked_head + "41\r\n" + std::string(65, 'b'), fault::body_too_large, "the body is larger than limits.body_bytes",
     true},
    {chunked_head + "40\r\n" + std::string(64, 'b') + "\r\n1\r\nb", fault::body_too_large,
     "the body is larger than limits.body_bytes", true},
    // Chunks.
    {chunked_head + "x", bad, "a chunk size is not a hexadecimal number (RFC 9112, 7.1)", true},
    {chunked_head + "5\n", bad, "a chunk size is not a hexadecimal number (RFC 9112, 7.1)", true},
    {chunked_head + "5; ", bad, "a chunk extension is malformed or too long (RFC 9112, 7.1.1)", true},
    {chunked_head + "5\r\nhelloX", bad, "a chunk does not end with CRLF (RFC 9112, 7.1)", true},
};

TEST(request_reader, rejects_at_the_byte_that_shows_it_wherever_the_bytes_are_cut) {
    for (const auto& c : rejected_cases) {
        const reading whole = read(c.bytes);
        EXPECT_EQ(whole.requests.size(), c.requests) << c.bytes;
        EXPECT_EQ(whole.last, read_result::rejected) << c.bytes;
        EXPECT_EQ(whole.in_body, c.in_body) << c.bytes;
        EXPECT_EQ(whole.why.kind, c.kind) << c.bytes;
        EXPECT_EQ(whole.why.reason, c.reason) << c.bytes;
        expect_same(read(c.bytes, every_byte(c.bytes)), whole, c.bytes + "\nbyte by byte");
        expect_same(read(c.bytes + "more", {c.bytes.size() + 4}), whole, c.bytes + "\nwith more behind it");
        EXPECT_EQ(read(std::string_view(c.bytes).substr(0, c.bytes.size() - 1)).last, read_result::need_more)
            << c.bytes << "\nwithout its last byte";
    }
}

TEST(request_reader, tells_how_much_of_a_rejected_request_came) {
    EXPECT_EQ(read("{}").rejected_bytes, 2U);
    EXPECT_EQ(read(std::string(limits.head_bytes + 3, 'M')).rejected_bytes, limits.head_bytes + 3);
    const std::string head = text("POST /b HTTP/1.1", {"Host: h", "Content-Length: 65"});
    EXPECT_EQ(read(head + "body").rejected_bytes, head.size());
    EXPECT_EQ(read(chunked_head + "5\r\nhelloX").rejected_bytes, chunked_head.size() + 8);
}

TEST(request_reader, has_an_empty_head_where_a_request_can_not_be_read) {
    request_reader reader;
    reading got;
    receive(reader, get + "{}");
    read_requests(reader, got);
    EXPECT_EQ(got.last, read_result::rejected);
    EXPECT_EQ(reader.head().method, "");
    EXPECT_EQ(reader.head().path, "");
    EXPECT_EQ(reader.head().fields.size(), 0U);
    EXPECT_EQ(reader.body(), "");
}

TEST(request_reader, gives_the_head_before_the_body_is_read) {
    for (const std::string& head : {text("POST /b HTTP/1.1", {"Host: h", "Content-Length: 5"}), chunked_head}) {
        request_reader reader;
        receive(reader, head);
        EXPECT_EQ(reader.read_head(limits), read_result::message);
        EXPECT_EQ(reader.head().method, "POST");
        EXPECT_FALSE(reader.whole()) << head;
        EXPECT_EQ(reader.body(), "") << head;
        EXPECT_EQ(reader.read_body(limits), read_result::need_more) << head;
        EXPECT_EQ(reader.bytes(), head.size()) << head;
    }
}

TEST(request_reader, needs_no_second_look_at_a_request_that_came_whole) {
    for (const std::string& bytes : {get, post}) {
        request_reader reader;
        receive(reader, bytes);
        const char* const memory = reader.prepare().data() - bytes.size();
        EXPECT_EQ(reader.read_head(limits), read_result::message);
        EXPECT_TRUE(reader.whole()) << bytes;
        EXPECT_EQ(reader.bytes(), bytes.size());
        EXPECT_EQ(reader.head().method.data(), memory) << "a copy of the head";
        if (reader.body().empty()) continue;
        EXPECT_EQ(reader.body().data(), memory + bytes.size() - 5) << "a copy of the body";
    }
}

TEST(request_reader, knows_who_waits_for_100_continue) {
    struct waiting_case {
        std::string_view line, field;
        bool waits;
    };
    for (const auto& [line, field, waits] : {waiting_case{"POST /b HTTP/1.1", "Expect: 100-Continue", true},
                                             waiting_case{"POST /b HTTP/1.1", "X: y", false},
                                             waiting_case{"POST /b HTTP/1.0", "Expect: 100-continue", false}}) {
        request_reader reader;
        receive(reader, text(line, {"Host: h", field, "Content-Length: 2"}));
        ASSERT_EQ(reader.read_head(limits), read_result::message);
        EXPECT_EQ(reader.awaits_continue(), waits) << line << field;
        receive(reader, "o");
        EXPECT_FALSE(reader.awaits_continue()) << "it has begun to send the body";
    }
}

constexpr request_limits large{.head_bytes = 1024, .body_bytes = 1 << 20};

TEST(request_reader, keeps_the_head_when_it_moves_as_the_body_grows) {
    const std::string body(100 * 1000, 'b');
    request_reader reader;
    receive(reader, text("POST /b?c=d HTTP/1.1", {"Host: h", "X-Request-Id: an-id", "Content-Length: 100000"}, "b"));
    ASSERT_EQ(reader.read_head(large), read_result::message);
    for (std::size_t taken = 1; taken < body.size(); taken += 999) {
        EXPECT_EQ(reader.read_body(large), read_result::need_more);
        receive(reader, std::string_view(body).substr(taken, 999));
    }
    EXPECT_EQ(reader.read_body(large), read_result::message);
    EXPECT_EQ(reader.body(), body);
    EXPECT_EQ(reader.head().query, "c=d");
    EXPECT_EQ(reader.head().fields.find(known::x_request_id)->value, "an-id");
}

TEST(request_reader, says_what_memory_a_body_needs_before_it_takes_it) {
    const std::string head = text("POST /b HTTP/1.1", {"Host: h", "Content-Length: 100000"});
    request_reader reader;
    receive(reader, head);
    ASSERT_EQ(reader.read_head(large), read_result::message);
    EXPECT_EQ(reader.memory(), head.size() + 100000);
    const auto space = reader.prepare();
    EXPECT_GE(space.size(), 100000U);
    EXPECT_LE(space.size(), 100000U + request_reader::read_size);
}

TEST(request_reader, decodes_a_chunked_body_in_memory_of_its_content_and_a_read) {
    request_reader reader;
    receive(reader, chunked_head);
    ASSERT_EQ(reader.read_head(large), read_result::message);
    std::string chunk = "1\r\nb\r\n";
    for (std::size_t sent = 0; sent < 20000; ++sent) {  // of each chunk of six bytes one is content
        EXPECT_LE(reader.prepare().size(), 2 * request_reader::read_size);
        receive(reader, chunk);
        ASSERT_EQ(reader.read_body(large), read_result::need_more);
    }
    EXPECT_GE(reader.memory(), 20000U);
    EXPECT_LE(reader.memory(), 40000U);
    receive(reader, "0\r\n\r\n");
    EXPECT_EQ(reader.read_body(large), read_result::message);
    EXPECT_EQ(reader.body(), std::string(20000, 'b'));
    EXPECT_EQ(reader.bytes(), chunked_head.size() + 20000 * chunk.size() + 5);
}

TEST(request_reader, gives_the_memory_of_a_large_request_back) {
    request_reader reader;
    const std::string body(100 * 1000, 'b');
    for (const std::string& bytes : {text("POST /b HTTP/1.1", {"Host: h", "Content-Length: 100000"}, body),
                                     chunked_head + "186a0\r\n" + body + "\r\n0\r\n\r\n"}) {
        std::size_t taken = 0;
        const auto next_piece = [&] {
            const std::string_view piece = std::string_view(bytes).substr(taken, request_reader::read_size);
            receive(reader, piece);
            taken += piece.size();
        };
        while (reader.read_head(large) == read_result::need_more)
            next_piece();
        while (reader.read_body(large) == read_result::need_more)
            next_piece();
        ASSERT_EQ(reader.body(), body);
        reader.next();
        EXPECT_TRUE(reader.empty());
        EXPECT_LE(reader.memory(), request_reader::max_kept_bytes);
        EXPECT_LE(reader.prepare().size(), request_reader::max_kept_bytes);
    }
}

TEST(request_reader, forgets_a_request_that_is_cleared) {
    request_reader reader;
    receive(reader, "GET /half HTTP/1.1\r\n");
    EXPECT_EQ(reader.read_head(limits), read_result::need_more);
    reader.clear();
    EXPECT_TRUE(reader.empty());
    receive(reader, get);
    EXPECT_EQ(reader.read_head(limits), read_result::message);
    EXPECT_EQ(reader.head().target, "/a");
}

}  // namespace
}  // namespace gateway::message
