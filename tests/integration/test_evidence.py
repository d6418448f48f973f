"""What became of an unknown change: found by traces, the server and orders, or left to a person; never guessed."""
import os
import threading

import pytest

import ledger_world as ledgers
from following_world import an_honest_cloud, change, cloud, end, following, gate, LARGE, lose, MEDIUM, resize, show_a_trace, SMALL
from programs import wait_until
from world import SECRETS


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
