"""No secret in any output, at the level that says most: every kind of call, every secret a word of its own."""
import hashlib
import re
import signal

import calling
from fakes import scripted_cloud as scripts
from world import (ACME, ACME_KEY, API_KEYS, CI, GUEST, PARTNER, PARTNER_KEY, PLANNER, PLANNER_KEY, SECRETS, SELDOM,
                   STRANGER, settings)

RESIZE = {"flavorRef": "s6.large.2"}
CALLERS_OWN = "Zq7aSecretThatTheGatewayDoesNotKnow"


def cloud_by_server(connection, request):
    """An answer that echoes what it was signed with; some that are none."""
    echo = {"error_code": "APIGW.0301",
            "error_msg": "verify aksk signature fail, " + request["Authorization"] +
                         ", canonicalRequest:" + "|".join(f"{n}:{v}" for n, v in request.fields)}
    {"refused": scripts.answering(401, echo), "gone": scripts.hanging_up, "garbage": scripts.raw(b"\x00\x01" * 50),
     "failing": scripts.answering(500, {"error": {"code": "Ecs.0615", "message": "internal"}}),
     }.get(request.server, scripts.answering())(connection, request)


def test_no_secret_in_any_output(start, tmp_path):
    cloud = start.cloud(cloud_by_server)
    chatty = settings(cloud.url, log={"level": "trace", "outcomes": "stdout"}, admin={"address": "127.0.0.1:0"})
    chatty["credentials"][1]["security_token"] = {"file": "acme.token"}
    chatty["credentials"].append({"name": "from-environment", "access_key": {"env": "ENV_AK"},
                                  "secret_key": {"env": "ENV_SK"}, "algorithm": "V11-HMAC-SHA256"})
    other = "9" * 32
    chatty["accounts"].append({"name": "other", "kind": "sub-customer", "credential": "from-environment",
                               "projects": {other: "cn-north-4"}})
    environment = {"ENV_AK": "CLOUDENVAK0000000001", "ENV_SK": "Zq7ENVIRONMENTsecretDoNotLeak0000008"}
    gate = start.gateway(chatty, environment=environment)

    answers = []
    for project in (PARTNER, ACME, other, STRANGER):
        for server in ("fine", "refused", "gone", "garbage", "failing"):
            answers.append(gate.resize(project, server, RESIZE, PLANNER))
        answers.append(gate.call("GET", f"/v1/{project}/jobs/j", proof=PLANNER))
    for proof in (CI, GUEST, SELDOM, SELDOM, calling.nothing, calling.key(CALLERS_OWN),
                  calling.key(CALLERS_OWN, "X-Auth-Token"), calling.key(CALLERS_OWN, "Authorization"),
                  calling.key(API_KEYS["ci"], "Authorization"), calling.key(API_KEYS["ci"], "X-Auth-Token"),
                  calling.signature(PLANNER_KEY, CALLERS_OWN), calling.signature(CALLERS_OWN, CALLERS_OWN),
                  calling.signature(PLANNER_KEY, SECRETS["planner.sk"], -4000)):
        answers.append(gate.resize(PARTNER, "fine", RESIZE, proof, dry_run=True))
        answers.append(gate.resize(PARTNER, "fine", {"flavorRef": 1}, proof))
    with calling.connection(gate.port) as to:  # a header that is not well formed, with a secret in it
        to.send(f"GET / HTTP/1.1\r\nHost: a\r\nX-Api-Key : {API_KEYS['ci']}\r\n\r\n".encode())
        answers.append(to.answer())
    with calling.connection(gate.port) as to:
        call = to.request("GET", f"/v1/{PARTNER}/jobs/j", proof=PLANNER)
        for _ in range(2):
            to.send(call)
            answers.append(to.answer())
    pages = {page: gate.admin(page)[1] for page in ("/", "/metrics", "/status.json", "/config", "/readyz")}
    of_the_file = hashlib.sha256(gate.file.read_bytes()).hexdigest()
    gate.reload(chatty, "reloaded")
    (gate.file.parent / "acme.sk").unlink()
    gate.reload(chatty, "nothing changes")
    gate.tell(signal.SIGTERM)
    assert gate.ended() == 0

    statuses = {answer.status for answer in answers}
    assert {200, 400, 401, 403, 429, 500, 502} <= statuses, statuses
    for answer in answers:
        assert gate.outcome_of(answer)

    signatures = set(re.findall(r"Signature=([0-9a-f]{64})", "\n".join(r["Authorization"] for r in cloud.requests)))
    assert len(signatures) > 10
    secret = [*SECRETS.values(), *API_KEYS.values(), *environment.values(), CALLERS_OWN, PARTNER_KEY, ACME_KEY]
    everything = {"stdout": gate.stdout.text(), "stderr": gate.stderr.text(),
                  # an answer of the cloud other than 401 is the caller's, whatever it says; a refusal of ours never is
                  "answers": "\n".join(repr(answer) for answer in answers), **pages}
    for where, text in everything.items():
        for word in [*secret, *signatures, "Signature=", "Bearer "]:
            assert word not in text, f"{word} in {where}"
        assert "Zq7" not in text, where
        allowed = {of_the_file} if where in ("/status.json", "/config") else set()
        digests = set(re.findall(r"\b[0-9a-f]{64}\b", text))
        assert where == "answers" or digests <= allowed, f"a digest or signature in {where}"


def test_no_core_dump_holds_a_secret(start):
    gate = start.gateway(settings("http://127.0.0.1:1"))
    limits = open(f"/proc/{gate.process.pid}/limits", encoding="ascii").read()
    assert re.search(r"Max core file size +0 +", limits), limits
