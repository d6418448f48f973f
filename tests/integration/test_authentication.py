"""Who calls: what the operator learns of a call that was not authenticated, and what proves nobody."""
import json
import re

import pytest
import yaml

import calling
import programs
from fakes import scripted_cloud as scripts
from world import CI, PARTNER, PLANNER, PLANNER_KEY, SECRETS, settings

LOOK = f"/v1/{PARTNER}/jobs/j"
RESIZE = f"/v1.1/{PARTNER}/cloudservers/s/resize"
BODY = b'{"resize":{"flavorRef":"s6.large.2"}}'
JSON = [("Content-Type", "application/json")]
SECRET = SECRETS["planner.sk"]


@pytest.fixture(scope="module")
def cloud(start_once):
    return start_once.cloud(scripts.answering(200, {"job_id": "j"}))


@pytest.fixture(scope="module")
def gate(start_once, cloud):
    return start_once.gateway(settings(cloud.url, log={"level": "debug", "outcomes": "stdout"}))


def signed_as(method, target, fields, body=b"", access_key=PLANNER_KEY, secret=SECRET, date=None):
    """A signature over these fields and a date; `fields` as the signer sees them."""
    date = date or calling.utc_now()
    signed = [*fields, ("X-Sdk-Date", date)]
    return [("X-Sdk-Date", date), ("Authorization", calling.authorization(access_key, secret, method, target, signed, body))]


def as_go(method, target, _fields, body):
    """As the Go SDK and Terraform sign: without Host."""
    own = [("User-Agent", "huaweicloud-usdk-go/3.0"), ("X-Project-Id", PARTNER)]
    return [*own, *signed_as(method, target, own, body)]


def with_authorization(text):
    return lambda *_: [("X-Sdk-Date", calling.utc_now()), ("Authorization", text)]


def changed(proof, **to):
    """A proof of which a field is exchanged after it was signed."""
    def made(*request):
        return [(name, to.get(name.replace("-", "_"), value)) for name, value in proof(*request)]
    return made


OLDER = f"SDK-HMAC-SHA256 Credential={PLANNER_KEY}/20260101/cn-north-4/ecs/sdk_request, SignedHeaders=host, Signature={'0' * 64}"
CAUSES = {
    "no_proof": (calling.nothing, None),
    "unknown_access_key": (calling.signature("GWNOSUCHKEY000000001", SECRET), "GWNOSUCHKEY000000001"),
    "wrong_signature": (calling.signature(PLANNER_KEY, "another secret"), PLANNER_KEY),
    "unreadable_date": (changed(PLANNER, X_Sdk_Date="2026-11-23T10:00:00+00:00"), PLANNER_KEY),
    "malformed_authorization": (with_authorization(OLDER), PLANNER_KEY),
    "unsupported_scheme": (with_authorization(OLDER.replace("SDK-HMAC", "AWS4-HMAC")), PLANNER_KEY),
    "unsigned_header": (with_authorization(f"SDK-HMAC-SHA256 Access={PLANNER_KEY}, SignedHeaders=host, Signature={'0' * 64}"), PLANNER_KEY),
    "missing_signed_header": (with_authorization(
        f"SDK-HMAC-SHA256 Access={PLANNER_KEY}, SignedHeaders=user-agent;x-sdk-date, Signature={'0' * 64}"), PLANNER_KEY),
    "repeated_signed_header": (lambda method, target, fields, body: [
        ("User-Agent", "one"), *signed_as(method, target, [("User-Agent", "one")], body), ("User-Agent", "another")], PLANNER_KEY),
    "unknown_api_key": (calling.key("no such key"), None),
    "two_proofs": (lambda *r: [*PLANNER(*r), *CI(*r)], PLANNER_KEY),
    "unsigned_body": (lambda *r: [*PLANNER(*r), ("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD")], PLANNER_KEY),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_the_operator_learns_the_cause_and_the_caller_does_not(gate, cause):
    proof, access_key = CAUSES[cause]
    answer = gate.call("GET", LOOK, proof=proof)
    code, message = answer.error()
    assert (answer.status, code) == (401, "Gateway.0101")
    assert message == gate.call("GET", LOOK).error()[1]
    line = gate.outcome_of(answer)
    assert (line["auth_failure"], line.get("access_key")) == (cause, access_key)
    assert list(line)[-1] == ("access_key" if access_key else "auth_failure"), "new keys come last"
    assert "caller" not in line and "proof" not in line


def test_an_access_key_as_tried_is_bounded_and_escaped(gate):
    answer = gate.call("GET", LOOK, proof=with_authorization("SDK-HMAC-SHA256 Access=" + "A" * 5000 + ", x"))
    assert gate.outcome_of(answer)["access_key"] == "A" * 128
    answer = gate.call("GET", LOOK, proof=with_authorization("SDK-HMAC-SHA256 Access=\x9bA, x"))
    assert gate.outcome_of(answer)["access_key"] == "(may be a secret)"


def test_the_log_shows_what_the_gateway_took_the_request_for(gate):
    """A proxy in front that rewrites Host: the canonical request shows which, and no secret that was signed."""
    def behind_a_proxy(method, target, _fields, body):
        own = [("X-Security-Token", "Zq7CALLERtokenDOnotLEAK")]
        return [*own, *signed_as(method, target, [("Host", "gateway.example"), *own], body)]
    answer = gate.call("GET", LOOK, proof=behind_a_proxy)
    assert gate.outcome_of(answer)["auth_failure"] == "wrong_signature"
    line = gate.wait_for(gate.stderr, rf"request_id={answer['X-Gateway-Request-Id']} canonical_request=(.*)$")
    canonical = json.loads(line[1]).split("\n")
    assert canonical[:3] == ["GET", LOOK + "/", ""]
    assert canonical[3] == f"host:127.0.0.1:{gate.port}"
    assert canonical[-2] == "host;x-sdk-date;x-security-token"
    assert "Zq7CALLERtokenDOnotLEAK" not in gate.stderr.text()


def test_a_call_signed_without_host_is_taken(gate, cloud):
    assert gate.call("GET", LOOK, proof=as_go).status == 200
    assert gate.call("POST", RESIZE, BODY, JSON, as_go).status == 200


def test_a_query_may_repeat_its_signature(gate):
    with calling.connection(gate.port) as to:
        query = to.request("GET", LOOK, proof=PLANNER)
        for _ in range(3):
            to.send(query)
            assert to.answer().status == 200


# ---- what belongs to the place -----------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def sidecar(start_once, cloud):
    """A listener that is a caller's."""
    whole = settings(cloud.url, listeners=[{"address": "127.0.0.1:0", "hosts": ["sidecar.internal"]}])
    whole["callers"].append({"name": "application", "listener": "127.0.0.1:0"})
    whole["policy"][0]["callers"].append("application")
    return start_once.gateway(whole)


BORROWED = {
    "a page of another origin": ([("Origin", "http://evil.example")], "page_of_another_origin"),
    "an image of another site": ([("Sec-Fetch-Site", "cross-site")], "page_of_another_origin"),
    "a page of another port": ([("Sec-Fetch-Site", "same-site")], "page_of_another_origin"),
    "a rebound name": ([("Host", "rebound.evil.example:8080")], "foreign_host"),
}


def raw(gate, fields, method="GET", target=LOOK):
    own = [] if any(name == "Host" for name, _ in fields) else [("Host", "localhost")]
    with calling.connection(gate.port) as to:
        to.send(calling.render(method, target, [*own, *fields], b""))
        return to.answer()


@pytest.mark.parametrize("what", BORROWED)
def test_a_web_page_can_not_borrow_the_listener(sidecar, what):
    fields, cause = BORROWED[what]
    answer = raw(sidecar, fields)
    assert (answer.status, answer.error()[0], answer["X-Gateway-Outcome"]) == (403, "Gateway.0206", "not_sent")
    line = sidecar.outcome_of(answer)
    assert (line["decision"], line["auth_failure"]) == ("rejected", cause)
    assert "Access-Control-Allow-Origin" not in dict(answer.fields)
    # A key comes with the request.
    assert raw(sidecar, [*fields, *CI()]).status == 200


@pytest.mark.parametrize("fields", [[], [("Host", "127.0.0.1:1")], [("Host", "[::1]")], [("Host", "Sidecar.internal:80")],
                                    [("Sec-Fetch-Site", "none")], [("Sec-Fetch-Site", "same-origin")]], ids=str)
def test_a_program_is_known_by_the_listener(sidecar, fields):
    answer = raw(sidecar, fields)
    assert answer.status == 200
    assert sidecar.outcome_of(answer)["caller"] == "application"


def test_check_wants_any_signature_beside_a_listener(cloud, tmp_path):
    whole = settings(cloud.url)
    whole["callers"][1]["any_signature"] = True
    for name, secret in SECRETS.items():
        (tmp_path / name).write_text(secret, encoding="utf-8")
    (tmp_path / "gateway.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
    done = programs.run("ecs-gateway", "check", "--config", tmp_path / "gateway.yaml")
    assert done.returncode == 1
    assert re.search(r"callers\[1\]\.any_signature: there is no listener beside it", done.stdout)
