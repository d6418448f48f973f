"""Large answers pass through: whole, piece by piece, in bounded memory, as fast as the slower side."""
import hashlib
import http.client
import json
import pathlib
import random
import re
import socket
import threading

from fakes import faulty_cloud as faults
import programs
import pytest
from fakes import scripted_cloud as scripts
from calling import connection
from programs import wait_until
from upstream_faults import CHUNKED
from world import CI, PARTNER, PLANNER, settings

LOOK = f"/v1/{PARTNER}/jobs/j"
BLOCK = random.Random(1).randbytes(1 << 20)
BLOCKS = 100  # MiB
SMALL_BUFFER = 64 * 1024
MAX_GROWTH = 16 << 10  # KiB by which the gateway may grow; what passes through is a multiple of it

FRAMINGS = {"length": faults.head("200 OK", f"Content-Length: {BLOCKS * len(BLOCK)}"),
            "chunked": CHUNKED,
            "until_close": faults.head()}


def framed(framing, piece):
    return b"%x\r\n" % len(piece) + piece + b"\r\n" if framing == "chunked" else piece


def end(framing):
    return b"0\r\n\r\n" if framing == "chunked" else b""


class flood:
    """An endpoint that sends as much as it is let, and notes when it is let no more."""

    def __init__(self, framing):
        self.sent, self.stalled, self._framing = 0, threading.Event(), framing

    def __call__(self, to, _request):
        to.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER)
        to.sendall(FRAMINGS[self._framing])
        to.settimeout(0.5)
        block = memoryview(framed(self._framing, BLOCK))
        for _ in range(BLOCKS):
            self._send(to, block)
        self._send(to, memoryview(end(self._framing)))
        if self._framing == "until_close":
            raise ConnectionAbortedError
        to.settimeout(None)

    def _send(self, to, rest):
        while rest:
            try:
                taken = to.send(rest)
            except TimeoutError:
                self.stalled.set()
                continue
            self.sent += taken
            rest = rest[taken:]


def peak_memory(gate):
    """Of the process so far, in KiB."""
    status = pathlib.Path(f"/proc/{gate.process.pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1])


def begin(to, target=LOOK):
    """Sends a look-up; the answer, of which the head was read."""
    to.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    to.send(to.request("GET", target, proof=CI))
    response = http.client.HTTPResponse(to.socket)
    response.begin()
    return response


@pytest.fixture
def cloud(start):
    return start.cloud()


@pytest.fixture
def gate(start, cloud):
    return start.gateway(settings(cloud.url, limits={"body_bytes": "12MiB"}))


@pytest.mark.parametrize("framing", FRAMINGS)
def test_an_answer_of_100_mib_passes_in_bounded_memory(gate, cloud, framing):
    assert gate.call("GET", LOOK, proof=CI).status == 200
    before = peak_memory(gate)
    sender = cloud.behave = flood(framing)
    with connection(gate.port) as to:
        response = begin(to)
        # Back-pressure: nobody reads, so after what the kernel's buffers hold the endpoint can't send either.
        assert sender.stalled.wait(programs.PATIENCE), "the endpoint may send although the caller does not read"
        assert sender.sent < BLOCKS * len(BLOCK) // 2
        got, size = hashlib.sha256(), 0
        while piece := response.read(1 << 16):
            got.update(piece)
            size += len(piece)
        assert size == BLOCKS * len(BLOCK)
        assert got.digest() == hashlib.sha256(BLOCK * BLOCKS).digest()
        if "asan" not in str(programs.BIN):  # AddressSanitizer keeps freed memory on purpose
            assert peak_memory(gate) - before < MAX_GROWTH
        line = wait_until(lambda: next((o for o in gate.outcomes() if o["bytes_out"] > size), None), "the outcome line")
        assert (line["outcome"], line["status"]) == ("answered", 200)
        cloud.behave = scripts.answering()
        assert to.call("GET", LOOK, proof=CI).status == 200  # the caller's connection is good for another call


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_slow_endpoints_pieces_arrive_as_they_come(gate, cloud, framing):
    """Once an answer is larger than what is held back to be looked at, nothing waits for what follows it."""
    piece = BLOCK[:128 * 1024]
    arrived = threading.Semaphore(0)

    def one_by_one(to, _request):
        to.sendall(FRAMINGS[framing])
        for _ in range(5):
            to.sendall(framed(framing, piece))
            assert arrived.acquire(timeout=programs.PATIENCE)
        raise ConnectionAbortedError
    cloud.behave = one_by_one
    with connection(gate.port) as to:
        response = begin(to)
        for _ in range(5):
            assert response.read(len(piece)) == piece
            arrived.release()


def test_an_endpoint_need_not_send_what_nobody_reads(gate, cloud):
    ended = threading.Event()

    def pour(to, request):
        try:
            faults.pour(FRAMINGS["length"], BLOCK)(to, request)
        finally:
            ended.set()
    cloud.behave = pour
    with connection(gate.port) as to:
        begin(to)
    assert ended.wait(programs.PATIENCE), "the endpoint still sends although the caller is gone"
    line = wait_until(lambda: next(iter(gate.outcomes()), None), "the outcome line")
    assert line["outcome"] == "unknown"
    cloud.behave = scripts.answering()
    assert gate.call("GET", LOOK, proof=CI).status == 200


def test_a_large_resize_reaches_an_endpoint_that_takes_it_slowly(gate, cloud):
    body = json.dumps({"resize": {"flavorRef": "s6.large.2"}}).encode() + b" " * (8 << 20)
    may_read = threading.Event()
    cloud.arrive, cloud.at_head = faults.take_little, lambda *_: may_read.wait(programs.PATIENCE)
    with connection(gate.port) as to:
        to.send(to.request("POST", f"/v1.1/{PARTNER}/cloudservers/s/resize", body,
                           [("Content-Type", "application/json")], PLANNER))
        wait_until(lambda: cloud.requests, "the head of the request")
        may_read.set()
        assert to.answer().status == 200
    assert [r.body for r in cloud.requests] == [body]
