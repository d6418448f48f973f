"""Callers that want the same server at once, and repeats of changes whose answers are lost, late or cut: one change of a server
at a time, one change for a key, and each caller is told which."""
import collections
import concurrent.futures
import contextlib
import itertools
import os
import threading

import pytest

import ledger_world as ledgers
from calling import connection
from programs import wait_until
from test_ledger_kills import judge_told
from world import CI, PARTNER, PLANNER

RACES = int(os.environ.get("GATEWAY_RACES", "1000"))
PAIRS = 4  # of callers, each with a server of its own


@pytest.fixture(name="cloud")
def make_cloud(start):
    return start.simulator(ledgers.seed(250), controlled=True)


@pytest.fixture(name="gate")
def make_gate(tmp_path, cloud):
    whole = ledgers.change_settings(cloud, workers=2, timeouts={"upstream_response": "1s"})
    with contextlib.closing(ledgers.lasting_gateway(tmp_path, whole)) as gate:
        yield gate


class pair:
    """Two callers that want one server, again and again. The job of who gets it does not end before the other was told."""

    def __init__(self, gate, cloud, number):
        self.gate, self.cloud, self.server = gate, cloud, f"s{number}"
        self.winners = collections.Counter()

    def race(self, times):
        with connection(self.gate.port) as first, connection(self.gate.port) as second:
            for flavor in itertools.islice(itertools.cycle(ledgers.FLAVORS), times):
                calls = [(to, ledgers.resize_bytes(to, self.server, flavor, proof=CI)) for to in (first, second)]
                for to, data in calls:
                    to.send(data)
                self.judge([to.answer() for to, _ in calls])

    def judge(self, answers):
        won, lost = sorted(answers, key=lambda answer: answer.status)
        assert (won.status, lost.status) == (200, 409), answers
        code, message = lost.error()
        winner = won["X-Gateway-Change-Id"]
        assert (code, lost["X-Gateway-Busy-With"], lost["X-Gateway-Outcome"]) == ("Gateway.0601", winner, "not_sent"), answers
        assert winner in message and lost["X-Gateway-Change-Id"] is None
        self.winners[answers.index(won)] += 1
        self.cloud.control("job", job_id=won.json()["job_id"], ends="SUCCESS")


def test_two_callers_race_for_one_server(gate, cloud):
    cloud.control("resizes", ends="never")
    pairs = [pair(gate.now, cloud, number) for number in range(PAIRS)]
    with concurrent.futures.ThreadPoolExecutor(PAIRS) as pool:
        list(pool.map(lambda each: each.race(RACES // PAIRS), pairs))
    found = ledgers.judge(gate, cloud)
    found.expect_truth()
    assert len(found.changes) == len(found.sent) == RACES // PAIRS * PAIRS
    print(f"\n{RACES} races: {found}; the first call won {sum(each.winners[0] for each in pairs)}")


def test_the_same_bytes_at_once_on_another_connection_get_the_answer_of_the_first(gate, cloud):
    """The official Java SDK sends a call again, as it is, when its connection broke: without a key."""
    cloud.control("faults", faults=[{"on": "resize", "id": "s0", "delay_ms": 500}])
    with connection(gate.now.port) as first, connection(gate.now.port) as second:
        data = ledgers.resize_bytes(first, "s0", "s6.xlarge.2", proof=PLANNER)
        first.send(data)
        second.send(data)
        answers = [first.answer(), second.answer()]
    assert [answer.status for answer in answers] == [200, 200], answers
    assert answers[0].body == answers[1].body
    assert answers[0]["X-Gateway-Change-Id"] == answers[1]["X-Gateway-Change-Id"]
    assert {answer["Idempotent-Replayed"] for answer in answers} == {None, "true"}
    assert cloud.control("resizes?server=s0")["received"] == 1


def test_a_call_that_was_hung_up_on_is_told_its_answer_by_the_same_bytes(gate, cloud):
    cloud.control("faults", faults=[{"on": "resize", "id": "s0", "delay_ms": 300}])
    with connection(gate.now.port) as first:
        data = ledgers.resize_bytes(first, "s0", "s6.xlarge.2", proof=PLANNER)
        first.send(data)
        wait_until(lambda: cloud.control("resizes?server=s0")["received"], "the cloud")
    with connection(gate.now.port) as second:
        second.send(data)
        answer = second.answer()
    assert (answer.status, answer["Idempotent-Replayed"]) == (200, "true"), answer
    [change] = gate.ledger.changes().values()
    assert answer["X-Gateway-Change-Id"] == change["id"] and change["job_id"] == answer.json()["job_id"]
    assert cloud.control("resizes?server=s0")["received"] == 1


# What happens to answers, by chance: of each kind with the cloud having acted and not.
FAULTS = [{"on": "resize", "chance": 0.06, "seed": 10 * number + acts, "acts": bool(acts), **fault, "label": f"{number}-{acts}"}
          for number, fault in enumerate([{"close_before_answer": True}, {"close_after_bytes": 60}, {"delay_ms": 300},
                                          {"no_answer": True}, {"status": 500}, {"garbage": True}])
          for acts in (0, 1)]


class repeater:
    """Calls with one key again and again, at once and one after the other, and keeps what it was told."""

    def __init__(self, gate, number, times):
        self.gate, self.server, self.key = gate, f"s{number}", f"key-{number}"
        self.times, self.told, self._lock = times, [], threading.Lock()

    def call(self, proof):
        answer = ledgers.resize(self.gate, self.server, "s6.xlarge.2", self.key, proof)
        with self._lock:
            self.told.append((self.key, answer))

    def run(self):
        at_once = [threading.Thread(target=self.call, args=(CI,)) for _ in range(2)]
        for each in at_once:
            each.start()
        for each in at_once:
            each.join()
        for _ in range(self.times - len(at_once)):
            self.call(CI)


def test_repeats_with_keys_while_answers_are_lost_late_and_cut(gate, cloud):
    cloud.control("faults", faults=FAULTS)
    repeaters = [repeater(gate.now, number, 5) for number in range(RACES // 5)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda each: each.run(), repeaters))
    found = ledgers.judge(gate, cloud)
    struck = {rule["label"]: rule["struck"] for rule in cloud.control("faults")}
    print(f"\n{sum(len(each.told) for each in repeaters)} calls with {len(repeaters)} keys: {found}; faults: {struck}")
    found.expect_truth()
    for each in repeaters:
        judge_repeats(each, found)


def judge_repeats(calls, found):
    changes = [c for c in found.changes.values() if c["idempotency_key"] == calls.key]
    assert sum(c["state"] != "refused" for c in changes) <= 1, changes  # a refused one frees its key
    told = collections.defaultdict(list)
    for key, answer in calls.told:
        judge_told(found, key, answer)
        told[answer["X-Gateway-Change-Id"]].append(answer)
        if answer.status == 409:
            expected = {"unknown": "Gateway.0603", "sending": "Gateway.0607"}[answer["X-Gateway-Change-State"]]
            assert (answer.error()[0], answer["X-Gateway-Outcome"]) == (expected, "unknown"), answer
    assert set(told) == {c["id"] for c in changes}
    for change, answers in told.items():
        assert len(found.sent[change]) == 1
        assert sum(each["Idempotent-Replayed"] is None and each.status != 409 for each in answers) == 1, answers
