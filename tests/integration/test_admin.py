"""The admin listener: whether it serves, whether it can, and what it counts."""
import json
import re
import signal
import threading

import calling
import programs
import scripted_cloud as scripts
from world import CI, GUEST, PARTNER, settings

LOOK = f"/v1/{PARTNER}/cloudservers/s"


def test_it_tells_that_it_serves_and_counts_every_call(start):
    cloud = start.cloud()
    gate = start.gateway(settings(cloud.url, admin={"address": "127.0.0.1:0"}))
    status, page = gate.admin("/healthz")
    assert (status, json.loads(page)) == (200, {"status": "ok"})
    assert gate.admin("/readyz")[0] == 200
    for proof, status in [(CI, 200), (CI, 200), (GUEST, 403)]:
        answer = gate.call("GET", LOOK, proof=proof)
        assert answer.status == status
        gate.outcome_of(answer)
    counted = {"operation": "show_server", "account": "partner"}
    assert gate.metric("ecs_gateway_calls_total", decision="allowed", status="200", **counted) == 2
    assert gate.metric("ecs_gateway_calls_total", decision="denied", status="403", **counted) == 1
    assert gate.metric("ecs_gateway_call_seconds_count", operation="show_server") == 3
    assert gate.metric("ecs_gateway_upstream_seconds_count", region="cn-north-4") == 2
    assert gate.metric("ecs_gateway_connections", side="cloud") == 1
    version = re.search(r"\d+\.\d+\.\d+", programs.run("ecs-gateway", "version").stdout)[0]
    assert gate.metric("ecs_gateway_build_info", version=version) == 1


def test_failures_towards_the_cloud_and_reloads_are_counted(start):
    whole = settings("http://127.0.0.1:1", admin={"address": "127.0.0.1:0"})
    gate = start.gateway(whole)
    assert gate.call("GET", LOOK, proof=CI).status == 502
    assert gate.metric("ecs_gateway_upstream_errors_total", region="cn-north-4", kind="connect") == 1
    gate.reload(whole, "reloaded")
    gate.reload({**whole, "nonsense": 1}, "nothing changes")
    assert gate.metric("ecs_gateway_config_reloads_total", result="success") == 1
    assert gate.metric("ecs_gateway_config_reloads_total", result="failure") == 1


def test_callers_do_not_reach_it(start):
    gate = start.gateway(settings("http://127.0.0.1:1", admin={"address": "127.0.0.1:0"}))
    for page in ("/healthz", "/readyz", "/metrics"):
        assert gate.call("GET", page, proof=CI).error()[0] == "Gateway.0301"


def test_it_is_not_ready_while_it_drains(start):
    go = threading.Event()

    def held_back(connection, request):
        go.wait(30)
        scripts.answering()(connection, request)
    cloud = start.cloud(held_back)
    gate = start.gateway(settings(cloud.url, admin={"address": "127.0.0.1:0"}))
    with calling.connection(gate.port) as open_call:
        open_call.send(open_call.request("GET", LOOK, proof=CI))
        programs.wait_until(lambda: cloud.requests, "the call to reach the cloud")
        assert gate.admin("/readyz")[0] == 200
        gate.tell(signal.SIGTERM)
        gate.wait_for(gate.stderr, "draining")
        status, page = gate.admin("/readyz")
        assert (status, json.loads(page)["reasons"][0]["what"]) == (503, "draining")
        assert gate.admin("/healthz")[0] == 200
        go.set()
        assert open_call.answer().status == 200
    assert gate.ended() == 0
