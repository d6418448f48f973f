// Request head and body framing.
#include "gateway/operations/operation.hpp"
#include "message_reading.hpp"

using namespace fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::size_t length = message::head_length(bytes);
    // However the head comes, its end is found at the same place.
    std::size_t found = 0, seen = 0;
    for (std::size_t end = 0; end <= bytes.size() && found == 0; end += 3) {
        found = message::head_length(bytes.substr(0, end), seen);
        seen = end;
    }
    if (found == 0) found = message::head_length(bytes, seen);
    MUST(found == length);
    check_chunked(length == 0 ? bytes : bytes.substr(length));
    if (length == 0) return 0;

    message::request_head head;
    if (message::parse_request_head(bytes.substr(0, length), head)) return 0;
    check_fields(head);
    check_beside_beast<true>(bytes.substr(0, length), head.fields.all());
    MUST(!head.method.empty() && is_clean(head.method) && head.method != "CONNECT" &&
         head.method.size() <= message::max_method_length);
    MUST(!head.target.empty() && is_clean(head.target) &&
         head.target.find_first_of(" \t#\"<>\\^`{|}") == std::string_view::npos);
    MUST(head.path.starts_with('/') || (head.method == "OPTIONS" && head.path == "*"));
    MUST(head.path.find('?') == std::string_view::npos);
    MUST(head.target.ends_with(head.query));
    MUST(!head.http_1_1 || gateway::find_field(head.fields.all(), "Host") != nullptr);
    MUST(head.framing.body != message::body_framing::until_close);
    return 0;
}
