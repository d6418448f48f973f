#include <gtest/gtest.h>

#include <string>

#include "gateway/message/head.hpp"

namespace gateway::message {
namespace {

constexpr std::string_view crlf = "\r\n";

std::string head(std::string_view line, std::initializer_list<std::string_view> fields) {
    std::string text(line);
    text += crlf;
    for (const auto f : fields)
        text.append(f).append(crlf);
    return text.append(crlf);
}

struct rejected_case {
    const char* name;
    std::string bytes;
    fault kind;
};
void PrintTo(const rejected_case& c, std::ostream* os) { *os << c.name; }

class rejects : public testing::TestWithParam<rejected_case> {};

TEST_P(rejects, what_another_parser_could_read_differently) {
    request_head parsed;
    const auto problem = parse_request_head(GetParam().bytes, parsed);
    ASSERT_TRUE(problem.has_value()) << GetParam().bytes;
    EXPECT_EQ(problem->kind, GetParam().kind) << problem->reason;
    EXPECT_FALSE(problem->reason.empty());
}

constexpr auto bad = fault::malformed;
const std::string nul("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 36);

INSTANTIATE_TEST_SUITE_P(
    framing, rejects,
    testing::Values(
        rejected_case{"both_lengths",
                      head("POST / HTTP/1.1", {"Host: a", "Content-Length: 3", "Transfer-Encoding: chunked"}), bad},
        rejected_case{"both_lengths_reversed",
                      head("POST / HTTP/1.1", {"Host: a", "Transfer-Encoding: chunked", "Content-Length: 3"}), bad},
        rejected_case{"equal_lengths_twice",
                      head("POST / HTTP/1.1", {"Host: a", "Content-Length: 3", "Content-Length: 3"}), bad},
        rejected_case{"list_of_lengths", head("POST / HTTP/1.1", {"Host: a", "Content-Length: 3, 3"}), bad},
        rejected_case{"signed_length", head("POST / HTTP/1.1", {"Host: a", "Content-Length: +3"}), bad},
        rejected_case{"negative_length", head("POST / HTTP/1.1", {"Host: a", "Content-Length: -3"}), bad},
        rejected_case{"hexadecimal_length", head("POST / HTTP/1.1", {"Host: a", "Content-Length: 0x3"}), bad},
        rejected_case{"overflowing_length",
                      head("POST / HTTP/1.1", {"Host: a", "Content-Length: 18446744073709551617"}), bad},
        rejected_case{"empty_length", head("POST / HTTP/1.1", {"Host: a", "Content-Length: "}), bad},
        rejected_case{"chunked_then_gzip", head("POST / HTTP/1.1", {"Host: a", "Transfer-Encoding: chunked, gzip"}),
                      bad},
        rejected_case{"gzip_then_chunked", head("POST / HTTP/1.1", {"Host: a", "Transfer-Encoding: gzip, chunked"}),
                      fault::unknown_transfer_coding},
        rejected_case{"xchunked", head("POST / HTTP/1.1", {"Host: a", "Transfer-Encoding: xchunked"}), bad},
        rejected_case{"identity", head("POST / HTTP/1.1", {"Host: a", "Transfer-Encoding: identity"}), bad},
        rejected_case{"gzip_alone", head("POST / HTTP/1.1", {"Host: a", "Transfer-Encoding: gzip"}), bad},
        rejected_case{"chunked_twice",
                      head("POST / HTTP/1.1", {"Host: a", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"}),
                      bad},
        rejected_case{"no_coding", head("POST / HTTP/1.1", {"Host: a", "Transfer-Encoding:"}), bad},
        rejected_case{"empty_coding_then_chunked", head("POST / HTTP/1.1", {"Host: a", "Transfer-Encoding: , chunked"}),
                      bad},
        rejected_case{"chunked_then_chunked",
                      head("POST / HTTP/1.1", {"Host: a", "Transfer-Encoding: chunked, chunked"}), bad},
        rejected_case{"chunked_with_parameter", head("POST / HTTP/1.1", {"Host: a", "Transfer-Encoding: chunked;q=1"}),
                      bad},
        rejected_case{"two_codings_without_a_comma",
                      head("POST / HTTP/1.1", {"Host: a", "Transfer-Encoding: gzip chunked"}), bad},
        rejected_case{"two_codings_without_a_comma_then_chunked",
                      head("POST / HTTP/1.1", {"Host: a", "Transfer-Encoding: gzip br, chunked"}), bad},
        rejected_case{"parameters_then_chunked",
                      head("POST / HTTP/1.1", {"Host: a", "Transfer-Encoding: x;a=b, br , chunked"}),
                      fault::unknown_transfer_coding},
        rejected_case{"chunked_in_1_0", head("POST / HTTP/1.0", {"Host: a", "Transfer-Encoding: chunked"}), bad},
        rejected_case{"folded_line", head("GET / HTTP/1.1", {"Host: a", "X: a", " b"}), bad},
        rejected_case{"folded_with_tab", head("GET / HTTP/1.1", {"Host: a", "X: a", "\tb"}), bad},
        rejected_case{"space_before_first_field", head("GET / HTTP/1.1", {" Host: a"}), bad},
        rejected_case{"space_before_colon", head("GET / HTTP/1.1", {"Host : a"}), bad},
        rejected_case{"empty_name", head("GET / HTTP/1.1", {"Host: a", ": b"}), bad},
        rejected_case{"no_colon", head("GET / HTTP/1.1", {"Host: a", "nonsense"}), bad},
        rejected_case{"name_not_a_token", head("GET / HTTP/1.1", {"Host: a", "X@Y: b"}), bad},
        rejected_case{"connection_that_is_no_list_of_tokens", head("GET / HTTP/1.1", {"Host: a", "Connection: a b"}),
                      bad},
        rejected_case{"empty_first_line", head("", {"Host: a"}), bad},
        rejected_case{"bare_lf", "GET / HTTP/1.1\nHost: a\n\r\n\r\n", bad},
        rejected_case{"bare_cr_in_value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", bad},
        rejected_case{"bare_lf_in_value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\nb\r\n\r\n", bad},
        rejected_case{"nul_in_value", nul, bad},
        rejected_case{"control_in_value", head("GET / HTTP/1.1", {"Host: a", "X: a\x01"}), bad},
        rejected_case{"del_in_value", head("GET / HTTP/1.1", {"Host: a", "X: a\x7f"}), bad},
        rejected_case{"no_host", head("GET / HTTP/1.1", {"X: a"}), bad},
        rejected_case{"two_hosts", head("GET / HTTP/1.1", {"Host: a", "Host: a"}), bad},
        rejected_case{"empty_host", head("GET / HTTP/1.1", {"Host: "}), bad},
        rejected_case{"host_with_user", head("GET / HTTP/1.1", {"Host: user@a"}), bad},
        rejected_case{"host_with_path", head("GET / HTTP/1.1", {"Host: a/b"}), bad},
        rejected_case{"host_with_blank", head("GET / HTTP/1.1", {"Host: a b"}), bad},
        rejected_case{"host_with_bad_port", head("GET / HTTP/1.1", {"Host: a:8x"}), bad},
        rejected_case{"host_list", head("GET / HTTP/1.1", {"Host: a, b"}), bad},
        rejected_case{"version_0_9", head("GET /", {"Host: a"}), bad},
        rejected_case{"version_1_2", head("GET / HTTP/1.2", {"Host: a"}), bad},
        rejected_case{"version_2", head("PRI * HTTP/2.0", {"Host: a"}), bad},
        rejected_case{"lower_case_version", head("GET / http/1.1", {"Host: a"}), bad},
        rejected_case{"two_blanks", head("GET  / HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"blank_at_end", head("GET / HTTP/1.1 ", {"Host: a"}), bad},
        rejected_case{"method_not_a_token", head("G(T / HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"leading_blank", head(" GET / HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"fragment", head("GET /a#b HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"non_ascii_target", head("GET /\xC3\xA4 HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"quote_in_target", head("GET /\" HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"asterisk", head("GET * HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"asterisk_with_query", head("OPTIONS *?a=b HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"method_of_35_characters", head(std::string(35, 'A') + " / HTTP/1.1", {"Host: a"}),
                      fault::method_too_long},
        rejected_case{"empty_query", head("GET /v1/x? HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"connect_with_a_path", head("CONNECT /v1/x HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"authority_form", head("CONNECT a:443 HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"relative_target", head("GET a/b HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"other_scheme", head("GET ftp://a/b HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"absolute_without_path", head("GET http://a HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"absolute_with_user", head("GET http://u@a/ HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"authorization_twice",
                      head("GET / HTTP/1.1", {"Host: a", "Authorization: Bearer x", "authorization: Bearer x"}), bad},
        rejected_case{"api_key_twice", head("GET / HTTP/1.1", {"Host: a", "X-Api-Key: x", "X-Api-Key: y"}), bad},
        rejected_case{"date_twice", head("GET / HTTP/1.1", {"Host: a", "X-Sdk-Date: x", "X-Sdk-Date: x"}), bad},
        rejected_case{"content_type_twice", head("GET / HTTP/1.1", {"Host: a", "Content-Type: x", "Content-Type: y"}),
                      bad},
        rejected_case{"security_token_twice",
                      head("GET / HTTP/1.1", {"Host: a", "X-Security-Token: x", "x-security-token: y"}), bad},
        rejected_case{"client_token_twice",
                      head("GET / HTTP/1.1", {"Host: a", "X-Client-Token: x", "X-Client-Token: x"}), bad},
        rejected_case{"host_with_port_beyond_16_bits", head("GET / HTTP/1.1", {"Host: a:65536"}), bad},
        rejected_case{"host_without_port_behind_its_colon", head("GET / HTTP/1.1", {"Host: a:"}), bad},
        rejected_case{"host_with_text_behind_its_bracket", head("GET / HTTP/1.1", {"Host: [::1]8080"}), bad},
        rejected_case{"host_in_brackets_that_is_no_address", head("GET / HTTP/1.1", {"Host: [:::1]"}), bad},
        rejected_case{"host_in_brackets_of_ipv4", head("GET / HTTP/1.1", {"Host: [127.0.0.1]"}), bad},
        rejected_case{"host_in_brackets_too_long", head("GET / HTTP/1.1", {"Host: [1:2:3:4:5:6:7:8:9]"}), bad},
        rejected_case{"host_in_empty_brackets", head("GET / HTTP/1.1", {"Host: []"}), bad},
        rejected_case{"absolute_of_no_address", head("GET http://[:::1]/ HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"bracket_in_path", head("GET /[::1] HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"broken_escape_in_query", head("GET /a?b=%4g HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"half_an_escape_in_query", head("GET /a?b=%4 HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"percent_at_the_end_of_a_query", head("GET /a?b=%41% HTTP/1.1", {"Host: a"}), bad},
        rejected_case{"other_expectation", head("GET / HTTP/1.1", {"Host: a", "Expect: 200-ok"}),
                      fault::unknown_expectation}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(request_head, may_ask_for_the_options_of_the_server_as_a_whole) {
    const auto text = head("OPTIONS * HTTP/1.1", {"Host: a"});
    request_head parsed;
    ASSERT_FALSE(parse_request_head(text, parsed));
    EXPECT_EQ(parsed.path, "*");
    EXPECT_EQ(parsed.query, "");
}

TEST(request_head, whose_first_line_ends_early_is_rejected_for_that) {
    for (const std::string_view line : {"GET / ", "GET / HTTP", "GET / HTTP/1."}) {
        const auto text = head(line, {"Host: a"});
        request_head parsed;
        const auto problem = parse_request_head(text, parsed);
        ASSERT_TRUE(problem) << line;
        EXPECT_EQ(problem->reason, "the version is not HTTP/1.1 or HTTP/1.0 (RFC 9112, 2.3)") << line;
    }
    const auto text = head("HTTP/1.1 20", {});
    response_head parsed;
    EXPECT_EQ(parse_response_head(text, parsed).value().reason, "the status line is malformed (RFC 9112, 4)");
}

TEST(request_head, of_more_than_a_hundred_fields_is_rejected) {
    std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < 100; ++i)
        text += "X: y\r\n";
    text += crlf;
    request_head parsed;
    const auto problem = parse_request_head(text, parsed);
    ASSERT_TRUE(problem);
    EXPECT_EQ(problem->kind, fault::header_too_long);
}

TEST(request_head, with_a_control_byte_anywhere_is_rejected_and_with_a_high_byte_is_not) {
    for (std::size_t position = 0; position < 40; ++position) {
        for (const char byte : {'\x01', '\x1f', '\x7f', '\x80', '\xff', 'x', '\t'}) {
            std::string value(40, 'v');
            value[position] = byte;
            const auto text = head("GET / HTTP/1.1", {"Host: a", "X: v" + value + "v"});
            request_head parsed;
            const bool control = byte == '\x01' || byte == '\x1f' || byte == '\x7f';
            EXPECT_EQ(parse_request_head(text, parsed).has_value(), control)
                << position << " " << static_cast<int>(byte);
        }
    }
}

TEST(request_head, is_taken_apart_into_views) {
    const auto text =
        head("POST /v1/p?a=b HTTP/1.1", {"Host: example.com:8080", "X-Empty:", "Content-Length: 12", "X:  spaced \t"});
    request_head parsed;
    ASSERT_FALSE(parse_request_head(text, parsed));
    EXPECT_EQ(parsed.method, "POST");
    EXPECT_EQ(parsed.target, "/v1/p?a=b");
    EXPECT_EQ(parsed.path, "/v1/p");
    EXPECT_EQ(parsed.query, "a=b");
    EXPECT_EQ(parsed.framing.body, body_framing::length);
    EXPECT_EQ(parsed.framing.length, 12U);
    EXPECT_TRUE(parsed.framing.keep_alive);
    ASSERT_EQ(parsed.fields.size(), 4U);
    EXPECT_EQ(parsed.fields[1].value, "");
    EXPECT_EQ(parsed.fields[3].value, "spaced");
}

TEST(request_head, in_absolute_form_gives_its_path) {
    const auto text = head("GET https://elsewhere:1/v1/p?q HTTP/1.1", {"Host: a"});
    request_head parsed;
    ASSERT_FALSE(parse_request_head(text, parsed));
    EXPECT_EQ(parsed.path, "/v1/p");
    EXPECT_EQ(parsed.query, "q");
}

TEST(request_head, of_an_address_and_a_port_is_taken) {
    for (const auto& [line, host] :
         {std::pair{"GET http://[2001:db8::1]:65535/v1/p HTTP/1.1", "Host: [2001:db8::1]:65535"},
          {"GET /v1/p?a=%41%5a&b=%c3%A4 HTTP/1.1", "Host: [::ffff:127.0.0.1]"},
          {"GET /v1/p HTTP/1.1", "Host: 127.0.0.1:0"}}) {
        const auto text = head(line, {host});
        request_head parsed;
        EXPECT_FALSE(parse_request_head(text, parsed)) << text;
        EXPECT_EQ(parsed.path, "/v1/p");
    }
}

struct kept_case {
    std::string_view line;
    std::string_view connection;
    bool keeps;
};

TEST(request_head, says_whether_the_connection_is_kept) {
    for (const auto& [line, connection, keeps] :
         {kept_case{"GET / HTTP/1.1", "X: y", true}, kept_case{"GET / HTTP/1.1", "Connection: close", false},
          kept_case{"GET / HTTP/1.1", "Connection: x, Close", false}, kept_case{"GET / HTTP/1.0", "X: y", false},
          kept_case{"GET / HTTP/1.0", "Connection: keep-alive", false}}) {
        const auto text = head(line, {"Host: a", connection});
        request_head parsed;
        ASSERT_FALSE(parse_request_head(text, parsed)) << line;
        EXPECT_EQ(parsed.framing.keep_alive, keeps) << line << " " << connection;
    }
}

TEST(request_head, ends_where_its_empty_line_does) {
    const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n\r\nmore";
    EXPECT_EQ(head_length(text), text.size() - 4);
    EXPECT_EQ(head_length(text.substr(0, text.size() - 5)), 0U);
    for (std::size_t seen = 0; seen < text.size() - 5; ++seen)
        EXPECT_EQ(head_length(text, seen), text.size() - 4) << seen;
}

TEST(hop_by_hop, are_the_known_fields_and_those_that_connection_names) {
    const field_list fields{
        {"Connection", "close, X-Mine"}, {"keep-alive", ""}, {"TE", ""}, {"x-mine", ""}, {"X-Other", ""}};
    EXPECT_TRUE(is_hop_by_hop(fields, 0));
    EXPECT_TRUE(is_hop_by_hop(fields, 1));
    EXPECT_TRUE(is_hop_by_hop(fields, 2));
    EXPECT_TRUE(is_hop_by_hop(fields, 3));
    EXPECT_FALSE(is_hop_by_hop(fields, 4));
}

}  // namespace
}  // namespace gateway::message
