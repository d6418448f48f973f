#pragma once
// The path of a call, from top to bottom: gateway::operator() in gateway.cpp is its eight steps.

#include <boost/smart_ptr/local_shared_ptr.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/http/session.hpp"
#include "gateway/net/deadlines.hpp"
#include "gateway/operations/resize_body.hpp"
#include "gateway/outcome/journal.hpp"
#include "gateway/pipeline/own_answer.hpp"
#include "gateway/pipeline/snapshot.hpp"
#include "gateway/signing/signature.hpp"
#include "gateway/upstream/client.hpp"

namespace gateway::pipeline {

struct call;

// One for each worker, used on its thread only. Outlives the calls that it handles.
class gateway {
public:
    gateway(const executor& on, net::deadlines& times, outcome::page& records, std::shared_ptr<const snapshot> first);
    ~gateway();
    gateway(const gateway&) = delete;
    gateway& operator=(const gateway&) = delete;

    // New calls are judged by `next`; those under way end by what they began with.
    void adopt(std::shared_ptr<const snapshot> next);

    // Handles one call: sends one whole answer and writes one outcome line.
    [[nodiscard]] task<> operator()(http::session& caller);

private:
    friend struct call;
    // A snapshot with this worker's connections for it. Counted without atomics: it never leaves the worker.
    struct in_force {
        in_force(const executor& on, net::deadlines& times, std::shared_ptr<const snapshot> what);
        std::shared_ptr<const snapshot> is;
        upstream::client client;
    };
    struct workspace;  // the memory of a call, used again by a later one

    using refused = std::optional<own_answer>;
    [[nodiscard]] refused understand(call& c);
    [[nodiscard]] refused authenticate(call& c);
    [[nodiscard]] refused read_body(call& c);
    [[nodiscard]] refused decide(call& c);
    [[nodiscard]] refused sign(call& c);
    [[nodiscard]] task<> hand_back(call& c, upstream::answer& got);
    [[nodiscard]] task<> stream_back(call& c, upstream::answer& got);
    [[nodiscard]] task<> answer(call& c, const own_answer& with);
    [[nodiscard]] task<bool> room_for_record();

    executor on_;
    net::deadlines& times_;
    outcome::page& records_;
    boost::local_shared_ptr<in_force> in_force_;
    signing::signer signer_;
    operations::resize_reader resize_reader_;
    std::vector<std::unique_ptr<workspace>> spare_;
    std::uint64_t id_prefix_, next_id_ = 0;  // of request ids: random for each worker, then counted
    std::chrono::sys_seconds date_of_{};     // the second that date_ tells
    std::string date_;                       // X-Sdk-Date, written once a second
    std::uint64_t unrecorded_ = 0;
};

}  // namespace gateway::pipeline
