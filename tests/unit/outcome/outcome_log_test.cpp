#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "gateway/outcome/outcome_log.hpp"

namespace gateway::outcome {
namespace {

using namespace std::chrono_literals;

// What a disk does, by hand: takes all, a few bytes at a time, or nothing.
struct disk {
    std::mutex lock;
    std::string content;
    std::size_t takes_at_once = SIZE_MAX;
    bool full = false;
};

class disk_sink : public sink {
public:
    explicit disk_sink(disk& device, int full_after = -1) : device_(device), full_after_(full_after) {}
    std::size_t write(std::string_view bytes) override {
        const std::lock_guard held(device_.lock);
        if (device_.full || full_after_-- == 0) {
            device_.full = true;
            errno = ENOSPC;
            return 0;
        }
        const auto taken = std::min(bytes.size(), device_.takes_at_once);
        device_.content.append(bytes.substr(0, taken));
        return taken;
    }

private:
    disk& device_;
    int full_after_;  // writes
};

record numbered(const std::string& number) {
    record r;
    r.request_id = number;
    r.decided = decision::allowed;
    return r;
}

std::vector<std::string> ids(const std::string& content) {
    std::vector<std::string> found;
    std::istringstream lines(content);
    for (std::string line; std::getline(lines, line);) {
        const auto begin = line.find("\"request_id\":\"");
        found.push_back(begin == std::string::npos || line.back() != '}'
                            ? "torn: " + line
                            : line.substr(begin + 14, line.find('"', begin + 14) - begin - 14));
    }
    return found;
}

TEST(outcome_log, writes_the_lines_of_all_buffers_whole_and_in_each_buffers_order) {
    disk device;
    device.takes_at_once = 7;  // a write may take less than it was given
    {
        outcome_log log(std::make_unique<disk_sink>(device));
        std::vector<std::thread> workers;
        for (const char* name : {"a", "b", "c"}) {
            workers.emplace_back([&buffer = log.new_buffer(), name] {
                for (int i = 0; i < 500; ++i)
                    buffer.write(numbered(name + std::to_string(i)));
            });
        }
        for (auto& w : workers)
            w.join();
        ASSERT_TRUE(log.flush(10s));
    }
    std::map<char, int> next;
    for (const auto& id : ids(device.content)) {
        ASSERT_EQ(id.substr(1), std::to_string(next[id[0]]++)) << id;
    }
    EXPECT_EQ(next, (std::map<char, int>{{'a', 500}, {'b', 500}, {'c', 500}}));
}

TEST(outcome_log, knows_the_last_lines_whether_few_or_many_are_written_at_once) {
    disk device;
    outcome_log log(std::make_unique<disk_sink>(device));
    line_buffer& buffer = log.new_buffer();
    int count = 0;
    for (const int more : {30, 1000, 10, 1000, 199, 1, 200, 201, 180, 30}) {
        {
            const std::lock_guard held(device.lock);  // what comes meanwhile is written at once
            for (int i = 0; i < more; ++i)
                buffer.write(numbered(std::to_string(count++)));
        }
        ASSERT_TRUE(log.flush(10s));
        std::string lines = log.last_as_json_members();
        for (auto between = lines.find("},{"); between != std::string::npos; between = lines.find("},{", between))
            lines[between + 1] = '\n';
        std::vector<std::string> last;
        for (int i = std::max(0, count - 200); i < count; ++i)
            last.push_back(std::to_string(i));
        ASSERT_EQ(ids(lines), last);
    }
}

TEST(outcome_log, keeps_lines_while_the_disk_is_full_and_says_so) {
    disk device;
    device.full = true;
    outcome_log log(std::make_unique<disk_sink>(device));
    line_buffer& buffer = log.new_buffer();
    buffer.write(numbered("1"));
    EXPECT_FALSE(log.flush(50ms));
    while (log.trouble().empty())
        std::this_thread::yield();
    EXPECT_TRUE(buffer.has_room());
    EXPECT_FALSE(log.is_full());
    while (buffer.has_room())
        buffer.write(numbered("2"));  // ends: what waits is bounded
    EXPECT_TRUE(log.is_full());
    {
        const std::lock_guard held(device.lock);
        device.full = false;
    }
    ASSERT_TRUE(log.flush(10s));
    EXPECT_EQ(log.trouble(), "");
    EXPECT_TRUE(buffer.has_room());
    EXPECT_FALSE(log.is_full());
    EXPECT_EQ(ids(device.content).front(), "1");
    EXPECT_GT(device.content.size(), max_pending);
    buffer.write(numbered("3"));
    ASSERT_TRUE(log.flush(10s));
    const auto last = log.last_as_json_members();
    EXPECT_EQ(std::count(last.begin(), last.end(), '{'), 200);
    EXPECT_NE(last.find("\"request_id\":\"3\""), std::string::npos);
}

TEST(outcome_log, moves_lines_that_a_full_disk_does_not_take_to_the_new_sink) {
    disk device, elsewhere;
    device.takes_at_once = 30;  // less than a line
    outcome_log log(std::make_unique<disk_sink>(device, 1));
    line_buffer& buffer = log.new_buffer();
    buffer.write(numbered("1"));
    while (log.trouble().empty())
        std::this_thread::yield();
    log.replace(std::make_unique<disk_sink>(elsewhere));
    ASSERT_TRUE(log.flush(10s));
    EXPECT_EQ(log.trouble(), "");
    EXPECT_EQ(device.content.size(), 30U);
    EXPECT_EQ(ids(elsewhere.content), std::vector<std::string>{"1"});
}

// To open a FIFO waits for whoever reads it.
TEST(outcome_log, rejects_a_target_that_waits_for_a_reader) {
    const auto folder = std::filesystem::temp_directory_path() / ("outcome_log_test." + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    const auto fifo = folder / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    const auto error_of = [&] {
        try {
            static_cast<void>(open_sink(fifo));
            return std::string("taken");
        } catch (const std::runtime_error& e) {
            return std::string(e.what());
        }
    };
    const std::string reason = "cannot open the outcome log " + fifo.string() +
                               ": it is no regular file; name a file, or stdout for a program that reads a pipe";
    EXPECT_EQ(error_of(), reason);
    const int reader = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK);
    EXPECT_EQ(error_of(), reason);
    ::close(reader);
    EXPECT_NO_THROW(static_cast<void>(open_sink("/dev/null")));
    std::filesystem::remove_all(folder);
}

TEST(outcome_log, reopens_its_file_so_that_a_rotated_one_can_go) {
    const auto folder = std::filesystem::temp_directory_path() / ("outcome_log_test." + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    const auto read = [](const std::filesystem::path& file) {
        std::stringstream text;
        text << std::ifstream(file).rdbuf();
        return ids(text.str());
    };
    {
        outcome_log log(open_sink(folder / "log"));
        line_buffer& buffer = log.new_buffer();
        buffer.write(numbered("1"));
        ASSERT_TRUE(log.flush(10s));
        std::filesystem::rename(folder / "log", folder / "log.1");
        log.reopen();
        while (!std::filesystem::exists(folder / "log"))
            std::this_thread::yield();
        buffer.write(numbered("2"));
        ASSERT_TRUE(log.flush(10s));
    }
    EXPECT_EQ(read(folder / "log.1"), std::vector<std::string>{"1"});
    EXPECT_EQ(read(folder / "log"), std::vector<std::string>{"2"});
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace gateway::outcome
