#pragma once
// A chunked body (RFC 9112, 7.1), decoded strictly: plain hexadecimal sizes that can't overflow, CRLF and nothing else
// at line ends, short extensions without white space, few trailers (which are checked and dropped).
// Beast's decoder takes chunk headers of any length and keeps no count of them: this one bounds both.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/message/head.hpp"

namespace gateway::message {

class chunk_decoder {
public:
    // Decodes from `bytes` and appends the content to `content`, until the body ends, the bytes run out or `content`
    // holds `max_content` bytes. Sets `used` to the number of bytes taken. A problem is final.
    [[nodiscard]] std::optional<problem> feed(std::string_view bytes, std::size_t& used, std::string& content,
                                              std::size_t max_content);

    [[nodiscard]] bool done() const noexcept { return state_ == state::end; }

private:
    enum class state : std::uint8_t {
        size_start,
        size,
        extension_start,
        extension_name,
        value_start,
        value,
        quoted,
        escaped,
        quoted_end,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer_start,
        trailer_name,
        trailer,
        trailer_lf,
        last_lf,
        end
    };

    [[nodiscard]] bool take_extension(char c) noexcept;

    state state_ = state::size_start;
    std::uint64_t left_ = 0;  // of the chunk
    std::size_t digits_ = 0;
    std::size_t overhead_ = 0;  // bytes of this extension, or of all trailers
    bool last_ = false;
};

}  // namespace gateway::message
