"""The life of the process: drain on SIGTERM, a new configuration on SIGHUP, and what it refuses to start with."""
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest
import yaml

import calling
from fakes import scripted_cloud as scripts
from programs import BIN, SANITIZED, wait_until
from world import CI, PARTNER, PLANNER, SECRETS, settings

LOOK = f"/v1/{PARTNER}/jobs/j"


class held_back:
    """A cloud that takes a call and answers when it is told to."""

    def __init__(self):
        self.go = threading.Event()

    def __call__(self, connection, request):
        self.go.wait(30)
        scripts.answering()(connection, request)


@contextlib.contextmanager
def busy_on(core):
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        os.sched_setaffinity(other.pid, {core})
        yield
    finally:
        other.kill()
        other.wait()


def told_off(port):
    """Whether a new connection is refused or answered with 503, and not left waiting."""
    try:
        with calling.connection(port) as late:
            late.socket.settimeout(5)
            return late.call("GET", "/").error()[0] == "Gateway.0503"
    except TimeoutError:
        return False
    except OSError:
        return True


def test_sigterm_lets_an_open_call_finish(start):
    cloud = start.cloud(behave := held_back())
    gate = start.gateway(settings(cloud.url))
    with calling.connection(gate.port) as open_call, calling.connection(gate.port) as idle:
        assert idle.call("GET", "/").status == 404
        open_call.send(open_call.request("GET", LOOK, proof=CI))
        wait_until(lambda: cloud.requests, "the call to reach the cloud")
        gate.tell(signal.SIGTERM)
        gate.wait_for(gate.stderr, "draining")
        assert idle.is_closed()
        assert told_off(gate.port)
        behave.go.set()
        answer = open_call.answer()
        assert (answer.status, answer["Connection"]) == (200, "close")
    assert gate.ended() == 0
    assert gate.outcome_of(answer)["outcome"] == "answered"


def test_a_drain_has_an_end(start):
    cloud = start.cloud(behave := held_back())
    gate = start.gateway(settings(cloud.url, timeouts={"drain": "1s"}))
    with calling.connection(gate.port) as open_call:
        open_call.send(open_call.request("GET", LOOK, proof=CI))
        wait_until(lambda: cloud.requests, "the call to reach the cloud")
        gate.tell(signal.SIGTERM)
        assert gate.ended() == 0
    behave.go.set()
    assert [line["outcome"] for line in gate.outcomes()] == ["unknown"]  # it was sent, and has its line


def test_sigint_ends_it_too(start):
    gate = start.gateway(settings(start.cloud().url))
    gate.tell(signal.SIGINT)
    assert gate.ended() == 0


def test_sighup_puts_a_new_policy_in_force(start):
    before = settings(start.cloud().url)
    gate = start.gateway(before)
    assert gate.call("GET", LOOK, proof=CI).status == 200
    with calling.connection(gate.port) as kept:
        assert kept.call("GET", LOOK, proof=CI).status == 200
        gate.reload({**before, "policy": []}, "reloaded")
        for answer in (kept.call("GET", LOOK, proof=CI), gate.call("GET", LOOK, proof=CI)):
            assert (answer.status, answer.error()[0]) == (403, "Gateway.0201")
    gate.reload(before, "reloaded")
    assert gate.call("GET", LOOK, proof=CI).status == 200


@pytest.mark.skipif(SANITIZED, reason="so little of a core is not enough for a worker under a sanitizer")
def test_a_reload_is_told_when_every_worker_decides_by_it(start):
    """The worker is made to lag: of a core that somebody else is busy on it gets fifteen thousandths, and has just had more."""
    before = settings(start.cloud().url, workers=1)
    gate = start.gateway(before)
    core = min(os.sched_getaffinity(0))
    with calling.connection(gate.port) as kept, busy_on(core):
        kept.socket.settimeout(300)
        worker = gate.thread("worker")
        os.sched_setaffinity(worker, {core})
        os.setpriority(os.PRIO_PROCESS, worker, 19)
        kept.send(kept.request("GET", "/") * 20)
        assert [kept.answer().status for _ in range(20)] == [404] * 20
        told = 0
        for policy, status in [([], 403), (before["policy"], 200)] * 5:
            seen = len(gate.stderr.lines)
            gate.reload({**before, "policy": policy}, "reloaded")
            late = any("too busy to have taken it" in line for line in gate.stderr.lines[seen:])
            answer = kept.call("GET", LOOK, proof=CI)
            if not late:  # where it is, the log has said so, and nothing is promised
                assert answer.status == status
                told += 1
            if told == 2:
                break
        assert told == 2, "every reload found the worker too busy"


@pytest.mark.parametrize("change", [{"policy": [{"rule": "a", "callers": ["nobody"]}]}, {"no such key": 1},
                                    {"version": "one"}])
def test_a_bad_file_changes_nothing(start, change):
    good = settings(start.cloud().url)
    gate = start.gateway(good)
    message = gate.reload({**good, **change}, "nothing changes")
    assert "gateway.yaml" in message
    assert gate.call("GET", LOOK, proof=CI).status == 200
    assert gate.resize(PARTNER, "s", {"flavorRef": "s6.large.2"}, PLANNER).status == 200


def test_an_outcome_file_that_was_moved_is_opened_again(start, tmp_path):
    file, moved = tmp_path / "outcomes.jsonl", tmp_path / "outcomes.jsonl.1"
    with_file = settings(start.cloud().url, log={"outcomes": str(file)})
    gate = start.gateway(with_file)
    first = gate.call("GET", LOOK, proof=CI)["X-Gateway-Request-Id"]
    wait_until(lambda: file.exists() and first in file.read_text(), "the first line")
    file.rename(moved)
    gate.reload(with_file, "reloaded")
    second = gate.call("GET", LOOK, proof=CI)["X-Gateway-Request-Id"]
    wait_until(lambda: file.exists() and second in file.read_text(), "the second line in a new file")
    assert second not in moved.read_text()


def test_sigusr1_opens_the_outcome_file_again_and_changes_nothing_else(start, tmp_path):
    file, moved = tmp_path / "outcomes.jsonl", tmp_path / "outcomes.jsonl.1"
    whole = settings(start.cloud().url, log={"outcomes": str(file)})
    gate = start.gateway(whole)
    first = gate.call("GET", LOOK, proof=CI)["X-Gateway-Request-Id"]
    wait_until(lambda: file.exists() and first in file.read_text(), "the first line")
    file.rename(moved)
    gate.configure({**whole, "policy": []})
    gate.tell(signal.SIGUSR1)
    gate.wait_for(gate.stderr, "outcomes: the file is opened anew")
    wait_until(file.exists, "the new file")
    answer = gate.call("GET", LOOK, proof=CI)
    assert answer.status == 200, "the configuration was not loaded"
    wait_until(lambda: answer["X-Gateway-Request-Id"] in file.read_text(), "the second line in the new file")
    assert not gate.stderr.find("reload")


@pytest.mark.parametrize("what, then", [(signal.SIGHUP, "reloaded"), (signal.SIGUSR1, "outcomes: the file is opened anew")])
def test_a_signal_that_comes_while_it_loads_is_heeded_when_it_serves(start, tmp_path, what, then):
    """A secret that nobody has written yet keeps it loading."""
    secret = tmp_path / "sk"
    os.mkfifo(secret)
    whole = settings(start.cloud().url)
    whole["credentials"][0]["secret_key"] = {"file": str(secret)}

    def tell_and_write():
        with secret.open("w", encoding="ascii") as writer:  # waits for its reader
            [gate] = [int(p.name) for p in pathlib.Path("/proc").iterdir() if p.name.isdigit() and is_reading(p, secret)]
            os.kill(gate, what)
            secret.unlink()  # before it is read to its end: for the reload there is a file
            secret.write_text("a-secret\n", encoding="ascii")
            writer.write("a-secret\n")

    telling = threading.Thread(target=tell_and_write, daemon=True)
    telling.start()
    gate = start.gateway(whole)
    telling.join(30)
    gate.wait_for(gate.stderr, then)
    assert gate.call("GET", LOOK, proof=CI).status == 200


def is_reading(process, file):
    with contextlib.suppress(OSError):
        return any(os.readlink(each) == str(file) for each in (process / "fd").iterdir()) and process.name != str(os.getpid())
    return False


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_standard_descriptors_that_are_closed_are_not_taken_by_files(start, tmp_path, closed):
    file = tmp_path / "outcomes.jsonl"
    (tmp_path / "gateway.yaml").write_text(yaml.safe_dump(settings(start.cloud().url, log={"outcomes": str(file)})))
    for name, secret in SECRETS.items():
        (tmp_path / name).write_text(secret + "\n", encoding="ascii")
    process = subprocess.Popen(["sh", "-c", f"exec {BIN}/ecs-gateway run --config {tmp_path}/gateway.yaml {closed}"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: listens(process.pid), "the gateway to serve")
        descriptors = {number: os.readlink(f"/proc/{process.pid}/fd/{number}") for number in (0, 1, 2)}
        for number, target in descriptors.items():
            assert target == "/dev/null" if str(number) + ("<" if number == 0 else ">") in closed else target.startswith("pipe:")
        assert file.read_text() == ""
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


def listens(process):
    """Whether a process has a listening TCP socket."""
    inodes = {line.split()[9] for line in pathlib.Path(f"/proc/{process}/net/tcp").read_text().splitlines()[1:]
              if line.split()[3] == "0A"}
    with contextlib.suppress(OSError):
        return any(os.readlink(each) in {f"socket:[{inode}]" for inode in inodes}
                   for each in pathlib.Path(f"/proc/{process}/fd").iterdir())
    return False


def test_it_says_that_no_outcome_line_is_kept(start):
    gate = start.gateway(settings("http://127.0.0.1:1"), through=["sh", "-c", 'exec "$@" >&-', "sh"])
    gate.wait_for(gate.stderr, "warning outcomes: standard output is closed or /dev/null: no outcome line is kept")


@pytest.mark.parametrize("what", ["listeners", "admin"])
def test_an_address_in_use_is_an_error_at_start_that_says_how_to_find_who_has_it(start, what):
    first = start.gateway(settings("http://127.0.0.1:1"))
    taken = {"address": f"127.0.0.1:{first.port}"}
    with pytest.raises(AssertionError, match=rf"ended with 1:[\s\S]*127.0.0.1:{first.port} \(`ss -ltnp`.*Address already in use"):
        start.gateway(settings("http://127.0.0.1:1", **{what: [taken] if what == "listeners" else taken}))


def test_it_ends_where_it_was_held_up_while_it_ended(start):
    """By a debugger, a paused machine, a core that others have: what was to happen within that time comes all at once."""
    gates = [start.gateway(settings("http://127.0.0.1:9")) for _ in range(16)]
    for delay, gate in enumerate(gates):
        gate.tell(signal.SIGTERM)
        time.sleep(delay / 1000)  # somewhere in its end, which no test can see
        gate.tell(signal.SIGSTOP)
    time.sleep(1.1)  # longer than what it does every second
    for gate in gates:
        gate.tell(signal.SIGCONT)
    for gate in gates:
        assert gate.ended() == 0
