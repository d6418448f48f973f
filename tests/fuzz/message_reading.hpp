#pragma once
// Bytes read as one message, head and body, as a connection does: all at once, or in pieces.

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/message/chunk_decoder.hpp"
#include "gateway/message/head.hpp"
#include "must.hpp"

namespace fuzzing {

namespace message = gateway::message;

struct body {
    bool rejected = false, whole = false;
    std::string content;
    std::size_t used = 0;
};

constexpr std::size_t max_content = 4096;

inline body decode(std::string_view bytes, std::size_t piece) {
    message::chunk_decoder decoder;
    body got;
    std::string_view rest;
    for (std::size_t start = 0; start < bytes.size() && !decoder.done(); start += piece) {
        rest = bytes.substr(start, piece);
        while (!rest.empty() && !decoder.done()) {
            std::size_t used = 0;
            got.rejected = decoder.feed(rest, used, got.content, max_content).has_value();
            MUST(used <= rest.size());
            MUST(got.content.size() <= max_content);
            got.used += used;
            if (got.rejected || used == 0) return got;
            rest.remove_prefix(used);
        }
    }
    got.whole = decoder.done();
    return got;
}

// However a body is cut into packets, the same comes of it.
inline void check_chunked(std::string_view bytes) {
    const body at_once = decode(bytes, std::max<std::size_t>(1, bytes.size()));
    for (const std::size_t piece : {1U, 2U, 7U}) {
        const body in_pieces = decode(bytes, piece);
        MUST(in_pieces.rejected == at_once.rejected);
        MUST(in_pieces.whole == at_once.whole);
        MUST(in_pieces.content == at_once.content);
        if (!at_once.rejected) MUST(in_pieces.used == at_once.used);
    }
    if (at_once.whole) MUST(bytes.substr(0, at_once.used).ends_with("\r\n"));
}

inline bool is_clean(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte >= 0x20 || c == '\t') && byte != 0x7F;
    });
}

// What was accepted of a head: no byte that another parser could take for the end of something.
template <class Head>
void check_fields(const Head& head) {
    MUST(head.fields.size() <= message::max_fields);
    int lengths = 0, codings = 0;
    for (const gateway::field& each : head.fields.all()) {
        MUST(!each.name.empty() && is_clean(each.name) && is_clean(each.value));
        MUST(each.name.find_first_of(" \t:\"(),/;<=>?@[\\]{}") == std::string_view::npos);
        MUST(each.value.empty() || (each.value.front() != ' ' && each.value.back() != ' '));
        lengths += gateway::same_name(each.name, "Content-Length") ? 1 : 0;
        codings += gateway::same_name(each.name, "Transfer-Encoding") ? 1 : 0;
    }
    MUST(lengths + codings <= 1);
    MUST(codings == 0 || head.http_1_1);
    MUST((head.framing.body == message::body_framing::chunked) <= (codings == 1));
}

// Beast's whole parser, of which the gateway uses the part that reads the first line.
template <bool isRequest>
class beast_reader : public boost::beast::http::basic_parser<isRequest> {
public:
    std::vector<gateway::field> fields;

private:
    using error_code = boost::beast::error_code;
    using text = boost::beast::string_view;
    void on_request_impl(boost::beast::http::verb, text, text, int, error_code& ec) override { ec = {}; }
    void on_response_impl(int, text, int, error_code& ec) override { ec = {}; }
    void on_field_impl(boost::beast::http::field, text name, text value, error_code& ec) override {
        ec = {};
        fields.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
    }
    void on_header_impl(error_code& ec) override { ec = {}; }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code& ec) override { ec = {}; }
    std::size_t on_body_impl(text body, error_code& ec) override { return ec = {}, body.size(); }
    void on_chunk_header_impl(std::uint64_t, text, error_code& ec) override { ec = {}; }
    std::size_t on_chunk_body_impl(std::uint64_t, text body, error_code& ec) override { return ec = {}, body.size(); }
    void on_finish_impl(error_code& ec) override { ec = {}; }
};

// Whatever was accepted, Beast accepts, and reads the same fields.
template <bool isRequest>
void check_beside_beast(std::string_view head, std::span<const gateway::field> ours) {
    beast_reader<isRequest> beasts;
    beasts.skip(true);
    beasts.header_limit(static_cast<std::uint32_t>(head.size() + 1));
    boost::beast::error_code ec;
    MUST(beasts.put(boost::asio::buffer(head), ec) == head.size());
    MUST(!ec);
    MUST(std::equal(
        ours.begin(), ours.end(), beasts.fields.begin(), beasts.fields.end(),
        [](const gateway::field& a, const gateway::field& b) { return a.name == b.name && a.value == b.value; }));
}

}  // namespace fuzzing
