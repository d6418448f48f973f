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

#include "gateway/outcome/journal.hpp"

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
    explicit disk_sink(disk& on, int full_after = -1) : on_(on), full_after_(full_after) {}
    std::size_t write(std::string_view bytes) override {
        const std::lock_guard held(on_.lock);
        if (on_.full || full_after_-- == 0) {
            on_.full = true;
            errno = ENOSPC;
            return 0;
        }
        const auto taken = std::min(bytes.size(), on_.takes_at_once);
        on_.content.append(bytes.substr(0, taken));
        return taken;
    }

private:
    disk& on_;
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
        const auto at = line.find("\"request_id\":\"");
        found.push_back(at == std::string::npos || line.back() != '}'
                            ? "torn: " + line
                            : line.substr(at + 14, line.find('"', at + 14) - at - 14));
    }
    return found;
}

TEST(journal, writes_the_lines_of_all_pages_whole_and_in_each_pages_order) {
    disk on;
    on.takes_at_once = 7;  // a write may take less than it was given
    {
        journal j(std::make_unique<disk_sink>(on));
        std::vector<std::thread> workers;
        for (const char* name : {"a", "b", "c"}) {
            workers.emplace_back([&page = j.new_page(), name] {
                for (int i = 0; i < 500; ++i)
                    page.write(numbered(name + std::to_string(i)));
            });
        }
        for (auto& w : workers)
            w.join();
        ASSERT_TRUE(j.flush(10s));
    }
    std::map<char, int> next;
    for (const auto& id : ids(on.content)) {
        ASSERT_EQ(id.substr(1), std::to_string(next[id[0]]++)) << id;
    }
    EXPECT_EQ(next, (std::map<char, int>{{'a', 500}, {'b', 500}, {'c', 500}}));
}

TEST(journal, knows_the_last_lines_whether_few_or_many_are_written_at_once) {
    disk on;
    journal j(std::make_unique<disk_sink>(on));
    page& p = j.new_page();
    int count = 0;
    for (const int more : {30, 1000, 10, 1000, 199, 1, 200, 201, 180, 30}) {
        {
            const std::lock_guard held(on.lock);  // what comes meanwhile is written at once
            for (int i = 0; i < more; ++i)
                p.write(numbered(std::to_string(count++)));
        }
        ASSERT_TRUE(j.flush(10s));
        std::string lines = j.last_as_json_members();
        for (auto between = lines.find("},{"); between != std::string::npos; between = lines.find("},{", between))
            lines[between + 1] = '\n';
        std::vector<std::string> last;
        for (int i = std::max(0, count - 200); i < count; ++i)
            last.push_back(std::to_string(i));
        ASSERT_EQ(ids(lines), last);
    }
}

TEST(journal, keeps_lines_while_the_disk_is_full_and_says_so) {
    disk on;
    on.full = true;
    journal j(std::make_unique<disk_sink>(on));
    page& p = j.new_page();
    p.write(numbered("1"));
    EXPECT_FALSE(j.flush(50ms));
    while (j.trouble().empty())
        std::this_thread::yield();
    EXPECT_TRUE(p.has_room());
    EXPECT_FALSE(j.is_full());
    while (p.has_room())
        p.write(numbered("2"));  // ends: what waits is bounded
    EXPECT_TRUE(j.is_full());
    {
        const std::lock_guard held(on.lock);
        on.full = false;
    }
    ASSERT_TRUE(j.flush(10s));
    EXPECT_EQ(j.trouble(), "");
    EXPECT_TRUE(p.has_room());
    EXPECT_FALSE(j.is_full());
    EXPECT_EQ(ids(on.content).front(), "1");
    EXPECT_GT(on.content.size(), most_pending);
    p.write(numbered("3"));
    ASSERT_TRUE(j.flush(10s));
    const auto last = j.last_as_json_members();
    EXPECT_EQ(std::count(last.begin(), last.end(), '{'), 200);
    EXPECT_NE(last.find("\"request_id\":\"3\""), std::string::npos);
}

TEST(journal, moves_lines_that_a_full_disk_does_not_take_to_the_place_that_is_given_instead) {
    disk on, elsewhere;
    on.takes_at_once = 30;  // less than a line
    journal j(std::make_unique<disk_sink>(on, 1));
    page& p = j.new_page();
    p.write(numbered("1"));
    while (j.trouble().empty())
        std::this_thread::yield();
    j.replace(std::make_unique<disk_sink>(elsewhere));
    ASSERT_TRUE(j.flush(10s));
    EXPECT_EQ(j.trouble(), "");
    EXPECT_EQ(on.content.size(), 30U);
    EXPECT_EQ(ids(elsewhere.content), std::vector<std::string>{"1"});
}

// To open a FIFO waits for whoever reads it.
TEST(journal, refuses_a_place_that_waits_for_a_reader) {
    const auto folder = std::filesystem::temp_directory_path() / ("journal_test." + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    const auto fifo = folder / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    const auto refused = [&] {
        try {
            static_cast<void>(open_sink(fifo));
            return std::string("taken");
        } catch (const std::runtime_error& e) {
            return std::string(e.what());
        }
    };
    const std::string why = "cannot open the outcome log " + fifo.string() +
                            ": it is no regular file; name a file, or stdout for a program that reads a pipe";
    EXPECT_EQ(refused(), why);
    const int reader = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK);
    EXPECT_EQ(refused(), why);
    ::close(reader);
    EXPECT_NO_THROW(static_cast<void>(open_sink("/dev/null")));
    std::filesystem::remove_all(folder);
}

TEST(journal, reopens_its_file_so_that_a_rotated_one_can_go) {
    const auto folder = std::filesystem::temp_directory_path() / ("journal_test." + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    const auto read = [](const std::filesystem::path& file) {
        std::stringstream text;
        text << std::ifstream(file).rdbuf();
        return ids(text.str());
    };
    {
        journal j(open_sink(folder / "log"));
        page& p = j.new_page();
        p.write(numbered("1"));
        ASSERT_TRUE(j.flush(10s));
        std::filesystem::rename(folder / "log", folder / "log.1");
        j.reopen();
        while (!std::filesystem::exists(folder / "log"))
            std::this_thread::yield();
        p.write(numbered("2"));
        ASSERT_TRUE(j.flush(10s));
    }
    EXPECT_EQ(read(folder / "log.1"), std::vector<std::string>{"1"});
    EXPECT_EQ(read(folder / "log"), std::vector<std::string>{"2"});
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace gateway::outcome
