"""What callers' bodies may take of the gateway's memory: nothing for a stranger, so much together, and given back."""
import contextlib
import pathlib
import socket

import pytest

import calling
from programs import SANITIZED, wait_until
from world import CI, PARTNER, PLANNER, PLANNER_KEY, SECRETS, settings

RESIZE = f"/v1.1/{PARTNER}/cloudservers/s/resize"
LOOK = f"/v1/{PARTNER}/jobs/j"
MIB = 1024 * 1024
BODY = b'{"resize":{"flavorRef":"s6.large.2"},"dry_run":true}'


def resident(gate):
    """Bytes of memory that the process has."""
    status = pathlib.Path(f"/proc/{gate.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]) * 1024


def head(proof=calling.nothing, length=MIB, method="POST", target=RESIZE, body=b"", more=()):
    fields = [("Host", "gateway"), ("Content-Type", "application/json"),
              ("Content-Length", str(length)) if length is not None else ("Transfer-Encoding", "chunked"), *more]
    return calling.render(method, target, [*fields, *proof(method, target, fields, body)], b"")


STRANGERS = {
    "no proof": head(),
    "an unknown API key": head(calling.key("wrong")),
    "an unknown access key": head(calling.signature("GWUNKNOWN0000000001", "secret")),
    "chunks and no proof": head(length=None),
    "an expectation and no proof": head(more=[("Expect", "100-continue")]),
}


@pytest.fixture(scope="module")
def gate(start_once):
    return start_once.gateway(settings(start_once.cloud().url, limits={"body_bytes": "1MiB"}))


@pytest.mark.parametrize("what", STRANGERS)
def test_the_body_of_a_stranger_is_not_waited_for(gate, what):
    with calling.connection(gate.port) as stranger:
        stranger.send(STRANGERS[what])
        got = stranger.answer()
        assert (got.status, got.error()[0], got["Connection"]) == (401, "Gateway.0101", "close")


def test_a_late_signature_is_told_so_without_the_body(gate):
    with calling.connection(gate.port) as late:
        late.send(head(calling.signature(PLANNER_KEY, SECRETS["planner.sk"], shift=-3600)))
        assert late.answer().error()[0] == "Gateway.0102"
        assert late.is_closed()


@pytest.mark.parametrize("method, target, expected", [
    ("GET", LOOK, (400, "Gateway.0002")), ("POST", LOOK, (405, "Gateway.0302")), ("POST", "/", (404, "Gateway.0301"))])
def test_a_body_that_nothing_takes_is_not_waited_for(gate, method, target, expected):
    with calling.connection(gate.port) as caller:
        caller.send(head(CI, method=method, target=target))
        got = caller.answer()
        assert (got.status, got.error()[0]) == expected
        assert caller.is_closed()


def test_a_body_that_comes_later_than_its_head_is_taken(gate):
    with calling.connection(gate.port) as caller:
        for proof in (PLANNER, CI):
            whole = caller.request("POST", RESIZE, BODY, [("Content-Type", "application/json")], proof)
            caller.send(whole[:-len(BODY)])
            caller.send(BODY)
            assert caller.answer().status == 200


def test_a_wrong_signature_over_a_body_is_found_with_the_body(gate):
    with calling.connection(gate.port) as caller:
        fields = [("Content-Type", "application/json")]
        whole = caller.request("POST", RESIZE, BODY, fields, calling.signature(PLANNER_KEY, "another secret"))
        caller.send(whole[:-len(BODY)])
        caller.send(BODY)
        assert caller.answer().error()[0] == "Gateway.0101"


def test_bodies_that_wait_have_a_limit_together(start):
    gate = start.gateway(settings(start.cloud().url, limits={"body_bytes": "1MiB", "buffered_bytes": "3MiB"}))
    with contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(calling.connection(gate.port)) for _ in range(2)]
        for each in waiting:
            each.send(head(CI) + b" " * 500_000)
        # One more body of 1 MiB finds no room beside two and their heads, the usual small one does.
        third, small = (stack.enter_context(calling.connection(gate.port)) for _ in range(2))

        def refused():
            third.send(head(CI, length=MIB))
            return third.answer()
        got = refused()
        assert (got.status, got.error()[0]) == (503, "Gateway.0503") and got["Retry-After"]
        whole = small.request("POST", RESIZE, BODY, [("Content-Type", "application/json")], CI)
        small.send(whole[:-len(BODY)])
        small.send(BODY)
        assert small.answer().status == 200
        for each in waiting:
            each.socket.close()

        def there_is_room_again():
            with calling.connection(gate.port) as later:
                later.send(head(CI) + b" " * MIB)
                return later.answer().status == 400  # a body of blanks
        wait_until(there_is_room_again, "the memory of bodies that went")


@pytest.mark.skipif(SANITIZED, reason="memory is not what it would be")
@pytest.mark.parametrize("proof", [calling.nothing, CI], ids=["strangers", "a caller"])
def test_memory_of_five_hundred_large_bodies_comes_back(start, proof):
    # The first of them waits for the last: on a busy machine that takes longer than a body may.
    gate = start.gateway(settings(start.cloud().url, limits={"body_bytes": "1MiB", "buffered_bytes": "512MiB"},
                                  timeouts={"request_header": "5m", "request_body": "5m"}))
    with calling.connection(gate.port) as usual:
        assert usual.call("GET", LOOK, proof=CI).status == 200
    before = resident(gate)
    sockets = [socket.create_connection(("127.0.0.1", gate.port), 30) for _ in range(500)]
    for each in sockets:
        with contextlib.suppress(ConnectionError):
            each.sendall(head(proof) + b" " * 1_000_000)
    if proof is CI:
        wait_until(lambda: resident(gate) > before + 400 * MIB, "the bodies")
    else:
        assert resident(gate) < before + 30 * MIB
    for each in sockets:
        each.close()
    wait_until(lambda: resident(gate) < before + 10 * MIB, f"what was taken: {resident(gate) - before}")
