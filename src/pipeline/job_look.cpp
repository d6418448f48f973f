#include "job_look.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "gateway/base/secret_text.hpp"
#include "gateway/follow/job_meaning.hpp"
#include "gateway/net/log_exception.hpp"
#include "gateway/operations/job_report.hpp"
#include "gateway/upstream/signed_request.hpp"
#include "gateway/upstream/trace.hpp"
#include "open_change.hpp"

namespace gateway::pipeline {

namespace {

constexpr std::size_t max_answer = 64 * 1024;  // bytes

// Job ids are the cloud's; nothing else gets into a path.
bool is_job_id(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

// The answer's body, whole and with status 200; else nothing, and the job is as unknown as before.
task<std::optional<std::string>> read_job(call_resources& resources, active_config& config,
                                          const ledger::change& holder,
                                          const credentials::credential_handle& credential) {
    const ledger::change_request& change = holder.request;
    const auto* const project = config.snapshot->rules.find_project(change.project_id);
    if (project == nullptr || !is_job_id(holder.known.job_id)) co_return std::nullopt;
    const std::string path = "/v1/" + change.project_id + "/jobs/" + holder.known.job_id;
    const auto payload = signing::hash_payload({});
    const upstream::outgoing_request asked{.method = "GET",
                                           .path = path,
                                           .query = {},
                                           .authority = config.client.authority(project->region_index),
                                           .project_id = change.project_id,
                                           .region = project->region,
                                           .payload = {payload.data(), payload.size()}};
    std::string head;
    upstream::begin_request(head, asked);
    upstream::append_traceparent(head, change.id);
    static_cast<void>(upstream::sign_request(head, asked, credential,
                                             resources.date_of(std::chrono::system_clock::now()), resources.signer));
    const upstream::request request{.head = head, .body = {}, .may_repeat = true};
    auto response = co_await config.client.exchange(project->region_index, request);
    wipe(head.data(), head.size());
    if (!response || response->head().status != 200) co_return std::nullopt;
    const auto filled = co_await response->read_body(max_answer);
    if (!filled || !response->whole()) co_return std::nullopt;
    co_return std::string(response->body());
}

void tell_ledger(ledger::ledger_client& ledger, const ledger::change& holder, const operations::job_report& job) {
    const ledger::instant now = ledger_time();
    const auto reached = follow::meaning_of_job(job.status);
    if (!reached) {
        ledger.submit(ledger::writes::followed{holder.request.id, job.status, now, now, std::nullopt});
        return;
    }
    ledger::facts learnt;
    learnt.code = job.code;
    learnt.message = job.message.substr(0, 1024);
    ledger.submit(ledger::writes::settle{holder.request.id,
                                         *reached,
                                         ledger::cause::following,
                                         std::move(learnt),
                                         {},
                                         "job " + job.status,
                                         now,
                                         now,
                                         std::nullopt});
}

task<> look(call_resources& resources, boost::local_shared_ptr<active_config> config,
            std::shared_ptr<const ledger::change> holder, credentials::credential_handle credential) {
    const auto body = co_await read_job(resources, *config, *holder, credential);
    if (!body) co_return;
    if (const auto job = operations::read_job_report(*body)) tell_ledger(resources.ledger, *holder, *job);
}

}  // namespace

task<> look_at_job(call_resources& resources, boost::local_shared_ptr<active_config> config,
                   const ledger::change& holder, const credentials::credential_handle& credential) {
    const std::string id = holder.request.id;
    const auto timeout = config->snapshot->settings.timeouts.ledger;
    auto& entry = resources.job_looks[id];
    const bool is_first = !entry;
    if (is_first) entry = std::make_shared<net::async_event>(resources.loop);
    const auto ended = entry;
    if (is_first) {
        auto copy = std::make_shared<const ledger::change>(holder);
        resources.loop.spawn(look(resources, std::move(config), std::move(copy), credential.without_probe()),
                             [&resources, id](const std::exception_ptr& exception) {
                                 net::log_exception("look at a job", exception);
                                 const auto looked = resources.job_looks.extract(id);
                                 looked.mapped()->notify_all();
                             });
    }
    // One that had nothing to wait for has ended already.
    if (resources.job_looks.contains(id)) co_await ended->wait(timeout);
}

}  // namespace gateway::pipeline
