#pragma once
// The strict reader of a resize body: the policy must check the same values that the cloud will read.
// Source: ECS API reference, "Modifying the Specifications of an ECS (v1.1)"; RFC 8259.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::operations {

// The values of a resize. Fields that are absent in the body are absent here.
struct resize_request {
    std::string flavor;                            // resize.flavorRef, never empty
    std::optional<std::string> dedicated_host_id;  // resize.dedicated_host_id
    std::optional<bool> auto_pay;       // resize.extendparam.isAutoPay: the texts "true", "false"; "" = absent
    bool stops_running_server = false;  // resize.mode == "withStopServer", the only mode there is
    std::optional<bool> dry_run;        // dry_run, a JSON boolean beside `resize`
    // JSON pointer to the first member that the gateway does not know, so that nothing of it was checked; empty where
    // there is none. Cut short; its characters are the caller's.
    std::string unknown_member;
};

// Why a body is rejected.
struct body_problem {
    std::string pointer;  // JSON pointer (RFC 6901) to the field; empty for the whole document
    std::string message;  // what is wrong and what to send instead
};

// Reads bodies one after another and re-uses its memory: one for each worker, no allocation in the steady state.
class resize_reader {
public:
    resize_reader();
    ~resize_reader();
    resize_reader(resize_reader&&) noexcept;
    resize_reader& operator=(resize_reader&&) noexcept;

    // One JSON object in valid UTF-8, no duplicate key at any depth, no trailing text, depth at most 16; known fields
    // of their documented type, and no unknown field that a lenient reader could take for a known one (other case,
    // other punctuation). Whether other unknown fields may stand is the policy's to say. `request` is of use only when
    // nothing comes back.
    [[nodiscard]] std::optional<body_problem> read(std::string_view body, resize_request& request);

private:
    class handler;
    class parser;
    std::unique_ptr<parser> parser_;
};

}  // namespace gateway::operations
