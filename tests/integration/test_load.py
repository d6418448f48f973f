"""Reloads, the end and hostile connections while callers call without a pause.

Short, since every test run makes it; GATEWAY_LOAD_SECONDS=60 makes the reloads a long trial.
"""
import contextlib
import os
import signal
import socket
import threading
import time

import pytest

import calling
from fakes import scripted_cloud as scripts
from gateway_certificates import authority, listener
from programs import wait_until
from steady_callers import steady_callers
from world import CI, PARTNER, PLANNER, settings

LOOK = f"/v1/{PARTNER}/jobs/j"
SECONDS = float(os.environ.get("GATEWAY_LOAD_SECONDS", "5"))


def look(to):
    return to.call("GET", LOOK, proof=CI)


def test_reloads_lose_no_call(start, tmp_path):
    """Rules, callers, certificates and a listener change with each reload, over plain HTTP and TLS."""
    ca = authority(tmp_path)
    cloud, certificates = start.cloud(), [ca.server(f"gateway{i}") for i in range(2)]

    def variant(i):
        whole = settings(cloud.url, workers=2, listeners=[
            {"address": "127.0.0.1:0"}, listener(certificates[i % 2], None, False, "127.0.0.2:0"),
            *([{"address": "127.0.0.3:0"}] if i % 2 else [])])
        whole["policy"][0]["rule"] = f"look-{i}"
        whole["callers"].append({"name": f"caller-{i}", "access_key": f"GWNEW{i:015}", "secret_key": {"file": "planner.sk"}})
        return whole

    gate = start.gateway(variant(0))
    context = ca.trusting()

    def over_tls():
        plain = socket.create_connection(("127.0.0.2", gate.ports[1]), 30)
        return calling.connection(0, context.wrap_socket(plain, server_hostname="gateway.test"))

    reloads, until = 0, time.monotonic() + SECONDS
    with (steady_callers(lambda: calling.connection(gate.port), look, 4) as plain,
          steady_callers(over_tls, look, 2) as secure):
        while reloads < 3 or time.monotonic() < until:
            reloads += 1
            gate.reload(variant(reloads), "reloaded")
    print(f"{reloads} reloads in {SECONDS} s: {plain.answered} + {secure.answered} calls")
    for callers in (plain, secure):
        assert (callers.cut, callers.others, callers.refused) == ([], [], 0)
        assert callers.answered > 10


@pytest.mark.parametrize("environment", [{}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}], ids=["service", "pod"])
def test_sigterm_cuts_no_call_off(start, environment):
    gate = start.gateway(settings(start.cloud().url, workers=2, timeouts={"drain": "3s"},
                                  admin={"address": "127.0.0.1:0"}), environment=environment)
    with steady_callers(lambda: calling.connection(gate.port), look, 8) as callers:
        wait_until(lambda: callers.answered > 100, "calls to flow")
        before = callers.answered
        gate.tell(signal.SIGTERM)
        if environment:
            # Told to end, not ready, and still there for whoever has not heard of it yet.
            wait_until(lambda: gate.admin("/readyz")[0] == 503, "readiness to fall")
            assert gate.call("GET", LOOK, proof=CI)["Connection"] == "close"
        assert gate.ended() == 0
        wait_until(lambda: callers.refused, "the callers to notice")
    # A new connection was served or refused, and no call of one that was served before was cut.
    assert (callers.cut, callers.others) == ([], []) and callers.answered >= before


def test_an_idle_connection_has_a_moment_for_a_call_that_is_on_its_way(start):
    gate = start.gateway(settings(start.cloud().url))
    with calling.connection(gate.port) as used, calling.connection(gate.port) as fresh:
        assert look(used).status == 200
        gate.tell(signal.SIGTERM)
        gate.wait_for(gate.stderr, "draining")
        for to in (used, fresh):
            answer = look(to)
            assert (answer.status, answer["Connection"]) == (200, "close")
    assert gate.ended() == 0


def trickle(port, stack, count, first):
    """Connections that begin to say something and say no more."""
    held = [stack.enter_context(socket.create_connection(("127.0.0.1", port), 30)) for _ in range(count)]
    for one in held:
        one.sendall(first)
    return held


SLOW = {
    "headers": f"GET {LOOK} HTTP/1.1\r\nHost: g\r\nX-Slow: ".encode(),
    "bodies": f"POST /v1/{PARTNER}/cloudservers/s/resize HTTP/1.1\r\nHost: g\r\nContent-Length: 9999\r\n\r\n{{".encode(),
    "chunks": f"POST /v1/{PARTNER}/cloudservers/s/resize HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n5".encode(),
}


@pytest.mark.parametrize("what", SLOW)
def test_a_thousand_slow_callers_stand_in_nobody_s_way(start, what):
    gate = start.gateway(settings(start.cloud().url, workers=2, timeouts={"request_header": "60s", "request_body": "60s"},
                                  admin={"address": "127.0.0.1:0"}))
    with contextlib.ExitStack() as stack:
        trickle(gate.port, stack, 1000, SLOW[what])
        wait_until(lambda: gate.metric("ecs_gateway_connections", side="caller") >= 1000, "all of them to be there")
        with steady_callers(lambda: calling.connection(gate.port), look, 4) as good:
            wait_until(lambda: good.answered > 200, "the others' calls")
        assert (good.cut, good.others) == ([], [])


def test_callers_who_do_not_read_stand_in_nobody_s_way(start):
    """Answers of a megabyte that nobody takes: each is held back at its origin, and the others go on."""
    large = scripts.answering(body="x" * 1_000_000)
    small = scripts.answering()
    cloud = start.cloud(lambda connection, request: (large if "/jobs/large" in request.line else small)(connection, request))
    gate = start.gateway(settings(cloud.url))
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            to = stack.enter_context(calling.connection(gate.port))
            to.send(to.request("GET", f"/v1/{PARTNER}/jobs/large", proof=CI))
        with steady_callers(lambda: calling.connection(gate.port), look, 2) as good:
            wait_until(lambda: good.answered > 100, "the others' calls")
        assert (good.cut, good.others) == ([], [])


def test_connections_over_the_limit_get_503_and_room_comes_back(start):
    gate = start.gateway(settings(start.cloud().url, limits={"connections": 20}))
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(calling.connection(gate.port)) for _ in range(20)]
        for to in held:
            assert look(to).status == 200
        with calling.connection(gate.port) as late:
            answer = look(late)
            assert (answer.status, answer.error()[0], answer["Retry-After"] is not None) == (503, "Gateway.0503", True)
            assert late.is_closed()
        assert look(held[7]).status == 200
    wait_until(lambda: gate.call("GET", LOOK, proof=CI).status == 200, "room for a new connection")


def test_one_caller_is_held_to_its_calls_in_flight(start):
    go = threading.Event()

    def slow(connection, request):
        if len(cloud.requests) > 1:
            go.wait(30)
        scripts.answering()(connection, request)

    whole = settings((cloud := start.cloud(slow)).url)
    whole["policy"][0]["max_in_flight"] = 3
    gate = start.gateway(whole)
    assert gate.call("GET", LOOK, proof=CI).status == 200, "a key that has proved itself"
    with contextlib.ExitStack() as stack:
        under_way = [stack.enter_context(calling.connection(gate.port)) for _ in range(3)]
        for to in under_way:
            to.send(to.request("GET", LOOK, proof=CI))
        wait_until(lambda: len(cloud.requests) == 4, "three calls under way")
        fourth = gate.call("GET", LOOK, proof=CI)
        assert (fourth.status, fourth.error()[0]) == (429, "Gateway.0405")
        another = stack.enter_context(calling.connection(gate.port))
        another.send(another.request("GET", LOOK, proof=PLANNER))
        wait_until(lambda: len(cloud.requests) == 5, "another caller's call")
        go.set()
        assert [to.answer().status for to in (*under_way, another)] == [200] * 4
    assert gate.call("GET", LOOK, proof=CI).status == 200
