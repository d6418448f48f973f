"""Every answer that the gateway gives itself: the rows of docs/answers.md, each with its outcome line."""
import json

import pytest

import calling
from fakes import scripted_cloud as scripts
from world import (ACME, API_KEYS, CI, GUEST, PARTNER, PARTNER_KEY, PLANNER, PLANNER_KEY, SECRETS, SELDOM, STRANGER, new_server,
                   settings)

JSON = ("Content-Type", "application/json")
BODY = b'{"resize":{"flavorRef":"s6.large.2"}}'
CANONICAL = "POST|/v1.1/p/cloudservers/s/resize/||host:ecs.example|x-sdk-date:20260102T030405Z"
NOWHERE, MISNAMED = "1" * 32, "2" * 32  # projects whose region can't be reached, whose certificate nobody vouches for


def path(server=None, project=PARTNER):
    server = server or new_server()
    return f"/v1.1/{project}/cloudservers/{server}/resize"


def cloud_by_server(connection, request):
    """What a server's id makes the cloud do."""
    refusal = {"error_code": "APIGW.0301", "request_id": "r",
               "error_msg": "Incorrect IAM authentication information: verify aksk signature fail, ak " + PARTNER_KEY +
                            ", canonicalRequest:" + CANONICAL}
    {"silent": lambda *_: None,
     "garbage": scripts.raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
     "half": scripts.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot all of it"),
     "refusing": scripts.answering(401, refusal),
     }.get(request.server, scripts.answering())(connection, request)


@pytest.fixture(scope="module")
def gate(start_once, certificate):
    cloud = start_once.cloud(cloud_by_server)
    closed = start_once.cloud()
    closed.close()  # its port refuses
    misnamed = start_once.cloud(tls=certificate[1])
    with_all = settings(
        cloud.url,
        limits={"header_bytes": "4KiB", "body_bytes": "8KiB"},
        timeouts={"request_header": "2s", "request_body": "2s", "upstream_connect": "5s", "upstream_response": "2s"},
        signature_window="10m")
    with_all["regions"] |= {"cn-north-1": {"ecs": closed.url}, "cn-east-3": {"ecs": misnamed.url}}
    with_all["accounts"][0]["projects"] |= {NOWHERE: "cn-north-1", MISNAMED: "cn-east-3"}
    return start_once.gateway(with_all)


def call(method="POST", target=path(), body=BODY, fields=(JSON,), proof=PLANNER):
    """A row's request: bytes, made when the row runs, since a signature is good once and for a while."""
    return lambda to: to.request(method, target, body, fields, proof)


def head(*lines):
    """A row's request, as it stands."""
    return lambda to: "\r\n".join([*lines, "", ""]).encode().replace(b"HOST", f"127.0.0.1:{to.port}".encode())


POST = "POST " + path() + " HTTP/1.1"
ROWS = [  # name, request, status, code, words of its message, what becomes of it
    ("not_http", head("\x16\x03\x01 hello"), 400, "0001", ["well-formed"], "rejected"),
    ("space_before_colon", head(POST, "Host : a"), 400, "0001", ["well-formed"], "rejected"),
    ("two_lengths", head(POST, "Host: HOST", "Content-Length: 5", "Content-Length: 6"), 400, "0001", [], "rejected"),
    ("length_and_chunked", head(POST, "Host: HOST", "Content-Length: 5", "Transfer-Encoding: chunked"), 400, "0001",
     [], "rejected"),
    ("no_host", head(POST, "Content-Length: 0"), 400, "0001", [], "rejected"),
    ("no_json", call(body=b"resize, please"), 400, "0002", [], "rejected"),
    ("no_flavor", call(body=b'{"resize":{}}'), 400, "0002", ["/resize/flavorRef"], "rejected"),
    ("wrong_type", call(body=b'{"resize":{"flavorRef":7}}'), 400, "0002", ["/resize/flavorRef"], "rejected"),
    ("duplicate_key", call(body=b'{"resize":{"flavorRef":"a","flavorRef":"b"}}'), 400, "0002", ["/resize/flavorRef"],
     "rejected"),
    ("trailing_text", call(body=BODY + b"{}"), 400, "0002", [], "rejected"),
    ("body_of_a_get", call("GET", f"/v1/{PARTNER}/jobs/j", b"{}"), 400, "0002", [], "rejected"),
    ("no_proof", call(proof=calling.nothing), 401, "0101", [], "rejected"),
    ("unknown_key", call(proof=calling.signature("GWNOBODY000000000001", SECRETS["planner.sk"])), 401, "0101", [],
     "rejected"),
    ("unknown_api_key", call(proof=calling.key("nobody's")), 401, "0101", [], "rejected"),
    ("wrong_signature", call(proof=calling.signature(PLANNER_KEY, "another secret")), 401, "0101", [], "rejected"),
    ("two_proofs", call(fields=(JSON, ("X-Api-Key", "nobody's"))), 401, "0101", [], "rejected"),
    ("too_old", call(proof=calling.signature(PLANNER_KEY, SECRETS["planner.sk"], -700)), 401, "0102",
     ["X-Sdk-Date", calling.utc_now()[:8]], "rejected"),
    ("too_new", call(proof=calling.signature(PLANNER_KEY, SECRETS["planner.sk"], 700)), 401, "0102", ["X-Sdk-Date"],
     "rejected"),
    ("no_rule", call(proof=GUEST), 403, "0201", [], "denied"),
    ("other_flavor", call(body=b'{"resize":{"flavorRef":"p9.huge.8"}}'), 403, "0201", ["grow", "flavor"], "denied"),
    ("not_a_dry_run", call(proof=CI), 403, "0201", ["dry", "dry_run"], "denied"),
    ("unknown_project", call(target=path(project=STRANGER)), 403, "0202", ["project"], "denied"),
    ("unknown_path", call("GET", "/v2/servers", b""), 404, "0301", [], "rejected"),
    ("escaped_path", call("GET", f"/v1/{PARTNER}/jobs/%6a", b""), 404, "0301", [], "rejected"),
    ("dot_segment", call("GET", f"/v1/{PARTNER}/./jobs/j", b""), 404, "0301", [], "rejected"),
    ("empty_segment", call("GET", f"//v1/{PARTNER}/jobs/j", b""), 404, "0301", [], "rejected"),
    ("path_parameter", call("GET", f"/v1/{PARTNER}/jobs/j;x=1", b""), 404, "0301", [], "rejected"),
    ("wrong_method", call("DELETE", path(), b""), 405, "0302", ["POST"], "rejected"),
    ("slow_header", lambda to: b"POST / HTTP/1.1\r\nHost:", 408, "0401", [], "rejected"),
    ("slow_body", lambda to: call()(to)[:-5], 408, "0401", [], "rejected"),
    ("large_body", call(body=b" " * 9000), 413, "0402", ["limits.body_bytes"], "rejected"),
    ("large_chunks", lambda to: head(POST, "Host: HOST", f"X-Api-Key: {API_KEYS['ci']}", "Transfer-Encoding: chunked")(to) +
     b"2328\r\n" + b" " * 9000 + b"\r\n0\r\n\r\n", 413, "0402", ["limits.body_bytes"], "rejected"),
    ("long_line", head("GET /" + "a" * 5000 + " HTTP/1.1", "Host: HOST"), 414, "0403", ["limits.header_bytes"],
     "rejected"),
    ("long_header", head(POST, "Host: HOST", "X-Filler: " + "a" * 5000), 431, "0403", ["limits.header_bytes"],
     "rejected"),
    ("expectation", head(POST, "Host: HOST", "Content-Length: 2", "Expect: 200-ok"), 417, "0404", [], "rejected"),
    ("coding", head(POST, "Host: HOST", "Transfer-Encoding: gzip, chunked"), 501, "0404", [], "rejected"),
    ("unreachable", call(target=path(project=NOWHERE)), 502, "0501", ["connect"], "not_sent"),
    ("bad_certificate", call(target=path(project=MISNAMED)), 502, "0501", ["TLS handshake"], "not_sent"),
    ("garbage", call(target=path("garbage")), 502, "0501", [], "unknown"),
    ("half_an_answer", call(target=path("half")), 502, "0501", [], "unknown"),
    ("credential_refused", call(target=path("refusing")), 502, "0505", ["partner-key"], "answered"),
    ("silent_cloud", call(target=path("silent")), 504, "0504", [], "unknown"),
]


@pytest.mark.parametrize("name, request_of, status, code, words, fate", ROWS, ids=[row[0] for row in ROWS])
def test_the_table(gate, name, request_of, status, code, words, fate):
    with calling.connection(gate.port) as to:
        to.send(request_of(to))
        answer = to.answer()
        if code in ("0001", "0401", "0402", "0403", "0404"):
            assert answer["Connection"] == "close" and to.is_closed()
    line = gate.outcome_of(answer)

    assert (answer.status, answer.error()[0]) == (status, "Gateway." + code)
    assert all(word in answer.error()[1] for word in words), answer.error()[1]
    assert answer["Content-Type"] == "application/json"
    assert answer["X-Gateway-Outcome"] == ("unknown" if fate == "unknown" else "not_sent")
    assert line["status"] == status
    assert line["decision"] == (fate if fate in ("rejected", "denied") else "allowed")
    assert line["outcome"] == (fate if fate in ("unknown", "answered") else "not_sent")
    if code != "0505":  # whose line has the cloud's own code and message
        assert (line["code"], line["message"]) == (answer.error()[0], answer.error()[1][:256])


def test_one_message_for_all_that_is_wrong_with_a_proof(gate):
    proofs = [calling.nothing, calling.key("nobody's"), calling.signature("GWNOBODY000000000001", "a"),
              calling.signature(PLANNER_KEY, "a")]
    answers = [gate.call("POST", path(), BODY, (JSON,), proof) for proof in proofs]
    assert len({answer.error() for answer in answers}) == 1


@pytest.mark.parametrize("target, allowed", [(path(), "POST"), (f"/v1/{PARTNER}/jobs/j", "GET")])
def test_a_wrong_method_is_told_the_right_one(gate, target, allowed):
    assert gate.call("PUT", target, b"", (), PLANNER)["Allow"] == allowed


def test_over_the_rate_tells_when_to_come_back(gate):
    first, second = (gate.call("POST", path(project=ACME), BODY, (JSON,), SELDOM) for _ in range(2))
    assert first.status == 200
    assert (second.status, second.error()[0]) == (429, "Gateway.0405")
    assert 3000 < int(second["Retry-After"]) <= 3600
    assert second["X-Gateway-Outcome"] == "not_sent"
    line = gate.outcome_of(second)
    assert (line["rule"], line["status"], line["outcome"]) == ("seldom", 429, "not_sent")


def test_a_refused_credential_leaks_neither_key_nor_canonical_request(gate):
    answer = gate.call("POST", path("refusing"), BODY, (JSON,), PLANNER)
    line = gate.outcome_of(answer)
    assert (line["code"], line["upstream_status"], line["credential"]) == ("APIGW.0301", 401, "partner-key")
    assert line["message"].startswith("Incorrect IAM authentication information")
    for text in (answer.body.decode(), json.dumps(line), gate.stderr.text()):
        assert PARTNER_KEY not in text and "x-sdk-date" not in text


def test_one_connection_too_many(start):
    gate = start.gateway(settings(start.cloud().url, limits={"connections": 1}))
    with calling.connection(gate.port) as first, calling.connection(gate.port) as second:
        assert first.call("POST", path(), BODY, (JSON,), PLANNER).status == 200
        answer = second.answer()
        assert (answer.status, answer.error()[0]) == (503, "Gateway.0503")
        assert int(answer["Retry-After"]) > 0
        assert second.is_closed()
        assert gate.outcome_of(answer)["decision"] == "rejected"
        assert first.call("POST", path(), BODY, (JSON,), PLANNER).status == 200
