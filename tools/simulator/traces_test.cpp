#include "traces.hpp"

#include "forms.hpp"
#include "trial.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

struct trace_list : trial {
    answer look(const std::string& more = "", const char* key = "P", const char* project = "pp") {
        return get("/v3/" + std::string(project) + "/traces", "trace_type=system" + more, key);
    }
    boost::json::array list(const std::string& more = "") { return body(look(more)).at("traces").as_array(); }
    void answered() { ASSERT_EQ(turn("traces", R"({"written":"answered"})").status, 200U); }
    std::string milliseconds(time at) {
        return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count());
    }
};

TEST_F(trace_list, has_a_resize_when_its_job_has_ended_with_the_job_as_response) {
    const auto job = text(resize("s", "big").with, "job_id");
    EXPECT_TRUE(list().empty());
    now += 10s;
    const auto end = now;
    const auto traces = list();
    ASSERT_EQ(traces.size(), 1U);
    const auto& one = traces[0];
    EXPECT_EQ(one.at("trace_name"), "resizeServer");
    EXPECT_EQ(one.at("trace_rating"), "normal");
    EXPECT_EQ(one.at("service_type"), "ECS");
    EXPECT_EQ(one.at("resource_id"), "s");
    EXPECT_EQ(one.at("resource_name"), "web");
    EXPECT_EQ(std::to_string(one.at("time").as_int64()), milliseconds(end));
    EXPECT_FALSE(one.as_object().contains("code"));
    EXPECT_EQ(one.at("user").at("access_key_id"), "P");
    const auto request = boost::json::parse(one.at("request").as_string());
    EXPECT_EQ(request.at("resize").at("flavorRef"), "big");
    EXPECT_TRUE(request.at("resize").at("mode").is_null()) << "as the service reads it, not byte by byte";
    const auto response = boost::json::parse(one.at("response").as_string());
    EXPECT_EQ(response.at("job_id"), job.c_str());
    EXPECT_EQ(response.at("status"), "SUCCESS");
    EXPECT_EQ(response.at("begin_time"), "2026-11-23T10:00:00.000Z");
}

TEST_F(trace_list, has_a_resize_at_once_where_a_test_wants_it) {
    answered();
    const auto given = order("big", false).with;
    static_cast<void>(resize("s", "big"));
    const auto own = list();
    ASSERT_EQ(own.size(), 1U) << "the other is of another project";
    EXPECT_EQ(own[0].at("code"), "200");
    EXPECT_EQ(std::to_string(own[0].at("time").as_int64()), milliseconds(now));
    const auto others = body(look("", "A", "pa")).at("traces").as_array();
    ASSERT_EQ(others.size(), 1U);
    EXPECT_EQ(others[0].at("response"), given.body.c_str());
}

TEST_F(trace_list, has_what_was_refused_and_what_was_a_dry_run) {
    static_cast<void>(resize("s", "small"));
    static_cast<void>(
        send({"POST", "/v1.1/pp/cloudservers/s/resize", "", {}, R"({"resize":{"flavorRef":"big"},"dry_run":true})"}));
    const auto traces = list();
    ASSERT_EQ(traces.size(), 2U);
    EXPECT_EQ(traces[1].at("trace_rating"), "warning");
    EXPECT_EQ(traces[1].at("code"), "400");
    EXPECT_EQ(traces[0].at("code"), "202");
    EXPECT_EQ(traces[0].at("response"), "{}");
}

TEST_F(trace_list, has_no_trace_of_what_the_cloud_never_learned) {
    answered();
    ASSERT_EQ(
        turn("faults", R"({"faults":[{"on":"resize","acts":false,"close_before_answer":true,"count":1}]})").status,
        200U);
    static_cast<void>(resize("s", "big"));
    EXPECT_TRUE(list().empty());
    static_cast<void>(resize("s", "big", "", "NOBODY"));
    EXPECT_TRUE(list().empty()) << "nor of what the gate refused";
}

TEST_F(trace_list, is_late_by_up_to_so_long) {
    ASSERT_EQ(turn("traces", R"({"written":"answered","lag_ms":60000,"seed":3})").status, 200U);
    for (const char* server : {"s", "t"})
        static_cast<void>(resize(server, "big"));
    std::vector<std::size_t> seen;
    for (int i = 0; i < 60; ++i, now += 1s)
        seen.push_back(list().size());
    EXPECT_EQ(seen.front(), 0U);
    EXPECT_EQ(seen.back(), 2U);
    EXPECT_NE(std::find(seen.begin(), seen.end(), 1U), seen.end()) << "each has a lag of its own";
}

TEST_F(trace_list, is_filtered_by_its_parameters) {
    answered();
    static_cast<void>(resize("s", "big"));
    now += 20s;
    static_cast<void>(resize("t", "big"));
    const auto id = std::string(list()[1].at("trace_id").as_string());
    for (const auto& [more, count] : std::vector<std::pair<std::string, std::size_t>>{
             {"", 2},
             {"&resource_id=s", 1},
             {"&resource_id=x", 0},
             {"&trace_name=resizeServer&service_type=ECS", 2},
             {"&trace_name=startServer", 0},
             {"&service_type=EVS", 0},
             {"&trace_id=" + id, 1},
             {"&user=partner", 2},
             {"&access_key_id=A", 0},
             {"&trace_rating=warning", 0},
             {"&from=" + milliseconds(now - 1s) + "&to=" + milliseconds(now), 1},
             {"&from=" + milliseconds(now - 30s) + "&to=" + milliseconds(now - 10s), 1},
             {"&from=" + milliseconds(now - 20s) + "&to=" + milliseconds(now), 2}})
        EXPECT_EQ(list(more).size(), count) << more;
    now += 2h;
    EXPECT_TRUE(list().empty()) << "the last hour, where no time is given";
    EXPECT_EQ(list("&from=0&to=" + milliseconds(now)).size(), 2U);
    now += 7 * 24h;
    EXPECT_TRUE(list("&from=0&to=" + milliseconds(now)).empty()) << "kept for seven days";
}

TEST_F(trace_list, is_paged_the_latest_first) {
    answered();
    for (int i = 0; i < 5; ++i) {
        static_cast<void>(resize("s", "small"));
        now += 1s;
    }
    const auto first = body(look("&limit=2"));
    ASSERT_EQ(first.at("traces").as_array().size(), 2U);
    EXPECT_EQ(first.at("meta_data").at("count"), 2);
    EXPECT_GT(first.at("traces").at(0).at("time").as_int64(), first.at("traces").at(1).at("time").as_int64());
    const auto next = body(look("&limit=3&next=" + std::string(first.at("meta_data").at("marker").as_string())));
    EXPECT_EQ(next.at("traces").as_array().size(), 3U);
    EXPECT_TRUE(next.at("meta_data").at("marker").is_null());
    EXPECT_LT(next.at("traces").at(0).at("time").as_int64(), first.at("traces").at(1).at("time").as_int64());
}

TEST_F(trace_list, never_ends_where_a_test_wants_it) {
    ASSERT_EQ(turn("traces", R"({"written":"answered","endless":true})").status, 200U);
    static_cast<void>(resize("s", "big"));
    std::string marker;
    for (int page = 0; page < 5; ++page) {
        const auto got = body(look("&limit=50&resource_id=s" + (marker.empty() ? "" : "&next=" + marker)));
        ASSERT_EQ(got.at("traces").as_array().size(), 50U);
        EXPECT_EQ(got.at("traces").at(0).at("user").at("name") == "partner", page == 0);
        const std::string next(got.at("meta_data").at("marker").as_string());
        EXPECT_NE(next, marker);
        marker = next;
    }
}

TEST_F(trace_list, is_blind_or_closed_for_some_projects) {
    answered();
    ASSERT_EQ(turn("traces", R"({"written":"answered","blind":["pp"],"denied":["pa"]})").status, 200U);
    static_cast<void>(resize("s", "big"));
    EXPECT_TRUE(list().empty());
    EXPECT_EQ(look("", "A", "pa").status, 403U);
    ASSERT_EQ(turn("traces", R"({"written":"answered","blind":["*"]})").status, 200U);
    EXPECT_TRUE(list().empty());
    answered();
    EXPECT_EQ(list().size(), 1U) << "it is there, and was not shown";
}

TEST_F(trace_list, is_closed_to_others) {
    EXPECT_EQ(look("", "A", "pp").status, 403U);
    EXPECT_EQ(look("", "NOBODY").status, 401U);
}

TEST_F(trace_list, has_what_somebody_did_by_hand) {
    ASSERT_EQ(turn("resize", R"({"server":"s","flavor":"big"})").status, 200U);
    now += 10s;
    const auto traces = list();
    ASSERT_EQ(traces.size(), 1U);
    EXPECT_EQ(traces[0].at("trace_type"), "ConsoleAction");
    EXPECT_EQ(traces[0].at("user").at("name"), "somebody");
}

TEST_F(trace_list, refuses_parameters_that_make_no_sense) {
    EXPECT_EQ(get("/v3/pp/traces").status, 400U);
    for (const char* more : {"&limit=0", "&limit=201", "&limit=x", "&from=yesterday", "&to=1.5"})
        EXPECT_EQ(look(more).status, 400U) << more;
    EXPECT_TRUE(body(get("/v3/pp/traces", "trace_type=data")).at("traces").as_array().empty());
    EXPECT_EQ(turn("traces", R"({"form":"curious"})").status, 400U);
    EXPECT_EQ(turn("traces", R"({"written":"later"})").status, 400U);
    EXPECT_EQ(turn("traces", R"({"blind":"pp"})").status, 400U);
}

TEST_F(trace_list, can_be_malformed_in_every_form_that_it_names) {
    answered();
    static_cast<void>(resize("s", "big"));
    const auto sound = look("&resource_id=s").body;
    const auto forms = read("traces").at("forms").as_array();
    EXPECT_GT(forms.size(), 40U);
    for (const auto& form : forms) {
        const std::string name(form.as_string());
        ASSERT_EQ(turn("traces", R"({"written":"answered","form":")" + name + "\"}").status, 200U);
        const auto got = look("&resource_id=s");
        EXPECT_EQ(got.status, 200U);
        EXPECT_NE(got.body, sound) << name << " changes nothing";
    }
}

}  // namespace
}  // namespace simulator
