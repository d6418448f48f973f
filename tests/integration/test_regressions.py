"""What was found wrong once, from outside: each case failed before it was put right."""
import concurrent.futures
import json
import socket
import threading
import time

import scripted_cloud as scripts
from calling import connection
from programs import wait_until
from test_cloud import SEED
from world import CI, PARTNER, PLANNER, settings

LOOK = f"/v1/{PARTNER}/cloudservers/stopped"


def raw_call(port, data, ends=None):
    """Sends bytes; what comes back until the end of the stream or `ends`, and how long that took."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), 30) as to:
        to.sendall(data)
        got = b""
        while not (ends and got.endswith(ends)) and (more := to.recv(65536)):
            got += more
    return got, time.monotonic() - began


def test_a_body_that_was_asked_for_by_100_continue_has_its_time_limit_too(start):
    gate = start.gateway(settings("http://127.0.0.1:1", timeouts={"request_body": "1s"}))
    got, took = raw_call(gate.port, b"POST /v1.1/p/cloudservers/s/resize HTTP/1.1\r\nHost: g\r\nContent-Length: 9\r\n"
                                    b"Expect: 100-continue\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 408 "), got
    assert took < 10


def test_a_content_type_that_stays_here_is_not_signed(start):
    cloud = start.simulator(SEED)
    gate = start.gateway(settings(cloud.url, cloud.ca_file))
    hop_by_hop = [("Content-Type", "a/b"), ("Connection", "Content-Type")]
    for _ in range(4):  # three refusals would rest the key
        assert gate.call("GET", LOOK, fields=hop_by_hop, proof=CI).status == 200


def test_a_query_with_an_empty_parameter_is_refused_and_ends_the_connection(start):
    gate = start.gateway(settings("http://127.0.0.1:1"))
    for query in ("?&&a=1", "?a=1&", "?&"):
        with connection(gate.port) as to:
            answer = to.call("GET", f"/v1/{PARTNER}/cloudservers/resize_flavors{query}", proof=CI)
            assert (answer.status, answer.error()[0]) == (400, "Gateway.0001"), query
            assert answer["Connection"] == "close" and to.is_closed(), query


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
    answer = gate.call("GET", LOOK, proof=CI)
    gone.set()
    assert (answer.status, answer.error()[0]) == (504, "Gateway.0504")
    assert gate.outcome_of(answer)["outcome"] == "unknown"


def test_an_answer_to_head_has_no_body(start):
    gate = start.gateway(settings("http://127.0.0.1:1"))
    got, _ = raw_call(gate.port, f"HEAD {LOOK} HTTP/1.1\r\nHost: g\r\n\r\nGET /none HTTP/1.1\r\nHost: g\r\n"
                                 "Connection: close\r\n\r\n".encode())
    first, rest = got.split(b"\r\n\r\n", 1)
    assert first.startswith(b"HTTP/1.1 405 ") and b"Content-Length: " in first
    assert rest.startswith(b"HTTP/1.1 404 "), rest


def test_a_look_up_goes_out_once_more_and_not_once_for_each_kept_connection(start):
    together = threading.Barrier(4)

    def all_at_once(connection, request):
        together.wait(30)
        scripts.answering()(connection, request)
    cloud = start.cloud(all_at_once)
    gate = start.gateway(settings(cloud.url))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        cloud.behave = scripts.answering()  # a new key is tried by three calls at a time: let one be taken first
        assert gate.call("GET", LOOK, proof=CI).status == 200
        cloud.behave = all_at_once
        assert {a.status for a in pool.map(lambda _: gate.call("GET", LOOK, proof=PLANNER), range(4))} == {200}
    assert len(cloud.connections) == 4
    before = len(cloud.requests)
    cloud.behave = scripts.hanging_up
    assert gate.call("GET", LOOK, proof=CI).status == 502
    wait_until(lambda: len(cloud.requests) == before + 2, "the second try")
    assert len(cloud.requests) == before + 2


def test_all_addresses_of_either_family_can_be_listened_on(start):
    with socket.socket(socket.AF_INET6) as any_port:
        any_port.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        try:
            any_port.bind(("::", 0))
        except OSError:
            return  # a machine without IPv6
        port = any_port.getsockname()[1]
    gate = start.gateway(settings("http://127.0.0.1:1", listeners=[
        {"address": f"0.0.0.0:{port}", "plain_http": True}, {"address": f"[::]:{port}", "plain_http": True}]))
    assert gate.call("GET", "/none").status == 404


class when_told:
    """A cloud that answers its first call when it is told to, the others at once."""

    def __init__(self):
        self.go, self.first = threading.Event(), True

    def __call__(self, to, request):
        if self.first:
            self.first = False
            self.go.wait(30)
        scripts.answering()(to, request)


def test_a_request_that_comes_while_the_one_before_is_served_has_its_turn(start):
    cloud = start.cloud(behave := when_told())
    gate = start.gateway(settings(cloud.url))
    with connection(gate.port) as to:
        to.send(to.request("GET", LOOK, proof=CI))
        wait_until(lambda: cloud.requests, "the first call at the cloud")
        to.send(to.request("GET", LOOK, proof=CI))
        # Nothing tells from outside that the second has arrived; another call's round trip is longer than that.
        assert gate.call("GET", LOOK, proof=CI).status == 200
        behave.go.set()
        to.socket.settimeout(5)
        assert to.answer().status == to.answer().status == 200


def test_a_caller_that_sends_no_more_is_closed_after_its_answer(start):
    cloud = start.cloud(behave := when_told())
    gate = start.gateway(settings(cloud.url))
    with connection(gate.port) as to:
        to.send(to.request("GET", LOOK, proof=CI))
        wait_until(lambda: cloud.requests, "the call at the cloud")
        to.socket.shutdown(socket.SHUT_WR)
        assert gate.call("GET", LOOK, proof=CI).status == 200
        behave.go.set()
        to.socket.settimeout(5)
        assert to.answer().status == 200
        assert to.is_closed()


def test_a_large_request_to_an_endpoint_that_closes_at_once_is_answered_at_once(start):
    cloud = start.cloud()
    cloud.arrive = lambda to: scripts.hanging_up(to, None)
    gate = start.gateway(settings(cloud.url))
    body = json.dumps({"resize": {"flavorRef": "s6.large.2"}, "dry_run": True, "padding": "x" * 20_000}).encode()
    begun = time.monotonic()
    answer = gate.call("POST", f"/v1.1/{PARTNER}/cloudservers/s/resize", body, [("Content-Type", "application/json")], CI)
    assert (answer.status, answer.error()[0]) == (502, "Gateway.0501")
    assert time.monotonic() - begun < 10, "the time for an answer is 60 s"


def test_a_dead_kept_connection_is_not_used_for_a_call_that_comes_with_its_end(start):
    """Both are ready in one turn of the loop: the end of the kept connection, and the next call."""
    cloud = start.cloud()
    gate = start.gateway(settings(cloud.url))
    for _ in range(50):
        with connection(gate.port) as to, connection(gate.port) as other:
            assert to.call("GET", LOOK, proof=CI).status == other.call("GET", "/").status - 204 == 200
            calls = [to.request("POST", f"/v1.1/{PARTNER}/cloudservers/s/resize", b'{"resize":{"flavorRef":"s6.large.2"},"dry_run":true}',
                                [("Content-Type", "application/json")], CI), other.request("GET", "/")]
            cloud.hang_up()
            other.send(calls[1])
            to.send(calls[0])
            assert to.answer().status == 200
            assert other.answer().status == 404
