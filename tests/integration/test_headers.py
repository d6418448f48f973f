"""What of a call reaches the cloud, and what of the cloud's answer the caller."""
import re

import pytest

import calling
from fakes import scripted_cloud as scripts
from test_cloud import SEED
from world import ACME, ACME_KEY, CI, PARTNER, PARTNER_KEY, PLANNER, SECRETS, new_server, settings

# Sent by the caller; must not reach the cloud as they are.
KEPT_HERE = [
    ("X-Domain-Id", "caller-domain"), ("Cookie", "session=caller"), ("Forwarded", "for=192.0.2.1"),
    ("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Anything", "caller"), ("X-Real-Ip", "192.0.2.1"), ("X-Security-Token", "caller-token"),
    ("X-Project-Id", "caller-project"), ("Keep-Alive", "timeout=5"), ("TE", "trailers"), ("Upgrade", "h2c"),
    ("Proxy-Authorization", "Basic Y2FsbGVy"), ("Proxy-Connection", "keep-alive"), ("Accept-Encoding", "gzip"),
    ("X-Anything", "caller"), ("X-HTTP-Method-Override", "DELETE"), ("X-Gateway-Request-Id", "caller"),
    ("Connection", "keep-alive, X-Language"), ("X-Language", "zh-cn"),  # what Connection names stays, too
]
PASSED_ON = [
    ("Content-Type", "application/json"), ("Accept", "application/json"), ("User-Agent", "planner/1.0"),
    ("X-Client-Token", "0e1c5a3c-9a4e-4a53-8d0a-3f1e1f0c2b11"),
    ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), ("tracestate", "vendor=1"),
]


def last_call(cloud):
    """What a test has sent last: the jobs of earlier changes are followed meanwhile."""
    return next(each for each in reversed(cloud.requests) if not re.search("/jobs/[^j ]", each.line))


@pytest.fixture(scope="module")
def cloud(start_once):
    return start_once.cloud()


@pytest.fixture(scope="module")
def gate(start_once, cloud):
    with_token = settings(cloud.url)
    with_token["credentials"][1]["security_token"] = {"file": "acme.token"}
    return start_once.gateway(with_token)


def test_what_goes_upstream_is_what_is_meant_to(gate, cloud):
    server = new_server()
    answer = gate.resize(PARTNER, server, {"flavorRef": "s6.large.2"}, PLANNER,
                         fields=[f for f in PASSED_ON[1:] + KEPT_HERE if f[0] not in ("X-Project-Id",)])
    assert answer.status == 200, answer
    sent = last_call(cloud)
    assert sent.line == f"POST /v1.1/{PARTNER}/cloudservers/{server}/resize HTTP/1.1"
    own = {"Host": f"127.0.0.1:{cloud.port}", "Content-Length": str(len(sent.body)), "X-Project-Id": PARTNER,
           "X-Sdk-Date": sent["X-Sdk-Date"], "Authorization": sent["Authorization"], "Via": "1.1 ecs-gateway"}
    assert sorted(sent.fields) == sorted([*own.items(), *PASSED_ON])


@pytest.mark.parametrize("field", [f for f in KEPT_HERE if f[0] not in ("Connection", "X-Language")],
                         ids=lambda field: field[0])
def test_a_field_that_stays_here(gate, cloud, field):
    # By API key, so that no signature is in the way of a field that would be read as a part of it.
    answer = gate.resize(PARTNER, "s", {"flavorRef": "s6.large.2"}, CI, fields=[field], dry_run=True)
    assert answer.status == 200, answer
    assert field[1] not in [value for _, value in last_call(cloud).fields]


@pytest.mark.parametrize("name", ["Accept", "User-Agent", "X-Language", "X-Client-Token", "traceparent", "tracestate"])
def test_a_field_that_is_not_visible_ascii_stays_here(gate, cloud, name):
    for value in ("\xff", "a\xa0b", "\xe4\xbd\xa0", "a\tb"):
        assert gate.call("GET", f"/v1/{PARTNER}/jobs/j", fields=[(name, value)], proof=CI).status == 200, value
        sent = last_call(cloud)
        assert value not in [given for _, given in sent.fields], value


@pytest.mark.parametrize("name", ["Content-Type", "Content-Encoding", "Content-Language"])
def test_no_text_of_a_look_ups_caller_is_signed(gate, cloud, name):
    for value in ("application/json", "\xff", "a/b;charset=\xe4\xbd\xa0"):
        answer = gate.call("GET", f"/v1/{PARTNER}/jobs/j", fields=[(name, value)], proof=CI)
        assert answer.status == 200, answer
        sent = last_call(cloud)
        assert sent[name] is None and "SignedHeaders=host;x-project-id;x-sdk-date, " in sent["Authorization"]


@pytest.mark.parametrize("given", [None, "Application/JSON", "application/json;charset=utf-8", 'application/json; charset="UTF-8"'])
def test_what_goes_out_is_always_application_json(gate, cloud, given):
    answer = gate.call("POST", f"/v1.1/{PARTNER}/cloudservers/{new_server()}/resize", b'{"resize":{"flavorRef":"s6.large.2"}}',
                       [("Content-Type", given)] if given else [], PLANNER)
    assert answer.status == 200, answer
    assert [value for name, value in last_call(cloud).fields if name == "Content-Type"] == ["application/json"]


@pytest.mark.parametrize("given", ["text/plain", "application/json;charset=GBK", "application/x-www-form-urlencoded",
                                   "application/json;charset=utf-8;charset=gbk", "application/json;charset=\xff", ""])
def test_another_media_type_or_charset_is_refused(gate, cloud, given):
    before = len(cloud.requests)
    answer = gate.call("POST", f"/v1.1/{PARTNER}/cloudservers/s/resize", b'{"resize":{"flavorRef":"s6.large.2"}}',
                       [("Content-Type", given)], CI)
    assert (answer.status, answer.error()[0], answer["X-Gateway-Outcome"]) == (415, "Gateway.0406", "not_sent")
    assert "application/json" in answer.error()[1] and len(cloud.requests) == before


@pytest.mark.parametrize("header", ["X-Api-Key", "Authorization", "X-Auth-Token"])
def test_no_proof_of_the_caller_goes_upstream(gate, cloud, header):
    answer = gate.resize(PARTNER, "s", {"flavorRef": "s6.large.2"}, calling.key("Zq7CIapiKEYdoNOTleak5", header),
                         dry_run=True)
    assert answer.status == 200, answer
    sent = last_call(cloud)
    assert not any("Zq7CI" in value for _, value in sent.fields)
    assert sent["Authorization"].startswith(f"SDK-HMAC-SHA256 Access={PARTNER_KEY}, ")
    assert sent["X-Auth-Token"] is None and sent["X-Api-Key"] is None


TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize("fields, trace", [
    ([], None),
    ([("traceparent", f"00-{TRACE}-{PARENT}-01")], TRACE),
    ([("traceparent", f"00-{TRACE}-{PARENT}-01"), ("Connection", "keep-alive, traceparent")], None),
    ([("traceparent", "its-own")], ""),
], ids=["none", "its_own", "for_this_connection_only", "another_form"])
def test_every_call_has_a_trace(gate, cloud, fields, trace):
    answer = gate.resize(PARTNER, "s", {"flavorRef": "s6.large.2"}, CI, fields=fields, dry_run=True)
    sent, line = last_call(cloud)["traceparent"], gate.outcome_of(answer)
    if trace is None:  # it begins here
        assert sent == f"00-{line['trace_id']}-{line['trace_id'][16:]}-00"
        assert line["trace_id"] == answer["X-Gateway-Request-Id"]
    else:
        assert sent == fields[0][1] and line.get("trace_id", "") == trace


def test_what_is_signed_is_what_no_proxy_changes(gate, cloud):
    gate.resize(PARTNER, new_server(), {"flavorRef": "s6.large.2"}, PLANNER)
    partner = last_call(cloud)
    gate.resize(ACME, new_server(), {"flavorRef": "s6.large.2"}, PLANNER)
    acme = last_call(cloud)
    assert "SignedHeaders=content-type;host;x-project-id;x-sdk-date, " in partner["Authorization"]
    assert "SignedHeaders=content-type;host;x-project-id;x-sdk-date;x-security-token, " in acme["Authorization"], "sorted"
    assert acme["X-Security-Token"] == SECRETS["acme.token"] and partner["X-Security-Token"] is None


def test_the_bytes_that_were_checked_are_the_bytes_that_are_sent(start, cloud):
    lenient = settings(cloud.url)
    lenient["policy"] = [{"rule": "all", "resize": {"unknown_members": "allow"}}]
    gate = start.gateway(lenient)
    body = b'{ "resize" : {"flavorRef":"s6.large.2",\t"later":[1.0,{"\\u00e9":null}]},\n "other": "\xc3\xa9" }'
    with calling.connection(gate.port) as to:
        answer = to.call("POST", f"/v1.1/{PARTNER}/cloudservers/s/resize", body, PASSED_ON[:1], PLANNER)
    assert answer.status == 200, answer
    assert last_call(cloud).body == body


def test_a_chunked_body_goes_on_with_its_length(gate, cloud):
    body = b'{"resize":{"flavorRef":"s6.large.2"},"dry_run":true}'
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in (body[:7], body[7:])) + b"0\r\n\r\n"
    with calling.connection(gate.port) as to:
        to.send(calling.render("POST", f"/v1.1/{PARTNER}/cloudservers/s/resize",
                               [("Host", "a"), ("Transfer-Encoding", "chunked"), PASSED_ON[0],
                                *CI("", "", "", "")], chunks))
        assert to.answer().status == 200
    sent = last_call(cloud)
    assert (sent.body, sent["Content-Length"], sent["Transfer-Encoding"]) == (body, str(len(body)), None)


def test_neither_host_nor_target_chooses_where_a_call_goes(gate, cloud):
    for target, host in [("/v1/%s/jobs/j" % PARTNER, "evil.example"),
                         ("http://evil.example/v1/%s/jobs/j" % PARTNER, "evil.example")]:
        with calling.connection(gate.port) as to:
            to.send(calling.render("GET", target, [("Host", host), *CI("", "", "", "")], b""))
            assert to.answer().status == 200
        assert (last_call(cloud).line, last_call(cloud)["Host"]) == (f"GET /v1/{PARTNER}/jobs/j HTTP/1.1",
                                                                       f"127.0.0.1:{cloud.port}")


def test_the_query_of_a_look_up_is_passed_on_and_signed(gate, cloud):
    target = f"/v1/{PARTNER}/cloudservers/resize_flavors?instance_uuid=a-b&limit=5&sort_key=name"
    assert gate.call("GET", target, proof=PLANNER).status == 200
    assert last_call(cloud).line == f"GET {target} HTTP/1.1"


def test_an_answer_comes_back_as_it_came(gate, cloud):
    end_to_end = [("X-Request-Id", "cloud-1"), ("X-Anything", "cloud"), ("X-Anything", "twice"), ("Location", "/v1/p/jobs/j"),
                  ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")]
    hop_by_hop = [("Connection", "X-Hop"), ("X-Hop", "1"), ("Keep-Alive", "timeout=5"),
                  ("X-Gateway-Outcome", "not_sent"), ("X-Gateway-Request-Id", "cloud")]
    cloud.behave = scripts.answering(409, {"error": {"code": "Ecs.0100", "message": "no"}}, end_to_end + hop_by_hop)
    try:
        answer = gate.resize(PARTNER, new_server(), {"flavorRef": "s6.large.2"}, PLANNER)
    finally:
        cloud.behave = scripts.answering()
    assert answer.status == 409
    assert answer.body == b'{"error": {"code": "Ecs.0100", "message": "no"}}'
    own = [("X-Gateway-Request-Id", answer["X-Gateway-Request-Id"]), ("Via", "1.1 ecs-gateway"), ("Content-Length", str(len(answer.body))),
           ("X-Gateway-Change-Id", answer["X-Gateway-Request-Id"]), ("X-Gateway-Change-State", "unknown")]
    assert sorted(answer.fields) == sorted([*end_to_end, *own, ("Content-Type", "application/json")])
    assert answer["X-Gateway-Request-Id"] != "cloud"


def test_a_content_type_that_stays_here_is_not_signed(start):
    cloud = start.simulator(SEED)
    gate = start.gateway(settings(cloud.url, cloud.ca_file))
    hop_by_hop = [("Content-Type", "a/b"), ("Connection", "Content-Type")]
    for _ in range(4):  # three refusals would rest the key
        assert gate.call("GET", f"/v1/{PARTNER}/cloudservers/stopped", fields=hop_by_hop, proof=CI).status == 200


@pytest.mark.parametrize("field", [("Set-Cookie", "a=1"), ("X-Subject-Token", "t"), ("WWW-Authenticate", "Basic"),
                                   ("Alt-Svc", 'h3=":443"'), ("Strict-Transport-Security", "max-age=1"),
                                   ("Location", "https://evil.example/"), ("Location", "//evil.example/")], ids=str)
def test_what_concerns_the_gateway_and_the_cloud_alone_is_not_handed_back(gate, cloud, field):
    cloud.behave = scripts.answering(403, {"error": {"code": "Ecs.0100", "message": "no"}}, [field])
    try:
        answer = gate.resize(PARTNER, new_server(), {"flavorRef": "s6.large.2"}, PLANNER)
    finally:
        cloud.behave = scripts.answering()
    assert answer.status == 403 and answer[field[0]] is None and answer["Date"]


@pytest.mark.parametrize("status", [200, 403, 500])
@pytest.mark.parametrize("size", [0, 8000, 100_000])
def test_a_cloud_that_echoes_what_it_was_sent_hands_no_caller_a_secret(gate, cloud, status, size):
    """The echo is cut out by value: in a header, in a small body, in one that is sent by itself, in one that is streamed."""
    def echo(connection, request):
        if "/resize " not in request.line:  # an earlier change's job is followed meanwhile
            return scripts.answering()(connection, request)
        told = [request["Authorization"].rpartition("=")[2], request["X-Security-Token"],
                request["Authorization"].partition("Access=")[2].partition(",")[0]]
        return scripts.answering(status, {"error": {"code": told[0], "message": "sent: " + " and ".join(told)}, "job_id": told[2],
                                   "rest": "x" * size},
                          [("X-Echo", told[0]), ("X-Request-Id", told[1])])(connection, request)
    cloud.behave = echo
    try:
        answer = gate.resize(ACME, new_server(), {"flavorRef": "s6.large.2"}, PLANNER)
    finally:
        cloud.behave = scripts.answering()
    sent = next(each for each in reversed(cloud.requests) if "/resize " in each.line)
    line = gate.outcome_of(answer)
    assert answer.status == status and len(answer.body) > size
    for value in (sent["Authorization"].rpartition("=")[2], sent["X-Security-Token"], SECRETS["acme.token"], ACME_KEY):
        assert value not in repr(answer.fields) and value.encode() not in answer.body and value not in repr(line)
    assert "****" in answer["X-Echo"] and b"sent: ****" in answer.body


def test_the_gateways_own_answers_have_their_id_where_sdks_look(gate):
    answer = gate.call("GET", "/none", proof=CI)
    assert answer["X-Request-Id"] == answer["X-Gateway-Request-Id"] is not None
