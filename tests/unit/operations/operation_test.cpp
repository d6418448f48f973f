#include "gateway/operations/operation.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace gateway::operations {

namespace {

TEST(table, has_the_operations_of_the_documentation) {
    std::set<std::string> rows;
    for (const operation& row : table) {
        for (const std::string_view path : {row.path, row.older_path}) {
            if (path.empty()) continue;
            rows.insert(std::string(row.name) + ' ' + std::string(row.method) + ' ' + std::string(path) +
                        (row.body == body_kind::resize ? " body" : "") + (row.query ? " query" : "") +
                        (row.changes_something ? " changes" : ""));
        }
    }
    EXPECT_EQ(rows, (std::set<std::string>{
                        "resize POST /v1.1/{project_id}/cloudservers/{server_id}/resize body changes",
                        "resize POST /v1/{project_id}/cloudservers/{server_id}/resize body changes",
                        "show_job GET /v1/{project_id}/jobs/{job_id}",
                        "show_server GET /v1/{project_id}/cloudservers/{server_id}",
                        "list_resize_flavors GET /v1/{project_id}/cloudservers/resize_flavors query",
                        "show_change GET /gateway/v1/{project_id}/changes/{change_id} query",
                        "list_changes GET /gateway/v1/{project_id}/changes query",
                    }));
}

TEST(table, has_a_key_for_each_body_and_only_a_get_without_one) {
    for (const operation& row : table) {
        EXPECT_EQ(row.body == body_kind::none, row.body_key.empty()) << row.name;
        EXPECT_EQ(row.body == body_kind::none, row.method == "GET") << row.name;
        EXPECT_TRUE(row.method == "GET" || row.changes_something) << row.name;
    }
}

TEST(table, is_searched_by_name) {
    for (const operation& row : table) {
        EXPECT_EQ(find(row.name), &row);
        EXPECT_EQ(name_of(row.id), row.name);
    }
    EXPECT_EQ(find("reboot"), nullptr);
    EXPECT_EQ(find(""), nullptr);
}

TEST(first_of_one_path, are_those_that_the_body_tells_apart) {
    const operation start{.id = {}, .name = "start", .method = "POST", .path = "/v1/action", .body_key = "os-start"};
    const operation stop{.id = {}, .name = "stop", .method = "POST", .path = "/v1/action", .body_key = "os-stop"};
    const operation list{.id = {}, .name = "list", .method = "GET", .path = "/v1/action"};
    const operation other{.id = {}, .name = "other", .method = "POST", .path = "/v1/other"};
    const operation rows[] = {start, stop, list, other};
    EXPECT_EQ(first_of_one_path(rows).size(), 2U);
    EXPECT_EQ(first_of_one_path(std::span(rows).subspan(2)).size(), 1U);
    EXPECT_EQ(first_of_one_path(std::span(rows).subspan(3)).size(), 1U);
}

}  // namespace

}  // namespace gateway::operations
