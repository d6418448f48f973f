#include <gtest/gtest.h>

#include "gateway/outcome/record.hpp"

namespace gateway::outcome {
namespace {

using namespace std::chrono_literals;

record full() {
    record r;
    r.time = std::chrono::system_clock::time_point(std::chrono::microseconds(1795428000000001));
    r.request_id = "r";
    r.peer = "p";
    r.listener = "l";
    r.caller = "c";
    r.proof = "signature";
    r.operation = "resize";
    r.api_version = "v1.1";
    r.project_id = "pi";
    r.server_id = "si";
    r.job_id = "ji";
    r.account = "a";
    r.credential = "cr";
    r.region = "re";
    r.rule = "ru";
    r.shadow = "sh";
    r.flavor = "fl";
    r.auto_pay = true;
    r.mode = "withStopServer";
    r.dry_run = false;
    r.decided = decision::allowed;
    r.status = 200;
    r.code = "co";
    r.message = "me";
    r.upstream_status = 201;
    r.upstream_request_id = "ur";
    r.result_job_id = "rj";
    r.result_order_id = "ro";
    r.outcome = delivery::answered;
    r.bytes_in = 1;
    r.bytes_out = 2;
    r.duration = 3us;
    r.upstream = 4us;
    r.trace_id = "tr";
    r.auth_failure = "wrong_signature";
    r.access_key = "ak";
    return r;
}

TEST(outcome_line, has_every_key_in_the_order_of_its_page) {
    std::string line;
    append_line(line, full());
    EXPECT_EQ(
        line,
        R"({"time":"2026-11-23T10:00:00.000001Z","request_id":"r","peer":"p","listener":"l","caller":"c",)"
        R"("proof":"signature","operation":"resize","api_version":"v1.1","project_id":"pi","server_id":"si",)"
        R"("job_id":"ji","account":"a","credential":"cr","region":"re","rule":"ru","shadow":"sh","flavor":"fl",)"
        R"("auto_pay":true,"mode":"withStopServer","dry_run":false,"decision":"allowed","status":200,"code":"co",)"
        R"("message":"me","upstream_status":201,"upstream_request_id":"ur","result_job_id":"rj",)"
        R"("result_order_id":"ro","outcome":"answered","bytes_in":1,"bytes_out":2,"duration_us":3,"upstream_us":4,)"
        R"("trace_id":"tr","auth_failure":"wrong_signature","access_key":"ak"})"
        "\n");
}

TEST(outcome_line, leaves_out_what_has_no_value) {
    std::string line;
    record r;
    r.request_id = "r";
    append_line(line, r);
    EXPECT_EQ(line,
              R"({"time":"1970-01-01T00:00:00.000000Z","request_id":"r","decision":"rejected","outcome":"not_sent",)"
              R"("bytes_in":0,"bytes_out":0,"duration_us":0})"
              "\n");
}

TEST(outcome_line, stays_one_line_of_bounded_length_whatever_comes_from_outside) {
    const std::string hostile(100000, '\n');
    record r = full();
    for (std::string_view* text :
         {&r.flavor, &r.code, &r.message, &r.upstream_request_id, &r.result_job_id, &r.result_order_id, &r.access_key})
        *text = hostile;
    std::string line;
    append_line(line, r);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_LE(line.size(), longest_line);
}

}  // namespace
}  // namespace gateway::outcome
