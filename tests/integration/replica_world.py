"""Three gateways with one ledger in PostgreSQL, a load on all of them, and what can happen to each part."""
import contextlib
import http.client
import itertools
import json
import random
import signal
import threading
import time
import uuid

import ledger_world as ledgers
import programs
from calling import connection
from following_world import LARGE, SMALL
from programs import wait_until
from world import CI, SECRETS, settings

ACCOUNTS = 24  # each is asked for its jobs once a second
CALLERS, SERVERS = 8, 100  # servers: of each caller
PAUSE = 0.4  # seconds between two changes of a caller: no more than can be followed at once
TIMEOUTS = {"upstream_connect": "1s", "upstream_response": "1s", "ledger": "2s"}
# The call that is repeated is on its way, the ledger can't be had, the replica ends; or there was no answer at all.
AGAIN = ("Gateway.0607", "Gateway.0506", "Gateway.0502", None)
SILENCE = 1 + 1 + 2 * 2 + 5  # seconds after which a replica is taken for dead: docs/replicas.md


def project(number):
    return f"{number % ACCOUNTS + 1:032x}"


def cloud_seed():
    return {
        "accounts": [{"name": f"a{n}", "keys": [{"access_key": f"CLOUDAK{n:012}", "secret_key": f"secret-of-account-{n:020}"}],
                      "projects": [project(n)]} for n in range(ACCOUNTS)],
        "flavors": [{"id": SMALL}, {"id": LARGE}],
        "servers": [{"id": f"s{n}", "project": project(n), "flavor": SMALL} for n in range(CALLERS * SERVERS)],
        "jobs": {"init_ms": 20, "running_ms": 200},
    }


def replica_settings(cloud, **timeouts):
    made = settings(
        cloud.url, cloud.ca_file, admin={"address": "127.0.0.1:0"}, timeouts={**TIMEOUTS, **timeouts}, follow={"settle_after": "1s"},
        ledger={"postgresql": {"connection": {"file": "ledger.conninfo"}}},
        credentials=[{"name": f"k{n}", "access_key": f"CLOUDAK{n:012}", "secret_key": {"file": f"k{n}.sk"}} for n in range(ACCOUNTS)],
        accounts=[{"name": f"a{n}", "kind": "sub-customer", "credential": f"k{n}", "projects": {project(n): "cn-north-4"}}
                  for n in range(ACCOUNTS)],
        policy=[{"rule": "all", "callers": ["ci"], "operations": ["show_server", "resize"], "resize": {"flavors": ["s6.*"]}}])
    made["regions"]["cn-north-4"]["cts"] = cloud.url
    return made


def replica_secrets(conninfo):
    return {**SECRETS, "ledger.conninfo": conninfo, **{f"k{n}.sk": f"secret-of-account-{n:020}" for n in range(ACCOUNTS)}}


class replica:
    def __init__(self, folder, configuration, secrets):
        self._folder, self._configuration, self._secrets = folder, configuration, secrets
        self.is_hit, self.hits = True, 0
        self.start()

    def start(self):
        self.now = programs.gateway(self._folder, self._configuration, self._secrets)
        self.is_hit = False

    @contextlib.contextmanager
    def hit(self):
        """What happens to it meanwhile may fail its queries."""
        self.hits, self.is_hit = self.hits + 1, True
        yield
        self.is_hit = False

    def kill(self):
        with self.hit():
            self.now.tell(signal.SIGKILL)
            self.now.process.wait(programs.PATIENCE)
            self.start()

    def end(self):
        with self.hit():
            self.now.close()  # its exit status has to be 0
            self.start()

    def sleep(self, seconds):
        with self.hit():
            self.now.tell(signal.SIGSTOP)
            time.sleep(seconds)  # what is tried is a time
            self.now.tell(signal.SIGCONT)
            wait_until(lambda: self.now.admin("/healthz")[0] == 200, "a replica that is awake")

    def close(self):
        if self.now.process.poll() != -signal.SIGKILL:
            self.now.close()


class load:
    """Callers that change one server after the other, over any replica; each repeats a call with the same key, over any, until it is
    told what became of it. And one for each replica that only looks."""

    def __init__(self, replicas):
        self.told, self.failed_queries, self.queries, self.troubles = [], [], 0, []
        self._replicas, self._stop = replicas, threading.Event()
        self._threads = [threading.Thread(target=self._guard, args=(self._change_all, number)) for number in range(CALLERS)]
        self._threads += [threading.Thread(target=self._guard, args=(self._look, each)) for each in replicas]

    def __enter__(self):
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for each in self._threads:
            each.join()

    def good(self):
        assert not self.troubles, str(self.troubles[0])
        return sum(answer.status == 200 for _, answer in list(self.told))

    def wait_for_more(self, count):
        before = self.good()
        wait_until(lambda: self.good() >= before + count, "more good answers", patience=90)

    def _guard(self, work, what):
        try:
            work(what)
        except Exception as trouble:  # shown by the test, which is in another thread
            self.troubles.append(trouble)

    def _change_all(self, number):
        flavors = itertools.cycle([LARGE, SMALL])
        while not self._stop.is_set():
            flavor = next(flavors)
            for server in range(number, CALLERS * SERVERS, CALLERS):
                self._change(server, flavor)
                if self._stop.wait(random.uniform(0, 2 * PAUSE)):
                    return

    def _change(self, server, flavor):
        key = str(uuid.uuid4())
        while not self._stop.is_set():
            answer = self._call(random.choice(self._replicas), server, flavor, key)
            if answer and (answer.status == 200 or answer["X-Gateway-Change-State"] == "unknown"):
                return
            code = answer.error()[0] if answer else None
            if code == "Gateway.0601":  # an earlier one holds it still
                return
            assert code in AGAIN or answer.status == 502, (key, answer)
            self._stop.wait(0.05)

    def _call(self, gate, server, flavor, key):
        target = f"/v1.1/{project(server)}/cloudservers/s{server}/resize"
        body = json.dumps({"resize": {"flavorRef": flavor}}).encode()
        try:
            with connection(gate.now.port) as to:
                answer = to.call("POST", target, body, [("Content-Type", "application/json"), ("Idempotency-Key", key)], CI)
        except (OSError, http.client.HTTPException):  # it is being killed; another one takes the repeat
            return None
        self.told.append((key, answer))
        return answer

    def _look(self, gate):
        while not self._stop.wait(0.02):
            hits, started_hit = gate.hits, gate.is_hit
            try:
                status = gate.now.call("GET", f"/v1/{project(0)}/cloudservers/s0", proof=CI).status
            except (OSError, http.client.HTTPException) as problem:
                status = repr(problem)
            self.queries += 1
            if status != 200 and not started_hit and not gate.is_hit and gate.hits == hits:
                self.failed_queries.append((time.monotonic(), status))


def judge_told(found, key, answer):
    """Whether an answer was true, by what ledger and cloud say at the end; nothing where it was."""
    change = answer["X-Gateway-Change-Id"]
    calls = found.sent.get(change or answer["X-Gateway-Request-Id"], [])
    if answer.status == 200:
        known = found.changes.get(change)
        if not known or known["idempotency_key"] != key or len(calls) != 1 or answer.json() != calls[0]["answer"]:
            return f"{key}: {answer}, and it is {known}, sent {calls}"
    elif answer["X-Gateway-Outcome"] == "not_sent" and answer["X-Gateway-Change-State"] in (None, "not_sent") and calls:
        return f"{key}: {answer}, and it was sent: {calls}"
    return None


def judge(gate, cloud):
    return ledgers.verdict(ledgers.ledger_file(gate.file).changes(), ledgers.sent_changes(cloud))
