// Where the official signers differ: every example under `notes` in vectors.json, and what is done about it here.
#include <gtest/gtest.h>

#include <map>

#include "vectors.hpp"

namespace gateway::signing {
namespace {

struct choice {
    bool signs_as_python = true;  // the answer that `expected` holds
    bool reads_one_way = true;    // false: a caller's request is refused before its signature is looked at
};

// What vectors.json calls the safe choice.
const std::map<std::string, choice>& choices() {
    static const std::map<std::string, choice> all{
        // path-node-preescape: decode once and encode; Node escapes these twice.
        {"path: encoded space", {}},
        {"path: encoded quote, braces, pipe, caret", {}},
        {"path: encoded question mark", {}},
        {"path: encoded hash", {}},
        {"path: encoded backslash", {.reads_one_way = false}},
        // path-encoded-slash
        {"path: encoded slash", {.reads_one_way = false}},
        // query-sort-astral, query-sort-encoded: by the bytes of the decoded text.
        {"query: astral and private-use values", {}},
        {"query: keys whose order changes by encoding", {}},
        {"query: values whose order changes by encoding", {}},
        {"query: chinese name beside a latin one", {}},
        // query-plus
        {"query: bare plus", {.reads_one_way = false}},
        // header-trim: no space around a value is part of it.
        {"headers: leading and trailing spaces", {}},
        {"headers: trailing tab", {}},
        {"headers: only spaces", {}},
        // header-underscore: Python leaves the field out. Here no such name is given to a signer, or verified.
        {"headers: name with underscore", {.signs_as_python = false}},
        // empty-body-content-header: an empty body has the hash of nothing, whatever the field says.
        {"body: empty with unsigned payload header", {}},
        // host-case: as it stands in the request.
        {"host: mixed case", {}},
    };
    return all;
}

std::vector<vector> examples() {
    std::vector<vector> all;
    for (const auto& note : vector_file().at("notes").as_array()) {
        const auto* const of_note = note.as_object().if_contains("examples");
        if (of_note == nullptr) continue;
        for (const auto& example : of_note->as_array()) {
            // path-wire-form's have no request: they show what Node makes of paths that were escaped before.
            if (example.as_object().contains("url")) all.emplace_back(example);
        }
    }
    return all;
}

TEST(notes, have_a_choice_for_every_example) {
    std::size_t found = 0;
    for (const vector& v : examples()) {
        EXPECT_EQ(choices().count(v.name), 1U) << v.name;
        ++found;
    }
    EXPECT_EQ(found, choices().size());
}

TEST(notes, are_followed_by_the_signer_and_the_verifier) {
    signer s;
    for (const vector& v : examples()) {
        SCOPED_TRACE(v.name);
        const choice& c = choices().at(v.name);
        EXPECT_EQ(reads_one_way(v.path, v.query), c.reads_one_way);

        const auto given = vector::views(v.given);
        const std::string authorization_text(s.sign(v.request(given), v.key(), v.date, v.scope()));
        EXPECT_EQ(authorization_text == v.authorization, c.signs_as_python);
        if (!c.signs_as_python) continue;
        EXPECT_EQ(s.canonical_request(), v.canonical);
        EXPECT_EQ(s.string_to_sign(), v.to_sign);

        const auto received = vector::views(v.sent);
        authorization claimed;
        ASSERT_TRUE(parse_authorization(v.authorization, claimed));
        EXPECT_TRUE(s.verify(claimed, v.request(received), received, v.key(), v.date));
    }
}

TEST(notes, let_nobody_prove_a_call_by_a_name_with_an_underscore) {
    for (const vector& v : examples()) {
        if (v.name != "headers: name with underscore") continue;
        signer s;
        const auto given = vector::views(v.given);
        const std::string text(s.sign(v.request(given), v.key(), v.date, v.scope()));
        ASSERT_NE(text.find("x_custom"), std::string::npos);
        authorization claimed;
        EXPECT_FALSE(parse_authorization(text, claimed));
    }
}

}  // namespace
}  // namespace gateway::signing
