#include "faults.hpp"

#include "trial.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

route show_server(const std::string& id) { return read_route("GET", "/v1/pp/cloudservers/" + id); }

std::vector<fault_rule> rules(const std::string& list) {
    auto read = read_faults(R"({"faults":[)" + list + "]}");
    EXPECT_EQ(read.index(), 0U) << (read.index() == 1 ? std::get<1>(read) : "");
    return read.index() == 0 ? std::get<0>(read) : std::vector<fault_rule>{};
}

TEST(faults, strike_calls_that_their_rule_names) {
    struct trial_of {
        const char *rule, *method, *target, *query;
        bool strikes;
    };
    for (const auto& t : {
             trial_of{"{}", "GET", "/v1/pp/cloudservers/s", "", true},
             trial_of{R"({"on":"any"})", "GET", "/v2/orders/customer-orders", "", true},
             trial_of{R"({"on":"any"})", "GET", "/no/such/path", "", false},
             trial_of{R"({"on":"show_server"})", "GET", "/v1/pp/cloudservers/s", "", true},
             trial_of{R"({"on":"show_server"})", "GET", "/v1/pp/jobs/s", "", false},
             trial_of{R"({"on":"ecs"})", "GET", "/v1/pp/jobs/s", "", true},
             trial_of{R"({"on":"ecs"})", "GET", "/v3/pp/traces", "", false},
             trial_of{R"({"on":"cts"})", "GET", "/v3/pp/traces", "", true},
             trial_of{R"({"on":"bss"})", "GET", "/v2/orders/customer-orders/details/o", "", true},
             trial_of{R"({"on":"iam"})", "POST", "/v3/auth/tokens", "", true},
             trial_of{R"({"id":"s"})", "GET", "/v1/pp/cloudservers/s", "", true},
             trial_of{R"({"id":"s"})", "GET", "/v1/pp/cloudservers/t", "", false},
             trial_of{R"({"id":"s"})", "GET", "/v3/pp/traces", "a=b&resource_id=s", true},
             trial_of{R"({"id":"s"})", "GET", "/v3/pp/traces", "resource_id=t", false},
             trial_of{R"({"project":"pp"})", "GET", "/v1/pp/cloudservers/s", "", true},
             trial_of{R"({"project":"pp"})", "GET", "/v1/pa/cloudservers/s", "", false},
         }) {
        faults f;
        f.set(rules(t.rule));
        EXPECT_EQ(f.strike(read_route(t.method, t.target), t.query).has_value(), t.strikes) << t.rule << t.target;
    }
}

TEST(faults, strike_after_some_calls_so_many_times) {
    faults f;
    f.set(rules(R"({"skip":2,"count":1,"label":"first"},{"id":"s","label":"second"})"));
    std::string labels;
    for (int i = 0; i < 4; ++i) {
        const auto struck = f.strike(show_server("s"), "");
        labels += (struck ? struck->label : "none") + " ";
    }
    EXPECT_EQ(labels, "second second first second ");
    const auto tallies = f.tallies();
    EXPECT_EQ(tallies.at(0).met, 4U);
    EXPECT_EQ(tallies.at(0).struck, 1U);
    EXPECT_EQ(tallies.at(1).struck, 3U);
}

TEST(faults, strike_by_chance_and_again_alike_with_the_same_seed) {
    const auto pattern = [](const char* rule) {
        faults f;
        f.set(rules(rule));
        std::string all;
        for (int i = 0; i < 200; ++i)
            all += f.strike(show_server("s"), "") ? '1' : '0';
        return all;
    };
    const auto once = pattern(R"({"chance":0.5,"seed":7})");
    EXPECT_EQ(once, pattern(R"({"chance":0.5,"seed":7})"));
    EXPECT_NE(once, pattern(R"({"chance":0.5,"seed":8})"));
    const auto ones = std::count(once.begin(), once.end(), '1');
    EXPECT_GT(ones, 60);
    EXPECT_LT(ones, 140);
    EXPECT_EQ(pattern(R"({"chance":0})"), std::string(200, '0'));
    EXPECT_EQ(pattern(R"({"chance":1})"), std::string(200, '1'));
}

TEST(faults, that_nobody_can_mean_are_refused) {
    for (const char* body :
         {"", "[]", R"({"fault":[]})", R"({"faults":{}})", R"({"faults":[1]})", R"({"faults":[{"on":"teapot"}]})",
          R"({"faults":[{"chance":2}]})", R"({"faults":[{"status":42}]})", R"({"faults":[{"acts":"no"}]})",
          R"({"faults":[{"body":7}]})", R"({"faults":[{"delay":1}]})"})
        EXPECT_EQ(read_faults(body).index(), 1U) << body;
}

struct lost_answers : trial {
    std::string flavor_later() {
        now += 10s;
        return server().at("flavor").at("id").as_string().c_str();
    }
    void set(const std::string& rule) { ASSERT_EQ(turn("faults", R"({"faults":[)" + rule + "]}").status, 200U); }
};

TEST_F(lost_answers, are_lost_after_the_cloud_has_acted) {
    set(R"({"on":"resize","count":1,"close_before_answer":true,"label":"cut"})");
    const auto given = resize("s", "big");
    EXPECT_TRUE(given.how.close_before_answer);
    const auto known = read("resizes").at("calls").at(0);
    EXPECT_EQ(known.at("acted"), true);
    EXPECT_EQ(known.at("fault"), "cut");
    EXPECT_EQ(known.at("struck"), true);
    EXPECT_FALSE(known.at("answer").at("job_id").as_string().empty()) << "what nobody was told";
    EXPECT_EQ(flavor_later(), "big");
    EXPECT_FALSE(resize("s", "small").how.close_before_answer) << "only once";
}

TEST_F(lost_answers, are_lost_though_the_cloud_has_done_nothing) {
    set(R"({"on":"resize","acts":false,"no_answer":true})");
    EXPECT_TRUE(resize("s", "big").how.no_answer);
    const auto known = read("resizes");
    EXPECT_EQ(known.at("received"), 1);
    EXPECT_EQ(known.at("acted"), 0);
    EXPECT_EQ(known.at("calls").at(0).at("status"), 0);
    EXPECT_EQ(flavor_later(), "small");
}

TEST_F(lost_answers, are_replaced_by_an_error_whether_it_acts_or_not) {
    set(R"({"on":"resize","id":"s","status":500},{"on":"resize","id":"t","status":502,"acts":false})");
    const auto first = resize("s", "big").with, second = resize("t", "big").with;
    EXPECT_EQ(first.status, 500U);
    EXPECT_NE(first.body.find("Ecs.0615"), std::string::npos) << first.body;
    EXPECT_EQ(second.status, 502U);
    EXPECT_EQ(read("resizes", "server=s").at("acted"), 1);
    EXPECT_EQ(read("resizes", "server=s").at("calls").at(0).at("status"), 200) << "which the cloud meant to say";
    EXPECT_EQ(read("resizes", "server=t").at("acted"), 0);
}

TEST_F(lost_answers, come_late_cut_or_blown_up) {
    set(R"({"on":"resize","delay_ms":5000,"close_after_bytes":40,"big_body_bytes":1000,"connection_close":true})");
    const auto how = resize("s", "big").how;
    EXPECT_EQ(how.delay, 5s);
    EXPECT_EQ(how.close_after, 40U);
    EXPECT_EQ(how.big_body_bytes, 1000U);
    EXPECT_TRUE(how.connection_close);
}

TEST_F(lost_answers, have_another_body_where_a_test_wants_it) {
    set(R"({"on":"resize","id":"s","body":"{}"},{"on":"resize","id":"t","acts":false,"status":202,"body":{"a":1}})");
    EXPECT_EQ(resize("s", "big").with.body, "{}");
    EXPECT_EQ(resize("t", "big").with.body, R"({"a":1})");
    EXPECT_EQ(read("resizes").at("acted"), 1);
}

TEST_F(lost_answers, are_503_where_the_cloud_never_learned_of_the_call_and_nothing_else_is_said) {
    set(R"({"on":"resize","acts":false})");
    EXPECT_EQ(resize("s", "big").with.status, 503U);
}

TEST_F(lost_answers, can_be_of_any_service_in_its_own_words) {
    set(R"({"status":403})");
    for (const auto& [path, code] :
         std::vector<std::pair<const char*, const char*>>{{"/v1/pp/cloudservers/s", "Ecs.0110"},
                                                          {"/v3/pp/traces", "CTS.0002"},
                                                          {"/v2/orders/customer-orders", "CBC.0156"}})
        EXPECT_NE(get(path).body.find(code), std::string::npos) << path;
    set(R"({"status":429})");
    EXPECT_NE(get("/v3/pp/traces").body.find("APIGW.0308"), std::string::npos);
    set(R"({"on":"iam","status":503})");
    EXPECT_EQ(cloud.handle({"POST", "/v3/auth/tokens", "", {}, "{}"}, now).with.status, 503U);
    set(R"({"on":"show_job","status":404})");
    EXPECT_EQ(get("/v1/pp/jobs/j").status, 404U);
    set(R"({"on":"bss","acts":false,"status":200,"body":{"error_code":"CBC.3002","error_msg":"locked"}})");
    EXPECT_EQ(text(get("/v2/orders/customer-orders"), "error_code"), "CBC.3002");
    set("");
    EXPECT_EQ(server().at("id"), "s");
}

TEST_F(lost_answers, are_half_acted_on_by_two_rules) {
    set(R"({"on":"resize","chance":0.5,"seed":1,"close_before_answer":true,"label":"applied"},)"
        R"({"on":"resize","acts":false,"close_before_answer":true,"label":"not applied"})");
    for (int i = 0; i < 100; ++i) {
        static_cast<void>(resize("s", i % 2 == 0 ? "big" : "small"));
        now += 10s;
    }
    const auto tallies = read("faults");
    EXPECT_EQ(tallies.at(0).at("met"), 100);
    EXPECT_EQ(tallies.at(0).at("struck").as_int64() + tallies.at(1).at("struck").as_int64(), 100);
    EXPECT_GT(tallies.at(0).at("struck").as_int64(), 25);
    EXPECT_GT(tallies.at(1).at("struck").as_int64(), 25);
}

}  // namespace
}  // namespace simulator
