#include "gateway/operations/match.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace gateway::operations {

namespace {

const std::string longest_id(64, 'a');

TEST(match_path, takes_a_path_apart) {
    struct {
        std::string method, path;
        operation_id id;
        std::string_view version, project, server, job;
    } const cases[] = {
        {"POST", "/v1.1/p1/cloudservers/s1/resize", operation_id::resize, "v1.1", "p1", "s1", ""},
        {"POST", "/v1/p1/cloudservers/s1/resize", operation_id::resize, "v1", "p1", "s1", ""},
        {"GET", "/v1/p1/jobs/j1", operation_id::show_job, "v1", "p1", "", "j1"},
        {"GET", "/v1/p1/cloudservers/s1", operation_id::show_server, "v1", "p1", "s1", ""},
        {"GET", "/v1/p1/cloudservers/resize_flavors", operation_id::list_resize_flavors, "v1", "p1", "", ""},
        {"GET", "/v1/a-z_09/cloudservers/" + longest_id, operation_id::show_server, "v1", "a-z_09", longest_id, ""},
        {"GET", "/v1/0605767a3300d5762fb7c0186d9e1779/jobs/ff8080814dbd65d7014dbe0d84db0013", operation_id::show_job,
         "v1", "0605767a3300d5762fb7c0186d9e1779", "", "ff8080814dbd65d7014dbe0d84db0013"},
        {"GET", "/v1/p1/cloudservers/5f1c2b6e-0d7a-4a39-9b62-7a1f0e5d3c21", operation_id::show_server, "v1", "p1",
         "5f1c2b6e-0d7a-4a39-9b62-7a1f0e5d3c21", ""},
        {"GET", "/v1/cloudservers/cloudservers/s1", operation_id::show_server, "v1", "cloudservers", "s1", ""},
        {"GET", "/v1/p1/jobs/resize", operation_id::show_job, "v1", "p1", "", "resize"},
        {"GET", "/gateway/v1/p1/changes", operation_id::list_changes, "v1", "p1", "", ""},
        {"GET", "/gateway/v1/p1/changes/c1", operation_id::show_change, "v1", "p1", "", ""},
    };
    for (const auto& c : cases) {
        const auto found = match_path(c.method, c.path);
        ASSERT_TRUE(found) << c.path;
        ASSERT_EQ(found->candidates.size(), 1U) << c.path;
        EXPECT_EQ(found->operation, &found->candidates.front()) << c.path;
        EXPECT_EQ(found->operation->id, c.id) << c.path;
        EXPECT_EQ(found->api_version, c.version) << c.path;
        EXPECT_EQ(found->project_id, c.project) << c.path;
        EXPECT_EQ(found->server_id, c.server) << c.path;
        EXPECT_EQ(found->job_id, c.job) << c.path;
    }
}

TEST(match_path, knows_no_path_but_its_own_and_decodes_nothing) {
    const std::vector<std::string> paths{
        "",
        "/",
        "*",
        "//",
        "v1/p1/jobs/j1",
        "/v1",
        "/v1/p1",
        "/v1/p1/jobs",
        "/v1/p1/jobs/",
        "/v1/p1/jobs/j1/",
        "/v1/p1/jobs/j1//",
        "/v1/p1/jobs/j1/x",
        "//v1/p1/jobs/j1",
        "/v1//p1/jobs/j1",
        "/v1//jobs/j1",
        "/v1/p1//jobs/j1",
        "/v1/p1/jobs//j1",
        "/v1/p1/jobs/.",
        "/v1/p1/jobs/..",
        "/v1/../v1/p1/jobs/j1",
        "/v1/p1/./jobs/j1",
        "/v1/p1/jobs/j1/..",
        "/v1/p1/jobs/j%31",
        "/v1/p1/jobs/%2e%2e",
        "/v1/p1/jobs%2Fj1",
        "/v1/p1/%6aobs/j1",
        "/%761/p1/jobs/j1",
        "/v1/p1/jobs/j1;x",
        "/v1/p1/jobs;x/j1",
        "/v1/p1;x/jobs/j1",
        "/v1/p1/jobs/j1?",
        "/v1/p1/jobs/j1#f",
        "/v1/p1/jobs/j 1",
        "/v1/p1/jobs/j1 ",
        "/v1/p1/jobs/j.1",
        "/v1/p1/jobs/j:1",
        "/v1/p1/jobs/j\\1",
        "/v1\\p1\\jobs\\j1",
        "/v1/p1/jobs/j\xC3\xA9",
        std::string("/v1/p1/jobs/j\0", 14),
        "/v1/p1/jobs/" + longest_id + "a",
        "/v1/" + longest_id + "a/jobs/j1",
        "/V1/p1/jobs/j1",
        "/v1/p1/Jobs/j1",
        "/v1.0/p1/jobs/j1",
        "/v1.1/p1/jobs/j1",
        "/v2/p1/jobs/j1",
        "/v1.1/p1/cloudservers/s1",
        "/v1.1/p1/cloudservers/resize_flavors",
        "/v1/p1/cloudservers",
        "/v1/p1/cloudservers/s1/resize/",
        "/v1/p1/cloudservers/s1/resize/x",
        "/v1/p1/cloudservers/s1/Resize",
        "/v1/p1/cloudservers/s1/resize_flavors",
        "/v1/p1/cloudservers/s1/resiz",
        "/v2.1/p1/servers/s1/action",
        "/v1/{project_id}/jobs/j1",
        "/v1/P1/jobs/j1",
        "/v1/p1/jobs/J1",
        "/v1/p1/cloudservers/Detail",
        "/v1/p1/cloudservers/5F1C2B6E-0D7A-4A39-9B62-7A1F0E5D3C21",
        "/v1/p1/cloudservers/Action/resize",
    };
    for (const std::string& path : paths) {
        for (const char* method : {"GET", "POST", "DELETE"}) {
            const auto found = match_path(method, path);
            ASSERT_FALSE(found) << path;
            EXPECT_EQ(found.error().allow, "") << path;
        }
    }
}

// A literal of another operation of the cloud where the id of a server stands.
TEST(match_path, takes_no_word_of_another_operation_for_a_server) {
    for (const std::string word : {"action", "actions", "batch-resize", "delete", "detail", "flavor-sell-policies",
                                   "flavors", "fpga_image", "limits", "nics", "os-reset-passwords", "os-server-groups",
                                   "resize", "resource_instances", "server-name", "tags"}) {
        EXPECT_FALSE(match_path("GET", "/v1/p1/cloudservers/" + word)) << word;
        EXPECT_FALSE(match_path("POST", "/v1/p1/cloudservers/" + word + "/resize")) << word;
        EXPECT_FALSE(match_path("POST", "/v1.1/p1/cloudservers/" + word + "/resize")) << word;
    }
    EXPECT_FALSE(match_path("POST", "/v1/p1/cloudservers/resize_flavors/resize"));
    EXPECT_TRUE(match_path("GET", "/v1/p1/cloudservers/limits-2")) << "whole segments only";
}

// Each server has one spelling, else a rule that names it would be passed by another.
TEST(match_path, takes_a_servers_uuid_in_the_clouds_spelling_only) {
    for (const std::string id :
         {"5f1c2b6e0d7a4a399b627a1f0e5d3c21", "5f1c2b6e-0d7a4a39-9b62-7a1f0e5d3c21",
          "5f1c2b6e-0d7a-4a39-9b627a1f0e5d3c21", "5f1c2b6e0d7a-4a39-9b62-7a1f-0e5d3c21",
          "-5f1c2b6e-0d7a-4a39-9b62-7a1f0e5d3c21", "5f1c2b6e-d7a-4a39-9b62-7a1f0e5d3c21",
          "005f1c2b6e-0d7a-4a39-9b62-7a1f0e5d3c21", "1-1-1-1-1", "f1c_2b6e0d7a4a399b627a1f0e5d3c21"}) {
        EXPECT_FALSE(match_path("GET", "/v1/p1/cloudservers/" + id)) << id;
        EXPECT_FALSE(match_path("POST", "/v1/p1/cloudservers/" + id + "/resize")) << id;
        EXPECT_FALSE(match_path("POST", "/v1.1/p1/cloudservers/" + id + "/resize")) << id;
    }
    for (const std::string id : {"web", "of-acme", "abc-def", "5f1c2b6e", "server-5f1c2b6e0d7a4a399b627a1f0e5d3c21"})
        EXPECT_TRUE(match_path("GET", "/v1/p1/cloudservers/" + id)) << id;
}

TEST(match_path, says_that_upper_case_is_not_for_paths) {
    EXPECT_TRUE(match_path("GET", "/v1/p1/jobs/J1").error().has_upper_case);
    EXPECT_TRUE(match_path("GET", "/V1/p1/jobs/j1").error().has_upper_case);
    EXPECT_FALSE(match_path("GET", "/v1/p1/jobs/%6a").error().has_upper_case);
    EXPECT_NE(path_problem({.allow = "", .has_upper_case = true}).find("lower case"), std::string_view::npos);
}

TEST(match_path, lists_the_methods_of_a_path_that_exists) {
    struct {
        const char *method, *path, *allow;
    } const cases[] = {
        {"POST", "/v1/p1/jobs/j1", "GET"},
        {"HEAD", "/v1/p1/jobs/j1", "GET"},
        {"get", "/v1/p1/jobs/j1", "GET"},
        {"", "/v1/p1/jobs/j1", "GET"},
        {"DELETE", "/v1/p1/cloudservers/s1", "GET"},
        {"POST", "/v1/p1/cloudservers/resize_flavors", "GET"},
        {"GET", "/v1/p1/cloudservers/s1/resize", "POST"},
        {"PUT", "/v1.1/p1/cloudservers/s1/resize", "POST"},
    };
    for (const auto& c : cases) {
        const auto found = match_path(c.method, c.path);
        ASSERT_FALSE(found) << c.path;
        EXPECT_EQ(found.error().allow, c.allow) << c.method << ' ' << c.path;
    }
}

TEST(match_path, throws_where_a_mismatch_is_used_as_a_match) {
    EXPECT_THROW(static_cast<void>(match_path("GET", "/").value()), std::logic_error);
}

}  // namespace

}  // namespace gateway::operations
