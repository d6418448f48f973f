#include "gateway/message/chunk_decoder.hpp"

#include <algorithm>

#include "gateway/base/token.hpp"

namespace gateway::message {

namespace {

constexpr std::size_t max_digits = 8;             // 4 GiB in one chunk: more than any limit lets through
constexpr std::size_t max_extension_bytes = 256;  // of one chunk; nobody uses them
constexpr std::size_t max_trailer_bytes = 4096;   // of all trailers together

problem bad(std::string_view reason) { return {fault::malformed, reason}; }

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
    switch (state_) {
        case state::extension_start:
            if (!is_token_char(c)) return false;
            state_ = state::extension_name;
            return true;
        case state::value_start:
            if (c != '"' && !is_token_char(c)) return false;
            state_ = c == '"' ? state::quoted : state::value;
            return true;
        case state::quoted:
            if (c == '\\') state_ = state::escaped;
            if (c == '"') state_ = state::quoted_end;
            return is_text(c);
        case state::escaped:
            state_ = state::quoted;
            return is_text(c);
        case state::extension_name:
            if (c == '=') {
                state_ = state::value_start;
                return true;
            }
            break;
        default:
            break;
    }
    // Behind a name or a value.
    if (c == ';')
        state_ = state::extension_start;
    else if (c == '\r')
        state_ = state::size_lf;
    else
        return state_ != state::quoted_end && is_token_char(c);
    return true;
}

std::optional<problem> chunk_decoder::feed(std::string_view bytes, std::size_t& used, std::string& content,
                                           std::size_t max_content) {
    used = 0;
    while (used < bytes.size() && state_ != state::end) {
        const char c = bytes[used];
        switch (state_) {
            case state::size_start:
                left_ = 0;
                digits_ = overhead_ = 0;
                state_ = state::size;
                [[fallthrough]];
            case state::size:
                if (const int value = hex_value(c); value >= 0) {
                    if (++digits_ > max_digits) return bad("a chunk size is too long (RFC 9112, 7.1)");
                    left_ = left_ * 16 + static_cast<unsigned>(value);
                } else if (digits_ == 0) {  // NOLINT(bugprone-branch-clone): before what may end a size
                    return bad("a chunk size is not a hexadecimal number (RFC 9112, 7.1)");
                } else if (c == ';') {
                    state_ = state::extension_start;
                } else if (c == '\r') {
                    state_ = state::size_lf;
                } else {
                    return bad("a chunk size is not a hexadecimal number (RFC 9112, 7.1)");
                }
                break;
            case state::extension_start:
            case state::extension_name:
            case state::value_start:
            case state::value:
            case state::quoted:
            case state::escaped:
            case state::quoted_end:
                if (!take_extension(c) || overhead_++ > max_extension_bytes)
                    return bad("a chunk extension is malformed or too long (RFC 9112, 7.1.1)");
                break;
            case state::size_lf:
                if (c != '\n') return bad("a chunk size does not end with CRLF (RFC 9112, 7.1)");
                last_ = left_ == 0;
                overhead_ = 0;
                state_ = last_ ? state::trailer_start : state::data;
                break;
            case state::data: {
                const auto take = std::min<std::uint64_t>({left_, bytes.size() - used, max_content - content.size()});
                if (take == 0) return std::nullopt;  // `content` is full
                content.append(bytes.substr(used, static_cast<std::size_t>(take)));
                used += static_cast<std::size_t>(take);
                left_ -= take;
                if (left_ == 0) state_ = state::data_cr;
                continue;
            }
            case state::data_cr:
                if (c != '\r') return bad("a chunk does not end with CRLF (RFC 9112, 7.1)");
                state_ = state::data_lf;
                break;
            case state::data_lf:
                if (c != '\n') return bad("a chunk does not end with CRLF (RFC 9112, 7.1)");
                state_ = state::size_start;
                break;
            case state::trailer_start:
                if (c == '\r') {
                    state_ = state::last_lf;
                    break;
                }
                if (!is_token_char(c)) return bad("a trailer is malformed (RFC 9112, 7.1.2)");
                state_ = state::trailer_name;
                [[fallthrough]];
            case state::trailer_name:
                if (c == ':')
                    state_ = state::trailer;
                else if (!is_token_char(c) || ++overhead_ > max_trailer_bytes)
                    return bad("a trailer is malformed or too long (RFC 9112, 7.1.2)");
                break;
            case state::trailer:
                if (c == '\r') {
                    state_ = state::trailer_lf;
                } else if (!is_text(c) || ++overhead_ > max_trailer_bytes) {
                    return bad("a trailer is malformed or too long (RFC 9112, 7.1.2)");
                }
                break;
            case state::trailer_lf:
                if (c != '\n') return bad("a trailer does not end with CRLF (RFC 9112, 7.1.2)");
                state_ = state::trailer_start;
                break;
            case state::last_lf:
                if (c != '\n') return bad("the chunked body does not end with CRLF (RFC 9112, 7.1)");
                state_ = state::end;
                break;
            case state::end:
                break;
        }
        ++used;
    }
    return std::nullopt;
}

}  // namespace gateway::message
