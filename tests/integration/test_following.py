"""Changes are followed to their end: jobs, orders, and what became of an unknown one. Against the simulator, which knows."""
import contextlib
import re
import sqlite3

import pytest

import ledger_world as ledgers
from following_world import an_honest_cloud, change, cloud, end, following, gate, LARGE, lose, resize, seed, settled_lines, show_a_trace
from programs import wait_until
from world import ACME, PLANNER


def test_a_job_that_ends_ends_its_change_which_the_outcome_log_says(gate, cloud):
    answer = resize(gate, next(cloud.names))
    assert answer["X-Gateway-Change-State"] == "accepted"
    found = end(gate, answer, "succeeded")
    [line] = wait_until(lambda: settled_lines(gate, answer), "its line")
    assert (line["state"], line["job_id"], line["caller"]) == ("succeeded", found["job_id"], "planner")


def test_a_job_that_fails_says_why(gate, cloud):
    server = next(cloud.names)
    cloud.control("resizes", server=server, init_ms=20, running_ms=20, ends="FAIL", code="Ecs.0207")
    found = end(gate, resize(gate, server), "failed")
    assert found["code"] == "Ecs.0207"


def test_a_job_with_a_status_that_is_not_known_is_followed_on(gate, cloud):
    server = next(cloud.names)
    cloud.control("resizes", server=server, init_ms=20, running_ms=20, ends="never")
    answer = resize(gate, server)
    job = answer.json()["job_id"]
    cloud.control("job", job_id=job, status="PONDERING")
    wait_until(lambda: [each for each in cloud.record() if each["target"].endswith(job)], "a look at the job")
    assert change(gate, answer)["state"] == "accepted"
    cloud.control("job", job_id=job, status="SUCCESS")
    end(gate, answer, "succeeded")


def test_a_job_that_is_gone_leaves_it_to_the_server(gate, cloud):
    server = next(cloud.names)
    cloud.control("resizes", server=server, init_ms=20, running_ms=20)
    answer = resize(gate, server)
    wait_until(lambda: [s for s in cloud.control("servers") if s["id"] == server and s["flavor"] == LARGE], "the job's work")
    cloud.control("job", job_id=answer.json()["job_id"], gone=True)
    assert "server" in end(gate, answer, "succeeded")["evidence"]


def test_every_end_is_reached_over_a_restart(tmp_path, cloud):
    """Each change is killed in the middle; what ends it comes while no gateway runs."""
    job, failing, old, lost, unsent = (next(cloud.names) for _ in range(5))
    for server in (job, failing, old):
        cloud.control("resizes", server=server, init_ms=20, running_ms=20, ends="never")
    gate = ledgers.lasting_gateway(tmp_path, following(cloud))
    try:
        show_a_trace(gate.now, cloud)
        accepted = {server: resize(gate.now, server) for server in (job, failing, old)}
        _, paid, _ = awaiting(gate.now, cloud)
        _, cancelled, _ = awaiting(gate.now, cloud)
        lose(cloud, lost, acts=True)
        applied = resize(gate.now, lost)
        lose(cloud, unsent, acts=False)
        not_applied = resize(gate.now, unsent)
        gate.kill()
        cloud.control("job", job_id=accepted[job].json()["job_id"], ends="SUCCESS")
        cloud.control("job", job_id=accepted[failing].json()["job_id"], ends="FAIL", code="Ecs.0207")
        cloud.control("order", order_id=paid.json()["order_id"], do="pay")
        cloud.control("order", order_id=cancelled.json()["order_id"], do="cancel")
        fifteen_days = 15 * 24 * 3600 * 1_000_000
        with contextlib.closing(sqlite3.connect(gate.file)) as ledger, ledger:
            ledger.execute("UPDATE changes SET begun = begun - ? WHERE id = ?", (fifteen_days, accepted[old]["X-Gateway-Change-Id"]))
        gate.start()
        for each, state in ((accepted[job], "succeeded"), (accepted[failing], "failed"), (accepted[old], "not_known"),
                            (paid, "succeeded"), (cancelled, "cancelled"), (applied, "succeeded"), (not_applied, "not_applied")):
            end(gate.now, each, state)
            wait_until(lambda each=each: settled_lines(gate.now, each), "its line")
    finally:
        gate.close()


def test_an_end_that_was_not_reported_is_reported_after_a_restart(tmp_path, cloud):
    """Settled by a command while no gateway runs."""
    server = next(cloud.names)
    cloud.control("resizes", server=server, init_ms=20, running_ms=20, ends="never")
    gate = ledgers.lasting_gateway(tmp_path, following(cloud))
    try:
        answer = resize(gate.now, server)
        gate.kill()
        done = gate.ledger.command("changes", "resolve", answer["X-Gateway-Change-Id"], "--as", "failed", "--reason", "seen in the console")
        assert done.returncode == 0, done.stderr
        gate.start()
        [line] = wait_until(lambda: settled_lines(gate.now, answer), "its line")
        assert (line["state"], bool(line["resolved_by"])) == ("failed", True)
    finally:
        gate.close()


def test_a_credential_that_can_not_be_had_delays_and_ends_nothing(tmp_path, start):
    """IAM is down when the gateway starts; the job has ended meanwhile."""
    whole = seed(["s0"])
    whole["accounts"][0]["users"] = [{"name": "gateway", "password": "a-password"}]
    cloud = start.simulator(whole, controlled=True)
    cloud.control("resizes", server="s0", init_ms=20, running_ms=20, ends="never")
    made = {**following(cloud), "admin": {"address": "127.0.0.1:0"}}
    made["credentials"][0] = {"name": "partner-key", "token": {"domain_name": "partner", "user_name": "gateway", "password": {"file": "password"}}}
    gate = ledgers.lasting_gateway(tmp_path, made, {"password": "a-password"})
    try:
        answer = resize(gate.now, "s0")
        gate.kill()
        cloud.control("job", job_id=answer.json()["job_id"], ends="SUCCESS")
        cloud.control("faults", faults=[{"on": "issue_token", "status": 503}])
        gate.start()
        wait_until(lambda: re.search(r'follow_requests_total{result="no_credential",what="job"} [1-9]|'
                                     r'follow_requests_total{what="job",result="no_credential"} [1-9]',
                                     gate.now.admin("/metrics")[1]), "a look without a credential")
        assert change(gate.now, answer)["state"] == "accepted"
        cloud.control("faults", faults=[])
        end(gate.now, answer, "succeeded")
    finally:
        gate.close()


def order_of(cloud, answer):
    return next(o for o in cloud.control("orders") if o["order_id"] == answer.json()["order_id"])


def awaiting(gate, cloud):
    server = next(cloud.prepaid)
    answer = resize(gate, server, ACME)
    found = wait_until(lambda: (now := change(gate, answer))["state"] == "awaiting_payment" and now, "the order that waits")
    return server, answer, found


def test_an_order_that_is_paid_outside_ends_by_its_job(gate, cloud):
    server, answer, _ = awaiting(gate, cloud)
    found = wait_until(lambda: (now := change(gate, answer)).get("amount") and now, "its amount")
    assert (found["amount"], found["currency"], found["order_id"]) == ("126.5", "CNY", answer.json()["order_id"])
    assert resize(gate, server, ACME)["X-Gateway-Awaiting-Payment"] == answer["X-Gateway-Change-Id"]
    cloud.control("order", order_id=answer.json()["order_id"], do="pay")
    end(gate, answer, "succeeded")
    [line] = wait_until(lambda: settled_lines(gate, answer), "its line")
    assert (line["amount"], line["currency"]) == ("126.5", "CNY")


@pytest.mark.parametrize("how", ["cancel", "expire"])
def test_an_order_that_is_cancelled_or_expires_ends_its_change_though_the_job_waits_for_ever(gate, cloud, how):
    _, answer, _ = awaiting(gate, cloud)
    cloud.control("order", order_id=answer.json()["order_id"], do=how)
    end(gate, answer, "cancelled")
    job = gate.call("GET", f"/v1/{ACME}/jobs/{answer.json()['job_id']}", proof=PLANNER)
    assert job.json()["status"] == "PENDING_PAYMENT"


def test_without_billing_the_job_decides(start, cloud):
    gate = start.gateway(following(cloud, billing=False))
    _, answer, found = awaiting(gate, cloud)
    assert "amount" not in found
    cloud.control("order", order_id=answer.json()["order_id"], do="pay")
    end(gate, answer, "succeeded")


def test_an_unknown_prepaid_resize_is_found_by_its_order_where_traces_are_denied(gate, cloud):
    cloud.control("traces", written="answered", denied=["*"])
    server = next(cloud.prepaid)
    lose(cloud, server, acts=True)
    answer = resize(gate, server, ACME)
    found = wait_until(lambda: (now := change(gate, answer))["state"] == "awaiting_payment" and now, "the order that waits")
    assert found["order_id"] and "order" in found["evidence"]
    cloud.control("order", order_id=found["order_id"], do="pay")
    end(gate, answer, "succeeded")


@pytest.mark.parametrize("service", ["cts", "bss", "show_job"])
def test_a_service_that_is_down_delays_and_ends_nothing(gate, cloud, service):
    cloud.control("faults", faults=[{"on": service, "status": 503}])
    show = next(cloud.names)
    answer = resize(gate, show)
    before = cloud.control("calls")
    wait_until(lambda: cloud.control("calls")["show_job"]["calls"] > before["show_job"]["calls"], "a look at a job")
    if service == "show_job":
        assert change(gate, answer)["state"] == "accepted"
    cloud.control("faults", faults=[])
    end(gate, answer, "succeeded")


def test_an_account_is_asked_at_most_once_a_second_and_half_as_often_after_429(start, cloud):
    gate = start.gateway({**following(cloud), "admin": {"address": "127.0.0.1:0"}})
    servers = [f"s{number}" for number in range(80, 100)]
    for server in servers:
        cloud.control("resizes", server=server, init_ms=20, running_ms=20, ends="never")
    began = len(cloud.record())
    answers = [resize(gate, server) for server in servers]
    assert {answer["X-Gateway-Change-State"] for answer in answers} == {"accepted"}

    def looks():
        return [each for each in cloud.record()[began:] if "/jobs/" in each["target"]]
    wait_until(lambda: len({each["target"] for each in looks()}) >= 8, "looks at eight jobs")
    times = [each["at"] for each in looks()]
    assert len(times) <= 12, "more than a look a second"
    for answer in answers:
        cloud.control("job", job_id=answer.json()["job_id"], ends="SUCCESS")
