"""The commands of the ledger, as programs beside others that hold it or stand in its way."""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest
import yaml

import programs

TOOLS = pathlib.Path(os.environ.get("GATEWAY_TEST_TOOLS", programs.BIN))
SETTINGS = {
    "version": 1,
    "listeners": [{"address": "127.0.0.1:0"}],
    "callers": [{"name": "planner", "access_key": "GWPLANNER0000000001", "secret_key": {"env": "NOT_READ"}}],
    "credentials": [{"name": "acme-key", "access_key": "AK", "secret_key": {"env": "NOT_READ"}}],
    "accounts": [{"name": "acme", "kind": "sub-customer", "credential": "acme-key", "projects": {"p1": "cn-north-4"}}],
}
STOPPED = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA wal_autocheckpoint = 0")
db.execute("BEGIN IMMEDIATE")
print("begun", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
"""


class world:
    def __init__(self, folder):
        self.file = folder / "ledger.db"
        self.config = folder / "gateway.yaml"
        self.config.write_text(yaml.safe_dump(SETTINGS), encoding="utf-8")

    def command(self, *words):
        return programs.run("ecs-gateway", *words, "--config", self.config)

    def json_of(self, *words):
        done = self.command(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def state_of(self, change):
        return self.json_of("changes", "show", change)["change"]["state"]

    @contextlib.contextmanager
    def holder(self):
        """A process that makes the ledger and holds it, as a gateway does."""
        with subprocess.Popen([TOOLS / "make_ledger", self.file, "hold"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as process:
            assert process.stdout.readline() == "holding\n"
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture(name="there")
def make_world(tmp_path):
    return world(tmp_path)


@pytest.fixture(name="filled")
def make_filled_world(there):
    subprocess.run([TOOLS / "make_ledger", there.file], check=True)
    return there


def test_changes_are_listed_shown_and_exported(filled):
    assert [each["id"] for each in filled.json_of("changes", "list")["changes"]] == ["c3", "c2", "c1"]
    assert [h["state"] for h in filled.json_of("changes", "show", "c1")["change"]["history"]] == ["sending", "accepted", "succeeded"]
    exported = filled.command("changes", "export").stdout.splitlines()
    assert [json.loads(line)["id"] for line in exported] == ["c1", "c2", "c3"]


def test_a_ledger_is_never_made(there):
    for words in (["changes", "list"], ["freezes"], ["ledger", "check"], ["freeze", "--reason", "x"],
                  ["ledger", "backup", there.file.with_name("copy.db")]):
        done = there.command(*words)
        assert (done.returncode, done.stdout) == (1, "") and "there is none" in done.stderr, words
    assert not list(there.file.parent.glob("*.db*"))


def test_commands_work_beside_a_process_that_holds_the_ledger_and_say_so(there):
    with there.holder() as holder:
        listed = there.command("changes", "list")
        assert listed.returncode == 0 and f"held by process {holder.pid}" in listed.stderr
        assert there.command("changes", "resolve", "c2", "--as", "failed", "--reason", "looked at it").returncode == 0
        assert there.state_of("c2") == "failed"
        copy = there.file.with_name("copy.db")
        assert there.json_of("ledger", "backup", copy)["bytes"] == copy.stat().st_size
        assert there.json_of("ledger", "check")["problems"] == []
        refused = there.command("ledger", "check", "--migrate")
        assert refused.returncode == 0 and "this program's version already" in refused.stderr
    assert "which no gateway holds" in there.command("changes", "list").stderr


def test_a_freeze_returns_when_what_was_recorded_before_it_is_sent(there):
    with there.holder() as holder, subprocess.Popen(
            [programs.BIN / "ecs-gateway", "freeze", "--config", there.config, "--reason", "x", "--json"],
            stdout=subprocess.PIPE, text=True) as freezing:
        programs.wait_until(lambda: there.json_of("freezes")["freezes"], "the freeze")
        assert freezing.poll() is None
        holder.stdin.write("answer\n")
        holder.stdin.flush()
        said = json.loads(freezing.communicate(timeout=programs.PATIENCE)[0])
        assert (freezing.returncode, said["recorded_before"], said["left"]) == (0, 1, 0)
        assert there.state_of("c3") == "accepted"
        freeze = said["freeze"]["id"]
        assert there.json_of("unfreeze", freeze) == {"unfrozen": freeze}
        assert there.command("unfreeze", freeze).returncode == 1


def test_a_freeze_does_not_wait_for_a_gateway_that_is_killed_meanwhile(there):
    with there.holder() as holder, subprocess.Popen(
            [programs.BIN / "ecs-gateway", "freeze", "--config", there.config, "--reason", "x"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as freezing:
        programs.wait_until(lambda: there.json_of("freezes")["freezes"], "the freeze")
        holder.kill()
        error = freezing.communicate(timeout=programs.PATIENCE)[1]
        assert freezing.returncode == 0 and "the next start makes them unknown" in error


def test_a_command_beside_a_process_that_is_stopped_in_its_transaction_gives_up_and_says_what_to_do(filled):
    with subprocess.Popen([sys.executable, "-c", STOPPED, filled.file], stdout=subprocess.PIPE, text=True) as stopped:
        assert stopped.stdout.readline() == "begun\n"
        os.waitid(os.P_PID, stopped.pid, os.WSTOPPED | os.WNOWAIT)
        try:
            assert filled.command("changes", "list").returncode == 0
            done = filled.command("freeze", "--reason", "x")
            assert done.returncode == 1 and "find the process that is stopped in its transaction" in done.stderr
        finally:
            stopped.send_signal(signal.SIGKILL)
    assert filled.command("freeze", "--reason", "x").returncode == 0


def test_a_file_that_is_no_ledger_is_left_alone(there):
    there.file.write_bytes(b"x" * 8192)
    for words in (["changes", "list"], ["ledger", "check"], ["ledger", "check", "--migrate"]):
        done = there.command(*words)
        assert done.returncode == 1 and "not a database" in done.stderr, done.stderr
    assert there.file.read_bytes() == b"x" * 8192
