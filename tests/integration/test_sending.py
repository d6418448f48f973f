"""A call is sent at most once, since a resize is an order; and what is said when nobody can tell what became of it."""
import concurrent.futures
import json
import threading
import time

import pytest

from fakes import scripted_cloud as scripts
from calling import connection
from programs import wait_until
from world import CI, PARTNER, PLANNER, new_server, settings

RESIZE = {"flavorRef": "s6.large.2"}
LOOK = f"/v1/{PARTNER}/jobs/j"


@pytest.fixture
def cloud(start):
    return start.cloud()


@pytest.fixture
def gate(start, cloud):
    return start.gateway(settings(cloud.url, timeouts={"upstream_response": "2s"}))


def silent(_connection, _request):
    """Takes the request and says nothing."""


ENDINGS = [("hangs_up", scripts.hanging_up, 502), ("says_nothing", silent, 504),
           ("half_a_head", scripts.raw(b"HTTP/1.1 200 OK\r\nContent-"), 502),
           ("half_a_body", scripts.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"), 502)]


@pytest.mark.parametrize("kept", [False, True], ids=["new_connection", "kept_connection"])
@pytest.mark.parametrize("behave, status", [e[1:] for e in ENDINGS], ids=[e[0] for e in ENDINGS])
def test_a_resize_whose_answer_is_lost_is_sent_once(gate, cloud, behave, status, kept):
    if kept:
        assert gate.call("GET", LOOK, proof=CI).status == 200
    cloud.behave = behave
    answer = gate.resize(PARTNER, "s", RESIZE, PLANNER)
    assert (answer.status, answer["X-Gateway-Outcome"]) == (status, "unknown")
    assert gate.outcome_of(answer)["outcome"] == "unknown"
    assert len([r for r in cloud.requests if r.line.startswith("POST")]) == 1
    assert len({r.connection for r in cloud.requests}) == 1


def test_a_get_on_a_kept_connection_is_tried_once_more(gate, cloud):
    assert gate.call("GET", LOOK, proof=CI).status == 200

    def hang_up_on_the_kept_one(connection, request):
        (scripts.hanging_up if request.connection == 0 else scripts.answering())(connection, request)
    cloud.behave = hang_up_on_the_kept_one
    answer = gate.call("GET", LOOK, proof=CI)
    assert answer.status == 200
    assert [r.connection for r in cloud.requests] == [0, 0, 1]
    assert gate.outcome_of(answer)["outcome"] == "answered"


def test_a_get_is_not_tried_for_ever(gate, cloud):
    assert gate.call("GET", LOOK, proof=CI).status == 200
    cloud.behave = scripts.hanging_up
    answer = gate.call("GET", LOOK, proof=CI)
    assert (answer.status, answer["X-Gateway-Outcome"]) == (502, "unknown")
    assert len(cloud.requests) == 3


def test_a_kept_connection_that_died_is_replaced_silently(gate, cloud):
    assert gate.resize(PARTNER, new_server(), RESIZE, PLANNER).status == 200
    cloud.hang_up()
    wait_until(lambda: cloud.connections[0].fileno() == -1, "the end of the kept connection")
    assert gate.resize(PARTNER, new_server(), RESIZE, PLANNER).status == 200
    assert [r.connection for r in cloud.requests] == [0, 1]


def test_connections_are_kept_on_both_sides(gate, cloud):
    with connection(gate.port) as to:
        for _ in range(5):
            assert to.call("GET", LOOK, proof=CI).status == 200
    assert [r.connection for r in cloud.requests] == [0] * 5


def test_a_large_answer_is_passed_on_whole(gate, cloud):
    text = "x" * 1_000_000
    cloud.behave = scripts.answering(200, {"text": text})
    assert gate.call("GET", LOOK, proof=CI).json() == {"text": text}


def test_a_chunked_answer_is_passed_on_whole(gate, cloud):
    chunks = b'3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n'
    cloud.behave = scripts.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    assert gate.call("GET", LOOK, proof=CI).json() == {"a": 1}


def test_pipelined_calls_are_answered_in_order(gate, cloud):
    cloud.behave = lambda to, request: scripts.answering(200, {"line": request.line})(to, request)
    with connection(gate.port) as to:
        jobs = [f"/v1/{PARTNER}/jobs/{n}" for n in range(3)]
        to.send(to.request("GET", jobs[0], proof=CI))
        assert jobs[0] in to.answer().json()["line"]
        to.send(b"".join(to.request("GET", job, proof=CI) for job in jobs))
        received = b""
        while received.count(b'"}') < 3:
            received += to.socket.recv(65536)
        assert [received.index(f"GET {job} ".encode()) for job in jobs] == sorted(
            received.index(f"GET {job} ".encode()) for job in jobs)


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


def test_a_large_request_to_an_endpoint_that_closes_at_once_is_answered_at_once(start):
    cloud = start.cloud()
    cloud.arrive = lambda to: scripts.hanging_up(to, None)
    gate = start.gateway(settings(cloud.url))
    body = json.dumps({"resize": {"flavorRef": "s6.large.2"}, "dry_run": True}).encode() + b" " * 20_000
    begun = time.monotonic()
    answer = gate.call("POST", f"/v1.1/{PARTNER}/cloudservers/s/resize", body, [("Content-Type", "application/json")], CI)
    assert (answer.status, answer.error()[0]) == (502, "Gateway.0501")
    assert time.monotonic() - begun < 10, "the time for an answer is 60 s"


def test_a_dead_kept_connection_is_not_used_for_a_call_that_comes_with_its_end(start):
    """Both are ready in one iteration of the loop: the end of the kept connection, and the next call."""
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
