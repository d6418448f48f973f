// A load of one call after another at a constant rate, whatever the answers take: a call that finds no free connection
// waits for one, and its wait counts (no coordinated omission, as in wrk2, which Debian has not).
//
//     steady_load PORT CONNECTIONS RATE SECONDS REQUEST_FILE
//
// Prints one line of JSON: the calls made, those not answered with 200, and the times in microseconds from the moment
// a call was due to its last byte, without the first 50 ms, in which connections open.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

struct caller {
    int fd = -1;
    clock_type::time_point due;
    std::string answer;
};

[[noreturn]] void fail(const char* call) { throw std::system_error(errno, std::generic_category(), call); }

int connect_to(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) fail("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr any{};
    std::memcpy(&any, &address, sizeof any);
    if (::connect(fd, &any, sizeof any) != 0) fail("connect");
    const int enabled = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &enabled, sizeof enabled);
    return fd;
}

// Whether the answer is whole. Every proxy of the benchmark answers with a length.
bool is_whole(std::string_view answer) {
    const auto head = answer.find("\r\n\r\n");
    if (head == std::string_view::npos) return false;
    static constexpr std::string_view name = "\r\ncontent-length: ";
    const auto equal = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; };
    const auto position = std::search(answer.begin(), answer.begin() + static_cast<std::ptrdiff_t>(head), name.begin(),
                                      name.end(), equal);
    std::size_t length = 0;
    const char* const digits = answer.data() + (position - answer.begin()) + name.size();
    if (digits >= answer.data() + head ||
        std::from_chars(digits, answer.data() + answer.size(), length).ec != std::errc())
        throw std::runtime_error("an answer without a length: " + std::string(answer.substr(0, head)));
    return answer.size() >= head + 4 + length;
}

class load {
public:
    load(std::uint16_t port, std::size_t connections, double rate, double seconds, std::string request)
        : request_(std::move(request)),
          between_(std::chrono::duration_cast<clock_type::duration>(std::chrono::duration<double>(1 / rate))),
          calls_(static_cast<std::size_t>(rate * seconds)),
          callers_(connections) {
        for (auto& each : callers_) {
            each.fd = connect_to(port);
            epoll_event event{.events = EPOLLIN, .data = {.ptr = &each}};
            if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, each.fd, &event) != 0) fail("epoll_ctl");
            free_.push_back(&each);
        }
        micros_.reserve(calls_);
    }

    void run() {
        next_ = clock_type::now();
        counted_from_ = next_ + std::chrono::milliseconds(50);
        while (answered_ < calls_) {
            send_what_is_due();
            // The origin has this core, too. A load that goes on for as long as answers come keeps it waiting for up to
            // 400 us, the longer the faster the proxy answers: then the slowest calls tell of this core alone.
            ::sched_yield();
            for (caller* const each : wait())
                read(*each);
        }
    }

    void print() {
        if (micros_.empty()) throw std::runtime_error("too short to count a call");
        std::sort(micros_.begin(), micros_.end());
        const auto percentile = [&](double part) {
            return micros_[static_cast<std::size_t>(part * double(micros_.size() - 1))];
        };
        std::printf(R"({"calls": %zu, "errors": %zu, "p50_us": %.0f, "p99_us": %.0f, "p99_9_us": %.0f, "max_us": %.0f})"
                    "\n",
                    answered_, errors_, percentile(.5), percentile(.99), percentile(.999), percentile(1));
    }

private:
    void send_what_is_due() {
        for (const auto now = clock_type::now(); next_ <= now && sent_ < calls_ && !free_.empty(); next_ += between_) {
            caller& one = *free_.back();
            free_.pop_back();
            one.due = next_;
            if (::send(one.fd, request_.data(), request_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request_.size()))
                fail("send");
            ++sent_;
        }
    }

    // Those that have something to read; returns when the next call is due, too.
    std::vector<caller*>& wait() {
        const bool due_later = sent_ < calls_ && !free_.empty();
        const auto left = std::max(clock_type::duration(0), next_ - clock_type::now());
        const timespec timeout{.tv_sec = 0,
                               .tv_nsec = due_later ? std::min<long>(left.count(), 900'000'000) : 900'000'000};
        epoll_event ready[64];
        const int count = ::epoll_pwait2(epoll_, ready, 64, &timeout, nullptr);
        if (count < 0 && errno != EINTR) fail("epoll_pwait2");
        if (count == 0 && !due_later) throw std::runtime_error("no answer for 0.9 s");
        ready_.clear();
        for (int i = 0; i < count; ++i)
            ready_.push_back(static_cast<caller*>(ready[i].data.ptr));
        return ready_;
    }

    void read(caller& one) {
        char bytes[16 * 1024];
        const auto count = ::recv(one.fd, bytes, sizeof bytes, 0);
        if (count <= 0) fail("recv: the proxy ended a connection");
        one.answer.append(bytes, static_cast<std::size_t>(count));
        if (!is_whole(one.answer)) return;
        if (!one.answer.starts_with("HTTP/1.1 200 ")) ++errors_;
        if (one.due >= counted_from_)
            micros_.push_back(std::chrono::duration<double, std::micro>(clock_type::now() - one.due).count());
        ++answered_;
        one.answer.clear();
        free_.push_back(&one);
    }

    std::string request_;
    clock_type::duration between_;
    std::size_t calls_, sent_ = 0, answered_ = 0, errors_ = 0;
    int epoll_ = ::epoll_create1(0);
    std::vector<caller> callers_;
    std::vector<caller*> free_, ready_;
    clock_type::time_point next_, counted_from_;
    std::vector<double> micros_;
};

}  // namespace

int main(int count, char** arguments) {
    if (count != 6) {
        std::fputs("steady_load PORT CONNECTIONS RATE SECONDS REQUEST_FILE\n", stderr);
        return 2;
    }
    try {
        ::prctl(PR_SET_TIMERSLACK, 1000UL);  // ns; 50 us otherwise, which is as long as a call
        std::ifstream file(arguments[5], std::ios::binary);
        load all(static_cast<std::uint16_t>(std::stoi(arguments[1])), std::stoul(arguments[2]), std::stod(arguments[3]),
                 std::stod(arguments[4]), std::string(std::istreambuf_iterator<char>(file), {}));
        all.run();
        all.print();
    } catch (const std::exception& trouble) {
        std::fprintf(stderr, "steady_load: %s\n", trouble.what());
        return 1;
    }
    return 0;
}
