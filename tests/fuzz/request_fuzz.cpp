// What a caller sends: requests, one after the other.
#include "gateway/message/request_reader.hpp"
#include "message_reading.hpp"

using namespace fuzzing;

namespace {

constexpr message::request_limits limits{.head_bytes = 2048, .body_bytes = 256};

void check_head(std::string_view bytes, const message::request_head& head) {
    check_fields(head);
    check_beside_beast<true>(bytes, head.fields.all());
    MUST(!head.method.empty() && is_clean(head.method) && head.method != "CONNECT" &&
         head.method.size() <= message::max_method_length);
    MUST(!head.target.empty() && is_clean(head.target) &&
         head.target.find_first_of(" \t#\"<>\\^`{|}") == std::string_view::npos);
    MUST(head.path.starts_with('/') || (head.method == "OPTIONS" && head.path == "*"));
    MUST(head.path.find('?') == std::string_view::npos);
    MUST(head.target.ends_with(head.query));
    MUST(!head.http_1_1 || gateway::find_field(head.fields.all(), "Host") != nullptr);
    MUST(head.framing.body != message::body_framing::until_close);
}

struct requests {
    message::read_result last = message::read_result::need_more;
    message::problem why;
    std::string content;  // all of them: method, target, body, one behind the other
    std::size_t count = 0, used = 0;
    bool in_body = false;
};

void add(requests& got, const message::request_reader& reader) {
    const message::request_head& head = reader.head();
    MUST(reader.whole());
    MUST(reader.body().size() <= limits.body_bytes);
    got.content.append(head.method).append(" ").append(head.target).append(" ").append(reader.body()).append("\n");
    for (const gateway::field& each : head.fields.all())
        got.content.append(each.name).append(":").append(each.value).append("\n");
    got.used += reader.bytes();
    ++got.count;
}

// The bytes in pieces of that size.
requests read(std::string_view bytes, std::size_t piece) {
    using message::read_result;
    message::request_reader reader;
    requests got;
    for (;;) {
        got.last = got.in_body ? reader.read_body(limits) : reader.read_head(limits);
        if (got.last == read_result::rejected) {
            got.why = reader.problem();
            MUST(!got.why.reason.empty());
            return got;
        }
        if (got.last == read_result::message) {
            if (got.in_body) {
                add(got, reader);
                reader.next();
            }
            got.in_body = !got.in_body;
            continue;
        }
        if (bytes.empty()) return got;
        const auto space = reader.prepare();
        MUST(!space.empty());
        const std::string_view next = bytes.substr(0, std::min(piece, space.size()));
        std::copy(next.begin(), next.end(), space.begin());
        reader.commit(next.size());
        bytes.remove_prefix(next.size());
    }
}

// However requests are cut into packets, the same are read.
void check_reader(std::string_view bytes) {
    const requests at_once = read(bytes, std::max<std::size_t>(1, bytes.size()));
    MUST(at_once.used <= bytes.size());
    for (const std::size_t piece : {1U, 3U}) {
        const requests in_pieces = read(bytes, piece);
        MUST(in_pieces.last == at_once.last);
        MUST(in_pieces.in_body == at_once.in_body);
        MUST(in_pieces.count == at_once.count);
        MUST(in_pieces.used == at_once.used);
        MUST(in_pieces.content == at_once.content);
        MUST(in_pieces.why.kind == at_once.why.kind);
        MUST(in_pieces.why.reason == at_once.why.reason);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check_reader(bytes);
    const std::size_t length = message::head_length(bytes);
    check_chunked(bytes.substr(length));
    message::request_head head;
    if (length > 0 && !message::parse_request_head(bytes.substr(0, length), head))
        check_head(bytes.substr(0, length), head);
    return 0;
}
