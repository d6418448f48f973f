#pragma once
// The path of a call, from top to bottom: gateway::operator() in gateway.cpp is its eight steps.

#include <boost/intrusive/list.hpp>
#include <boost/smart_ptr/local_shared_ptr.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/credentials/wallet.hpp"
#include "gateway/http/session.hpp"
#include "gateway/net/async_event.hpp"
#include "gateway/operations/resize_body.hpp"
#include "gateway/outcome/counters.hpp"
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
    // `supplier` keeps the wallets filled by way of put().
    // What it counts and records, its worker owns; `cloud_connections` counts those of all workers.
    gateway(net::loop& in, outcome::page& records, outcome::counters& counters,
            std::atomic<std::size_t>& cloud_connections, credentials::supplier& supplier,
            std::shared_ptr<const snapshot> first);
    ~gateway();
    gateway(const gateway&) = delete;
    gateway& operator=(const gateway&) = delete;

    // New calls are judged by `next`; those under way end by what they began with.
    void adopt(std::shared_ptr<const snapshot> next);
    // A credential has come, or can't: for calls to come and for those that wait.
    void put(const credentials::slot& where, const credentials::shared_secret& what, const std::string& why,
             credentials::secret::time retry);

    // Whether a request whose head alone is there may come to more than a refusal. Who is no caller, and what takes no
    // body, is refused without it.
    [[nodiscard]] bool wants_body(http::session& caller);

    // Handles one call: sends one whole answer and writes one outcome line.
    [[nodiscard]] task<> operator()(http::session& caller);

private:
    friend struct call;
    // A snapshot with this worker's connections for it. Counted without atomics: it never leaves the worker.
    struct in_force : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
        in_force(net::loop& in, std::shared_ptr<const snapshot> what, std::atomic<std::size_t>& connections,
                 const in_force* before);
        std::shared_ptr<const snapshot> is;
        upstream::client client;
        credentials::wallet wallet;
        std::vector<std::chrono::steady_clock::time_point> skew_noted;  // by region
    };
    struct workspace;  // the memory of a call, used again by a later one

    // Why the path of a call ends here, or nothing. Behind a pointer: every step hands one on, and most are nothing.
    class refused {
    public:
        refused() = default;
        refused(own_answer why) : why_(std::make_unique<own_answer>(std::move(why))) {}  // NOLINT: as an optional does
        refused(std::nullopt_t) noexcept {}                                              // NOLINT
        [[nodiscard]] explicit operator bool() const noexcept { return why_ != nullptr; }
        [[nodiscard]] const own_answer& operator*() const noexcept { return *why_; }

    private:
        std::unique_ptr<own_answer> why_;
    };
    [[nodiscard]] std::unique_ptr<workspace> take_workspace();
    [[nodiscard]] refused understand(call& c);
    [[nodiscard]] refused authenticate(call& c);  // authentication.cpp
    [[nodiscard]] boost::system::result<callers::identity, callers::refusal> who_sent(call& c,
                                                                                      std::chrono::sys_seconds now);
    [[nodiscard]] refused read_body(call& c);
    [[nodiscard]] refused decide(call& c);
    [[nodiscard]] refused sign(call& c);
    void add_body(call& c);
    void note_answer(call& c, const message::response_head& head);
    [[nodiscard]] task<> hand_back(call& c, upstream::response& got);
    [[nodiscard]] task<> stream_back(call& c, upstream::response& got);
    // Of the way to the cloud; `turned_away`: the call went out before, own_answer.
    [[nodiscard]] task<> fail(call& c, const upstream::failure& why, bool turned_away);
    [[nodiscard]] task<> answer(call& c, const own_answer& with);
    [[nodiscard]] task<bool> room_for_record();

    // credential.cpp
    [[nodiscard]] refused borrow(call& c, std::chrono::steady_clock::time_point now);
    [[nodiscard]] task<refused> wait_for_credential(call& c);
    [[nodiscard]] task<refused> renew_credential(call& c);
    void accepted(call& c, const message::response_head& answer);
    void end_trial(call& c);
    void look_at_clock(call& c, const message::response_head& answer);
    [[nodiscard]] task<bool> signed_anew(call& c, upstream::response& got, bool again);
    [[nodiscard]] task<bool> has_expired(call& c, upstream::response& got);
    [[nodiscard]] task<> turned_away(call& c, upstream::response& got);

    net::loop& loop_;
    outcome::page& records_;
    outcome::counters& counters_;
    std::atomic<std::size_t>& cloud_connections_;
    credentials::supplier& supplier_;
    net::async_event credential_came_;
    // Every configuration that some call still goes by.
    boost::intrusive::list<in_force, boost::intrusive::constant_time_size<false>> all_in_force_;
    boost::local_shared_ptr<in_force> in_force_;
    signing::signer signer_;
    operations::resize_reader resize_reader_;
    std::vector<std::unique_ptr<workspace>> spare_;
    std::uint64_t id_prefix_,
        next_id_ = 1;  // of request ids: random for each worker, then counted; no half of them is all zeros
    std::chrono::sys_seconds date_of_{};  // the second that date_ tells
    std::string date_;                    // X-Sdk-Date, written once a second
    std::uint64_t unrecorded_ = 0;
};

}  // namespace gateway::pipeline
