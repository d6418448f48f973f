// Step 6, over the network: the signed request goes to the region's endpoint, and the head of its response comes back.

#include "call.hpp"
#include "gateway/base/time.hpp"
#include "gateway/pipeline/answers.hpp"

namespace gateway::pipeline {

using std::chrono::steady_clock;

void call::begin_exchange() {
    ++attempts_;
    sent_at_ = steady_clock::now();
    record_.outcome = delivery::unknown;  // until the answer is there: what a call that is cut off leaves behind
}

task<upstream::result<upstream::response>> call::exchange() {
    begin_exchange();
    const upstream::request request{space_->request, separate_body_, !match_.operation->changes_something};
    auto response = co_await config_->client.exchange(project_->region_index, request);
    if (response) {
        measure_clock_skew(response->head());
        if (response->head().status != 401) on_credential_accepted(response->head());
    }
    co_return response;
}

void call::count_failure(const upstream::failure& failure) {
    static_assert(static_cast<int>(upstream::step::parse) == static_cast<int>(outcome::upstream_error::parse));
    resources_.counters.count_failure(project_->region, failure.timed_out
                                                            ? outcome::upstream_error::timeout
                                                            : static_cast<outcome::upstream_error>(failure.step));
}

rejection call::reject_failure(const upstream::failure& failure) {
    count_failure(failure);
    own_answer answer = answers::failed_exchange(failure);
    answer.rejected_by_cloud = attempts_ > 1;
    return answer;
}

void call::measure_clock_skew(const message::response_head& head) {
    constexpr auto often_enough = std::chrono::seconds(10);
    auto& measured = config_->skew_measured[project_->region_index];
    if (head.status != 401 && sent_at_ - measured < often_enough) return;
    const field* const date = head.fields.find(message::known::date);
    const auto cloud_time = date == nullptr ? std::nullopt : read_http_date(date->value);
    if (!cloud_time) return;
    measured = sent_at_;
    clock_skew_ = *cloud_time - std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    resources_.credential_provider.note_skew(project_->region, clock_skew_);
}

}  // namespace gateway::pipeline
