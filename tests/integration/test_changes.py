"""Changes and their record: what a repeat gets, who holds a server, what callers are told of it."""
import json
import threading

import pytest

import calling
import programs
from change_world import change_settings, cloud, gate, JOB, JSON, key, ledger, OTHER, resize, resizes, shared_cloud, state_of
from fakes import scripted_cloud as scripts
from programs import wait_until
from world import ACME, API_KEYS, CI, PARTNER, PLANNER, SECRETS, new_server


@pytest.mark.parametrize("again", [("Idempotency-Key", "one-{}"), ("Idempotency-Key", '"one-{}"'), ("X-Client-Token", "one-{}")],
                         ids=["the_same_field", "in_quotes", "as_client_token"])
def test_a_repeat_with_the_key_gets_the_answer_of_the_first(gate, cloud, again):
    server = new_server()
    first = resize(gate, server, key(f"one-{server}"))
    assert first.status == 200 and first["Idempotent-Replayed"] is None
    assert first["X-Gateway-Change-Id"] == first["X-Gateway-Request-Id"] and first["X-Gateway-Change-State"] == "accepted"
    repeat = resize(gate, server, [(again[0], again[1].format(server))])
    assert (repeat.status, repeat.body, repeat["Content-Type"]) == (200, first.body, "application/json")
    assert repeat["Idempotent-Replayed"] == "true" and repeat["X-Gateway-Outcome"] == "answered"
    assert repeat["X-Gateway-Change-Id"] == first["X-Gateway-Change-Id"] != repeat["X-Gateway-Request-Id"]
    line = gate.outcome_of(repeat)
    assert (line["replayed"], line["change_id"], line["idempotency_key"]) == (True, first["X-Gateway-Change-Id"], f"one-{server}")
    assert "replayed" not in gate.outcome_of(first)
    assert len(resizes(cloud)) == 1


def test_the_same_signature_is_the_same_change(gate, cloud):
    with calling.connection(gate.port) as to:
        call = to.request("POST", f"/v1.1/{PARTNER}/cloudservers/{new_server()}/resize",
                          b'{"resize":{"flavorRef":"s6.large.2"}}', [JSON], PLANNER)
        to.send(call)
        first = to.answer()
        to.send(call)
        repeat = to.answer()
    assert (first.status, repeat.status, repeat.body) == (200, 200, first.body)
    assert repeat["Idempotent-Replayed"] == "true" and len(resizes(cloud)) == 1


@pytest.mark.parametrize("other", [{"flavor": "s6.xlarge.2"}, {"version": "v1"}, {"project": OTHER}, {"server": True}],
                         ids=["body", "path", "project", "server"])
def test_a_key_is_for_one_request(gate, cloud, other):
    server = new_server()
    first = resize(gate, server, key(f"k-{server}"))
    changed = {"server": server, **other}
    changed["server"] = new_server() if changed["server"] is True else changed["server"]
    answer = resize(gate, fields=key(f"k-{server}"), **changed)
    assert (answer.status, answer.error()[0], answer["X-Gateway-Outcome"]) == (422, "Gateway.0602", "not_sent")
    assert first["X-Gateway-Change-Id"] in answer.error()[1]
    assert len(resizes(cloud)) == 1


def test_a_key_counts_for_its_caller_and_account(gate, cloud):
    name = new_server()
    for proof, project in ((PLANNER, PARTNER), (CI, PARTNER), (PLANNER, ACME)):
        answer = resize(gate, new_server(), key(name), proof, project=project)
        assert answer.status == 200 and answer["Idempotent-Replayed"] is None
    assert len(resizes(cloud)) == 3


@pytest.mark.parametrize("fields", [key(""), key("two words"), key('"open'), key("x" * 256), key("\xe4"),
                                    [*key("a"), ("X-Client-Token", "b")], [("X-Gateway-After", "the-one-before")]],
                         ids=["empty", "words", "quote", "long", "not_ascii", "differ", "after"])
def test_a_field_that_can_not_be_read_is_refused(gate, cloud, fields):
    answer = resize(gate, new_server(), fields)
    assert (answer.status, answer.error()[0], answer["X-Gateway-Outcome"]) == (400, "Gateway.0003", "not_sent")
    assert not resizes(cloud)


def test_a_rule_can_want_a_key(gate, cloud):
    answer = resize(gate, f"keyed-{new_server()}")
    assert (answer.status, answer.error()[0]) == (400, "Gateway.0204")
    assert gate.outcome_of(answer)["decision"] == "denied"
    assert resize(gate, f"keyed-{new_server()}", key(new_server())).status == 200
    dry = gate.resize(PARTNER, f"keyed-{new_server()}", {"flavorRef": "s6.large.2"}, PLANNER, dry_run=True)
    assert dry.status == 200 and dry["X-Gateway-Change-Id"] is None, "a dry run is a query"


def test_over_v1_a_dry_run_is_a_change(gate, cloud):
    answer = gate.resize(PARTNER, new_server(), {"flavorRef": "s6.large.2"}, PLANNER, "v1", dry_run=True)
    assert answer["X-Gateway-Change-State"] == "accepted"


def test_a_key_stays_here_and_a_client_token_goes_on(gate, cloud):
    resize(gate, new_server(), [*key("kept-" + new_server())])
    assert resizes(cloud)[-1]["Idempotency-Key"] is None
    token = "passed-" + new_server()
    resize(gate, new_server(), [("X-Client-Token", token)])
    assert resizes(cloud)[-1]["X-Client-Token"] == token


def test_upstream_a_change_is_known_by_its_id(gate, cloud):
    answer = resize(gate, new_server())
    assert resizes(cloud)[-1]["traceparent"].split("-")[1] == answer["X-Gateway-Change-Id"]


def test_a_repeat_waits_for_the_answer_of_the_first(gate, cloud):
    server, held = new_server(), threading.Event()

    def slowly(connection, request):
        held.wait(programs.PATIENCE)
        scripts.answering()(connection, request)
    cloud.behave = slowly
    answers = {}

    def call(name):
        answers[name] = resize(gate, server, key(f"slow-{server}"))
    callers = [threading.Thread(target=call, args=(name,)) for name in ("first", "repeat")]
    callers[0].start()
    wait_until(lambda: resizes(cloud), "the first call at the cloud")
    callers[1].start()
    held.set()
    for each in callers:
        each.join(programs.PATIENCE)
    assert answers["first"].status == answers["repeat"].status == 200
    assert sorted(a["Idempotent-Replayed"] or "" for a in answers.values()) == ["", "true"]
    assert len(resizes(cloud)) == 1


def test_what_the_cloud_refused_may_be_tried_again_with_the_key(gate, cloud):
    server, name = new_server(), new_server()
    cloud.behave = scripts.answering(400, {"error": {"code": "Ecs.0100", "message": "stop it first"}})
    refused = resize(gate, server, key(name))
    assert (refused.status, refused["X-Gateway-Change-State"]) == (400, "refused")
    cloud.behave = scripts.answering()
    again = resize(gate, server, key(name))
    assert (again.status, again["X-Gateway-Change-State"]) == (200, "accepted")
    assert again["X-Gateway-Change-Id"] != refused["X-Gateway-Change-Id"]


def test_what_was_not_sent_has_used_up_neither_key_nor_signature(start, cloud):
    away = scripts.scripted_cloud()
    away.close()
    gone = change_settings(away)
    gate = start.gateway(gone)
    with calling.connection(gate.port) as to:
        call = to.request("POST", f"/v1.1/{PARTNER}/cloudservers/s/resize", b'{"resize":{"flavorRef":"s6.large.2"}}',
                          [JSON, *key("k")], PLANNER)
        to.send(call)
        first = to.answer()
        assert (first.status, first["X-Gateway-Outcome"]) == (502, "not_sent") and "can be repeated" in first.error()[1]
        gate.reload(change_settings(cloud), "reloaded")
        to.send(call)
        assert to.answer().status == 200


def test_an_answer_that_was_too_large_to_keep_is_told_by_its_ids(gate, cloud):
    server, name = new_server(), new_server()
    cloud.behave = scripts.answering(200, {"job_id": JOB, "order_id": "CS1", "more": "x" * 5000})
    first = resize(gate, server, key(name))
    assert len(first.body) > 5000
    repeat = resize(gate, server, key(name))
    assert (repeat.status, repeat.json()) == (200, {"job_id": JOB, "order_id": "CS1"})
    assert repeat["Idempotent-Replayed"] == "true"


def lose(gate, cloud, server, fields=()):
    """A resize whose answer is lost."""
    cloud.behave = scripts.hanging_up
    lost = resize(gate, server, fields)
    cloud.behave = scripts.answering()
    assert (lost.status, lost["X-Gateway-Outcome"], lost["X-Gateway-Change-State"]) == (502, "unknown", "unknown"), lost
    assert lost["X-Gateway-Change-Id"] in lost.error()[1] and "unknown" in lost.error()[1]
    assert gate.outcome_of(lost)["change_state"] == "unknown"
    return lost["X-Gateway-Change-Id"]


def test_an_unknown_change_is_not_repeated_with_any_key(gate, cloud):
    server, name = new_server(), new_server()
    lost = lose(gate, cloud, server, key(name))
    repeat = resize(gate, server, key(name))
    assert (repeat.status, repeat.error()[0], repeat["X-Gateway-Outcome"]) == (409, "Gateway.0603", "unknown")
    assert repeat["X-Gateway-Change-Id"] == lost in repeat.error()[1] and repeat["X-Gateway-Change-State"] == "unknown"
    assert gate.outcome_of(repeat)["outcome"] == "unknown"
    other = resize(gate, server, key(new_server()))
    assert (other.status, other.error()[0], other["X-Gateway-Outcome"]) == (409, "Gateway.0601", "not_sent")
    assert other["X-Gateway-Busy-With"] == lost in other.error()[1] and other["X-Gateway-Change-Id"] is None
    assert all(word in other.error()[1] for word in (server, "unknown", f"/gateway/v1/{PARTNER}/changes/{lost}"))
    assert len(resizes(cloud)) == 1


def test_who_has_looked_takes_the_server_over_where_the_rule_permits_it(gate, cloud):
    server = new_server()
    lost = lose(gate, cloud, server)
    after = [("X-Gateway-After", lost)]
    refused = resize(gate, server, after)
    assert (refused.status, refused.error()[0]) == (409, "Gateway.0601"), "the rule says nothing of it"
    assert resize(gate, server, [("X-Gateway-After", "0" * 32)], CI).status == 409
    taken = resize(gate, server, after, CI)
    assert (taken.status, taken["X-Gateway-Change-State"]) == (200, "accepted")
    history = ledger(gate, "changes", "show", lost)["change"]["history"]
    assert [h["detail"] for h in history if h["state"] == "taken_over"] == [
        f"by change {taken['X-Gateway-Change-Id']} of caller ci"]


def test_a_server_is_held_while_its_job_runs(gate, cloud):
    server = new_server()
    first = resize(gate, server)

    def running(connection, request):
        scripts.answering(200, {"status": "RUNNING", "job_id": JOB} if "/jobs/" in request.line else None)(connection, request)
    cloud.behave = running
    second = resize(gate, server, flavor="s6.xlarge.2")
    assert (second.status, second.error()[0]) == (409, "Gateway.0601")
    assert second["X-Gateway-Busy-With"] == first["X-Gateway-Change-Id"] and "accepted" in second.error()[1]
    assert [r.line.split(" ")[1] for r in cloud.requests if "/jobs/" in r.line] == [f"/v1/{PARTNER}/jobs/{JOB}"]
    line = gate.outcome_of(second)
    assert (line["status"], line["outcome"]) == (409, "not_sent") and "change_id" not in line


@pytest.mark.parametrize("status, state", [("SUCCESS", "succeeded"), ("FAIL", "failed"), ("PENDING_PAYMENT", "awaiting_payment")])
def test_a_job_that_has_just_ended_is_looked_at_once(gate, cloud, status, state):
    server = new_server()
    first = resize(gate, server)

    def ended(connection, request):
        body = {"status": status, "job_id": JOB, "error_code": "Ecs.0319", "fail_reason": "no room"}
        scripts.answering(200, body if "/jobs/" in request.line else None)(connection, request)
    cloud.behave = ended
    second = resize(gate, server, flavor="s6.xlarge.2")
    assert second.status == 200, second
    assert state_of(gate, first["X-Gateway-Change-Id"]) == state
    assert second["X-Gateway-Awaiting-Payment"] == (first["X-Gateway-Change-Id"] if state == "awaiting_payment" else None)
    # What follows changes asks for this job and for those of other tests, too.
    asked = [r for r in cloud.requests if "/jobs/" in r.line and r["traceparent"].split("-")[1] == first["X-Gateway-Change-Id"]]
    assert asked and asked[0]["Authorization"].startswith("SDK-HMAC-SHA256 ")


def test_a_job_that_can_not_be_read_keeps_nobody_waiting(gate, cloud):
    server = new_server()
    resize(gate, server)
    cloud.behave = lambda connection, request: None if "/jobs/" in request.line else scripts.answering()(connection, request)
    assert resize(gate, server).status == 409


def test_a_job_that_is_looked_at_does_not_hold_up_the_end(start, cloud):
    gate = start.gateway(change_settings(cloud, timeouts={"upstream_response": "60s", "ledger": "100ms"}))
    server = new_server()
    assert resize(gate, server).status == 200
    cloud.behave = lambda connection, request: None if "/jobs/" in request.line else scripts.answering()(connection, request)
    assert resize(gate, server).status == 409
    gate.tell(15)
    assert gate.process.wait(10) == 0, "long before the cloud's time is up"


def test_a_freeze_stops_what_is_new_and_answers_what_is_not(gate, cloud):
    server, name = new_server(), new_server()
    first = resize(gate, server, key(name))
    frozen = ledger(gate, "freeze", "--account", "partner", "--reason", "maintenance until noon")
    try:
        stopped = resize(gate, new_server())
        assert (stopped.status, stopped.error()[0], stopped["X-Gateway-Outcome"]) == (403, "Gateway.0203", "not_sent")
        assert all(words in stopped.error()[1] for words in ("maintenance until noon", "account partner", "since 20"))
        assert gate.outcome_of(stopped)["decision"] == "denied"
        assert resize(gate, server, key(name)).body == first.body
        assert resize(gate, new_server(), project=ACME).status == 200
    finally:
        done = programs.run("ecs-gateway", "unfreeze", frozen["freeze"]["id"], "--config", gate.file)
        assert done.returncode == 0, done.stderr
    assert resize(gate, new_server()).status == 200


def test_a_rate_of_changes_is_counted_in_the_ledger(start, cloud, tmp_path):
    seldom = calling.key(API_KEYS["seldom"])
    for _ in range(2):  # a gateway each, with one ledger
        lasting = change_settings(cloud, ledger={"file": str(tmp_path / "ledger.db")})
        gate = start.gateway(lasting)
        cloud.behave = scripts.answering(400, {"error": {"code": "Ecs.0100", "message": "no"}})
        assert resize(gate, new_server(), proof=seldom).status == 400, "which counts for nothing"
        cloud.behave = scripts.answering()
        assert resize(gate, new_server(), proof=seldom).status == 200
        last = gate
        if _ == 0:
            gate.close()
    over = resize(last, new_server(), proof=seldom)
    assert (over.status, over.error()[0]) == (429, "Gateway.0405") and 3000 < int(over["Retry-After"]) <= 3600
    assert last.outcome_of(over)["decision"] == "denied"


def test_what_waiting_can_not_mend_ends_the_start(tmp_path, cloud):
    file = tmp_path / "gateway.yaml"
    for name, secret in SECRETS.items():
        (tmp_path / name).write_text(secret + "\n", encoding="utf-8")
    file.write_text(json.dumps(change_settings(cloud, ledger={"file": "nowhere/ledger.db"})), encoding="utf-8")
    done = programs.run("ecs-gateway", "run", "--config", file)
    assert done.returncode == 1 and "nowhere/ledger.db" in done.stderr, done.stderr


def test_a_file_that_another_gateway_holds_is_waited_for(start, cloud, tmp_path):
    place = {"ledger": {"file": str(tmp_path / "ledger.db")}, "admin": {"address": "127.0.0.1:0"}, "timeouts": {"ledger": "500ms"}}
    first = start.gateway(change_settings(cloud, **place))
    second = start.gateway(change_settings(cloud, **place))
    assert first.admin("/readyz")[0] == 200
    status, why = second.admin("/readyz")
    assert status == 503 and "ledger" in why and str(tmp_path / "ledger.db") in why
    refused = resize(second, new_server())
    assert (refused.status, refused.error()[0], refused["X-Gateway-Outcome"], refused["Retry-After"]) == (
        503, "Gateway.0506", "not_sent", "5")
    assert str(tmp_path / "ledger.db") in refused.error()[1]
    assert second.call("GET", f"/v1/{PARTNER}/jobs/j", proof=PLANNER).status == 200, "queries go on"
    first.close()
    wait_until(lambda: second.admin("/readyz")[0] == 200, "the second to have the ledger")
    assert resize(second, new_server()).status == 200


def test_a_call_that_is_cut_off_by_the_end_leaves_an_unknown_change(start, cloud):
    gate = start.gateway(change_settings(cloud, timeouts={"upstream_response": "60s", "drain": "100ms"}))
    cloud.behave = lambda *_: None
    with calling.connection(gate.port) as to:
        to.send(to.request("POST", f"/v1.1/{PARTNER}/cloudservers/s/resize", b'{"resize":{"flavorRef":"s6.large.2"}}', [JSON],
                           PLANNER))
        wait_until(lambda: resizes(cloud), "the call at the cloud")
        gate.close()
        answer = to.answer()
    assert (answer.status, answer["X-Gateway-Change-State"]) == (504, "unknown")
    assert state_of(gate, answer["X-Gateway-Change-Id"]) == "unknown"


def test_a_reload_tells_of_changes_whose_account_is_gone(start, cloud):
    whole = change_settings(cloud)
    gate = start.gateway(whole)
    assert resize(gate, new_server(), project=ACME).status == 200
    without = change_settings(cloud)
    del without["accounts"][1]
    gate.reload(without, "changes that have not ended .* account=acme changes=1")
