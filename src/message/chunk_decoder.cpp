#include "gateway/message/chunk_decoder.hpp"

#include <algorithm>

#include "gateway/base/token.hpp"

namespace gateway::message {

namespace {

constexpr std::size_t most_digits = 8;             // 4 GiB in one chunk: more than any limit lets through
constexpr std::size_t most_extension_bytes = 256;  // of one chunk; nobody uses them
constexpr std::size_t most_trailer_bytes = 4096;   // of all trailers together

problem bad(std::string_view why) { return {fault::malformed, why}; }

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = lower_case(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_text(char c) { return static_cast<unsigned char>(c) >= 0x20 ? c != 0x7F : c == '\t'; }

}  // namespace

// One character of chunk-ext = *( ";" token [ "=" ( token / quoted-string ) ] ), and of the CR behind it. False where
// none of the kind comes there: white space neither, which RFC 9112 lets a recipient read over (BWS). Parsers differ on
// it, and nobody sends it.
bool chunk_decoder::take_extension(char c) noexcept {
    switch (at_) {
        case place::extension_start:
            if (!is_token_char(c)) return false;
            at_ = place::extension_name;
            return true;
        case place::value_start:
            if (c != '"' && !is_token_char(c)) return false;
            at_ = c == '"' ? place::quoted : place::value;
            return true;
        case place::quoted:
            if (c == '\\') at_ = place::escaped;
            if (c == '"') at_ = place::quoted_end;
            return is_text(c);
        case place::escaped:
            at_ = place::quoted;
            return is_text(c);
        case place::extension_name:
            if (c == '=') {
                at_ = place::value_start;
                return true;
            }
            break;
        default:
            break;
    }
    // Behind a name or a value.
    if (c == ';')
        at_ = place::extension_start;
    else if (c == '\r')
        at_ = place::size_lf;
    else
        return at_ != place::quoted_end && is_token_char(c);
    return true;
}

std::optional<problem> chunk_decoder::feed(std::string_view bytes, std::size_t& used, std::string& into,
                                           std::size_t most) {
    used = 0;
    while (used < bytes.size() && at_ != place::end) {
        const char c = bytes[used];
        switch (at_) {
            case place::size_start:
                left_ = 0;
                digits_ = overhead_ = 0;
                at_ = place::size;
                [[fallthrough]];
            case place::size:
                if (const int value = hex_value(c); value >= 0) {
                    if (++digits_ > most_digits) return bad("a chunk size is too long (RFC 9112, 7.1)");
                    left_ = left_ * 16 + static_cast<unsigned>(value);
                } else if (digits_ == 0) {  // NOLINT(bugprone-branch-clone): before what may end a size
                    return bad("a chunk size is not a hexadecimal number (RFC 9112, 7.1)");
                } else if (c == ';') {
                    at_ = place::extension_start;
                } else if (c == '\r') {
                    at_ = place::size_lf;
                } else {
                    return bad("a chunk size is not a hexadecimal number (RFC 9112, 7.1)");
                }
                break;
            case place::extension_start:
            case place::extension_name:
            case place::value_start:
            case place::value:
            case place::quoted:
            case place::escaped:
            case place::quoted_end:
                if (!take_extension(c) || overhead_++ > most_extension_bytes)
                    return bad("a chunk extension is malformed or too long (RFC 9112, 7.1.1)");
                break;
            case place::size_lf:
                if (c != '\n') return bad("a chunk size does not end with CRLF (RFC 9112, 7.1)");
                last_ = left_ == 0;
                overhead_ = 0;
                at_ = last_ ? place::trailer_start : place::data;
                break;
            case place::data: {
                const auto take = std::min<std::uint64_t>({left_, bytes.size() - used, most - into.size()});
                if (take == 0) return std::nullopt;  // `into` is full
                into.append(bytes.substr(used, static_cast<std::size_t>(take)));
                used += static_cast<std::size_t>(take);
                left_ -= take;
                if (left_ == 0) at_ = place::data_cr;
                continue;
            }
            case place::data_cr:
                if (c != '\r') return bad("a chunk does not end with CRLF (RFC 9112, 7.1)");
                at_ = place::data_lf;
                break;
            case place::data_lf:
                if (c != '\n') return bad("a chunk does not end with CRLF (RFC 9112, 7.1)");
                at_ = place::size_start;
                break;
            case place::trailer_start:
                if (c == '\r') {
                    at_ = place::last_lf;
                    break;
                }
                if (!is_token_char(c)) return bad("a trailer is malformed (RFC 9112, 7.1.2)");
                at_ = place::trailer_name;
                [[fallthrough]];
            case place::trailer_name:
                if (c == ':')
                    at_ = place::trailer;
                else if (!is_token_char(c) || ++overhead_ > most_trailer_bytes)
                    return bad("a trailer is malformed or too long (RFC 9112, 7.1.2)");
                break;
            case place::trailer:
                if (c == '\r') {
                    at_ = place::trailer_lf;
                } else if (!is_text(c) || ++overhead_ > most_trailer_bytes) {
                    return bad("a trailer is malformed or too long (RFC 9112, 7.1.2)");
                }
                break;
            case place::trailer_lf:
                if (c != '\n') return bad("a trailer does not end with CRLF (RFC 9112, 7.1.2)");
                at_ = place::trailer_start;
                break;
            case place::last_lf:
                if (c != '\n') return bad("the chunked body does not end with CRLF (RFC 9112, 7.1)");
                at_ = place::end;
                break;
            case place::end:
                break;
        }
        ++used;
    }
    return std::nullopt;
}

}  // namespace gateway::message
