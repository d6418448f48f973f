"""What of a path and a body a call is judged by: nothing that another reader could take for something else."""
import pytest

from world import CI, PARTNER, PLANNER, settings


@pytest.mark.parametrize("body, pointer", [
    (b'{"resize":{"flavorRef":"s6.large.2","isAutoPay":"true"}}', "/resize/isAutoPay"),
    (b'{"resize":{"flavorRef":"s6.large.2"},"extendparam":{"isAutoPay":"true"}}', "/extendparam"),
    (b'{"resize":{"flavorRef":"s6.large.2","extendparam":{"x":1}},"force":true}', "/resize/extendparam/x"),
    (b'{"force":true,"resize":{"flavorRef":"s6.large.2"}}', "/force")])
def test_a_member_that_the_gateway_does_not_know_is_refused_with_its_pointer(start, body, pointer):
    cloud = start.cloud()
    gate = start.gateway(settings(cloud.url))
    answer = gate.call("POST", f"/v1.1/{PARTNER}/cloudservers/s/resize", body, [("Content-Type", "application/json")], PLANNER)
    assert (answer.status, answer.error()[0], cloud.requests) == (400, "Gateway.0002", [])
    assert answer.error()[1].startswith(pointer + ": ") and "unknown_members" in answer.error()[1]
    line = gate.outcome_of(answer)
    assert line["decision"] == "denied" and line["rule"] and line["outcome"] == "not_sent"


def test_a_rule_that_requires_dry_runs_is_met_over_v1_1_only(start):
    cloud = start.cloud()
    gate = start.gateway(settings(cloud.url))
    body = b'{"resize":{"flavorRef":"s6.large.2"},"dry_run":true}'
    answers = [gate.call("POST", f"/{version}/{PARTNER}/cloudservers/s/resize", body, [("Content-Type", "application/json")], CI)
               for version in ("v1", "v1.1")]
    assert [a.status for a in answers] == [403, 200] and "/v1.1/" in answers[0].error()[1] and len(cloud.requests) == 1


@pytest.mark.parametrize("server", ["5F1C2B6E-0D7A-4A39-9B62-7A1F0E5D3C21", "5f1c2b6e0d7a4a399b627a1f0e5d3c21",
                                    "5f1c2b6e-d7a-4a39-9b62-7a1f0e5d3c21", "Detail", "Action"])
def test_another_spelling_of_a_server_is_no_path(start, server):
    cloud = start.cloud()
    denying = settings(cloud.url)
    denying["policy"] = [{"rule": "hands-off", "effect": "deny", "servers": ["5f1c2b6e-0d7a-4a39-9b62-7a1f0e5d3c21"]},
                         {"rule": "all", "resize": {}}]
    gate = start.gateway(denying)
    for method, path in [("GET", f"/v1/{PARTNER}/cloudservers/{server}"), ("POST", f"/v1.1/{PARTNER}/cloudservers/{server}/resize")]:
        answer = gate.call(method, path, b'{"resize":{"flavorRef":"s6.large.2"}}' if method == "POST" else b"", [], CI)
        assert (answer.status, answer.error()[0]) == (404, "Gateway.0301")
        assert ("lower case" in answer.error()[1]) == (server != server.lower())
    assert cloud.requests == []
