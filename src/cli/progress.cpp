#include "progress.hpp"

#include <unistd.h>

#include <iostream>

namespace gateway::cli {

namespace {

constexpr auto pause = std::chrono::milliseconds(200);
constexpr std::string_view clear_line = "\r\x1b[K";  // ECMA-48, EL

}  // namespace

progress::progress(const streams& io) {
    if (&io.err == &std::cerr && ::isatty(STDERR_FILENO) == 1) terminal_ = &io.err;
}

progress::~progress() {
    if (is_shown_) *terminal_ << clear_line << std::flush;
}

void progress::show(std::string_view text) {
    const auto now = std::chrono::steady_clock::now();
    if (terminal_ == nullptr || now < next_) return;
    next_ = now + pause;
    is_shown_ = true;
    *terminal_ << clear_line << text << std::flush;
}

}  // namespace gateway::cli
