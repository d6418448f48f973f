"""An endpoint that is killed under load: what callers get, what reached it, and how soon all is well again."""
import collections
import contextlib
import itertools
import pathlib
import subprocess
import sys
import threading
import time

import programs
import pytest
from calling import connection
from programs import wait_until
from world import CI, PARTNER, PLANNER, settings

# Not the address that connections come from, or one that is opened to a port where nobody listens may meet itself.
ADDRESS = "127.0.0.5"
CALLERS, ROUNDS = 4, 3
SOON = 1 if "asan" not in str(programs.BIN) else 10  # seconds

made = collections.namedtuple("made", "method id began ended answer")


class endpoint:
    """Can be killed, and comes back at the same port."""

    def __init__(self, folder):
        self.record, self.port, self._process = folder / "record", 0, None
        self.record.touch()

    def begin(self):
        """Returns when it listens."""
        self._process = subprocess.Popen(
            [sys.executable, "-B", "-m", "fakes.cloud_process", ADDRESS, str(self.port), self.record],
            stdout=subprocess.PIPE, text=True, cwd=pathlib.Path(__file__).parent)
        self.port = int(self._process.stdout.readline().split()[1])

    def kill(self):
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            self._process = None

    def seen(self):
        """How often each server or job was asked for."""
        lines = self.record.read_text(encoding="utf-8").splitlines()
        return collections.Counter(line.split("/")[4].split(" ")[0] for line in lines)


class load:
    """Callers that call without pause, on connections that they keep; every call has an id of its own."""

    def __init__(self, gate):
        self.calls, self._gate, self._numbers = [], gate, itertools.count()
        self._stop, self.troubles = threading.Event(), []
        self._threads = [threading.Thread(target=self._run) for _ in range(CALLERS)]

    def __enter__(self):
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for each in self._threads:
            each.join()

    def _run(self):
        try:
            with connection(self._gate.port) as to:
                while not self._stop.is_set():
                    self._call(to)
        except Exception as trouble:  # shown by the test, which is in another thread
            self.troubles.append(trouble)

    def _call(self, to):
        number, began = next(self._numbers), time.monotonic()
        if number % 2:
            answer = to.call("GET", f"/v1/{PARTNER}/jobs/j{number}", proof=CI)
            self.calls.append(made("GET", f"j{number}", began, time.monotonic(), answer))
            return
        answer = to.call("POST", f"/v1.1/{PARTNER}/cloudservers/s{number}/resize",
                         b'{"resize": {"flavorRef": "s6.large.2"}}', [("Content-Type", "application/json")], PLANNER)
        self.calls.append(made("POST", f"s{number}", began, time.monotonic(), answer))

    def wait_for(self, status, count, since, what):
        """Waits for that many calls which began since then and had that status."""
        def met():
            assert not self.troubles, self.troubles
            return sum(c.began >= since and c.answer.status == status for c in list(self.calls)) >= count
        wait_until(met, what)


@pytest.fixture
def cloud(tmp_path):
    one = endpoint(tmp_path)
    with contextlib.ExitStack() as stack:
        stack.callback(one.kill)
        one.begin()
        yield one


def test_an_endpoint_that_is_killed_under_load(start, cloud):
    gate = start.gateway(settings(f"http://{ADDRESS}:{cloud.port}", upstream={"plain_http_hosts": [ADDRESS]}))
    returns = []
    with load(gate) as calls:
        for _ in range(ROUNDS):
            calls.wait_for(200, 20 * CALLERS, time.monotonic(), "good calls")
            cloud.kill()
            calls.wait_for(502, 5 * CALLERS, time.monotonic(), "calls that fail")
            cloud.begin()
            returns.append(time.monotonic())
        calls.wait_for(200, 20 * CALLERS, returns[-1], "good calls")

    for returned in returns:
        first = min(c.ended for c in calls.calls if c.answer.status == 200 and c.began >= returned)
        assert first - returned < SOON
    judge(gate, cloud, calls.calls)


def judge(gate, cloud, calls):
    """Every call was told the truth."""
    last = calls[-1].answer
    gate.outcome_of(last)
    wait_until(lambda: len(gate.outcomes()) >= len(calls), "all outcome lines")
    lines = {o["request_id"]: o for o in gate.outcomes()}
    seen = cloud.seen()
    for call in calls:
        told, line = call.answer["X-Gateway-Outcome"], lines[call.answer["X-Gateway-Request-Id"]]
        times = seen[call.id]
        assert times <= (2 if call.method == "GET" else 1), call
        assert line["status"] == call.answer.status
        assert line["outcome"] == (told or "answered"), (call, line)
        if call.answer.status == 200:
            assert told is None and times >= 1, call
        else:
            code = call.answer.error()[0]
            assert (call.answer.status, code) in ((502, "Gateway.0501"), (504, "Gateway.0504")), call
            assert told == "unknown" or (told == "not_sent" and times == 0 and code == "Gateway.0501"), call
