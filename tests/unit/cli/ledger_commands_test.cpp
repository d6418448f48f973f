// The commands of the ledger: changes, freezes, check, backup.
#include <boost/json/parse.hpp>

#include <sys/stat.h>

#include "ledger_world.hpp"

namespace gateway::cli {

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using words = std::vector<std::string>;

boost::json::value json(const std::string& output) { return boost::json::parse(output); }

std::string text(const boost::json::value& value) { return std::string(value.as_string()); }

std::vector<std::string> lines(const std::string& output) {
    std::vector<std::string> all;
    std::istringstream in(output);
    for (std::string line; std::getline(in, line);)
        all.push_back(line);
    return all;
}

// Each command as it works where there is a ledger.
const std::vector<words> all_commands{
    {"changes", "list"},
    {"changes", "show", "c2"},
    {"changes", "resolve", "c2", "--as", "failed", "--reason", "looked at it"},
    {"changes", "export"},
    {"freeze", "--account", "acme", "--reason", "maintenance"},
    {"unfreeze", "f1"},
    {"freezes"},
    {"ledger", "check"},
};

TEST_F(ledger_commands, make_no_ledger_where_there_is_none) {
    for (const words& each : all_commands) {
        const auto answer = of(each);
        EXPECT_EQ(answer.status, failed) << each.front();
        EXPECT_THAT(answer.out, IsEmpty()) << each.front();
        EXPECT_THAT(answer.err, HasSubstr("ledger in file " + file + ": there is none; a gateway makes it"))
            << each.front();
    }
    EXPECT_THAT(of({"ledger", "check", "--migrate"}).err, HasSubstr("there is none"));
    EXPECT_THAT(of({"ledger", "backup", files.path("copy.db")}).err, HasSubstr("there is none"));
    EXPECT_FALSE(std::filesystem::exists(file));
    EXPECT_FALSE(std::filesystem::exists(file + ".lock"));
    EXPECT_FALSE(std::filesystem::exists(files.path("copy.db")));
}

TEST_F(ledger_commands, say_that_a_ledger_in_memory_is_out_of_their_reach) {
    configure("ledger: {memory: true}\n");
    for (const words& each : all_commands) {
        const auto answer = of(each);
        EXPECT_EQ(answer.status, failed) << each.front();
        EXPECT_THAT(answer.err, HasSubstr("memory: true")) << each.front();
    }
    EXPECT_EQ(of({"ledger", "backup", files.path("copy.db")}).status, failed);
}

TEST_F(ledger_commands, say_which_ledger_it_is_and_who_holds_it) {
    fill();
    EXPECT_EQ(of({"changes", "list"}).err, "ledger in file " + file + ", which no gateway holds\n");
    const auto holder = open();
    EXPECT_EQ(of({"changes", "list"}).err,
              "ledger in file " + file + ", held by process " + std::to_string(::getpid()) + "\n");
}

TEST_F(ledger_commands, want_their_words) {
    const std::vector<words> wrong{
        {"changes", "show"},
        {"changes", "show", "c1", "c2"},
        {"changes", "list", "c1"},
        {"changes", "list", "--state", "lost"},
        {"changes", "list", "--limit", "0"},
        {"changes", "list", "--limit", "10001"},
        {"changes", "list", "--since", "yesterday"},
        {"changes", "export", "--until", "2027-13-01"},
        {"changes", "resolve", "c2", "--as", "failed"},
        {"changes", "resolve", "c2", "--reason", "x"},
        {"changes", "resolve", "c2", "--as", "accepted", "--reason", "x"},
        {"changes", "resolve", "c2", "--as", "not_known", "--reason", "x"},
        {"changes", "resolve", "c2", "--as", "failed", "--reason", " "},
        {"changes", "resolve", "c2", "--as", "failed", "--reason", std::string(501, 'x')},
        {"freeze"},
        {"freeze", "--reason", "x", "--until", "2020-01-01"},
        {"freeze", "--reason", "x", "--until", "0s"},
        {"freeze", "--reason", "x", "--operation", "show_job"},
        {"freeze", "--reason", "x", "--operation", "dance"},
        {"freeze", "--reason", "x", "--server", "S-1"},
        {"unfreeze"},
        {"ledger", "backup"},
        {"ledger", "copy"},
    };
    fill();
    for (const words& each : wrong) {
        const auto answer = of(each);
        EXPECT_EQ(answer.status, wrong_usage) << testing::PrintToString(each);
        EXPECT_THAT(answer.out, IsEmpty()) << testing::PrintToString(each);
    }
    EXPECT_THAT(open()->freezes(ledger::start).value(), IsEmpty());
    EXPECT_EQ(find("c2")->current, ledger::state::unknown);
}

TEST_F(ledger_commands, list_changes_the_newest_first) {
    fill();
    const auto answer = of({"changes", "list"});
    EXPECT_EQ(answer.status, done) << answer.err;
    EXPECT_THAT(lines(answer.out),
                ElementsAre(AllOf(StartsWith("id  state "), HasSubstr("  account  caller   servers  flavor")),
                            AllOf(StartsWith("c3  sending (holds)  2027-01-15T11:00:00Z  "),
                                  HasSubstr("  resize     acme     planner  s3       s6.large.2")),
                            StartsWith("c2  unknown (holds)  2027-01-15T10:00:00Z  "),
                            StartsWith("c1  succeeded        2027-01-15T09:00:00Z  ")));
}

TEST_F(ledger_commands, list_only_what_every_filter_lets_through) {
    fill();
    const auto listed = [&](words filters) {
        filters.insert(filters.begin(), {"changes", "list", "--json"});
        const auto answer = of(filters);
        EXPECT_EQ(answer.status, done) << answer.err;
        std::string ids;
        const auto all = json(answer.out);
        for (const auto& each : all.at("changes").as_array()) {
            EXPECT_EQ(each.as_object().if_contains("history"), nullptr);
            ids += text(each.at("id"));
        }
        return ids;
    };
    EXPECT_EQ(listed({}), "c3c2c1");
    EXPECT_EQ(listed({"--state", "unknown"}), "c2");
    EXPECT_EQ(listed({"--server", "s1"}), "c1");
    EXPECT_EQ(listed({"--account", "acme", "--limit", "2"}), "c3c2");
    EXPECT_EQ(listed({"--account", "other"}), "");
    EXPECT_EQ(listed({"--since", "2027-01-15T10:00:00Z"}), "c3c2");
    EXPECT_EQ(listed({"--since", "2027-01-16"}), "");
    EXPECT_EQ(listed({"--since", "36500d"}), "c3c2c1");
}

TEST_F(ledger_commands, show_all_that_is_known_of_a_change) {
    fill();
    const auto answer = of({"changes", "show", "c2"});
    EXPECT_EQ(answer.status, done) << answer.err;
    for (const char* line : {"change     c2\n", "state      unknown\n", "servers    s2\n", "holds      its server\n",
                             "reason     no answer \\u001b in time\n", "\n2027-01-15T10:00:00Z  sending\n",
                             "2027-01-15T08:00:00Z  unknown  no answer \\u001b in time\n"})
        EXPECT_THAT(answer.out, HasSubstr(line));
    const auto as_json = json(of({"changes", "show", "c2", "--json"}).out);
    EXPECT_EQ(text(as_json.at("change").at("state")), "unknown");
    EXPECT_EQ(as_json.at("change").at("history").as_array().size(), 2U);
}

TEST_F(ledger_commands, show_no_change_that_is_not_there) {
    fill();
    const auto answer = of({"changes", "show", "c9\n"});
    EXPECT_EQ(answer.status, failed);
    EXPECT_THAT(answer.err, HasSubstr("the ledger has no change c9\\n; those it has: ecs-gateway changes list"));
}

TEST_F(ledger_commands, resolve_a_change_once_and_keep_who_and_why) {
    fill();
    const words resolve{"changes", "resolve", "c2", "--as", "not_applied", "--reason", "the server is as it was"};
    const auto answer = of(resolve);
    EXPECT_EQ(answer.status, done) << answer.err;
    EXPECT_EQ(answer.out, "change c2 was unknown and is not_applied\n");
    const auto found = find("c2").value();
    EXPECT_EQ(found.current, ledger::state::not_applied);
    EXPECT_EQ(found.reason, "the server is as it was");
    EXPECT_THAT(found.resolved_by, Not(IsEmpty()));
    EXPECT_FALSE(found.holds);
    const auto again = of(resolve);
    EXPECT_EQ(again.status, failed);
    EXPECT_THAT(again.err, HasSubstr("change c2 has ended already, as not_applied"));
    EXPECT_EQ(of({"changes", "resolve", "c9", "--as", "failed", "--reason", "x"}).status, failed);
}

TEST_F(ledger_commands, resolve_what_is_being_sent_with_a_note) {
    fill();
    const auto answer = of({"changes", "resolve", "c3", "--as", "failed", "--reason", "x", "--json"});
    EXPECT_EQ(answer.status, done);
    EXPECT_THAT(answer.err, HasSubstr("an answer of the cloud that comes now wins"));
    EXPECT_EQ(text(json(answer.out).at("change").at("state")), "failed");
}

TEST_F(ledger_commands, export_changes_the_oldest_first_a_line_each) {
    fill();
    {
        const auto made = open();
        for (int i = 0; i < 450; ++i) {  // pages
            auto request = ledger::power_operation("d" + std::to_string(i));
            request.begun = ledger::start + std::chrono::hours(24) + std::chrono::seconds(i);
            record(*made, std::move(request));
        }
    }
    const auto exported = [&](words span) {
        span.insert(span.begin(), {"changes", "export"});
        const auto answer = of(span);
        EXPECT_EQ(answer.status, done) << answer.err;
        return lines(answer.out);
    };
    const auto all = exported({});
    ASSERT_EQ(all.size(), 453U);
    EXPECT_EQ(text(json(all[0]).at("id")), "c1");
    EXPECT_EQ(json(all[0]).at("history").as_array().size(), 3U);
    for (std::size_t i = 0; i < 450; ++i)
        EXPECT_EQ(text(json(all[i + 3]).at("id")), "d" + std::to_string(i));
    EXPECT_EQ(exported({"--since", "2027-01-15T10:00:00Z", "--until", "2027-01-15T11:00:00Z"}).size(), 1U);
}

TEST_F(ledger_commands, freeze_and_unfreeze) {
    fill();
    const auto set = of({"freeze", "--account", "acme", "--caller", "planner", "--server", "s-1", "--reason",
                         "maintenance", "--until", "2h", "--json"});
    EXPECT_EQ(set.status, done) << set.err;
    const boost::json::value freeze = json(set.out).at("freeze");
    EXPECT_EQ(text(freeze.at("account")), "acme");
    EXPECT_EQ(freeze.at("operations"), boost::json::array{"resize"});
    const std::string id = text(freeze.at("id"));
    const auto listed = of({"freezes"});
    EXPECT_THAT(lines(listed.out),
                ElementsAre(StartsWith("id        since"),
                            AllOf(StartsWith(id + "  20"),
                                  HasSubstr("  account acme, caller planner, server s-1, operations resize  "),
                                  testing::EndsWith("  maintenance"))));
    EXPECT_EQ(json(of({"freezes", "--json"}).out).at("freezes").as_array().size(), 1U);
    EXPECT_EQ(of({"unfreeze", id}).out, "lifted freeze " + id + "\n");
    const auto again = of({"unfreeze", id});
    EXPECT_EQ(again.status, failed);
    EXPECT_THAT(again.err, HasSubstr("no freeze " + id + " stands"));
    EXPECT_EQ(lines(of({"freezes"}).out).size(), 1U);
}

TEST_F(ledger_commands, freeze_everywhere_where_no_scope_is_named) {
    fill();
    const auto set = of({"freeze", "--reason", "maintenance"});
    EXPECT_THAT(set.out, StartsWith("frozen: everywhere, operations resize\nlift it with: ecs-gateway unfreeze "));
    auto request = ledger::resize("c9", "s9");
    request.begun = ledger::start + std::chrono::hours(24);
    const auto result = ledger::commit_one(*open(), ledger::writes::record{request});
    EXPECT_EQ(ledger::word(result), "frozen");
}

TEST_F(ledger_commands, freeze_nothing_that_the_configuration_does_not_have) {
    fill();
    for (const char* option : {"account", "caller"}) {
        const auto answer = of({"freeze", "--" + std::string(option), "nobody", "--reason", "x"});
        EXPECT_EQ(answer.status, failed);
        EXPECT_THAT(answer.err, HasSubstr("the configuration has no " + std::string(option) + " nobody; it has "));
    }
    EXPECT_THAT(open()->freezes(ledger::start).value(), IsEmpty());
}

TEST_F(ledger_commands, freeze_and_say_what_a_gateway_that_is_gone_left_behind) {
    fill();
    const auto answer = of({"freeze", "--reason", "x"});
    EXPECT_EQ(answer.status, done);
    EXPECT_THAT(answer.err, HasSubstr("1 change of a gateway that is gone is left in sending"));
}

TEST_F(ledger_commands, freeze_and_wait_for_what_was_recorded_before) {
    fill();
    ledger::child gateway([&] {
        const auto made = open();
        while (made->freezes(ledger::start).value().empty()) {
        }
        static_cast<void>(ledger::commit_one(*made, ledger::answer("c3", ledger::state::accepted)));
        ::pause();
    });
    while (!ledger::find_file_owner(file))
        ASSERT_EQ(::waitpid(gateway.id(), nullptr, WNOHANG), 0) << "it has ended";
    const auto answer = of({"freeze", "--account", "acme", "--reason", "x"});
    EXPECT_EQ(answer.status, done) << answer.err;
    EXPECT_THAT(answer.out, testing::EndsWith("change recorded before has been sent or given up meanwhile\n"));
    EXPECT_EQ(find("c3")->current, ledger::state::accepted);
}

TEST_F(ledger_commands, freeze_and_wait_no_longer_than_a_change_may_take) {
    configure("timeouts: {upstream_connect: 1ms, upstream_response: 1ms, ledger: 100ms}\n");
    fill();
    const auto holder = open();
    const auto answer = of({"freeze", "--reason", "x", "--json"});
    EXPECT_EQ(answer.status, failed);
    EXPECT_EQ(json(answer.out).at("recorded_before"), 1);
    EXPECT_EQ(json(answer.out).at("left"), 1);
    EXPECT_THAT(answer.err, HasSubstr("the freeze stands, but 1 change recorded before may still be on the way"));
    EXPECT_EQ(of({"freeze", "--caller", "ci", "--reason", "x"}).status, done);  // nothing of its
}

TEST_F(ledger_commands, give_up_beside_a_process_that_is_stopped_in_its_transaction) {
    fill();
    ledger::child stopped([&] {
        const auto made = open(ledger::sqlite_options::access::writer);
        sqlite3* db = nullptr;
        if (sqlite3_open(file.c_str(), &db) != SQLITE_OK) ::_exit(1);
        sqlite3_exec(db, "PRAGMA wal_autocheckpoint = 0; BEGIN IMMEDIATE; UPDATE ledger SET oldest_schema = 1", nullptr,
                     nullptr, nullptr);
        ::raise(SIGSTOP);
    });
    stopped.wait_until_stopped();
    const auto answer = of({"freeze", "--reason", "x"});
    EXPECT_EQ(answer.status, failed);
    EXPECT_THAT(answer.err, HasSubstr("another process is in a transaction; try again in a moment; where it stays so, "
                                      "find the process that is stopped"));
    EXPECT_EQ(of({"changes", "list"}).status, done);
    EXPECT_EQ(of({"ledger", "check"}).status, done);
    stopped.kill();
    EXPECT_EQ(of({"freeze", "--reason", "x"}).status, done);
}

TEST_F(ledger_commands, say_that_another_user_is_wanted_where_the_file_is_not_theirs) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    fill();
    std::filesystem::permissions(files.path("."), std::filesystem::perms(0755));
    std::filesystem::permissions(config, std::filesystem::perms(0644));
    ASSERT_EQ(::seteuid(65534), 0);
    const auto answer = of({"changes", "list"});
    ASSERT_EQ(::seteuid(0), 0);
    EXPECT_EQ(answer.status, failed);
    EXPECT_THAT(answer.err, HasSubstr("run this as the gateway's user"));
}

TEST_F(ledger_commands, check_what_the_ledger_holds) {
    fill();
    const auto answer = of({"ledger", "check"});
    EXPECT_EQ(answer.status, done) << answer.err;
    for (const char* line :
         {"version      1\n", "changes      3\n", "open         sending 1, unknown 1, accepted 0, awaiting_payment 0\n",
          "oldest open  c2, unknown since ", "freezes      0\n", "integrity  ok\n"})
        EXPECT_THAT(answer.out, HasSubstr(line));
    const auto as_json = json(of({"ledger", "check", "--json"}).out);
    EXPECT_EQ(text(as_json.at("ledger")), "file " + file);
    EXPECT_EQ(as_json.at("changes"), 3);
    EXPECT_EQ(text(as_json.at("oldest_open").at("id")), "c2");
    EXPECT_TRUE(as_json.at("problems").as_array().empty());
}

TEST_F(ledger_commands, check_and_find_that_a_file_is_broken) {
    {
        const auto made = open();
        for (int i = 0; i < 500; ++i)
            record(*made, ledger::resize("c" + std::to_string(i), "s" + std::to_string(i)));
    }
    const auto size = std::filesystem::file_size(file);
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(static_cast<std::streamoff>(size - 3 * 4096));
    bytes << std::string(3 * 4096, 'U');
    bytes.close();
    const auto answer = of({"ledger", "check"});
    EXPECT_EQ(answer.status, failed);
    EXPECT_THAT(answer.out, Not(HasSubstr("integrity  ok")));
    EXPECT_THAT(answer.err, HasSubstr("stop the gateway, keep the file, and put the last backup in its place"));
    files.write("ledger.db", std::string(8192, 'x'));
    EXPECT_THAT(of({"ledger", "check"}).err, HasSubstr("name the ledger's own file"));
}

TEST_F(ledger_commands, migrate_an_older_ledger_where_no_gateway_holds_it) {
    files.write("ledger.db", "");
    EXPECT_THAT(of({"ledger", "check"}).err, HasSubstr("ecs-gateway ledger check --migrate"));
    const auto answer = of({"ledger", "check", "--migrate"});
    EXPECT_EQ(answer.status, done) << answer.err;
    EXPECT_THAT(answer.err, HasSubstr("its tables have been migrated\n"));
    EXPECT_THAT(of({"ledger", "check", "--migrate"}).err, HasSubstr("are of this program's version already"));
    EXPECT_EQ(of({"ledger", "check"}).status, done);
}

TEST_F(ledger_commands, back_up_a_ledger_into_a_new_file) {
    fill();
    const auto holder = open();
    const std::string copy = files.path("copy.db");
    const auto answer = of({"ledger", "backup", copy});
    EXPECT_EQ(answer.status, done) << answer.err;
    EXPECT_EQ(answer.out, "ledger in file " + file + " is copied into " + copy + "\n");
    EXPECT_THAT(answer.err, HasSubstr("held by process "));
    const auto again = of({"ledger", "backup", copy});
    EXPECT_EQ(again.status, failed);
    EXPECT_THAT(again.err, HasSubstr(copy + " is there already; name a file that is not"));
    const auto as_json = json(of({"ledger", "backup", copy + "2", "--json"}).out);
    EXPECT_EQ(text(as_json.at("backup")), copy + "2");
    EXPECT_GT(as_json.at("bytes").as_int64(), 4096);
    configure("ledger: {file: copy.db}\n");
    EXPECT_EQ(lines(of({"changes", "list"}).out).size(), 4U);
}

}  // namespace

}  // namespace gateway::cli
