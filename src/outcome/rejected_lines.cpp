#include "gateway/outcome/rejected_lines.hpp"

#include <algorithm>
#include <utility>

namespace gateway::outcome {

namespace {

constexpr std::string_view line_end = "}\n";

// A peer without its port or process id, which differ from connection to connection.
std::string_view host_of(std::string_view peer) {
    const auto process = peer.rfind(",pid=");
    return peer.substr(0, process != std::string_view::npos ? process : peer.rfind(':'));
}

std::string key_of(std::string_view host, std::string_view code) {
    std::string key(code);
    key.append(" ").append(host);
    return key;
}

}  // namespace

rejected_lines::alike& rejected_lines::add(std::string key, record what, bool with_peer) {
    if (!with_peer) what.peer = {};
    alike fresh;
    append_line(fresh.line, what);
    fresh.line.resize(fresh.line.size() - line_end.size());
    fresh.line.shrink_to_fit();
    bytes_ += key.size() + fresh.line.size();
    return gathered_.emplace(std::move(key), std::move(fresh)).first->second;
}

bool rejected_lines::gather(const record& what, time now) {
    const std::lock_guard held(lock_);
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    if (second != second_) {
        second_ = second;
        in_second_ = 0;
    }
    if (in_second_ < most_a_second) {
        ++in_second_;
        return false;
    }
    if (gathered_.empty()) gathered_in_ = second;
    std::string key = key_of(host_of(what.peer), what.code);
    auto found = gathered_.find(key);
    if (found != gathered_.end()) {
        ++found->second.calls;
        return true;
    }
    const bool apart = gathered_.size() < most_kept && bytes_ < most_bytes;
    if (!apart) {
        key = key_of({}, what.code);
        found = gathered_.find(key);
    }
    alike& counted = found != gathered_.end() ? found->second : add(std::move(key), what, apart);
    ++counted.calls;
    return true;
}

bool rejected_lines::is_due_now(time now) const noexcept {
    return !gathered_.empty() && (ended_ || std::chrono::floor<std::chrono::seconds>(now) != gathered_in_);
}

std::size_t rejected_lines::append_due(std::string& to, time now) {
    const std::lock_guard held(lock_);
    if (!is_due_now(now)) return 0;
    const std::size_t lines = gathered_.size();
    for (const auto& [key, counted] : gathered_) {
        to += counted.line;
        if (counted.calls > 1) append_repeated(to, counted.calls);
        to += line_end;
    }
    gathered_.clear();
    bytes_ = 0;
    ended_ = false;
    return lines;
}

void rejected_lines::end_second() noexcept {
    const std::lock_guard held(lock_);
    ended_ = true;
}

bool rejected_lines::is_due(time now) const {
    const std::lock_guard held(lock_);
    return is_due_now(now);
}

bool rejected_lines::is_empty() const {
    const std::lock_guard held(lock_);
    return gathered_.empty();
}

}  // namespace gateway::outcome
