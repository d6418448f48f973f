#include <gmock/gmock.h>

#include <filesystem>

#include "gateway/credentials/pair_files.hpp"
#include "sources.hpp"

namespace gateway::credentials {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
namespace fs = std::filesystem;

// A pair in files, polled by a clock of the test's.
struct rotating {
    explicit rotating(bool temporary = false) {
        put("ak", "AK1");
        put("sk", "sk1");
        if (temporary) put("token", "token1");
        source.parts.access_key = from_file(dir.path() + "/ak");
        source.parts.secret_key = from_file(dir.path() + "/sk");
        if (temporary) source.parts.security_token = from_file(dir.path() + "/token");
        begin();
    }
    void begin() {
        const auto marks = marks_of(source.files());
        std::vector<config::problem> problems;
        files.emplace(source, read_pair(source, problems), marks);
    }
    // Written to a new file and renamed, as tools do; times that differ by nanoseconds still differ.
    void put(const std::string& name, std::string_view text) const {
        static_cast<void>(dir.put(name + ".new", text));
        fs::rename(dir.path() + "/" + name + ".new", dir.path() + "/" + name);
    }
    // The access key of a new pair within so many polls; empty when there is none.
    std::string key_within(int polls) {
        for (int i = 0; i < polls; ++i) {
            now += 250ms;
            if (const auto fresh = files->poll(now, trouble)) return fresh->key->access_key();
        }
        return "";
    }

    folder dir;
    pair_source source;
    std::optional<rotation> files;
    rotation::time now{1000s};
    std::string trouble;
};

TEST(rotation, gives_nothing_while_nothing_changes) {
    rotating pair;
    EXPECT_EQ(pair.key_within(40), "");
    EXPECT_EQ(pair.trouble, "");
}

TEST(rotation, takes_a_whole_new_pair_within_a_second) {
    rotating pair;
    pair.put("ak", "AK2");
    pair.put("sk", "sk2");
    EXPECT_EQ(pair.key_within(3), "AK2");
    EXPECT_EQ(pair.key_within(40), "");
}

TEST(rotation, waits_for_the_second_file_and_never_mixes_two_pairs) {
    for (const bool key_first : {true, false}) {
        rotating pair;
        pair.put(key_first ? "ak" : "sk", key_first ? "AK2" : "sk2");
        EXPECT_EQ(pair.key_within(8), "");
        pair.put(key_first ? "sk" : "ak", key_first ? "sk2" : "AK2");
        EXPECT_EQ(pair.key_within(3), "AK2");
    }
}

TEST(rotation, waits_for_all_three_parts_of_a_temporary_pair) {
    rotating pair(true);
    pair.put("ak", "AK2");
    pair.put("sk", "sk2");
    EXPECT_EQ(pair.key_within(8), "");
    pair.put("token", "token2");
    EXPECT_EQ(pair.key_within(3), "AK2");
}

TEST(rotation, takes_one_part_alone_when_the_others_stay_for_five_seconds) {
    rotating pair;
    pair.put("sk", "sk1-corrected");
    EXPECT_EQ(pair.key_within(18), "");
    EXPECT_EQ(pair.key_within(8), "AK1");
}

TEST(rotation, follows_the_symlink_that_kubernetes_swaps) {
    rotating pair;
    const fs::path root = pair.dir.path();
    for (const auto* version : {"..v1", "..v2"}) {
        fs::create_directory(root / version);
        std::ofstream(root / version / "ak") << (version == std::string("..v1") ? "AKV1" : "AKV2");
        std::ofstream(root / version / "sk") << (version == std::string("..v1") ? "skv1" : "skv2");
    }
    fs::create_directory_symlink("..v1", root / "..data");
    for (const auto* name : {"ak", "sk"}) {
        fs::remove(root / name);
        fs::create_symlink(fs::path("..data") / name, root / name);
    }
    pair.begin();
    EXPECT_EQ(pair.key_within(8), "");
    fs::create_directory_symlink("..v2", root / "..data_tmp");
    fs::rename(root / "..data_tmp", root / "..data");
    EXPECT_EQ(pair.key_within(3), "AKV2");
}

TEST(rotation, keeps_the_old_pair_and_says_why_when_the_new_one_can_not_be_read) {
    rotating pair;
    fs::remove(pair.dir.path() + "/sk");
    EXPECT_EQ(pair.key_within(8), "");
    EXPECT_THAT(pair.trouble, HasSubstr("can't be read"));
    pair.put("ak", "AK2");
    pair.put("sk", "sk2");
    EXPECT_EQ(pair.key_within(3), "AK2");
    EXPECT_EQ(pair.trouble, "");
}

TEST(rotation, does_not_take_a_touched_file_for_a_new_pair) {
    rotating pair;
    pair.put("ak", "AK1");
    pair.put("sk", "sk1");
    EXPECT_EQ(pair.key_within(8), "");
}

TEST(read_pair, reads_the_official_sdk_s_profile) {
    const folder dir;
    pair_source source;
    source.profile = dir.put("credentials",
                             "# written by the console\n[global]\nak = NOT\nsk = not\n\n[basic]\r\n"
                             "ak = SDKAK\nsk=sdk-secret\nsecurity_token = sdk-token\nproject_id = p\n");
    std::vector<config::problem> problems;
    const auto pair = read_pair(source, problems);
    ASSERT_NE(pair, nullptr);
    EXPECT_EQ(pair->key->access_key(), "SDKAK");
    EXPECT_EQ(pair->token->reveal(), "sdk-token");
    EXPECT_THAT(source.describe(), HasSubstr("profile file"));

    source.profile = dir.put("empty", "[basic]\nak = SDKAK\n");
    EXPECT_EQ(read_pair(source, problems), nullptr);
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_THAT(problems[0].message, HasSubstr("no section [basic] with ak and sk"));
}

}  // namespace
}  // namespace gateway::credentials
