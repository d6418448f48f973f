"""Changes are followed to their end: jobs, orders, and what became of an unknown one. Against the simulator, which knows."""
import contextlib
import json
import os
import re
import sqlite3
import threading

import pytest

import ledger_world as ledgers
import programs
from calling import connection
from programs import wait_until
from world import ACME, ACME_KEY, PARTNER, PARTNER_KEY, PLANNER, SECRETS, settings

SMALL, MEDIUM, LARGE = "s6.large.2", "s6.medium.2", "s6.xlarge.2"
# Of the test's clock: evidence is asked for after a second, and two looks are a second or two apart.
FAST = {"follow": {"settle_after": "800ms"}, "timeouts": {"upstream_response": "400ms"}}


def seed(servers, prepaid=()):
    return {
        "accounts": [{"name": "partner", "keys": [{"access_key": PARTNER_KEY, "secret_key": SECRETS["partner.sk"]}],
                      "projects": [PARTNER]},
                     {"name": "acme", "keys": [{"access_key": ACME_KEY, "secret_key": SECRETS["acme.sk"]}], "projects": [ACME]}],
        "flavors": [{"id": SMALL}, {"id": MEDIUM}, {"id": LARGE}],
        "servers": [*({"id": server, "project": PARTNER, "flavor": SMALL} for server in servers),
                    *({"id": server, "project": ACME, "flavor": SMALL, "charging_mode": "1"} for server in prepaid)],
        "jobs": {"init_ms": 20, "running_ms": 20},
    }


def following(cloud, billing=True, **changes):
    made = settings(cloud.url, cloud.ca_file, **{**FAST, **changes})
    made["regions"]["cn-north-4"]["cts"] = cloud.url
    if billing:
        for account in made["accounts"]:
            account["billing"] = {"endpoint": cloud.url}
    return made


@pytest.fixture(scope="module")
def cloud(start_once):
    names = [f"s{number}" for number in range(120)]
    started = start_once.simulator(seed(names, [f"p{number}" for number in range(20)]), controlled=True)
    started.names, started.prepaid = iter(names), iter([f"p{number}" for number in range(20)])
    return started


@pytest.fixture(autouse=True)
def an_honest_cloud(cloud):
    cloud.control("faults", faults=[])
    cloud.control("resizes", init_ms=20, running_ms=20)
    cloud.control("traces", written="answered")
    cloud.control("billing", amount=126.5)


@pytest.fixture(scope="module")
def gate(start_once, cloud):
    return start_once.gateway(following(cloud))


def resize(gate, server, project=PARTNER, flavor=LARGE, **what):
    return gate.resize(project, server, {"flavorRef": flavor, **what}, PLANNER)


def change(gate, answer):
    done = programs.run("ecs-gateway", "changes", "show", answer["X-Gateway-Change-Id"], "--config", gate.file, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["change"]


def end(gate, answer, state):
    found = wait_until(lambda: (now := change(gate, answer)).get("ended") and now, f"the end of {answer['X-Gateway-Change-Id']}",
                       patience=90)  # an account is asked once a second
    assert found["state"] == state, found
    return found


def settled_lines(gate, answer):
    return [line for line in gate.outcomes() if line.get("event") == "settled" and
            line["change_id"] == answer["X-Gateway-Change-Id"]]


def lose(cloud, server, acts):
    cloud.control("faults", faults=[{"on": "resize", "id": server, "count": 1, "acts": acts, "close_before_answer": True}])


def show_a_trace(gate, cloud):
    """A change whose trace is there: the service is not blind."""
    known = resize(gate, next(cloud.names))
    end(gate, known, "succeeded")


# ---- jobs ----------------------------------------------------------------------------------------------------------------

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


# ---- the unknown ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("written", ["answered", "ended"])
def test_an_unknown_resize_that_took_place_is_found_by_its_trace(gate, cloud, written):
    cloud.control("traces", written=written)
    server = next(cloud.names)
    lose(cloud, server, acts=True)
    answer = resize(gate, server)
    assert answer["X-Gateway-Change-State"] == "unknown"
    found = end(gate, answer, "succeeded")
    assert found["evidence"]


@pytest.mark.parametrize("written", ["answered", "ended"])
def test_an_unknown_resize_that_did_not_take_place_ends_so_and_its_server_is_free(gate, cloud, written):
    cloud.control("traces", written=written)
    show_a_trace(gate, cloud)
    server = next(cloud.names)
    lose(cloud, server, acts=False)
    answer = resize(gate, server)
    found = end(gate, answer, "not_applied")
    told = [entry for entry in found["history"] if entry["state"] == "evidence"]
    assert any("server says did_not" in entry["detail"] for entry in told) and any("trace" in entry["detail"] for entry in told)
    assert resize(gate, server)["X-Gateway-Change-State"] == "accepted"


def looked_often(gate, answer, times=3):
    """The change, when the server was looked at so often."""
    def seen():
        now = change(gate, answer)
        looks = [e for e in now["history"] if e["state"] == "evidence" and e["detail"].startswith("server")]
        return now if len(looks) >= min(times, 2) or now.get("ended") else None
    return wait_until(seen, "looks at the server")


@pytest.mark.parametrize("trouble", [{"blind": ["*"]}, {"denied": ["*"]}, {"endless": True}])
def test_without_traces_nothing_is_taken_for_not_applied(start, cloud, trouble):
    gate = start.gateway(following(cloud))
    cloud.control("traces", written="answered", **trouble)
    show_a_trace(gate, cloud)
    server, applied = next(cloud.names), next(cloud.names)
    cloud.control("faults", faults=[{"on": "resize", "id": server, "acts": False, "close_before_answer": True},
                                    {"on": "resize", "id": applied, "acts": True, "close_before_answer": True}])
    answer, other = resize(gate, server), resize(gate, applied)
    end(gate, other, "succeeded")  # by its server
    assert looked_often(gate, answer)["state"] == "unknown"


def test_what_somebody_else_did_to_the_server_is_not_this_change(gate, cloud):
    show_a_trace(gate, cloud)
    server = next(cloud.names)
    lose(cloud, server, acts=False)
    answer = resize(gate, server, flavor=LARGE)
    cloud.control("resize", server=server, flavor=MEDIUM)
    end(gate, answer, "not_applied")


FORMS = os.environ.get("GATEWAY_ALL_FORMS")


def test_malformed_traces_lead_to_no_false_state(start, cloud):
    gate = start.gateway(following(cloud))
    forms = cloud.control("traces")["forms"]
    chosen = forms if FORMS else forms[::6]
    cloud.control("traces", written="answered")
    show_a_trace(gate, cloud)
    for form in chosen:
        cloud.control("traces", written="answered", form=form)
        server = f"s{100 + chosen.index(form) % 20}"
        present = next(s for s in cloud.control("servers") if s["id"] == server)["flavor"]
        acts = chosen.index(form) % 2 == 0
        lose(cloud, server, acts)
        answer = resize(gate, server, flavor=LARGE if present == SMALL else SMALL)
        assert answer["X-Gateway-Change-State"] == "unknown", (form, answer)
        if acts:
            end(gate, answer, "succeeded")
        else:
            assert looked_often(gate, answer)["state"] in ("unknown", "not_applied"), form
            cloud.control("traces", written="answered")
            end(gate, answer, "not_applied")
    assert gate.process.poll() is None


# ---- orders --------------------------------------------------------------------------------------------------------------

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


# ---- a slow cloud, many changes ------------------------------------------------------------------------------------------

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


COUNT = int(os.environ.get("GATEWAY_LOST_ANSWERS", "100"))


def test_every_change_whose_answer_was_lost_ends_in_its_true_state_or_stays_unknown(start, tmp_path):
    """Half of them applied, half not; traces late, of some accounts denied or blind."""
    accounts = max(50, COUNT // 4)  # each is asked once a second
    projects = [f"{number:032x}" for number in range(1, accounts + 1)]
    per_account = max(2, COUNT // accounts)
    servers = [(project, f"m{number}-{index}") for number, project in enumerate(projects) for index in range(per_account + 1)]
    cloud = start.simulator({
        "accounts": [{"name": f"a{number}", "keys": [{"access_key": f"CLOUDMANYAK{number:08}", "secret_key": SECRETS["acme.sk"]}],
                      "projects": [project]} for number, project in enumerate(projects)],
        "flavors": [{"id": SMALL}, {"id": MEDIUM}, {"id": LARGE}],
        "servers": [{"id": server, "project": project, "flavor": SMALL} for project, server in servers],
        "jobs": {"init_ms": 20, "running_ms": 20}}, controlled=True)
    made = following(cloud)
    made["credentials"] = [{"name": f"k{number}", "access_key": f"CLOUDMANYAK{number:08}", "secret_key": {"file": "acme.sk"}}
                           for number in range(accounts)]
    made["accounts"] = [{"name": f"a{number}", "kind": "sub-customer", "credential": f"k{number}",
                         "projects": {project: "cn-north-4"}} for number, project in enumerate(projects)]
    gate = ledgers.lasting_gateway(tmp_path, made)
    denied, blind = projects[:accounts // 10], projects[accounts // 10:accounts // 5]
    cloud.control("traces", written="answered", lag_ms=3000, seed=7, denied=denied, blind=blind)
    try:
        known = [resize(gate.now, server, project) for project, server in servers if server.endswith("-0")]
        assert {answer["X-Gateway-Change-State"] for answer in known} == {"accepted"}
        cloud.control("faults", faults=[{"on": "resize", "chance": 0.5, "seed": 11, "acts": True, "close_before_answer": True},
                                        {"on": "resize", "acts": False, "close_before_answer": True}])
        rest = [each for each in servers if not each[1].endswith("-0")]
        lines = [rest[start_at::8] for start_at in range(8)]

        def send(part):
            for project, server in part:
                assert resize(gate.now, server, project)["X-Gateway-Change-State"] == "unknown"
        threads = [threading.Thread(target=send, args=(part,)) for part in lines]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        gate.kill()
        gate.start()
        applied = {each["traceparent"].split("-")[1] for each in cloud.control("resizes?limit=100000")["calls"] if each["acted"]}

        def all_decided():
            changes = gate.ledger.changes().values()
            open_ones = [each for each in changes if "ended" not in each]
            hidden = {*denied, *blind}
            return changes if all(each["project_id"] in hidden and each["id"] not in applied for each in open_ones) else None
        changes = wait_until(all_decided, "all that can be decided", patience=240)
        states = {}
        for each in changes:
            took_place = each["id"] in applied
            right = ("succeeded",) if took_place else ("not_applied",)
            if each["project_id"] in {*denied, *blind} and not took_place:
                right = ("unknown",)
            assert each["state"] in right, (took_place, each)
            states[each["state"]] = states.get(each["state"], 0) + 1
        print(f"{len(changes)} changes, {len(applied)} applied: {states}, 0 false")
    finally:
        gate.close()
