// What is told about a file whose ledger, or whose rules about changes, are wrong.

#include "base_file.hpp"

namespace gateway::config {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(problems, of_the_ledger) {
    expect_each({
        {"admin:", "ledger: ledger.db\nadmin:", "6:9: ledger",
         "expected a map with keys of file, postgresql, memory, keep"},
        {"admin:", "ledger: {file: a.db, memory: true}\nadmin:", "6:9: ledger",
         "file and memory stand together; expected exactly one of file, postgresql, memory: true"},
        {"admin:", "ledger: {memory: true, postgresql: {connection: {env: CONNINFO}}}\nadmin:", "6:9: ledger",
         "postgresql and memory stand together; expected exactly one of file, postgresql, memory: true"},
        {"admin:", "ledger: {keep: 23h}\nadmin:", "6:16: ledger.keep",
         "expected a duration such as 250ms, 10s, 5m, 1h or 7d, from 24h to 3650d, not \"23h\""},
        {"admin:", "ledger: {file: \"\"}\nadmin:", "6:16: ledger.file", "expected the path of a file"},
        {"admin:", "timeouts: {ledger: 50ms}\nadmin:", "6:20: timeouts.ledger", "from 100ms to 1m, not \"50ms\""},
        {"admin:", "follow: {settle_after: 59s}\nadmin:", "6:24: follow.settle_after",
         "the answer may still come then; expected at least timeouts.upstream_response, 1m"},
        {"admin:", "timeouts: {upstream_response: 5m}\nfollow: {settle_after: 4m}\nadmin:", "7:24: follow.settle_after",
         "expected at least timeouts.upstream_response, 5m"},
        {"credential: key\n", "credential: key\n    billing: {}\n", "26:14: accounts[0].billing.endpoint",
         "missing; expected https://HOST"},
        {"credential: key\n", "credential: key\n    billing: {endpoint: 'http://bss.example'}\n",
         "26:25: accounts[0].billing.endpoint", "plain HTTP to the cloud; expected https://"},
        {"    ecs: https://ecs.example", "    cts: http://cts.example", "21:10: regions.cn-north-4.cts",
         "plain HTTP to the cloud; expected https://"},
    });
}

TEST(problems, of_rules_about_changes) {
    expect_each({
        {"callers: [alice]", "idempotency_key: true", "29:22: policy[0].idempotency_key",
         "expected optional or required, not \"true\""},
        {"callers: [alice]", "may_override_unknown: maybe", "29:27: policy[0].may_override_unknown",
         "expected true or false"},
        {"callers: [alice]", "changes: mine", "29:14: policy[0].changes", "expected own or all, not \"mine\""},
        {"callers: [alice]", "effect: deny\n    idempotency_key: required", "30:22: policy[0].idempotency_key",
         "a rule that denies lets nothing through; expected a rule that allows"},
        {"callers: [alice]", "effect: deny\n    may_override_unknown: true", "30:27: policy[0].may_override_unknown",
         "expected a rule that allows"},
        {"callers: [alice]", "effect: deny\n    changes: all", "30:14: policy[0].changes",
         "a rule that denies shows nothing"},
        {"callers: [alice]", "operations: [show_job]\n    idempotency_key: required",
         "30:22: policy[0].idempotency_key", "none of the rule's operations changes something"},
        {"callers: [alice]", "operations: [show_job]\n    may_override_unknown: true",
         "30:27: policy[0].may_override_unknown", "none of the rule's operations changes something"},
    });
    for (const auto* harmless : {"idempotency_key: optional", "may_override_unknown: false", "changes: own"})
        EXPECT_THAT(described(parse(base_with("callers: [alice]", "effect: deny\n    " + std::string(harmless)), "f")),
                    IsEmpty());
}

// What is well spelled, and yet wants a word.
TEST(warnings, of_keys_about_changes) {
    const auto in_memory = parse(base_with("admin:", "ledger: {memory: true}\nadmin:"), "f");
    EXPECT_TRUE(in_memory.ok());
    EXPECT_EQ(in_memory.values.ledger.file, "");
    EXPECT_THAT(described(in_memory),
                ElementsAre(HasSubstr("f:6:18: warning: ledger.memory: no change outlives the process")));
    const auto replay = parse(base_with("admin:", "replay_protection: false\nadmin:"), "f");
    EXPECT_TRUE(replay.ok());
    EXPECT_THAT(described(replay),
                ElementsAre(HasSubstr("f:6:20: warning: replay_protection: ignored: each change is recorded")));
    EXPECT_THAT(described(parse(base_with("admin:", "ledger: {memory: false}\nadmin:"), "f")), IsEmpty());
}

}  // namespace
}  // namespace gateway::config
