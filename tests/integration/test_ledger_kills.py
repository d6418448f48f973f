"""SIGKILL in the middle of a request, and at random moments under load. After the next start the cloud has got each change at
most once, and the ledger has it in a state that is true.

30 kills at random moments, since every test run makes them; GATEWAY_KILLS=300 is `make test-kills`.
"""
import contextlib
import http.client
import itertools
import os
import random
import threading
import time
import uuid

import pytest

import ledger_world as ledgers
from calling import connection
from fakes import scripted_cloud as scripts
from fakes.faulty_cloud import take_little
from programs import wait_until
from syscalls import inject, new_folder
from world import CI

KILLS = int(os.environ.get("GATEWAY_KILLS", "30"))
CALLERS = 8


ACTED, IGNORED = ({"acted": acted, "status": 200, "answer": {"job_id": "j1"}} for acted in (True, False))


@pytest.mark.parametrize("state, job, sent, is_true", [
    ("accepted", "j1", [ACTED], True), ("accepted", "j2", [ACTED], False), ("accepted", "j1", [], False),
    ("succeeded", "j1", [IGNORED], False), ("refused", None, [IGNORED], True), ("refused", None, [ACTED], False),
    ("not_sent", None, [], True), ("not_sent", None, [IGNORED], False), ("unknown", None, [ACTED], True), ("unknown", None, [], True),
])
def test_the_judge_of_these_tests(state, job, sent, is_true):
    found = ledgers.verdict({"c": {"id": "c", "state": state, "job_id": job, "idempotency_key": "k"}}, {"c": sent})
    assert not found.contradictions == is_true and not found.twice and not found.keys_twice and not found.unrecorded


def test_the_judge_sees_what_was_sent_twice_or_never_recorded():
    changes = {name: {"id": name, "state": "accepted", "job_id": "j1", "idempotency_key": "k"} for name in ("c1", "c2")}
    found = ledgers.verdict(changes, {"c1": [ACTED, ACTED], "c2": [ACTED], "c3": [ACTED]})
    assert (found.twice, found.keys_twice, found.unrecorded) == (["c1"], ["k"], ["c3"])


@pytest.fixture(scope="module", name="cloud")
def make_cloud(start_once):
    return start_once.simulator(ledgers.seed(20), controlled=True)


def read_answer(to):
    """None when the gateway ends before it."""
    try:
        return to.answer()
    except (ConnectionError, http.client.HTTPException):
        return None


def test_a_kill_after_the_first_byte(tmp_path, start):
    """Some of a large request has left when the gateway dies: the rest never follows."""
    got = []
    cloud = start.cloud()
    whole = ledgers.change_settings(cloud, limits={"body_bytes": "12MiB"})
    with contextlib.closing(ledgers.lasting_gateway(tmp_path, whole)) as gate:
        def kill(_connection, request):
            got.append(request)
            gate.kill()
        cloud.arrive, cloud.at_head, cloud.behave = take_little, kill, scripts.hanging_up
        with connection(gate.now.port) as to:
            to.send(ledgers.resize_bytes(to, "s1", "s6.xlarge.2", "key", padding=8 << 20))
            assert read_answer(to) is None
        gate.wait_for_death()
        cloud.at_head, cloud.behave = None, scripts.answering()
        gate.start()
        [change] = gate.ledger.changes().values()
        assert change["state"] == "unknown"
        wait_until(lambda: got[0].body, "what was left of it")
        assert len(got[0].body) < int(got[0]["Content-Length"])
        with connection(gate.now.port) as to:
            to.send(ledgers.resize_bytes(to, "s1", "s6.xlarge.2", "key", padding=8 << 20))
            repeat = to.answer()
        assert (repeat.status, repeat.error()[0]) == (409, "Gateway.0603"), repeat
        assert len(got) == 1 and not cloud.requests[1:]


SENDS = "sendto,sendmsg"


def resizes(cloud):
    return [each for each in cloud.requests if "/resize " in each.line]


@pytest.mark.parametrize("before_call, at_cloud, state, sent", [
    ("pwrite64", None, None, 0),
    ("fdatasync", None, "unknown", 0),
    (SENDS, None, "unknown", 0),
    (None, "kill", "unknown", 1),
    (None, "pwrite64", "unknown", 1),
    (None, SENDS, "accepted", 1),
    (None, None, "accepted", 1),
], ids=["before_the_commit", "before_its_flush", "after_the_commit", "before_the_clouds_answer", "before_the_record_of_the_answer",
        "before_the_callers_answer", "after_the_callers_answer"])
def test_a_kill_at_each_step_of_a_change(tmp_path, start, before_call, at_cloud, state, sent):
    """The kill comes at the entry of the next such system call: before the call is made, or when the cloud has the change."""
    cloud = start.cloud()
    whole = ledgers.change_settings(cloud)
    with contextlib.ExitStack() as tracing, contextlib.closing(ledgers.lasting_gateway(tmp_path, whole)) as gate:
        def kill_at(calls):
            on_file = None if calls == SENDS else f"{gate.file}-wal"
            tracing.enter_context(inject(new_folder(tmp_path, "strace"), gate.now.process.pid, f"{calls}:signal=SIGKILL:when=1", on_file))

        def behave(connection, request):
            if at_cloud == "kill":
                gate.kill()
            elif at_cloud:
                kill_at(at_cloud)
            scripts.answering(body={"job_id": "j1"})(connection, request)
        if before_call:
            kill_at(before_call)
        cloud.behave = behave
        with connection(gate.now.port) as to:
            to.send(ledgers.resize_bytes(to, "s1", "s6.large.2", "key", proof=CI))
            answer = read_answer(to)
        assert (answer is None) == bool(before_call or at_cloud), answer
        if answer:
            gate.kill()
        gate.wait_for_death()
        cloud.behave = scripts.answering()
        gate.start()
        changes = list(gate.ledger.changes().values())
        assert [each["state"] for each in changes] == ([state] if state else [])
        assert len(resizes(cloud)) == sent
        repeat = ledgers.resize(gate.now, "s1", "s6.large.2", "key", CI)
        if state == "unknown":
            assert repeat.error()[0] == "Gateway.0603", repeat
        else:
            assert repeat.status == 200 and (repeat["Idempotent-Replayed"] == "true") == bool(state), repeat
        assert len(resizes(cloud)) == max(sent, 0 if state else 1)


def test_callers_go_on_with_their_servers_after_a_restart(tmp_path, cloud):
    """Their jobs have ended, and nobody has read that yet: each asks for its own, with a key that the cloud has not accepted from
    this process before."""
    def grow(flavor):
        calls = [connection(gate.now.port) for _ in range(CALLERS)]
        for number, to in enumerate(calls):
            to.send(ledgers.resize_bytes(to, f"s{number + 10}", flavor, proof=CI))
        answers = [to.answer() for to in calls]
        assert [answer.status for answer in answers] == [200] * CALLERS, answers
    with contextlib.closing(ledgers.lasting_gateway(tmp_path, ledgers.change_settings(cloud))) as gate:
        grow("s6.xlarge.2")
        gate.kill()
        gate.start()
        grow("s6.large.2")


class load:
    """Callers that change one server after the other without a pause. Each repeats a call, with the same key, until it is told
    what became of it; a server whose change is unknown is left alone from then on."""

    def __init__(self, gate, servers):
        self.told, self.troubles = [], []
        self._gate, self._stop = gate, threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(servers[number::CALLERS],)) for number in range(CALLERS)]

    def __enter__(self):
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for each in self._threads:
            each.join()

    def wait_for_more(self, count):
        """Waits until so many more changes have been told to have taken place."""
        def good():
            assert not self.troubles, str(self.troubles[0])
            return sum(answer.status == 200 for _, answer in list(self.told))
        before = good()
        wait_until(lambda: good() >= before + count, "more good answers")

    def _run(self, servers):
        try:
            for server in servers:
                self._change(server)
        except Exception as trouble:  # shown by the test, which is in another thread
            self.troubles.append(trouble)

    def _change(self, server):
        for flavor in itertools.cycle(ledgers.FLAVORS):
            key = str(uuid.uuid4())
            while not self._stop.is_set():
                answer = self._call(server, flavor, key)
                if answer and answer.status == 200:
                    break
                if answer and answer["X-Gateway-Outcome"] == "unknown" and answer["X-Gateway-Change-State"] == "unknown":
                    return
            if self._stop.is_set():
                return

    def _call(self, server, flavor, key):
        try:
            answer = ledgers.resize(self._gate.now, server, flavor, key, CI)
        except (ConnectionError, http.client.HTTPException):  # killed; another one is on its way
            self._stop.wait(0.01)
            return None
        if answer.status not in (200, 502, 503) and answer.error()[0] not in ("Gateway.0603", "Gateway.0607"):
            raise AssertionError(f"{key}: {answer}")
        self.told.append((key, answer))
        return answer


def test_kills_at_random_moments_under_load(tmp_path, start):
    servers = CALLERS * (KILLS * 2 + 50)
    cloud = start.simulator(ledgers.seed(servers), controlled=True)
    cloud.control("faults", faults=[{"on": "resize", "chance": 0.3, "seed": 1, "delay_ms": 15},
                                    {"on": "resize", "chance": 0.01, "seed": 2, "close_before_answer": True}])
    # A machine that is busy with other tests as well is no reason to give up early.
    whole = ledgers.change_settings(cloud, workers=2, timeouts={"ledger": "10s"})
    with contextlib.closing(ledgers.lasting_gateway(tmp_path, whole)) as gate:
        with load(gate, [f"s{number}" for number in range(servers)]) as calls:
            for _ in range(KILLS):
                calls.wait_for_more(random.randint(1, 40))
                time.sleep(random.uniform(0, 0.02))  # what is tried here is any moment
                gate.kill()
                gate.start()
            calls.wait_for_more(CALLERS)
        found = ledgers.judge(gate, cloud)
    print(f"\n{KILLS} kills: {found}")
    found.expect_truth()
    assert "sending" not in found.states
    assert found.states["unknown"] and found.states["accepted"] + found.states["succeeded"] > KILLS
    for key, answer in calls.told:
        judge_told(found, key, answer)


def judge_told(found, key, answer):
    """Whether an answer was true: by what ledger and cloud say at the end."""
    change = answer["X-Gateway-Change-Id"]
    calls = found.sent.get(change, [])
    if answer.status == 200:
        assert found.changes[change]["idempotency_key"] == key
        assert answer.json() == calls[0]["answer"] and calls[0]["acted"], (answer, calls)
    elif answer["X-Gateway-Outcome"] == "not_sent":
        assert not calls, (answer, calls)
    elif answer["X-Gateway-Change-State"] == "unknown":
        assert found.changes[change]["state"] == "unknown" and found.changes[change]["idempotency_key"] == key, answer
