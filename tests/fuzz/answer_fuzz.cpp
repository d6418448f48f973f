// An endpoint's answer: head, framing, and what is read out of its body.
#include "gateway/operations/answer_facts.hpp"
#include "message_reading.hpp"

using namespace fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::size_t length = message::head_length(bytes);
    const std::string_view rest = bytes.substr(length);
    check_chunked(rest);
    gateway::operations::answer_facts facts;
    gateway::operations::read_answer(rest, facts);
    if (length == 0) return 0;

    message::response_head head;
    if (message::parse_response_head(bytes.substr(0, length), head)) return 0;
    check_fields(head);
    check_beside_beast<false>(bytes.substr(0, length), head.fields.all());
    MUST(head.status >= 100 && head.status <= 599);
    if (head.status / 100 == 1 || head.status == 204 || head.status == 304)
        MUST(head.how.body == message::body_framing::none);
    if (head.how.body == message::body_framing::until_close) MUST(!head.how.keep_alive);
    return 0;
}
