"""Watches the system calls of a running program, or has them fail, hang or kill it: strace(1), which is attached and taken off
again while the program runs."""
import pathlib
import re
import signal
import subprocess

import pytest

import programs


class strace:
    """As a context: attached from its beginning to its end. A gateway keeps its memory to itself, so only root can."""

    def __init__(self, folder, process_id, *options, threads=True):
        self._said, self._record = folder / "strace.said", folder / "strace.calls"
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                ["strace", *(["-f"] if threads else []), "-o", self._record, "-p", str(process_id), *map(str, options)],
                stdin=subprocess.DEVNULL, stderr=said)
        programs.wait_until(lambda: re.search(r"Process \d+ attached", self.said()) or self._process.poll() is not None, "strace")
        if "ttach" in self.said() and "attached" not in self.said():
            pytest.skip(f"this user can't trace the gateway: {self.said()}")
        assert self._process.poll() is None or self.record(), self.said()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.detach()

    def said(self):
        return self._said.read_text(encoding="utf-8")

    def record(self):
        return self._record.read_text(encoding="utf-8", errors="replace").splitlines()

    def detach(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        self._process.wait(programs.PATIENCE)


def inject(folder, process_id, what, path=None, threads=True):
    """`what`: as strace's option `inject` has it: "fdatasync:signal=SIGKILL:when=1". With `path` calls on that file alone."""
    calls = what.partition(":")[0]
    return strace(folder, process_id, "-e", f"trace={calls}", "-e", f"inject={what}", *(["-P", path] if path else []),
                  threads=threads)


def new_folder(parent, name):
    folder = pathlib.Path(parent) / name
    folder.mkdir()
    return folder
