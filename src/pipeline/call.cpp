#include "call.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "gateway/pipeline/answers.hpp"

namespace gateway::pipeline {

using std::chrono::steady_clock;

call::call(call_resources& shared, http::session& session)
    : resources_(shared),
      caller_(session),
      config_(shared.config),
      space_(shared.take_workspace()),
      record_(space_->record),
      outcome_lines_(&shared.records) {
    record_ = {};
    space_->code.clear();
    space_->message.clear();
    resources_.write_request_id(request_id_digits_.data());

    record_.time = std::chrono::system_clock::now();
    record_.request_id = request_id();
    record_.peer = caller_.remote().text;
    record_.listener = caller_.listener();
}

call::~call() {
    in_flight_.release();
    close_change();
    wipe_request();
    record_.bytes_in = caller_.bytes_in();
    record_.bytes_out = caller_.bytes_out();
    record_.duration = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - caller_.began());
#ifndef GATEWAY_UNRECORDED  // the benchmark's other build, which tells what these two cost
    resources_.counters.count(record_);
    if (outcome_lines_ != nullptr) outcome_lines_->write(record_);
#endif
    resources_.give_back(std::move(space_));
}

task<rejection> call::wait_for_log_room() {
    const auto deadline = steady_clock::now() + snapshot().settings.timeouts.request_header;
    while (!log_has_room()) {
        if (steady_clock::now() >= deadline) {
            if (resources_.unrecorded++ == 0)
                spdlog::error("outcomes: calls are refused until the log takes lines again");
            outcome_lines_ = nullptr;
            co_return answers::calls_not_recorded();
        }
        co_await net::pause(resources_.loop, std::chrono::milliseconds(50));
    }
    if (resources_.unrecorded > 0)
        spdlog::warn("outcomes: calls are taken again: refused_without_a_line={}",
                     std::exchange(resources_.unrecorded, 0));
    co_return rejection();
}

}  // namespace gateway::pipeline
