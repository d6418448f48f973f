"""The admin listener: whether it serves, whether it can, and what it counts."""
import contextlib
import http.client
import json
import re
import signal
import socket
import threading
import time

import calling
import programs
from fakes import scripted_cloud as scripts
from world import CI, GUEST, PARTNER, PLANNER, settings

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


def test_pages_are_utf_8_whatever_the_file_is(start):
    whole = settings(start.cloud().url, admin={"address": "127.0.0.1:0"})
    gate = start.gateway(whole)
    gate.file.write_bytes(gate.file.read_bytes().replace(b"name: partner\n", b"name: M\xfcller\n"))
    gate.tell(signal.SIGHUP)
    gate.wait_for(gate.stderr, r"warning \S+gateway.yaml:\d+:\d+: warning: byte 0xfc is not UTF-8")
    gate.wait_for(gate.stderr, "reloaded")
    gate.outcome_of(gate.call("GET", LOOK, proof=CI))
    for page in ("/metrics", "/config", "/status.json"):
        assert "M\ufffdller" in gate.admin(page)[1], page  # which fails for what is not UTF-8
    assert gate.metric("ecs_gateway_calls_total", account="M\ufffdller") == 1


def test_failures_towards_the_cloud_and_reloads_are_counted(start):
    whole = settings("http://127.0.0.1:1", admin={"address": "127.0.0.1:0"})
    gate = start.gateway(whole)
    assert gate.call("GET", LOOK, proof=CI).status == 502
    assert gate.metric("ecs_gateway_upstream_errors_total", region="cn-north-4", kind="connect") == 1
    gate.reload(whole, "reloaded")
    gate.reload({**whole, "nonsense": 1}, "nothing changes")
    assert gate.metric("ecs_gateway_config_reloads_total", result="success") == 1
    assert gate.metric("ecs_gateway_config_reloads_total", result="failure") == 1


def test_it_shows_the_configuration_in_force_and_where_each_value_came_from(start):
    whole = settings("http://127.0.0.1:1", admin={"address": "127.0.0.1:0"}, limits={"body_bytes": "64KiB"})
    gate = start.gateway(whole)

    def shown():
        status, page = gate.admin("/config")
        assert status == 200
        return json.loads(page)["values"]
    line = next(n for n, text in enumerate(gate.file.read_text().splitlines(), 1) if "64KiB" in text)
    assert shown()["limits"]["body_bytes"] == {"value": "64KiB", "from": f"line {line}"}
    assert shown()["limits"]["header_bytes"] == {"value": "16KiB", "from": "default"}
    gate.reload({**whole, "nonsense": 1}, "nothing changes")
    assert "nonsense" not in shown()
    gate.reload({**whole, "limits": {"body_bytes": "32KiB"}}, "reloaded")
    assert shown()["limits"]["body_bytes"]["value"] == "32KiB"


def test_its_status_tells_counts_rules_credentials_and_the_last_outcomes(start):
    gate = start.gateway(settings(start.cloud().url, admin={"address": "127.0.0.1:0"}))
    answers = [gate.call("GET", LOOK, proof=proof) for proof in (CI, GUEST)]
    lines = [gate.outcome_of(answer) for answer in answers]
    status, page = gate.admin("/status.json")
    told = json.loads(page)
    assert status == 200
    assert told["outcomes"] == lines
    calls = sorted((c["decision"], c["status"], c["count"]) for c in told["calls"])
    assert calls == [("allowed", 200, 1), ("denied", 403, 1)]
    assert {rule["name"]: rule["hits"] for rule in told["rules"]}["look"] == 1
    assert [c["name"] for c in told["credentials"]] == ["partner-key", "acme-key"]
    assert told["configuration"]["generation"] == 1 and told["not_ready"] == []


def test_its_status_keeps_the_last_two_hundred_outcomes(start):
    gate = start.gateway(settings("http://127.0.0.1:1", admin={"address": "127.0.0.1:0"}))
    with calling.connection(gate.port) as to:
        for _ in range(205):
            to.send(to.request("GET", LOOK, proof=GUEST))
            last = to.answer()
    gate.outcome_of(last)
    outcomes = json.loads(gate.admin("/status.json")[1])["outcomes"]
    assert len(outcomes) == 200
    assert outcomes[-1]["request_id"] == last["X-Gateway-Request-Id"]


def test_its_status_tells_changes_freezes_and_which_ledger_it_is(start):
    gate = start.gateway(settings(start.cloud().url, admin={"address": "127.0.0.1:0"}))
    changed = gate.resize(PARTNER, "s1", {"flavorRef": "s6.large.2"}, PLANNER, fields=[("Idempotency-Key", "ticket-1")])
    assert changed.status == 200
    done = programs.run("ecs-gateway", "freeze", "--account", "acme", "--reason", "quarter end", "--config", gate.file)
    assert done.returncode == 0, done.stderr

    def shown():
        told = json.loads(gate.admin("/status.json")[1])["ledger"]
        return told["open"] and told["freezes"] and told
    told = programs.wait_until(shown, "the change and the freeze")
    assert (told["name"], told["up"]) == (f"file {gate.file.with_name('ledger.db')}", True)
    assert told["counts"] == {"sending": 0, "unknown": 0, "accepted": 1, "awaiting_payment": 0}
    [change], [freeze] = told["open"], told["freezes"]
    assert (change["id"], change["state"], change["idempotency_key"]) == (changed["X-Gateway-Request-Id"], "accepted", "ticket-1")
    assert (freeze["account"], freeze["reason"]) == ("acme", "quarter end")
    assert told["ended"] == []
    assert programs.run("ecs-gateway", "changes", "resolve", change["id"], "--as", "failed", "--reason", "r", "--config",
                        gate.file).returncode == 0
    assert programs.wait_until(lambda: json.loads(gate.admin("/status.json")[1])["ledger"]["ended"], "its end")[0]["state"] == "failed"
    assert gate.metric("ecs_gateway_frozen") == 1


def test_it_is_degraded_and_not_unready_while_the_ledger_is_away(start):
    gate = start.gateway(settings(start.cloud().url, admin={"address": "127.0.0.1:0"}))
    assert gate.admin("/readyz") == (200, '{"ready":true}\n')
    ledger = gate.file.with_name("ledger.db")
    ledger.rename(ledger.with_name("elsewhere"))
    programs.wait_until(lambda: "degraded" in gate.admin("/readyz")[1], "it to notice")
    assert gate.admin("/readyz") == (200, '{"ready":true,"degraded":["ledger"]}\n')
    assert gate.metric("ecs_gateway_ledger_up") == 0
    assert "deleted or moved" in json.loads(gate.admin("/status.json")[1])["degraded"][0]["why"]
    refused = gate.resize(PARTNER, "s1", {"flavorRef": "s6.large.2"}, PLANNER)
    assert (refused.status, refused["X-Gateway-Outcome"]) == (503, "not_sent") and refused.error()[0] == "Gateway.0506"
    assert gate.call("GET", f"/v1/{PARTNER}/cloudservers/s", proof=CI).status == 200
    ledger.with_name("elsewhere").rename(ledger)
    programs.wait_until(lambda: gate.admin("/readyz")[1] == '{"ready":true}\n', "it to go on")
    # Its connection for reading opens the file by itself.
    programs.wait_until(lambda: gate.resize(PARTNER, "s1", {"flavorRef": "s6.large.2"}, PLANNER).status == 200, "a change")


def test_it_is_not_ready_until_the_ledger_was_opened_once(start):
    cloud = start.cloud()
    first = start.gateway(settings(cloud.url))
    second = start.gateway(settings(cloud.url, admin={"address": "127.0.0.1:0"}, ledger={"file": str(first.file.with_name("ledger.db"))}))
    status, page = second.admin("/readyz")
    assert status == 503
    [reason] = json.loads(page)["reasons"]
    assert reason["what"] == "ledger" and "process" in reason["why"]
    assert second.call("GET", f"/v1/{PARTNER}/cloudservers/s", proof=CI).status == 200
    first.close()
    programs.wait_until(lambda: second.admin("/readyz")[0] == 200, "it to have the ledger")


def test_callers_do_not_reach_it(start):
    gate = start.gateway(settings("http://127.0.0.1:1", admin={"address": "127.0.0.1:0"}))
    for page in ("/", "/healthz", "/readyz", "/metrics", "/status.json", "/config"):
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


def test_pages_for_people_are_not_given_to_a_name_that_was_made_to_point_here(start):
    gate = start.gateway(settings("http://127.0.0.1:1", admin={"address": "127.0.0.1:0"}))
    for page, status in {"/status.json": 421, "/config": 421, "/": 421, "/metrics": 200, "/readyz": 200, "/healthz": 200}.items():
        to = http.client.HTTPConnection("127.0.0.1", gate.admin_port, timeout=programs.PATIENCE)
        to.request("GET", page, headers={"Host": f"rebound.example:{gate.admin_port}"})
        assert to.getresponse().status == status, page
        to.close()


def test_connections_that_say_nothing_make_room_for_a_health_probe(start):
    gate = start.gateway(settings("http://127.0.0.1:1", admin={"address": "127.0.0.1:0"}))
    silent = [socket.create_connection(("127.0.0.1", gate.admin_port), 30) for _ in range(64)]
    silent[1].sendall(b"GET /healthz HTTP/1.1\r\n")  # and never the rest
    for _ in range(5):
        assert gate.admin("/healthz")[0] == 200
    assert silent[0].recv(1) == b"", "the one that waited longest was closed"
    silent[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert silent[-1].recv(12) == b"HTTP/1.1 200", "the latest was not"
    for each in silent:
        each.close()


def test_a_tls_hello_is_refused_at_once(start):
    gate = start.gateway(settings("http://127.0.0.1:1", admin={"address": "127.0.0.1:0"}))
    began = time.monotonic()
    with calling.connection(gate.admin_port) as to:
        to.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        assert to.answer().status == 400
        assert to.is_closed() and time.monotonic() - began < 8


def test_readers_that_do_not_read_keep_no_probe_out(start):
    """Eighty of them, each with more answers under way than any socket's buffers hold."""
    gate = start.gateway(settings("http://127.0.0.1:1", admin={"address": "127.0.0.1:0"}))
    asked = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 60000
    stalled = []
    for _ in range(80):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect(("127.0.0.1", gate.admin_port))
        one.setblocking(False)
        stalled.append(one)

    def keep_asking():
        for one in stalled:
            with contextlib.suppress(BlockingIOError, ConnectionError):
                one.send(asked)
    for _ in range(10):
        keep_asking()
        assert gate.admin("/healthz")[0] == 200
        assert gate.admin("/readyz")[0] == 200
    # A page that only people want is answered when a stalled one has made room.
    def room():
        with contextlib.suppress(ConnectionError):
            return gate.admin("/metrics")[0] == 200
    programs.wait_until(room, "a place for /metrics")
    for one in stalled:
        one.close()
