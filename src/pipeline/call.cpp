#include "call.hpp"

#include <algorithm>
#include <array>

#include "gateway/base/hex.hpp"
#include "gateway/base/hide.hpp"
#include "gateway/pipeline/forwarding.hpp"

namespace gateway::pipeline {

namespace {

constexpr std::size_t most_kept = 64 * 1024;  // bytes of a workspace: what a large body took is given back
constexpr std::size_t most_spare = 64;  // workspaces kept for later calls; more calls than that at once bring their own

}  // namespace

std::unique_ptr<gateway::workspace> gateway::take_workspace() {
    if (spare_.empty()) return std::make_unique<workspace>();
    auto taken = std::move(spare_.back());
    spare_.pop_back();
    return taken;
}

call::call(gateway& of, http::session& from)
    : in(of), caller(from), by(of.in_force_), space(of.take_workspace()), record(space->record) {
    record = {};
    space->code.clear();
    space->message.clear();
    std::array<unsigned char, 16> bytes{};
    const std::uint64_t number = in.next_id_++;
    for (unsigned i = 0; i < 8; ++i) {
        bytes[i] = static_cast<unsigned char>(in.id_prefix_ >> (56 - 8 * i));
        bytes[8 + i] = static_cast<unsigned char>(number >> (56 - 8 * i));
    }
    write_hex(bytes, id.data());

    record.time = std::chrono::system_clock::now();
    record.request_id = request_id();
    record.peer = caller.from().text;
    record.listener = caller.listener();
}

credentials::slot call::slot() const {
    const auto& is = (*now_in_force().credentials)[static_cast<credentials::id>(credential)];
    const bool scoped = is.by == credentials::definition::way::token;
    return {is.serial, scoped ? std::string(what.project_id) : std::string()};
}

std::array<std::string_view, 3> call::sent_values() const noexcept {
    constexpr std::size_t digits = 64;  // of a signature
    std::array<std::string_view, 3> values{signs_with.access_key()};
    if (signs_with.token() != nullptr) values[1] = signs_with.token()->reveal();
    if (signature_end != 0) values[2] = std::string_view(space->request).substr(signature_end - digits, digits);
    return values;
}

void call::note_refusal() {
    constexpr std::size_t longest_code = 64, longest_message = 1024;
    operations::answer_facts& said = space->facts;
    hide(said.code, sent_values());
    space->code.assign(said.code, 0, longest_code);
    space->message = without_credential(said.message, signs_with.access_key());
    hide(space->message, sent_values());
    space->message.resize(std::min(space->message.size(), longest_message));
}

void call::forget_request() noexcept {
    if (!signs_with.empty() && signs_with.token() != nullptr) wipe(space->request.data(), space->request.size());
}

call::~call() {
    in_flight.release();
    forget_request();
    record.bytes_in = caller.bytes_in();
    record.bytes_out = caller.bytes_out();
    record.duration =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - caller.began());
#ifndef GATEWAY_UNRECORDED  // the benchmark's other build, which tells what these two cost
    in.counters_.count(record);
    if (recorded) in.records_.write(record);
#endif
    const std::size_t held = space->request.capacity() + space->answer_head.capacity() + space->message.capacity() +
                             space->resize.flavor.capacity();
    if (in.spare_.size() < most_spare && held <= most_kept) in.spare_.push_back(std::move(space));
}

}  // namespace gateway::pipeline
