"""Credentials that stay fresh: every way to come by one, and what callers notice of it, which is nothing."""
import concurrent.futures
import contextlib
import datetime
import json
import os
import re
import socket
import subprocess
import threading
import time

import pytest

import calling
import programs
from fakes import scripted_cloud as scripts
from world import API_KEYS, ACME, ACME_KEY, CI, PARTNER, PARTNER_KEY, PLANNER, SECRETS, settings

PASSWORD = "Zq7IAM pass word doNOTleak\u00fc"
ACME_2 = "1f2e3d4c5b6a79880f1e2d3c4b5a6978"
LOOK = "/v1/{}/cloudservers/{}"


def seed(**more):
    return {
        "accounts": [
            {"name": "partner", "keys": [{"access_key": PARTNER_KEY, "secret_key": SECRETS["partner.sk"]}],
             "users": [{"name": "gateway", "password": PASSWORD}], "projects": [{"id": PARTNER, "region": "cn-north-4"}]},
            {"name": "acme", "keys": [{"access_key": ACME_KEY, "secret_key": SECRETS["acme.sk"]},
                                      {"access_key": "CLOUDACMEAK000000002", "secret_key": "acme-second-secret-key-000000002"}],
             "users": [{"name": "acme-user", "password": PASSWORD}],
             "agencies": [{"name": "resize-operator", "trusts": "partner"}],
             "projects": [{"id": ACME, "region": "cn-north-4"}, {"id": ACME_2, "region": "cn-north-4"}]},
        ],
        "flavors": [{"id": "s6.large.2"}, {"id": "s6.xlarge.2", "vcpus": "4", "ram": "8192"}],
        "servers": [{"id": "of-partner", "project": PARTNER, "flavor": "s6.large.2"},
                    {"id": "of-acme", "project": ACME, "flavor": "s6.large.2"},
                    {"id": "of-acme-2", "project": ACME_2, "flavor": "s6.large.2"}],
        "jobs": {"init_ms": 50, "running_ms": 50},
        "metadata": {"account": "acme"},
        **more,
    }


TOKEN = {"token": {"domain_name": "acme", "user_name": "acme-user", "password": {"file": "password"}}}
USER = {"token": {"domain_name": "partner", "user_name": "gateway", "password": {"file": "password"}}}


def agency(through="partner-key", **more):
    return {"agency": {"through": through, "domain_name": "acme", "agency_name": "resize-operator", "duration": "15m"},
            **more}


def with_acme_by(cloud, way, *others, **changes):
    """A configuration in which acme's calls are signed with a credential of that kind."""
    whole = settings(cloud.url, cloud.ca_file, admin={"address": "127.0.0.1:0"}, **changes)
    whole["credentials"] = [whole["credentials"][0], {"name": "acme-way", **way}, *others]
    if "accounts" not in changes:
        whole["accounts"][1] |= {"credential": "acme-way", "projects": {ACME: "cn-north-4", ACME_2: "cn-north-4"}}
    return whole


@pytest.fixture
def cloud(start):
    return start.simulator(seed(), controlled=True)


@pytest.fixture
def gate_for(start, cloud):
    def begin(way, *others, environment=None, **changes):
        return start.gateway(with_acme_by(cloud, way, *others, **changes), secrets={"password": PASSWORD},
                             environment={"ECS_GATEWAY_METADATA_URL": cloud.metadata_url, **(environment or {})})
    return begin


def look(gate, project=ACME, server="of-acme", proof=CI):
    return gate.call("GET", LOOK.format(project, server), proof=proof)


def requests_to(cloud, path):
    return [r for r in cloud.record() if r["target"].startswith(path)]


def fields_of(request):
    return {name.lower(): value for name, value in request["headers"]}


WAYS = {
    "token": (TOKEN,),
    "agency through a pair": (agency(),),
    "agency through a token": (agency("partner-user"), {"name": "partner-user", **USER}),
    "metadata": ({"metadata": {}},),
    "sdk_default, down to metadata": ({"sdk_default": {}},),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_kind_of_credential_signs_calls(gate_for, cloud, way):
    gate = gate_for(*way, environment={"HOME": "/nonexistent"})
    for project, server in [(ACME, "of-acme"), (ACME_2, "of-acme-2"), (ACME, "of-acme")]:
        answer = look(gate, project, server)
        assert answer.status == 200, answer
    line = gate.outcome_of(answer)
    assert (line["credential"], line["outcome"]) == ("acme-way", "answered")
    sent = fields_of(requests_to(cloud, LOOK.format(ACME, "of-acme"))[-1])
    if "token" in way[0]:
        assert "x-auth-token" in sent and "authorization" not in sent
    else:
        assert "x-security-token" in sent and "x-security-token" in sent["authorization"]


def test_a_token_is_fetched_once_for_each_project(gate_for, cloud):
    gate = gate_for(TOKEN)
    for _ in range(3):
        assert look(gate).status == 200
        assert look(gate, ACME_2, "of-acme-2").status == 200
    assert cloud.control("counts")["tokens"] == 2
    scopes = [json.loads(r["body"])["auth"]["scope"] for r in requests_to(cloud, "/v3/auth/tokens")]
    assert scopes == [{"project": {"id": ACME}}, {"project": {"id": ACME_2}}]


@pytest.mark.parametrize("found_in", ["environment", "profile"])
def test_sdk_default_looks_where_the_sdk_looks(gate_for, cloud, tmp_path, found_in):
    profile = tmp_path / "credentials"
    profile.write_text(f"[basic]\nak = {ACME_KEY}\nsk = {SECRETS['acme.sk']}\n")
    place = {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(profile)} if found_in == "profile" else {
        "HUAWEICLOUD_SDK_AK": ACME_KEY, "HUAWEICLOUD_SDK_SK": SECRETS["acme.sk"]}
    gate = gate_for({"sdk_default": {}}, environment=place)
    assert look(gate).status == 200
    assert [s["access_key"] for s in cloud.control("secrets_seen")] == [ACME_KEY]


def test_the_metadata_service_in_its_older_way(start):
    cloud = start.simulator(seed(metadata={"account": "acme", "token_mode": "off"}), controlled=True)
    gate = start.gateway(with_acme_by(cloud, {"metadata": {}}),
                         environment={"ECS_GATEWAY_METADATA_URL": cloud.metadata_url})
    assert look(gate).status == 200
    counts = cloud.control("counts")
    assert (counts["metadata_token"], counts["metadata_securitykey"]) == (1, 1)


def test_a_server_without_an_agency_is_told_in_clear_words(start):
    cloud = start.simulator(seed(metadata={"account": "acme", "agency": False}), controlled=True)
    gate = start.gateway(with_acme_by(cloud, {"metadata": {}}),
                         environment={"ECS_GATEWAY_METADATA_URL": cloud.metadata_url})
    answer = look(gate)
    assert (answer.status, answer.error()[0]) == (503, "Gateway.0502")
    assert "no agency is bound to this server" in answer.error()[1]


def metadata_service(start, behave):
    """A metadata service, and a gateway that signs acme's calls with what it gives."""
    cloud = start.cloud(behave)
    whole = settings(cloud.url)
    whole["credentials"] = [whole["credentials"][0], {"name": "acme-key", "metadata": {}}]
    return cloud, start.gateway(whole, environment={"ECS_GATEWAY_METADATA_URL": cloud.url})


def pair_of_metadata():
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    return {"credential": {"access": "METAAK1", "secret": "s", "securitytoken": "t",
                           "expires_at": end.strftime("%Y-%m-%dT%H:%M:%S.000000Z")}}


def test_a_404_of_the_metadata_service_is_tried_again_within_seconds(start):
    asked = []

    def behave(connection, request):
        if "securitykey" not in request.line:
            return scripts.answering(404 if "/api/token" in request.line else 200, {})(connection, request)
        asked.append(time.monotonic())
        return scripts.answering(404 if len(asked) < 2 else 200, pair_of_metadata())(connection, request)
    _, gate = metadata_service(start, behave)
    assert look(gate).status == 200  # waits for it
    assert asked[1] - asked[0] < 8


def test_a_metadata_session_that_hangs_leaves_the_older_way(start):
    def behave(connection, request):
        if "/api/token" in request.line:
            return None  # no answer ever comes
        return scripts.answering(200, pair_of_metadata() if "securitykey" in request.line else {})(connection, request)
    cloud, gate = metadata_service(start, behave)
    began = time.monotonic()
    assert look(gate).status == 200 and time.monotonic() - began < 8
    assert [r.line.split()[0] for r in cloud.requests][:2] == ["PUT", "GET"]


def test_a_session_of_the_metadata_service_that_ended_is_renewed(gate_for, cloud):
    cloud.control("metadata", life_ms=1500)
    gate = gate_for({"metadata": {}})
    assert look(gate).status == 200
    cloud.control("revoke", what="sessions")
    programs.wait_until(lambda: look(gate).status == 200 and cloud.control("counts")["metadata_securitykey"] > 2,
                        "a pair after the session's end")


# Load: many calls on kept connections, counted by what came back.
class load:
    def __init__(self, gate, connections=4, project=ACME, server="of-acme"):
        self.good, self.bad, self._stop = 0, [], threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(gate, project, server)) for _ in range(connections)]

    def _run(self, gate, project, server):
        with calling.connection(gate.port) as to:
            while not self._stop.is_set():
                answer = to.call("GET", LOOK.format(project, server), proof=CI)
                with self._lock:
                    if answer.status == 200:
                        self.good += 1
                    else:
                        self.bad.append(answer.body)

    def __enter__(self):
        for t in self._threads:
            t.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for t in self._threads:
            t.join()


def test_no_call_fails_while_credentials_of_two_seconds_end_ten_times(gate_for, cloud):
    cloud.control("iam", life_ms=2000)
    cloud.control("metadata", life_ms=2000)
    gates = [gate_for(way, workers=2) for way in (agency(), TOKEN, {"metadata": {}})]
    loads = [subprocess.Popen(["wrk", "-t1", "-c4", "-d21s", "-H", f"X-Api-Key: {API_KEYS['ci']}",
                               f"http://127.0.0.1:{gate.port}{LOOK.format(ACME, 'of-acme')}"],
                              stdout=subprocess.PIPE, text=True) for gate in gates]
    for done in [load.communicate(timeout=60)[0] for load in loads]:
        assert int(re.search(r"(\d+) requests in", done)[1]) > 1000, done
        assert "Non-2xx" not in done and "Socket errors" not in done, done
    for gate in gates:
        assert gate.metric("ecs_gateway_credential_refreshes_total", credential="acme-way", result="success") >= 10
        assert gate.metric("ecs_gateway_credential_expiry_seconds", credential="acme-way") <= 2
    # Renewed ahead of the end, so more often than it ends; and never in a hurry.
    counts = cloud.control("counts")
    assert all(10 <= counts[kind] <= 30 for kind in ("securitytokens", "tokens", "metadata_securitykey")), counts


def test_what_is_preloaded_is_there_before_the_first_call(gate_for, cloud):
    gate = gate_for(agency(preload=True))
    programs.wait_until(lambda: cloud.control("counts")["securitytokens"] == 1, "the pair")
    programs.wait_until(lambda: gate.metric("ecs_gateway_credential_expiry_seconds", credential="acme-way"), "its life")
    assert gate.admin("/readyz")[0] == 200
    assert look(gate).status == 200
    assert cloud.control("counts")["securitytokens"] == 1


def test_the_process_keeps_its_secrets_out_of_swap_and_core_dumps(gate_for):
    gate = gate_for(agency())
    assert look(gate).status == 200
    with open(f"/proc/{gate.process.pid}/status", encoding="utf-8") as status:
        locked = int(re.search(r"VmLck:\s+(\d+) kB", status.read())[1])
    with open(f"/proc/{gate.process.pid}/limits", encoding="utf-8") as limits:
        assert re.search(r"Max core file size\s+0\s+0", limits.read())
    with open(f"/proc/{gate.process.pid}/smaps", encoding="utf-8") as areas:
        left_out_and_locked = [line for line in areas if line.startswith("VmFlags:") and " dd" in line and " lo" in line]
    if "can't be locked into memory" not in gate.stderr.text():
        assert locked > 0 and left_out_and_locked


def test_a_thousand_first_calls_at_once_are_one_request_to_iam(gate_for, cloud):
    cloud.control("iam", delay_ms=1000)
    gate = gate_for(TOKEN, workers=2)
    with contextlib.ExitStack() as stack:
        request = calling.render("GET", LOOK.format(ACME, "of-acme"), [("Host", "g"), *CI("", "", [], b"")], b"")
        sockets = [stack.enter_context(socket.create_connection(("127.0.0.1", gate.port), 30)) for _ in range(1000)]
        for s in sockets:
            s.sendall(request)
        statuses = []
        for s in sockets:
            s.settimeout(60)
            statuses.append(s.recv(12))
    assert set(statuses) == {b"HTTP/1.1 200"}, {s: statuses.count(s) for s in set(statuses)}
    assert cloud.control("counts")["tokens"] == 1


def test_a_call_waits_for_a_slow_iam_and_no_longer_than_it_may(gate_for, cloud):
    cloud.control("iam", delay_ms=700)
    gate = gate_for(agency(), timeouts={"credential": "2s"})
    answer = look(gate)
    assert answer.status == 200 and gate.outcome_of(answer)["duration_us"] > 600_000
    cloud.control("iam", delay_ms=5000)
    slow = gate_for(agency(), timeouts={"credential": "1s"})
    answer = look(slow)
    assert (answer.status, answer.error()[0], answer["X-Gateway-Outcome"]) == (503, "Gateway.0502", "not_sent")
    assert int(answer["Retry-After"]) >= 1
    line = slow.outcome_of(answer)
    assert (line["outcome"], line["credential"]) == ("not_sent", "acme-way") and line["duration_us"] > 900_000


@pytest.mark.parametrize("fault", ["down", "throttled", "garbage", "close"])
def test_the_old_credential_serves_while_iam_fails_and_a_new_one_comes_when_it_is_back(gate_for, cloud, fault):
    cloud.control("iam", life_ms=4000)
    gate = gate_for(agency())
    assert look(gate).status == 200
    cloud.control("iam", fault=fault)
    with load(gate, 1) as calls:
        gate.wait_for(gate.stderr, "can't be renewed: credential=acme-way")
        assert gate.metric("ecs_gateway_credential_trouble", credential="acme-way") == 1
    assert calls.bad == [] and calls.good > 0
    programs.wait_until(lambda: look(gate).status == 503, "the end of the old credential")
    assert gate.metric("ecs_gateway_credential_trouble", credential="acme-way") == 2
    before = cloud.control("counts")["securitytokens"]
    assert before < 15, "IAM is asked less and less often"
    cloud.control("iam", fault="none")
    programs.wait_until(lambda: look(gate).status == 200, "a call after IAM is back")
    assert gate.metric("ecs_gateway_credential_trouble", credential="acme-way") == 0
    assert len(re.findall("can't be renewed|can't be had", gate.stderr.text())) <= 3, "told once, not at each try"


def test_a_wrong_password_is_said_once_and_does_not_lock_the_user(start, cloud):
    gate = start.gateway(with_acme_by(cloud, TOKEN), secrets={"password": "wrong"})
    for _ in range(10):
        answer = look(gate)
        assert (answer.status, answer.error()[0]) == (503, "Gateway.0502")
    assert "IAM refuses it: 401" in answer.error()[1]
    assert cloud.control("counts")["tokens"] == 1
    assert len(re.findall("credential: can't be had", gate.stderr.text())) == 1
    status, page = gate.admin("/readyz")
    [reason] = json.loads(page)["reasons"]
    assert (status, reason["what"], reason["name"]) == (503, "credential", "acme-way") and "401" in reason["why"]
    # The operator corrects the file and says so.
    (gate.file.parent / "password").write_text(PASSWORD)
    gate.tell(1)
    programs.wait_until(lambda: look(gate).status == 200, "a call with the right password")
    assert gate.admin("/readyz")[0] == 200


@pytest.mark.parametrize("off", [1200, -1200])
def test_a_wrong_clock_is_told_in_clear_words(gate_for, cloud, off):
    cloud.control("clock", offset_s=off)
    gate = gate_for(agency())
    answer = look(gate)
    assert (answer.status, answer.error()[0]) == (503, "Gateway.0502")
    assert re.search(rf"clock is (20m0s|19m59s|20m1s) {'behind' if off > 0 else 'ahead of'} the cloud's", answer.error()[1])
    pair = look(gate, PARTNER, "of-partner")
    assert (pair.status, pair.error()[0]) == (502, "Gateway.0505")
    assert re.search(rf"clock is \S+ {'behind' if off > 0 else 'ahead of'} the cloud's", pair.error()[1])
    assert abs(gate.metric("ecs_gateway_upstream_clock_skew_seconds", region="cn-north-4") - off) <= 2


def test_a_token_is_good_although_the_clock_is_wrong(gate_for, cloud):
    cloud.control("clock", offset_s=90000)  # a day and more: by our clock the token is long expired
    gate = gate_for(TOKEN)
    assert look(gate).status == 200


@pytest.mark.parametrize("way, what, path", [(TOKEN, "tokens", "tokens"), (agency(), "pairs", "securitytokens"),
                                            ({"metadata": {}}, "pairs", "metadata_securitykey")],
                         ids=["token", "agency", "metadata"])
def test_a_call_refused_for_a_revoked_secret_goes_out_once_more_with_a_fresh_one(gate_for, cloud, way, what, path):
    gate = gate_for(way)
    assert look(gate).status == 200
    cloud.control("revoke", what=what)
    answer = gate.resize(ACME, "of-acme", {"flavorRef": "s6.xlarge.2"}, proof=calling.key("Zq7GUESTapiKEYdoNOTleak6"))
    assert answer.status == 403  # the guest may not: nothing goes out for it
    answer = gate.resize(ACME, "of-acme", {"flavorRef": "s6.xlarge.2"}, CI, dry_run=True)
    assert answer.status == 202, answer
    resizes = [r for r in cloud.record() if r["target"].endswith("/resize")]
    assert len(resizes) == 2  # one was turned away
    assert cloud.control("counts")[path] == 2
    line = gate.outcome_of(answer)
    assert (line["outcome"], line["status"]) == ("answered", 202)


def test_a_change_goes_out_once_although_its_secret_was_revoked(gate_for, cloud):
    gate = gate_for(agency())
    assert look(gate).status == 200
    cloud.control("revoke", what="pairs")
    answer = gate.resize(ACME, "of-acme", {"flavorRef": "s6.xlarge.2"}, PLANNER, fields=[("Idempotency-Key", "k")])
    assert (answer.status, answer.error()[0], answer["X-Gateway-Outcome"]) == (502, "Gateway.0505", "not_sent")
    assert answer["X-Gateway-Change-State"] == "refused" and "nothing was done" in answer.error()[1]
    assert len([r for r in cloud.record() if r["target"].endswith("/resize")]) == 1
    programs.wait_until(lambda: look(gate).status == 200, "a fresh secret")
    again = gate.resize(ACME, "of-acme", {"flavorRef": "s6.xlarge.2"}, PLANNER, fields=[("Idempotency-Key", "k")])
    assert (again.status, again["X-Gateway-Change-State"]) == (200, "accepted"), "what was refused has freed its key"


def test_it_goes_out_once_more_for_that_answer_only(gate_for, cloud):
    gate = gate_for(agency())
    assert look(gate).status == 200
    cloud.control("revoke", what="pairs")
    cloud.control("iam", fault="down")
    answer = gate.resize(ACME, "of-acme", {"flavorRef": "s6.xlarge.2"}, CI, dry_run=True)
    assert (answer.status, answer.error()[0], answer["X-Gateway-Outcome"]) == (503, "Gateway.0502", "not_sent")
    assert "The call was sent, and the cloud turned it away before doing anything" in answer.error()[1]
    assert len([r for r in cloud.record() if r["target"].endswith("/resize")]) == 1


def test_a_key_that_the_cloud_refuses_is_rested_before_it_is_locked(gate_for, cloud):
    gate = gate_for(agency(), workers=2)
    assert look(gate, PARTNER, "of-partner").status == 200
    cloud.control("key", access_key=PARTNER_KEY, secret_key="another-secret-key-of-the-cloud")
    refused_before = cloud.control("counts")["refused"]
    answers = [look(gate, PARTNER, "of-partner") for _ in range(8)]
    # Two of one caller, and the gateway's own query.
    assert [a.error()[0] for a in answers] == ["Gateway.0505"] * 2 + ["Gateway.0502"] * 6
    assert cloud.control("counts")["refused"] - refused_before == 3
    assert "three times in a row" in answers[-1].error()[1] and answers[-1]["X-Gateway-Outcome"] == "not_sent"
    assert 1 <= int(answers[-1]["Retry-After"]) <= 30
    status, page = gate.admin("/readyz")
    assert status == 503 and "three times in a row" in page and '"partner-key"' in page
    assert gate.metric("ecs_gateway_credential_trouble", credential="partner-key") == 2
    # Somebody puts it right and reloads: it is tried with a query of its own and taken up again.
    cloud.control("key", access_key=PARTNER_KEY, secret_key=SECRETS["partner.sk"])
    gate.tell(1)
    gate.wait_for(gate.stderr, "the cloud accepts it again, it is in use again: credential=partner-key")
    assert look(gate, PARTNER, "of-partner").status == 200
    assert gate.admin("/readyz")[0] == 200


def test_a_caller_whose_calls_are_refused_takes_the_key_from_nobody(start):
    """The cloud refuses whatever names one server, as it would a call whose signature it reads differently."""
    refusal = {"error_code": "APIGW.0301", "error_msg": "verify aksk signature fail"}

    def behave(connection, request):
        refused = "/cloudservers/unlucky" in request.line
        scripts.answering(401 if refused else 200, refusal if refused else {"flavors": []})(connection, request)
    cloud = start.cloud(behave)
    gate = start.gateway(settings(cloud.url, admin={"address": "127.0.0.1:0"}))
    unlucky = [look(gate, PARTNER, "unlucky", CI) for _ in range(3)]
    assert {answer.error()[0] for answer in unlucky} == {"Gateway.0505"}
    for _ in range(20):
        assert look(gate, PARTNER, "unlucky", CI).error()[0] == "Gateway.0505"
        assert look(gate, PARTNER, "s", PLANNER).status == 200
    assert gate.admin("/readyz")[0] == 200
    gate.wait_for(gate.stderr, "accepts the gateway's own query, so it stays in use: credential=partner-key")


def test_a_caller_that_is_held_back_may_try_once_while_the_gateways_own_query_gets_no_verdict(start):
    """The cloud refuses two calls, and has no answer for the query with which the gateway tries the key."""
    def calls_at(cloud):
        return [request for request in cloud.requests if "/resize_flavors" not in request.line]

    def behave(connection, request):
        status = 503 if "/resize_flavors" in request.line else 401 if len(calls_at(cloud)) <= 2 else 200
        scripts.answering(status, {})(connection, request)
    cloud = start.cloud(behave)
    gate = start.gateway(settings(cloud.url))
    assert [look(gate, PARTNER, "s").error()[0] for _ in range(2)] == ["Gateway.0505"] * 2
    programs.wait_until(lambda: look(gate, PARTNER, "s").status == 200, "a try of its own")
    assert len(calls_at(cloud)) == 3 and len(cloud.requests) >= 6


def test_a_rested_key_that_a_call_under_way_shows_to_be_good_is_in_use_again(start):
    go = threading.Event()

    def behave(connection, request):
        if "/cloudservers/slow" in request.line:
            go.wait(60)
        good = "/cloudservers/slow" in request.line or "/cloudservers/good" in request.line
        scripts.answering(200 if good else 401, {})(connection, request)
    cloud = start.cloud(behave)
    gate = start.gateway(settings(cloud.url, admin={"address": "127.0.0.1:0"}))
    assert look(gate, PARTNER, "good").status == 200
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        slow = pool.submit(look, gate, PARTNER, "slow")
        programs.wait_until(lambda: any("/slow" in request.line for request in cloud.requests), "the slow call")
        for proof in (CI, PLANNER, CI):
            assert look(gate, PARTNER, "bad", proof).error()[0] == "Gateway.0505"
        programs.wait_until(lambda: gate.admin("/readyz")[0] == 503, "the key to be shown as rested")
        go.set()
        assert slow.result().status == 200
    programs.wait_until(lambda: gate.admin("/readyz")[0] == 200, "the key to be shown as good")
    assert look(gate, PARTNER, "good").status == 200


def test_a_key_that_is_refused_to_two_callers_is_rested(start):
    cloud = start.cloud(scripts.answering(401, {"error_code": "APIGW.0301", "error_msg": "no"}))
    gate = start.gateway(settings(cloud.url))
    codes = [look(gate, PARTNER, "s", proof).error()[0] for proof in (CI, PLANNER, CI, PLANNER)]
    assert codes == ["Gateway.0505"] * 3 + ["Gateway.0502"] and len(cloud.requests) == 3


def test_many_first_calls_with_a_wrong_secret_are_not_enough_to_lock_the_key(start, cloud):
    gate = start.gateway(with_acme_by(cloud, agency(), workers=2), secrets={"partner.sk": "a-wrong-secret-key"})
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        codes = [a.error()[0] for a in pool.map(lambda _: look(gate, PARTNER, "of-partner"), range(32))]
    assert set(codes) <= {"Gateway.0505", "Gateway.0502"} and codes.count("Gateway.0505") <= 3
    assert cloud.control("counts")["refused"] <= 3


def test_a_rested_pair_that_ends_meanwhile_is_fetched_anew(gate_for, cloud):
    cloud.control("iam", life_ms=3000)
    gate = gate_for(agency())
    assert look(gate).status == 200
    cloud.control("clock", offset_s=-1200)  # signatures are refused, by IAM as well
    assert [look(gate).error()[0] for _ in range(4)] == ["Gateway.0505"] * 2 + ["Gateway.0502"] * 2
    assert "three times" in look(gate).error()[1]
    cloud.control("iam", life_ms=3000, delay_ms=2500)  # its renewal is under way when it ends
    programs.wait_until(lambda: look(gate).status == 503 and "three times" not in look(gate).error()[1], "its end")
    seen = len(gate.stderr.lines)
    gate.tell(1)  # what is rested is tried at once, but there is nothing left to try
    gate.wait_for_new(seen, "reloaded")
    assert look(gate).status == 503
    cloud.control("clock", offset_s=0)
    cloud.control("iam", life_ms=3000)
    gate.tell(1)
    programs.wait_until(lambda: look(gate).status == 200, "a call with the right clock")


def test_an_agency_behind_a_revoked_token_is_had_with_a_fresh_one(gate_for, cloud):
    gate = gate_for(agency("partner-user"), {"name": "partner-user", **USER})
    assert look(gate).status == 200
    cloud.control("revoke", what="all")
    assert look(gate).status == 200
    counts = cloud.control("counts")
    assert (counts["tokens"], counts["securitytokens"]) == (2, 3)  # the second was asked for with the revoked token


def test_no_more_than_three_refusals_reach_the_cloud_though_their_bodies_are_slow(start):
    go = threading.Event()

    def refuse(connection, _request):
        connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n")
        go.wait(30)
        connection.sendall(b"{}")
    cloud = start.cloud(refuse)
    gate = start.gateway(settings(cloud.url, workers=2))
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        calls = [pool.submit(look, gate, PARTNER, "s") for _ in range(16)]
        programs.wait_until(lambda: len(cloud.requests) == 2, "two calls")
        time.sleep(0.3)  # a third would come within the 50 ms after which those who wait look again
        assert len(cloud.requests) == 2
        go.set()
        codes = sorted(call.result().error()[0] for call in calls)
    assert codes == ["Gateway.0502"] * 14 + ["Gateway.0505"] * 2
    assert len(cloud.requests) == 3  # and the gateway's own query


def test_reloads_do_not_wear_a_rested_key_out(gate_for, cloud):
    cloud.control("key", access_key=PARTNER_KEY, secret_key="another-secret-key-of-the-cloud")
    gate = gate_for(agency())
    programs.wait_until(lambda: look(gate, PARTNER, "of-partner").error()[0] == "Gateway.0502", "the rest")
    gate.wait_for(gate.stderr, "rested, the cloud refuses it: credential=partner-key next_try_in=30s")
    for _ in range(5):
        seen = len(gate.stderr.lines)
        gate.tell(1)
        gate.wait_for_new(seen, "reloaded")
    gate.wait_for(gate.stderr, "rested, the cloud refuses it: credential=partner-key next_try_in=120s")
    assert cloud.control("counts")["refused"] == 4  # two calls and two queries


def test_what_a_reload_removes_is_no_longer_kept(gate_for, cloud):
    cloud.control("iam", fault="down")
    gate = gate_for(TOKEN, timeouts={"credential": "1s"})
    assert look(gate).status == 503 and look(gate, ACME_2, "of-acme-2").status == 503
    cloud.control("iam", fault="none")
    whole = with_acme_by(cloud, TOKEN)
    del whole["accounts"][1]["projects"][ACME_2]
    gate.reload(whole, "reloaded")
    programs.wait_until(lambda: look(gate).status == 200, "the other project's token")
    assert look(gate, ACME_2, "of-acme-2").error()[0] == "Gateway.0202"
    assert gate.admin("/readyz")[0] == 200


def test_callers_do_not_learn_what_iam_says(start, cloud):
    gate = start.gateway(with_acme_by(cloud, TOKEN), secrets={"password": "wrong"})
    answer = look(gate)
    assert answer.error()[1].startswith("credential acme-way can't be used just now: IAM refuses it: 401. Nothing")
    page = gate.admin("/readyz")[1]
    assert "IAM refuses it: 401: " in page and "password" in page


def test_check_online_ends_though_iam_does_not_answer(cloud, tmp_path):
    cloud.control("iam", fault="slow", delay_ms=20000)
    whole = with_acme_by(cloud, agency("partner-user"), {"name": "partner-user", **USER}, timeouts={"credential": "1s"})
    for name, secret in {**SECRETS, "password": PASSWORD}.items():
        (tmp_path / name).write_text(secret)
    file = tmp_path / "gateway.yaml"
    file.write_text(json.dumps(whole))
    done = programs.run("ecs-gateway", "check", "--config", file, "--online")
    assert done.returncode == 1
    assert re.search(r"credential acme-way: FAILED: .*(timed out|did not come in time)", done.stdout), done.stdout


@pytest.mark.parametrize("how", ["files", "symlink"])
def test_a_pair_in_files_is_rotated_under_load(gate_for, cloud, tmp_path, how):
    folder = tmp_path / "secrets"
    first, second = (ACME_KEY, SECRETS["acme.sk"]), ("CLOUDACMEAK000000002", "acme-second-secret-key-000000002")

    def put(where, pair):
        where.mkdir(exist_ok=True)
        for name, text in zip(("ak", "sk"), pair):
            (where / f"{name}.new").write_text(text)
            (where / f"{name}.new").rename(where / name)

    folder.mkdir()
    if how == "symlink":  # as a Kubernetes secret is mounted
        put(folder / "..v1", first)
        put(folder / "..v2", second)
        (folder / "..data").symlink_to("..v1")
        for name in ("ak", "sk"):
            (folder / name).symlink_to(f"..data/{name}")
    else:
        put(folder, first)
    gate = gate_for({"access_key": {"file": str(folder / "ak")}, "secret_key": {"file": str(folder / "sk")}}, workers=2)
    with load(gate, 4) as calls:
        programs.wait_until(lambda: calls.good > 50, "calls with the first pair")
        if how == "symlink":
            (folder / "..tmp").symlink_to("..v2")
            (folder / "..tmp").rename(folder / "..data")
        else:
            put(folder, second)
        swapped = time.time()
        programs.wait_until(lambda: any(s["access_key"] == second[0] for s in cloud.control("secrets_seen")), "the second pair")
        good = calls.good
        programs.wait_until(lambda: calls.good > good + 100, "more calls")
    assert calls.bad == []
    seen = {s["access_key"]: s["last_used"] for s in cloud.control("secrets_seen")}
    unused_since = datetime.datetime.fromisoformat(seen[first[0]].replace("Z", "+00:00")).timestamp()
    assert unused_since - swapped <= 1.0, "the old pair is unused within a second"
    if os.geteuid() == 0 and not programs.SANITIZED:
        assert not any(first[1].encode() in part for part in memory_of(gate.process.pid)), "its secret key is gone"


def test_check_online_tries_every_credential_once(cloud, tmp_path):
    whole = with_acme_by(cloud, agency("partner-user"), {"name": "partner-user", **USER}, {"name": "here", "metadata": {}})
    for name, secret in {**SECRETS, "password": PASSWORD}.items():
        (tmp_path / name).write_text(secret)
    file = tmp_path / "gateway.yaml"
    file.write_text(json.dumps(whole))
    os.environ["ECS_GATEWAY_METADATA_URL"] = cloud.metadata_url
    try:
        done = programs.run("ecs-gateway", "check", "--config", file, "--online")
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"credential partner-key: ok\ncredential acme-way: ok, good for 1[45]m\n"
                         r"credential partner-user: ok.*\ncredential here: ok.*\nOK\n$", done.stdout, re.S), done.stdout
        (tmp_path / "password").write_text("wrong")
        (tmp_path / "partner.sk").write_text("wrong")
        done = programs.run("ecs-gateway", "check", "--config", file, "--online")
    finally:
        del os.environ["ECS_GATEWAY_METADATA_URL"]
    assert done.returncode == 1 and "OK" not in done.stdout.splitlines()
    assert re.search(r"credential partner-key: FAILED: .*401.*verify aksk signature fail", done.stdout), done.stdout
    assert re.search(r"credential acme-way: FAILED: partner-user: IAM refuses it: 401", done.stdout), done.stdout
    for secret in [*SECRETS.values(), PASSWORD]:
        assert secret not in done.stdout + done.stderr


def memory_of(pid):
    """All readable and writable memory of a process."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            begin, end = (int(x, 16) for x in span.split("-"))
            try:
                memory.seek(begin)
                yield memory.read(end - begin)
            except OSError:
                continue  # guard pages


@pytest.mark.skipif(os.geteuid() != 0, reason="reads another process's memory")
@pytest.mark.skipif(programs.SANITIZED, reason="sanitizers keep memory of their own")
def test_a_secret_that_was_renewed_is_nowhere_in_memory(gate_for, cloud):
    cloud.control("iam", life_ms=1500)
    gate = gate_for(TOKEN, {"name": "by-agency", **agency()}, accounts=[
        {"name": "partner", "kind": "partner", "credential": "partner-key", "projects": {PARTNER: "cn-north-4"}},
        {"name": "acme", "kind": "sub-customer", "credential": "acme-way", "projects": {ACME: "cn-north-4"}},
        {"name": "acme2", "kind": "sub-customer", "credential": "by-agency", "projects": {ACME_2: "cn-north-4"}}])
    assert look(gate).status == 200 and look(gate, ACME_2, "of-acme-2").status == 200
    cloud.control("iam", life_ms=3_600_000)  # the renewed ones: no request for others is under way when the memory is read
    token = next(v for r in cloud.record() if (v := fields_of(r).get("x-auth-token"))).encode()
    security_token = next(v for r in cloud.record() if (v := fields_of(r).get("x-security-token"))).encode()

    def both_renewed():
        assert look(gate).status == 200 and look(gate, ACME_2, "of-acme-2").status == 200
        last = [fields_of(r) for r in cloud.record()[-2:]]
        return all(f.get("x-auth-token", "").encode() != token and f.get("x-security-token", "").encode() != security_token
                   for f in last)
    programs.wait_until(both_renewed, "renewal")
    assert look(gate).status == 200 and look(gate, ACME_2, "of-acme-2").status == 200
    whole = list(memory_of(gate.process.pid))
    for name, secret in (("token", token), ("security token", security_token), ("password", PASSWORD.encode())):
        # Any 32 bytes of it in a row would be too much.
        pieces = [secret[i:i + 32] for i in range(0, max(len(secret) - 31, 1), 32)]
        found = [i for i, piece in enumerate(pieces) if any(piece in part for part in whole)]
        assert not found, f"pieces {found[:10]} of {len(pieces)} of the old {name} are still there"


def test_a_thousand_agencies_are_fetched_when_used_and_weigh_little(start):
    count = 1000
    projects = [f"{i:032x}" for i in range(count)]
    world = seed()
    world["accounts"] = world["accounts"][:1] + [
        {"name": f"c{i}", "agencies": [{"name": "resize-operator", "trusts": "partner"}], "projects": [projects[i]]}
        for i in range(count)]
    world["servers"] = [{"id": f"s{i}", "project": projects[i], "flavor": "s6.large.2"} for i in range(count)]
    world["metadata"] = {"account": "partner"}
    cloud = start.simulator(world, controlled=True)
    whole = settings(cloud.url, cloud.ca_file)
    whole["credentials"] = [whole["credentials"][0]] + [
        {"name": f"a{i}", "agency": {"through": "partner-key", "domain_name": f"c{i}", "agency_name": "resize-operator"}}
        for i in range(count)]
    whole["accounts"] = [whole["accounts"][0]] + [
        {"name": f"c{i}", "kind": "sub-customer", "credential": f"a{i}", "projects": {projects[i]: "cn-north-4"}}
        for i in range(count)]
    gate = start.gateway(whole)

    def resident():
        with open(f"/proc/{gate.process.pid}/status", encoding="utf-8") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])

    assert look(gate, PARTNER, "of-partner").status == 404  # warms up: no such server here
    assert cloud.control("counts")["securitytokens"] == 0
    before = resident()
    with calling.connection(gate.port) as to:
        for i in range(count):
            answer = to.call("GET", LOOK.format(projects[i], f"s{i}"), proof=CI)
            assert answer.status == 200, answer
    assert cloud.control("counts")["securitytokens"] == count
    each = (resident() - before) / count
    print(f"{each:.2f} KiB for an agency")
    if not programs.SANITIZED:
        assert each < 8


def test_a_refusal_of_which_only_the_head_comes_has_an_end(start):
    def behave(connection, request):
        if "/v3/auth/tokens" in request.line:
            scripts.answering(201, {"token": {"expires_at": "2099-01-01T00:00:00.000000Z"}},
                              [("X-Subject-Token", "a-token")])(connection, request)
        else:
            connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 100\r\n\r\n{\"er")
            gone.wait(30)
    gone = threading.Event()
    cloud = start.cloud(behave)
    whole = settings(cloud.url, timeouts={"upstream_response": "1s"})
    whole["credentials"][0] = {"name": "partner-key", "token": {
        "domain_name": "d", "user_name": "u", "password": {"literal": "p"}}}
    gate = start.gateway(whole)
    answer = gate.call("GET", LOOK.format(PARTNER, "stopped"), proof=CI)
    gone.set()
    assert (answer.status, answer.error()[0]) == (504, "Gateway.0504")
    assert gate.outcome_of(answer)["outcome"] == "unknown"
