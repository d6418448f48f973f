"""What goes wrong with the ledger in a file: changes are refused in time and say why, queries go on, the log says it once, and all
is well again by itself when the cause is gone. At the start: what waiting can't mend ends it."""
import contextlib
import itertools
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
import yaml

import ledger_world as ledgers
import programs
from fakes import network_file_system
from programs import wait_until
from syscalls import inject, new_folder
from world import CI, PARTNER, SECRETS

TIMEOUT = 0.8  # seconds, timeouts.ledger
# What a busy machine may add to it.
MARGIN = 2 if not programs.SANITIZED else 10
AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root can mount, and look into a gateway's mounts")
TROUBLE = "changes are refused until it works again, queries go on"
numbers = itertools.count()


def ledger_settings(cloud, file=None, **changes):
    return ledgers.change_settings(cloud, **{"timeouts": {"ledger": f"{int(TIMEOUT * 1000)}ms"},
                                             **({"ledger": {"file": str(file)}} if file else {}), **changes})


class trial:
    """A gateway whose ledger is about to have trouble."""

    def __init__(self, gate, cloud, file=None):
        self.gate, self.cloud = gate, cloud
        self.file = pathlib.Path(file or gate.file.with_name("ledger.db"))
        self.ledger = ledgers.ledger_file(gate.file)
        self.last_answer = None
        self.expect_to_work()

    def change(self):
        """Of a server of its own."""
        began = time.monotonic()
        self.last_answer = ledgers.resize(self.gate, f"s{next(numbers)}", "s6.large.2", proof=CI)
        self.took = time.monotonic() - began
        return self.last_answer

    def look(self):
        began = time.monotonic()
        assert self.gate.call("GET", f"/v1/{PARTNER}/cloudservers/s0", proof=CI).status == 200
        assert time.monotonic() - began < MARGIN

    def works(self):
        return self.change().status == 200

    def expect_to_work(self):
        wait_until(self.works, "a change that is sent")

    def expect_refusals(self, *words):
        """From some moment on; the first may come when its time is over."""
        sent = len(self.cloud.requests)
        wait_until(lambda: self.change().status == 503, "a change that is refused")
        for _ in range(3):
            answer = self.change()
            code, message = answer.error()
            assert (answer.status, code) == (503, "Gateway.0506"), answer
            assert (answer["X-Gateway-Outcome"], answer["Retry-After"]) == ("not_sent", "5"), answer
            assert str(self.file) in message and all(word in message for word in words), message
            assert self.took < TIMEOUT + MARGIN
            self.look()
        resizes = [request for request in self.cloud.requests[sent:] if "POST" in request.line]
        return len(resizes)

    def expect_recovery(self):
        self.expect_to_work()
        said = [line for line in self.gate.stderr.lines if TROUBLE in line]
        assert len(said) == 1 and str(self.file) in said[0], self.gate.stderr.text()
        self.gate.wait_for(self.gate.stderr, "ledger: works again")
        wait_until(lambda: not [c for c in self.ledger.changes().values() if c["state"] == "sending"], "an end of each change")
        self.expect_truth()

    def expect_truth(self):
        """What the cloud got is recorded, and what was given up did not get there."""
        at_cloud = {request["traceparent"].split("-")[1] for request in self.cloud.requests if "POST" in request.line}
        changes = self.ledger.changes()
        assert at_cloud <= set(changes)
        assert not [c for c in changes.values() if c["state"] == "not_sent" and c["id"] in at_cloud]


@pytest.fixture(name="cloud")
def make_cloud(start):
    return start.cloud()


@pytest.fixture(name="t")
def make_trial(start, cloud):
    return trial(start.gateway(ledger_settings(cloud)), cloud)


def disturb(t, folder, what):
    """Injects that into calls on the log, where commits go."""
    return inject(new_folder(folder, "strace"), t.gate.process.pid, what, f"{t.file}-wal")


def in_mount(folder, mount):
    """A command that mounts something at `folder`, for the program alone that it starts in its place."""
    return ("unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', str(folder))


@AS_ROOT
def test_a_full_disk(start, cloud, tmp_path):
    folder = new_folder(tmp_path, "small")
    gate = start.gateway(ledger_settings(cloud, folder / "ledger.db"),
                         through=in_mount(folder, 'mount -t tmpfs -o size=2m none "$0"'))
    seen = pathlib.Path(f"/proc/{gate.process.pid}/root{folder}")
    t = trial(gate, cloud, folder / "ledger.db")
    t.ledger = ledgers.ledger_file(gate.file, through=("nsenter", "-t", str(gate.process.pid), "-m"))
    fill(seen / "filling")
    t.expect_refusals("full")
    (seen / "filling").unlink()
    t.expect_recovery()


def fill(file):
    with contextlib.suppress(OSError), file.open("wb", buffering=0) as to:
        while to.write(bytes(4096)):
            pass


@pytest.mark.parametrize("what", ["pwrite64:error=EROFS", "pwrite64:error=EIO", "fdatasync:error=EIO"])
def test_a_disk_that_fails(t, tmp_path, what):
    with disturb(t, tmp_path, what):
        assert t.expect_refusals("disk I/O error") == 0
    t.expect_recovery()


def test_a_disk_that_hangs_before_a_record(t, tmp_path):
    with disturb(t, tmp_path, "fdatasync:delay_enter=60s"):
        assert t.expect_refusals("no answer in time") == 0
    t.expect_recovery()
    late = [c for c in t.ledger.changes().values() if c["state"] == "not_sent"]
    assert late and all("did not answer in time" in c["reason"] for c in late), late


def test_a_file_that_is_deleted(t):
    kept = t.file.with_name("kept")
    os.link(t.file, kept)
    t.file.unlink()
    t.expect_refusals("deleted or moved")
    assert not t.file.exists()
    os.link(kept, t.file)
    t.expect_recovery()


def test_a_file_that_is_replaced(t):
    kept, other = t.file.with_name("kept"), t.file.with_name("other")
    shutil.copy(t.file, other)
    os.link(t.file, kept)
    os.rename(other, t.file)
    t.expect_refusals("replaced by another file")
    os.rename(kept, t.file)
    t.expect_recovery()


def test_a_file_that_becomes_corrupt(t):
    """Seen when it is read anew: here after it was away."""
    kept, log = t.file.with_name("kept"), t.file.with_name("ledger.db-wal")
    os.rename(t.file, kept)
    wait_until(lambda: t.change().status == 503, "the look whether the file is there")
    whole = [(each, each.read_bytes()) for each in (kept, log)]
    for each, _ in whole:
        each.write_bytes(b"x" * 8192)
    os.rename(kept, t.file)
    wait_until(lambda: "not a database" in t.change().error()[1], "the next try to open it")
    t.expect_refusals("not a database")
    for each, content in whole:
        (t.file if each == kept else each).write_bytes(content)
    t.expect_to_work()
    t.expect_truth()
    assert len([line for line in t.gate.stderr.lines if TROUBLE in line]) == 2  # one for each trouble


def test_a_command_that_is_stopped_in_its_transaction(t, tmp_path):
    calls = tmp_path / "calls"
    # LeakSanitizer stops the threads by ptrace(2), too: beside strace it ends the program with an error.
    environment = os.environ | {"ASAN_OPTIONS": "detect_leaks=0"}
    tracing = subprocess.Popen(["strace", "-f", "-o", calls, "-P", f"{t.file}-wal", "-e", "trace=fdatasync", "-e",
                                "inject=fdatasync:signal=SIGSTOP:when=1", programs.BIN / "ecs-gateway", "freeze", "--config",
                                t.gate.file, "--server", "frozen", "--reason", "trial"],
                               stderr=subprocess.PIPE, text=True, env=environment)
    wait_until(lambda: "stopped by SIGSTOP" in read(calls), "a command that is stopped")
    try:
        t.expect_refusals("another process is in a transaction")
    finally:
        os.kill(int(read(calls).split()[0]), signal.SIGCONT)
        _, said = tracing.communicate(timeout=programs.PATIENCE)
    assert tracing.returncode == 0, said
    t.expect_recovery()
    assert ledgers.resize(t.gate, "frozen", "s6.large.2", proof=CI).error()[0] == "Gateway.0203"


def read(file):
    return file.read_text(encoding="utf-8") if file.exists() else ""


def test_a_file_that_another_gateway_holds_is_waited_for(start, cloud, tmp_path):
    file = tmp_path / "shared.db"
    with contextlib.ExitStack() as stack:
        first = programs.gateway(new_folder(tmp_path, "first"), ledger_settings(cloud, file), SECRETS)
        stack.callback(first.close)
        wait_until(lambda: ledgers.resize(first, "s-first", "s6.large.2", proof=CI).status == 200, "the first gateway")
        second = start.gateway(ledger_settings(cloud, file, admin={"address": "127.0.0.1:0"}))
        for _ in range(3):
            answer = ledgers.resize(second, "s-second", "s6.large.2", proof=CI)
            assert (answer.status, answer.error()[0]) == (503, "Gateway.0506"), answer
            assert f"process {first.process.pid} owns it" in answer.error()[1]
            assert second.call("GET", f"/v1/{PARTNER}/cloudservers/s0", proof=CI).status == 200
            assert second.admin("/readyz")[0] == 503
    wait_until(lambda: ledgers.resize(second, "s-second", "s6.large.2", proof=CI).status == 200, "the file")
    wait_until(lambda: second.admin("/readyz")[0] == 200, "readiness")


# ------------------------------------------------------------------------------------------------ at the start


def make_ledger(start, cloud, file):
    gate = start.gateway(ledger_settings(cloud, file))
    wait_until(lambda: ledgers.resize(gate, "s0", "s6.large.2", proof=CI).status == 200, "a change")
    gate.close()


def make_newer(file):
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.execute("UPDATE ledger SET oldest_schema = 1000")
        db.execute("PRAGMA user_version = 1000")
        db.commit()


def make_corrupt(file):
    with file.open("r+b") as to:
        to.seek(4096)
        to.write(b"\xff" * (os.path.getsize(file) - 4096))


def start_that_ends(folder, configuration, through=()):
    """What the gateway says; it must fail."""
    own = new_folder(folder, "ends")
    for name, secret in SECRETS.items():
        (own / name).write_text(secret + "\n", encoding="utf-8")
    config = own / "gateway.yaml"
    config.write_text(yaml.safe_dump(configuration), encoding="utf-8")
    said = []
    for command in ("run", "check"):
        done = subprocess.run([*through, programs.BIN / "ecs-gateway", command, "--config", config], capture_output=True,
                              text=True, timeout=programs.PATIENCE, check=False)
        assert done.returncode == 1, done
        said.append(done.stderr if command == "run" else done.stdout)
    return said


@pytest.mark.parametrize("spoil, word", [(make_newer, "newer"), (make_corrupt, "malformed"),
                                         (lambda file: file.write_bytes(b"x" * 8192), "not a database")],
                         ids=["newer", "corrupt", "no-ledger"])
def test_a_start_ends_where_the_file_can_not_be_used(start, cloud, tmp_path, spoil, word):
    file = tmp_path / "ledger.db"
    make_ledger(start, cloud, file)
    spoil(file)
    before = file.read_bytes()
    for said in start_that_ends(tmp_path, ledger_settings(cloud, file)):
        assert str(file) in said and word in said, said
    assert file.read_bytes() == before


def test_a_start_ends_where_there_is_no_such_folder(cloud, tmp_path):
    for said in start_that_ends(tmp_path, ledger_settings(cloud, tmp_path / "none" / "ledger.db")):
        assert f"{tmp_path}/none" in said and "No such file or directory" in said, said


@AS_ROOT
@pytest.mark.parametrize("is_there", [False, True], ids=["no-file", "file"])
def test_a_start_ends_where_nothing_can_be_written(start, cloud, tmp_path, is_there):
    folder, at = new_folder(tmp_path, "made"), new_folder(tmp_path, "seen")
    if is_there:
        make_ledger(start, cloud, folder / "ledger.db")
    through = in_mount(at, f'mount --bind {folder} "$0" && mount -o remount,bind,ro "$0"')
    for said in start_that_ends(tmp_path, ledger_settings(cloud, at / "ledger.db"), through):
        assert f"{at}/ledger.db" in said and ("Read-only file system" in said or "not writable" in said), said


@AS_ROOT
def test_a_start_ends_on_a_network_file_system(cloud, tmp_path):
    at = new_folder(tmp_path, "elsewhere")
    through = ("unshare", "-m", sys.executable, network_file_system.__file__, str(at))
    if (tried := subprocess.run([*through, "true"], capture_output=True, text=True, check=False)).returncode:
        pytest.skip(tried.stderr)
    for said in start_that_ends(tmp_path, ledger_settings(cloud, at / "ledger.db"), through):
        assert f"{at} is on a network file system" in said, said
