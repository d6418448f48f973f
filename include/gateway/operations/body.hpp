#pragma once
// What a call asks for by its body, and the strict reader of bodies: what the policy judges is what the cloud will
// read. Source: ECS API reference, "Modifying the Specifications of an ECS (v1.1)"; RFC 8259.

#include <boost/system/result.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/operations/operation.hpp"

namespace gateway::operations {

// Fields that are absent in the body are absent here.
struct resize_request {
    std::string flavor;                 // resize.flavorRef, never empty
    std::string dedicated_host_id;      // resize.dedicated_host_id; "" names no host
    std::optional<bool> auto_pay;       // resize.extendparam.isAutoPay: the texts "true", "false"; "" = absent
    bool stops_running_server = false;  // resize.mode == "withStopServer", the only mode there is
    std::optional<bool> dry_run;        // dry_run, a JSON boolean beside `resize`
    // JSON pointer to the first member that the gateway does not know, so that nothing of it was checked; empty where
    // there is none. Cut short; its characters are the caller's.
    std::string unknown_member;
};

// One for each body_kind.
using body = std::variant<std::monostate, resize_request>;

// Why a body is refused.
struct body_problem {
    std::string pointer;  // JSON pointer (RFC 6901) to the field; empty for the whole document
    std::string message;  // what is wrong and what to send instead
};

// Reads bodies one after another and re-uses its memory: one for each worker, no allocation in the steady state.
class body_reader {
public:
    body_reader();
    ~body_reader();
    body_reader(body_reader&&) noexcept;
    body_reader& operator=(body_reader&&) noexcept;

    // Reads the body of a call to one of `candidates`, operations of one path with a body of one kind, and tells which
    // it is: the one whose body_key is a member. One JSON object in valid UTF-8, no duplicate key at any depth, no
    // trailing text, depth at most 16; known fields of their documented type, and no unknown field that a lenient
    // reader could take for a known one (other case, other punctuation). Whether other unknown fields may stand is the
    // policy's to say. `output` keeps its memory, and is of use only when there is no problem.
    [[nodiscard]] boost::system::result<const operation*, body_problem> read(std::span<const operation> candidates,
                                                                             std::string_view bytes, body& output);

private:
    class handler;
    class parser;
    std::unique_ptr<parser> parser_;
};

// Throws nothing, sends nothing: lets result<…, body_problem>::value() compile.
[[noreturn]] void throw_exception_from_error(const body_problem& problem, const boost::source_location& location);

}  // namespace gateway::operations
