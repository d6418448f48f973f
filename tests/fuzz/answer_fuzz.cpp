// An endpoint's answer: head, framing, and what is read out of its body.
#include "gateway/message/response_reader.hpp"
#include "gateway/operations/response_facts.hpp"
#include "message_reading.hpp"

using namespace fuzzing;

namespace {

struct response {
    message::read_result head, body;
    unsigned status = 0;
    std::string content;
    bool reusable = false;
};

// The bytes in pieces of that size, then the end of the connection.
response read(std::string_view bytes, std::size_t piece) {
    using message::read_result;
    message::response_reader reader;
    response got{read_result::need_more, read_result::need_more, 0, {}, false};
    const auto next_piece = [&] {
        const auto space = reader.prepare();
        const std::string_view next = bytes.substr(0, std::min(piece, space.size()));
        std::copy(next.begin(), next.end(), space.begin());
        reader.commit(next.size());
        bytes.remove_prefix(next.size());
        return !next.empty();
    };
    while ((got.head = reader.read_head()) == read_result::need_more)
        if (!next_piece()) return got;
    if (got.head == read_result::rejected) return got;
    got.status = reader.head().status;
    while ((got.body = reader.read_body(1)) != read_result::rejected) {
        if (got.body == read_result::message) {
            got.content += reader.body();
            MUST(got.content.empty() || reader.started());
            reader.consume_body();
            if (reader.whole()) break;
        } else if (!next_piece() && !reader.end_of_input()) {
            return got;
        }
    }
    while (next_piece()) {
    }  // what follows the response
    got.reusable = reader.is_reusable();
    return got;
}

// However a response is cut into packets, the same comes of it.
void check_reader(std::string_view bytes) {
    const response at_once = read(bytes, std::max<std::size_t>(1, bytes.size()));
    for (const std::size_t piece : {1U, 3U}) {
        const response in_pieces = read(bytes, piece);
        MUST(in_pieces.head == at_once.head);
        MUST(in_pieces.body == at_once.body);
        MUST(in_pieces.status == at_once.status);
        if (at_once.body != message::read_result::rejected) MUST(in_pieces.content == at_once.content);
        MUST(in_pieces.reusable == at_once.reusable);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check_reader(bytes);
    const std::size_t length = message::head_length(bytes);
    const std::string_view rest = bytes.substr(length);
    check_chunked(rest);
    gateway::operations::response_facts facts;
    gateway::operations::read_response(rest, facts);
    if (length == 0) return 0;

    message::response_head head;
    if (message::parse_response_head(bytes.substr(0, length), head)) return 0;
    check_fields(head);
    check_beside_beast<false>(bytes.substr(0, length), head.fields.all());
    MUST(head.status >= 100 && head.status <= 599);
    if (head.status / 100 == 1 || head.status == 204 || head.status == 304)
        MUST(head.framing.body == message::body_framing::none);
    if (head.framing.body == message::body_framing::until_close) MUST(!head.framing.keep_alive);
    return 0;
}
