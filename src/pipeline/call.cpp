#include "call.hpp"

#include <algorithm>
#include <array>

#include "gateway/base/hex.hpp"
#include "gateway/base/hide.hpp"
#include "gateway/pipeline/forwarding.hpp"

namespace gateway::pipeline {

namespace {

constexpr std::size_t max_kept = 64 * 1024;  // bytes of a workspace: what a large body took is given back
constexpr std::size_t max_pooled = 64;  // workspaces kept for later calls; more calls than that at once bring their own

}  // namespace

std::unique_ptr<handler::workspace> handler::take_workspace() {
    if (pool_.empty()) return std::make_unique<workspace>();
    auto taken = std::move(pool_.back());
    pool_.pop_back();
    return taken;
}

call::call(handler& creator, http::session& session)
    : owner(creator), caller(session), config(creator.config_), space(creator.take_workspace()), record(space->record) {
    record = {};
    space->code.clear();
    space->message.clear();
    std::array<unsigned char, 16> bytes{};
    const std::uint64_t number = owner.next_id_++;
    for (unsigned i = 0; i < 8; ++i) {
        bytes[i] = static_cast<unsigned char>(owner.id_prefix_ >> (56 - 8 * i));
        bytes[8 + i] = static_cast<unsigned char>(number >> (56 - 8 * i));
    }
    write_hex(bytes, request_id_digits.data());

    record.time = std::chrono::system_clock::now();
    record.request_id = request_id();
    record.peer = caller.remote().text;
    record.listener = caller.listener();
}

credentials::cache_key call::credential_key() const {
    const auto& definition = (*snapshot().credentials)[static_cast<credentials::credential_id>(credential)];
    const bool scoped = definition.type == credentials::definition::source_type::token;
    return {definition.serial, scoped ? std::string(match.project_id) : std::string()};
}

std::array<std::string_view, 3> call::sent_values() const noexcept {
    constexpr std::size_t digits = 64;  // of a signature
    std::array<std::string_view, 3> values{credential_handle.access_key()};
    if (credential_handle.token() != nullptr) values[1] = credential_handle.token()->reveal();
    if (signature_end != 0) values[2] = std::string_view(space->request).substr(signature_end - digits, digits);
    return values;
}

void call::record_cloud_error() {
    constexpr std::size_t longest_code = 64, longest_message = 1024;
    operations::response_facts& response = space->facts;
    hide(response.code, sent_values());
    space->code.assign(response.code, 0, longest_code);
    space->message = without_credential(response.message, credential_handle.access_key());
    hide(space->message, sent_values());
    space->message.resize(std::min(space->message.size(), longest_message));
}

void call::wipe_request() noexcept {
    if (!credential_handle.empty() && credential_handle.token() != nullptr)
        wipe(space->request.data(), space->request.size());
}

call::~call() {
    in_flight.release();
    wipe_request();
    record.bytes_in = caller.bytes_in();
    record.bytes_out = caller.bytes_out();
    record.duration =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - caller.began());
#ifndef GATEWAY_UNRECORDED  // the benchmark's other build, which tells what these two cost
    owner.counters_.count(record);
    if (recorded) owner.records_.write(record);
#endif
    const std::size_t held = space->request.capacity() + space->response_head.capacity() + space->message.capacity() +
                             space->resize.flavor.capacity();
    if (owner.pool_.size() < max_pooled && held <= max_kept) owner.pool_.push_back(std::move(space));
}

}  // namespace gateway::pipeline
