// What is told about a wrong file: where, which key, and what was expected.

#include "base_file.hpp"

namespace gateway::config {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(base_file, has_no_problem) { EXPECT_THAT(described(parse(base, "f")), IsEmpty()); }

TEST(problems, of_keys) {
    expect_each({
        {"version: 1\n", "", "1:1: version", "missing; expected 1"},
        {"version: 1", "version: 2", "1:10: version", "expected 1, not \"2\""},
        {"admin:", "amdin:", "6:1: amdin", "unknown key; expected one of version, listeners, admin, "},
        {"client_ca: ca.pem", "client_ca: ca.pem, cipher: x", "5:70: listeners[1].tls.cipher",
         "unknown key; expected one of certificate,"},
        {", per: 1m", "", "31:11: policy[0].rate.per", "missing; expected a duration"},
        {"    secret_key: {file: alice.sk}", "    secret_key:", "10:5: callers[0].secret_key",
         "expected {env: NAME}, {file: PATH} or, for trials, {literal: TEXT}, not nothing"},
        {"[s6.*]}", "[s6.*], \"x y.z\": 1}", "30:31: policy[0].resize.\"x y.z\"",
         "unknown key; expected one of flavors,"},
    });
}

TEST(problems, of_types) {
    expect_each({
        {"{address: \"127.0.0.1:9901\"}", "127.0.0.1:9901", "6:8: admin", "expected a map with keys of address"},
        {"callers: [alice]", "callers: alice", "29:14: policy[0].callers",
         "expected a list of callers, at least one, not \"alice\""},
        {"callers: [alice]", "callers: []", "29:14: policy[0].callers",
         "expected a list of callers, at least one, not an empty list"},
        {"{p1: cn-north-4}", "[p1]", "26:15: accounts[0].projects",
         "expected a map of project ids, each with its region, not a list"},
        {"name: bob", "name: [bob]", "11:11: callers[1].name",
         "expected a name of at most 256 bytes on one line, not a list"},
        {"calls: 30", "calls: thirty", "31:19: policy[0].rate.calls",
         "expected a whole number from 1 to 1000000, not \"thirty\""},
        {"admin:", "workers: -1\nadmin:", "6:10: workers",
         "expected auto or a whole number from 1 to 1024, not \"-1\""},
        {"admin:", "ledger: {memory: yes}\nadmin:", "6:18: ledger.memory", "expected true or false, not \"yes\""},
        {"admin:", "log: {level: loud}\nadmin:", "6:14: log.level",
         "expected trace, debug, info, warn or error, not \"loud\""},
        {"admin:", "limits: {body_bytes: 13MiB}\nadmin:", "6:22: limits.body_bytes", "from 1B to 12MiB, not \"13MiB\""},
        {"admin:", "limits: {body_bytes: 1048576}\nadmin:", "6:22: limits.body_bytes", "expected a size such as 512B"},
        {"admin:", "limits: {body_bytes: 1MiB, buffered_bytes: 1MiB}\nadmin:", "6:44: limits.buffered_bytes",
         "expected buffered_bytes to be at least header_bytes and body_bytes together"},
        {"admin:", "timeouts: {idle: 0s}\nadmin:", "6:18: timeouts.idle", "expected a duration such as 250ms"},
        {"admin:", "timeouts: {idle: 75}\nadmin:", "6:18: timeouts.idle", "expected a duration such as 250ms"},
        {"admin:", "signature_window: 500ms\nadmin:", "6:19: signature_window", "from 1s to 24h, not \"500ms\""},
        {"callers: [alice]", "effect: permit", "29:13: policy[0].effect", "expected allow or deny, not \"permit\""},
        {"callers: [alice]", "mode: dark", "29:11: policy[0].mode", "expected enforce or shadow"},
        {"callers: [alice]", "sign_as: me", "29:14: policy[0].sign_as", "expected account or partner"},
        {"callers: [alice]", "max_in_flight: 0", "29:20: policy[0].max_in_flight", "a whole number from 1"},
        {"flavors: [s6.*]", "dry_run: maybe", "30:23: policy[0].resize.dry_run",
         "expected required, allowed or forbidden"},
        {"address: 127.0.0.1:8080", "address: 127.0.0.1:8080\n    hosts: [\"a b\"]", "4:13: listeners[0].hosts[0]",
         "expected a host name or an IP address"},
        {"name: bob", "name: bob\n    any_signature: true", "12:20: callers[1].any_signature",
         "there is no listener beside it; expected it with listener only"},
        {"flavors: [s6.*]", "unknown_members: maybe", "30:31: policy[0].resize.unknown_members",
         "expected deny or allow"},
        {"callers: [alice]", "servers: [5F1C2B6E-0D7A-4A39-9B62-7A1F0E5D3C21]", "29:15: policy[0].servers[0]",
         "expected a server id of lower-case letters"},
        {"callers: [alice]", "servers: [5f1c2b6e0d7a4a399b627a1f0e5d3c21]", "29:15: policy[0].servers[0]",
         "(a UUID with its dashes)"},
        {"kind: sub-customer", "kind: customer", "24:11: accounts[0].kind", "expected partner or sub-customer"},
    });
}

TEST(problems, of_a_rule_that_denies_and_lets_unknown_members_through) {
    expect_each({
        {"resize: {flavors: [s6.*]}", "resize: {unknown_members: allow}\n    effect: deny",
         "30:31: policy[0].resize.unknown_members", "expected a rule that allows"},
    });
}

TEST(problems, of_names_that_point_nowhere) {
    expect_each({
        {"[alice]", "[alice, carol]", "29:22: policy[0].callers[1]",
         "there is no caller \"carol\"; expected one of alice, bob"},
        {"callers: [alice]", "accounts: [acne]", "29:16: policy[0].accounts[0]",
         "there is no account \"acne\"; expected one of acme"},
        {"callers: [alice]", "operations: [resize, reboot]", "29:26: policy[0].operations[1]",
         "expected an operation: resize, show_job, list_resize_flavors, show_server, show_change or list_changes, not "
         "\"reboot\""},
        {"credential: key", "credential: kay", "25:17: accounts[0].credential",
         "there is no credential \"kay\"; expected one of key, by-agency"},
        {"through: key", "through: kay", "18:23: credentials[1].agency.through", "there is no credential \"kay\""},
        {"{p1: cn-north-4}", "{p1: cn-nroth-4}", "26:20: accounts[0].projects.p1",
         "there is no region \"cn-nroth-4\"; expected one of the built-in table or of the file's regions"},
        {"api_key_sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "listener: 127.0.0.1:80",
         "12:15: callers[1].listener",
         "there is no listener \"127.0.0.1:80\"; expected one of 127.0.0.1:8080, 0.0.0.0:8443"},
    });
}

TEST(problems, of_duplicates) {
    const std::string digits = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    const std::string upper = "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08";
    expect_each({
        {"127.0.0.1:8080\n", "127.0.0.1:8080\n  - address: 127.0.0.1:8080\n", "4:14: listeners[1].address",
         "a listener with this address stands on line 3 already"},
        {"name: bob", "name: alice", "11:11: callers[1].name", "a caller of this name stands on line 8 already"},
        {"name: bob\n    api_key_sha256: " + digits, "name: bob\n    access_key: GWALICE\n    secret_key: {env: X}",
         "12:17: callers[1].access_key", "a caller with this access key stands on line 9 already"},
        {"credentials:", "  - name: carol\n    api_key_sha256: " + upper + "\ncredentials:",
         "14:21: callers[2].api_key_sha256", "a caller with this API key stands on line 12 already"},
        {"name: by-agency", "name: key", "17:11: credentials[1].name",
         "a credential of this name stands on line 14 already"},
        {"policy:", "  - {name: acme, kind: partner, credential: key}\npolicy:", "27:12: accounts[1].name",
         "an account of this name stands on line 23 already"},
        {"policy:", "  - {name: b, kind: partner, credential: key, projects: {p1: cn-north-1}}\npolicy:",
         "27:58: accounts[1].projects.p1", "this project stands on line 26 already"},
        {"  - rule: first", "  - rule: first\n  - rule: first", "29:11: policy[1].rule",
         "a rule of this name stands on line 28"},
        {"    ecs: https://ecs.example", "    ecs: https://ecs.example\n  cn-north-4: {}", "22:3: regions.cn-north-4",
         "duplicate key, first on line 20"},
        {"[alice]", "[alice, bob, alice]", "29:27: policy[0].callers[2]", "the same as item 0"},
    });
}

TEST(problems, of_listeners) {
    expect_each({
        {"127.0.0.1:8080", "localhost:8080", "3:14: listeners[0].address",
         "expected IPV4:PORT, [IPV6]:PORT or unix:/PATH, not \"localhost:8080\""},
        {"127.0.0.1:8080", "0.0.0.0:8080", "3:14: listeners[0].address",
         "plain HTTP on an address that other machines reach; expected tls, a loopback or unix address, or plain_http: "
         "true"},
        {"client_ca: ca.pem", "plain: true", "5:51: listeners[1].tls.plain", "unknown key"},
        {", client_ca: ca.pem", ", client_certificate: required", "5:71: listeners[1].tls.client_certificate",
         "expected client_ca beside it"},
        {"certificate: a.pem, ", "", "5:10: listeners[1].tls.certificate", "missing; expected the path of a file"},
        {"127.0.0.1:8080\n", "127.0.0.1:8080\n    mode: \"0660\"\n", "4:11: listeners[0].mode",
         "beside a unix: address only"},
        {"127.0.0.1:8080\n", "unix:/run/x\n    mode: \"0990\"\n", "4:11: listeners[0].mode",
         "expected permission bits as four octal digits, the first of them 0, such as \"0660\", not \"0990\""},
        {"ca.pem}\n", "ca.pem}\n    plain_http: true\n", "6:17: listeners[1].plain_http", "expected one of them"},
        {"127.0.0.1:9901", "127.0.0.1:8080", "6:18: admin.address", "listeners[0] has this address"},
        {"127.0.0.1:9901", "unix:/run/admin", "6:18: admin.address", "expected IPV4:PORT or [IPV6]:PORT"},
    });
    EXPECT_TRUE(parse(base_with("127.0.0.1:8080\n", "0.0.0.0:8080\n    plain_http: true\n"), "f").ok());
}

TEST(problems, of_proofs) {
    const std::string proof = "api_key_sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    expect_each({
        {"    " + proof + "\n", "", "11:5: callers[1]",
         "expected one of access_key with secret_key, api_key_sha256, certificate_san, unix_user, listener"},
        {proof, "certificate_san: DNS:bob\n    listener: 127.0.0.1:8080", "11:5: callers[1]",
         "certificate_san and listener stand together; expected exactly one of"},
        {proof, proof + "\n    listener: 127.0.0.1:8080", "11:5: callers[1]",
         "api_key_sha256 and listener stand together; expected exactly one of"},
        {proof, proof + "\n    access_key: GWBOB\n    secret_key: {file: bob.sk}", "11:5: callers[1]",
         "access_key and api_key_sha256 stand together; expected exactly one of"},
        {"    secret_key: {file: alice.sk}\n", "", "8:5: callers[0].secret_key",
         "missing; expected it beside access_key"},
        {"    access_key: GWALICE\n", "", "8:5: callers[0].access_key", "missing; expected it beside secret_key"},
        {proof, "api_key_sha256: 9f86", "12:21: callers[1].api_key_sha256", "expected 64 hexadecimal digits"},
        {proof, "certificate_san: bob", "12:22: callers[1].certificate_san", "expected URI: with a URI or DNS:"},
        {proof, "unix_user: bob", "12:16: callers[1].unix_user", "expected a listener with a unix: address"},
        {proof, "listener: 0.0.0.0:8443", "12:15: callers[1].listener",
         "other machines reach this listener; expected one with a loopback or unix address"},
    });
    EXPECT_TRUE(parse(base_with(proof, "certificate_san: DNS:bob"), "f").ok());
    EXPECT_TRUE(parse(base_with(proof, proof + "\n    certificate_san: DNS:bob"), "f").ok()) << "both are needed then";
    EXPECT_EQ(parse(base_with(proof, "certificate_san: DNS:Bob.Example"), "f").values.callers[1].certificate_san,
              "DNS:bob.example");
    EXPECT_TRUE(parse(base_with(proof, "listener: 127.0.0.1:8080"), "f").ok());
    auto without_ca = base_with(", client_ca: ca.pem", "");
    without_ca.replace(without_ca.find(proof), proof.size(), "certificate_san: DNS:bob");
    EXPECT_THAT(
        described(parse(without_ca, "f")),
        ElementsAre("f:12:22: callers[1].certificate_san: no listener asks for client certificates; expected one "
                    "with tls.client_ca"));
}

TEST(problems, of_credentials) {
    const std::string pair = "    access_key: AK\n    secret_key: {env: SK}\n";
    const std::string agency = "agency: {through: key, domain_name: acme, agency_name: ops}";
    expect_each({
        {pair, "", "14:5: credentials[0]",
         "expected one of access_key with secret_key, agency, token, metadata, sdk_default"},
        {pair, pair + "    metadata: {}\n", "14:5: credentials[0]",
         "access_key and metadata stand together; expected exactly one"},
        {pair, "    secret_key: {env: SK}\n", "14:5: credentials[0].access_key",
         "missing; expected it beside secret_key"},
        {pair, "    metadata:\n", "15:5: credentials[0].metadata", "expected {}, not nothing"},
        {pair, "    sdk_default: {x: 1}\n", "15:19: credentials[0].sdk_default.x", "unknown key; expected {}"},
        {pair, "    metadata: {}\n    security_token: {env: T}\n", "16:21: credentials[0].security_token",
         "expected it beside access_key and secret_key only"},
        {pair, pair + "    algorithm: HMAC\n", "17:16: credentials[0].algorithm",
         "expected SDK-HMAC-SHA256 or V11-HMAC-SHA256, not \"HMAC\""},
        {"domain_name: acme", "domain_name: acme, domain_id: d", "18:13: credentials[1].agency",
         "domain_name and domain_id stand together"},
        {"domain_name: acme, ", "", "18:13: credentials[1].agency", "expected one of domain_name, domain_id"},
        {"agency_name: ops", "agency_name: ops, duration: 14m", "18:75: credentials[1].agency.duration",
         "from 15m to 24h"},
        {"agency_name: ops", "agency_name: ops, duration: 25h", "18:75: credentials[1].agency.duration",
         "from 15m to 24h"},
        {"through: key", "through: by-agency", "18:23: credentials[1].agency.through",
         "this goes in a circle: by-agency;"},
        {agency, "token: {domain_id: d, password: {env: P}}", "18:12: credentials[1].token.user_name",
         "missing; expected a user name"},
    });
}

TEST(problems, of_agencies_in_a_circle_are_told_once) {
    const std::string circle =
        "  - {name: a, agency: {through: b, domain_id: d, agency_name: o}}\n"
        "  - {name: b, agency: {through: c, domain_id: d, agency_name: o}}\n"
        "  - {name: c, agency: {through: a, domain_id: d, agency_name: o}}\n"
        "  - {name: into-it, agency: {through: c, domain_id: d, agency_name: o}}\nregions:";
    EXPECT_THAT(described(parse(base_with("regions:", circle), "f")),
                ElementsAre(HasSubstr("f:19:33: credentials[2].agency.through: this goes in a circle: a, b, c;")));
}

TEST(problems, of_regions_and_projects) {
    expect_each({
        {"  cn-north-4:\n", "  CN_NORTH:\n", "20:3: regions.CN_NORTH", "expected a region id such as cn-north-4, not"},
        {"  cn-north-4:\n", "  xx-new-9: {}\n  cn-north-4:\n", "20:13: regions.xx-new-9.ecs",
         "missing for a region that the built-in table lacks; expected https://HOST"},
        {"https://ecs.example", "https://ecs.example/v1", "21:10: regions.cn-north-4.ecs",
         "expected https://HOST or https://HOST:PORT"},
        {"https://ecs.example", "http://ecs.example", "21:10: regions.cn-north-4.ecs",
         "plain HTTP to the cloud; expected https://, or this host in upstream.plain_http_hosts"},
        {"{p1: cn-north-4}", "{p/1: cn-north-4}", "26:16: accounts[0].projects.p/1",
         "expected a project id of 1 to 64"},
        {"regions:", "upstream: {plain_http_hosts: [\"http://x\"]}\nregions:", "19:31: upstream.plain_http_hosts[0]",
         "expected a host name or an IP address"},
    });
    auto plain = base_with("https://ecs.example", "http://Ecs.Example:81");
    EXPECT_TRUE(parse(plain + "upstream: {plain_http_hosts: [ECS.example]}\n", "f").ok());
}

TEST(problems, of_the_partner) {
    const broken as_partner{"callers: [alice]", "sign_as: partner", "29:14: policy[0].sign_as",
                            "there are 0 accounts of kind partner; expected exactly one"};
    expect_each({as_partner});
    auto one = base_with("callers: [alice]", "sign_as: partner");
    one.replace(one.find("kind: sub-customer"), 18, "kind: partner");
    EXPECT_TRUE(parse(one, "f").ok());
    one.replace(one.find("policy:"), 7, "  - {name: b, kind: partner, credential: key}\npolicy:");
    EXPECT_THAT(described(parse(one, "f")), ElementsAre(HasSubstr("there are 2 accounts of kind partner")));
}

TEST(problems, are_all_reported_in_the_order_of_the_file) {
    constexpr std::string_view ten = R"(listeners:
  - address: 0.0.0.0:8080
admin: {adress: "127.0.0.1:9901"}
workers: many
timeouts: {idle: 0s}
callers:
  - name: alice
credentials:
  - name: key
    access_key: AK
regions:
  cn-north-4: {ecs: "http://x"}
policy:
  - rule: a
    callers: [bob]
version: one
)";
    EXPECT_THAT(described(parse(ten, "f")),
                ElementsAre(HasSubstr("f:2:14: listeners[0].address: plain HTTP"),                       //
                            HasSubstr("f:3:8: admin.address: missing"),                                  //
                            HasSubstr("f:3:9: admin.adress: unknown key; expected one of address"),      //
                            HasSubstr("f:4:10: workers: expected auto or a whole number"),               //
                            HasSubstr("f:5:18: timeouts.idle: expected a duration"),                     //
                            HasSubstr("f:7:5: callers[0]: expected one of access_key with secret_key"),  //
                            HasSubstr("f:9:5: credentials[0].secret_key: missing"),                      //
                            HasSubstr("f:12:21: regions.cn-north-4.ecs: plain HTTP to the cloud"),       //
                            HasSubstr("f:15:15: policy[0].callers[0]: there is no caller \"bob\""),      //
                            HasSubstr("f:16:10: version: expected 1, not \"one\"")));
}

TEST(problems, never_repeat_what_may_be_a_secret) {
    const std::string secret = "Sx7-hUsH";
    const std::vector<std::pair<std::string, std::string>> slips{
        {"{file: alice.sk}", secret},
        {"{file: alice.sk}", "{" + secret + "}"},
        {"{file: alice.sk}", "{" + secret + ": x}"},
        {"{file: alice.sk}", "[" + secret + "]"},
        {"{file: alice.sk}", "{env: " + secret + "}"},
        {"{file: alice.sk}", "{env: X, file: " + secret + "}"},
        {"{file: alice.sk}", "{literal: " + secret + "}"},
        {"GWALICE", "\"" + secret + " \""},
        {"access_key: AK", "access_key: \"" + secret + "/\""},
        {"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", secret},
        {"https://ecs.example", "https://me:" + secret + "@ecs.example"},
        {"{file: alice.sk}", "\"" + secret + "\\q\""},
    };
    for (const auto& [old, replacement] : slips) {
        const auto problems = described(parse(base_with(old, replacement), "f"));
        EXPECT_FALSE(problems.empty()) << replacement;
        for (const auto& line : problems) {
            EXPECT_EQ(line.find(secret), std::string::npos) << line;
        }
    }
}

TEST(problems, escape_what_they_repeat) {
    EXPECT_THAT(
        described(parse(base_with("kind: sub-customer", "kind: \"a\\e[31m\\n" + std::string(100, 'x') + "\""), "f")),
        ElementsAre(testing::AllOf(HasSubstr("\\u001b[31m\\nxxx"), HasSubstr("…"), testing::Not(HasSubstr("\n")))));
}

TEST(warnings, tell_of_a_literal_secret_and_forbid_nothing) {
    const auto read = parse(base_with("{file: alice.sk}", "{literal: hush}"), "f");
    EXPECT_TRUE(read.ok());
    EXPECT_THAT(
        described(read),
        ElementsAre("f:10:27: warning: callers[0].secret_key.literal: a secret stands in the file, for trials only; "
                    "expected {env: NAME} or {file: PATH}"));
    ASSERT_TRUE(read.values.callers[0].secret_key && read.values.callers[0].secret_key->text);
    EXPECT_EQ(read.values.callers[0].secret_key->text->reveal(), "hush");
}

TEST(conditions, left_out_are_told_from_empty_ones) {
    const auto read = parse(base_with("flavors: [s6.*]", "dedicated_hosts: []"), "f");
    ASSERT_TRUE(read.ok());
    const auto& resize = read.values.policy[0].resize;
    ASSERT_TRUE(resize);
    EXPECT_FALSE(resize->flavors || resize->auto_pay || resize->while_running);
    EXPECT_THAT(resize->dedicated_hosts.value(), IsEmpty());
}

}  // namespace
}  // namespace gateway::config
