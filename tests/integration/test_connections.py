"""A caller's connection: what is read from it, when it ends, and who has to wait for whom."""
import socket
import threading
import time

from fakes import scripted_cloud as scripts
from calling import connection
from programs import wait_until
from world import API_KEYS, CI, PARTNER, settings

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
                                    b"X-Api-Key: " + API_KEYS["ci"].encode() + b"\r\nExpect: 100-continue\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 408 "), got
    assert took < 10


def test_a_query_with_an_empty_parameter_is_refused_and_ends_the_connection(start):
    gate = start.gateway(settings("http://127.0.0.1:1"))
    for query in ("?&&a=1", "?a=1&", "?&"):
        with connection(gate.port) as to:
            answer = to.call("GET", f"/v1/{PARTNER}/cloudservers/resize_flavors{query}", proof=CI)
            assert (answer.status, answer.error()[0]) == (400, "Gateway.0001"), query
            assert answer["Connection"] == "close" and to.is_closed(), query


def test_an_answer_to_head_has_no_body(start):
    gate = start.gateway(settings("http://127.0.0.1:1"))
    got, _ = raw_call(gate.port, f"HEAD {LOOK} HTTP/1.1\r\nHost: g\r\n\r\nGET /none HTTP/1.1\r\nHost: g\r\n"
                                 "Connection: close\r\n\r\n".encode())
    first, rest = got.split(b"\r\n\r\n", 1)
    assert first.startswith(b"HTTP/1.1 405 ") and b"Content-Length: " in first
    assert rest.startswith(b"HTTP/1.1 404 "), rest


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
