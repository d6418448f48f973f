"""show_change and list_changes: whose changes are seen, and how an end is waited for."""
import threading

import pytest

import calling
import programs
from change_world import cloud, gate, JOB, key, ledger, OTHER, resize, resizes, shared_cloud
from fakes import scripted_cloud as scripts
from programs import wait_until
from world import API_KEYS, CI, PARTNER, PLANNER, new_server


def show(gate, change, proof=PLANNER, query="", project=PARTNER):
    return gate.call("GET", f"/gateway/v1/{project}/changes/{change}{query}", proof=proof)


def test_a_change_is_shown_to_its_caller(gate, cloud):
    server, name = new_server(), new_server()
    made = resize(gate, server, key(name))["X-Gateway-Change-Id"]
    answer = show(gate, made)
    assert (answer.status, answer["Content-Type"], answer["X-Gateway-Change-State"]) == (200, "application/json", "accepted")
    shown = answer.json()["change"]
    # Its job is followed meanwhile, and each look moves `updated`.
    wait_until(lambda: show(gate, made).json()["change"] == ledger(gate, "changes", "show", made)["change"], "the same of both")
    assert {k: shown[k] for k in ("id", "state", "operation", "caller", "account", "project_id", "region", "server_ids", "flavor",
                                  "idempotency_key", "holds", "job_id")} == {
        "id": made, "state": "accepted", "operation": "resize", "caller": "planner", "account": "partner", "project_id": PARTNER,
        "region": "cn-north-4", "server_ids": [server], "flavor": "s6.large.2", "idempotency_key": name, "holds": True,
        "job_id": JOB}
    assert [h["state"] for h in shown["history"]] == ["sending", "accepted"]
    line = gate.outcome_of(answer)
    assert (line["operation"], line["api_version"], line["outcome"]) == ("show_change", "v1", "not_sent")


def test_whose_changes_are_seen_is_the_rules_to_say(gate, cloud):
    own, others = new_server(), new_server()
    mine = resize(gate, own)["X-Gateway-Change-Id"]
    ci = resize(gate, others, proof=CI)["X-Gateway-Change-Id"]
    for change, project in ((ci, PARTNER), (mine, OTHER), ("f" * 32, PARTNER)):
        hidden = show(gate, change, project=project)
        assert (hidden.status, hidden.error()[0]) == (404, "Gateway.0303")
    assert show(gate, mine, CI).status == 200
    assert show(gate, mine, calling.key(API_KEYS["guest"])).error()[0] == "Gateway.0201"

    def listed(query, proof=PLANNER):
        answer = gate.call("GET", f"/gateway/v1/{PARTNER}/changes{query}", proof=proof)
        assert answer.status == 200, answer
        return [change["id"] for change in answer.json()["changes"]]
    assert listed(f"?server_id={own}") == [mine] and listed(f"?server_id={others}") == []
    assert listed("?limit=2", CI) == [ci, mine], "newest first"
    assert all("history" not in c for c in gate.call("GET", f"/gateway/v1/{PARTNER}/changes", proof=CI).json()["changes"])
    page = gate.call("GET", f"/gateway/v1/{PARTNER}/changes?limit=1", proof=CI).json()
    assert listed(f"?limit=1&marker={page['next_marker']}", CI) == [mine]
    assert mine in listed("?state=accepted") and mine not in listed("?state=unknown")


@pytest.mark.parametrize("target", ["changes?limit=0", "changes?state=gone", "changes?since=yesterday", "changes?marker=x",
                                    "changes?colour=red", "changes/c1?wait_s=61", "changes/c1?wait_s=x"])
def test_a_query_that_can_not_be_read_is_refused(gate, target):
    answer = gate.call("GET", f"/gateway/v1/{PARTNER}/{target}", proof=PLANNER)
    assert (answer.status, answer.error()[0]) == (400, "Gateway.0003")


def test_a_change_can_be_waited_for(gate, cloud):
    server, held = new_server(), threading.Event()

    def slowly(connection, request):
        held.wait(programs.PATIENCE)
        scripts.answering(200, {"order_id": "CS1"})(connection, request)
    cloud.behave = slowly
    caller = threading.Thread(target=resize, args=(gate, server))
    caller.start()
    wait_until(lambda: resizes(cloud), "the call at the cloud")
    [change] = gate.call("GET", f"/gateway/v1/{PARTNER}/changes?server_id={server}", proof=PLANNER).json()["changes"]
    assert change["state"] == "sending"
    early = show(gate, change["id"], query="?wait_s=1")
    assert early.json()["change"]["state"] == "sending", "how it stands after that time"
    shown = {}
    waiting = threading.Thread(target=lambda: shown.update(show(gate, change["id"], query="?wait_s=60").json()["change"]))
    waiting.start()
    held.set()
    waiting.join(programs.PATIENCE)
    caller.join(programs.PATIENCE)
    assert (shown["state"], shown["order_id"]) == ("awaiting_payment", "CS1")
