#include "gateway/outcome/rejected_lines.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

namespace gateway::outcome {

namespace {

constexpr std::string_view line_end = "}\n";

// Who counts as one: an address without its port, a unix user without its process. Of an IPv6 address the first 64
// bits, since whoever has one has the other 64 to choose from (RFC 4291, 2.5.4).
std::string source_of(std::string_view peer) {
    const auto process = peer.rfind(",pid=");
    std::string source(peer.substr(0, process != std::string_view::npos ? process : peer.rfind(':')));
    if (!source.starts_with('[')) return source;
    const std::string address = source.substr(1, source.find_first_of("%]") - 1);  // %: a link-local one's interface
    in6_addr bytes{};
    if (::inet_pton(AF_INET6, address.c_str(), &bytes) != 1 || IN6_IS_ADDR_V4MAPPED(&bytes)) return source;
    constexpr std::size_t network = 8;
    return "[" + std::string(reinterpret_cast<const char*>(bytes.s6_addr), network);
}

std::string key_of(std::string_view source, std::string_view code) {
    std::string key(code);
    key.append(" ").append(source);
    return key;
}

}  // namespace

rejected_lines::similar_calls& rejected_lines::add(std::string key, record call, bool with_peer) {
    if (!with_peer) call.peer = {};
    similar_calls fresh;
    append_line(fresh.line, call);
    fresh.line.resize(fresh.line.size() - line_end.size());
    fresh.line.shrink_to_fit();
    bytes_ += key.size() + fresh.line.size();
    return gathered_.emplace(std::move(key), std::move(fresh)).first->second;
}

bool rejected_lines::gather(const record& call, time now) {
    const std::lock_guard held(lock_);
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    if (second != second_) {
        second_ = second;
        in_second_ = 0;
    }
    if (in_second_ < max_per_second) {
        ++in_second_;
        return false;
    }
    if (gathered_.empty()) gathered_in_ = second;
    std::string key = key_of(source_of(call.peer), call.code);
    auto found = gathered_.find(key);
    if (found != gathered_.end()) {
        ++found->second.calls;
        return true;
    }
    const bool has_space = gathered_.size() < max_kept && bytes_ < max_bytes;
    if (!has_space) {
        key = key_of({}, call.code);
        found = gathered_.find(key);
    }
    similar_calls& counted = found != gathered_.end() ? found->second : add(std::move(key), call, has_space);
    ++counted.calls;
    return true;
}

bool rejected_lines::is_due_now(time now) const noexcept {
    return !gathered_.empty() && (ended_ || std::chrono::floor<std::chrono::seconds>(now) != gathered_in_);
}

std::size_t rejected_lines::append_due(std::string& out, time now) {
    const std::lock_guard held(lock_);
    if (!is_due_now(now)) return 0;
    const std::size_t lines = gathered_.size();
    for (const auto& [key, counted] : gathered_) {
        out += counted.line;
        if (counted.calls > 1) append_repeated(out, counted.calls);
        out += line_end;
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
