"""A credential that the cloud refuses: fetched anew, rested before it is locked, and in use again when it is good."""
import concurrent.futures
import threading
import time

import pytest

import calling
import programs
from credential_world import agency, cloud, gate_for, look, LOOK, TOKEN, USER, with_acme_by
from fakes import scripted_cloud as scripts
from world import ACME, CI, PARTNER, PARTNER_KEY, PLANNER, SECRETS, settings


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
