#!/usr/bin/env python3
"""Queries beside changes whose disk hangs: their p99 while each flush of the ledger takes ten seconds, to that while flushes take what
they take. The same load of both before and meanwhile, in turns.

    bench/hanging_disk_bench.py [--rounds 3] [--rate 5000] [--bin build/profiled/bin]
"""
import argparse
import contextlib
import pathlib
import secrets
import statistics
import subprocess
import threading
import time

from stage import BODY, KEY, PROJECT, calling, stage

HANG = 10  # seconds of each flush
CHANGE = BODY.replace(',"dry_run":true', "")


def thread_of(pid, name):
    return next(int(task.name) for task in pathlib.Path(f"/proc/{pid}/task").iterdir() if (task / "comm").read_text().strip() == name)


class changes:
    """Eight callers that change servers of their own without a pause, whatever they are told."""

    def __init__(self, port):
        self.told, self._port, self._stop = {}, port, threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(8)]

    def __enter__(self):
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for each in self._threads:
            each.join()

    def _run(self):
        with calling.connection(self._port) as to:
            while not self._stop.is_set():
                path = f"/v1.1/{PROJECT}/cloudservers/{secrets.token_hex(8)}/resize"
                status = to.call("POST", path, CHANGE.encode(), KEY).status
                self.told[status] = self.told.get(status, 0) + 1
                self._stop.wait(0.02)


@contextlib.contextmanager
def hanging(thread):
    """Each flush of that thread takes HANG seconds. Nothing else of the process is watched."""
    with subprocess.Popen(["strace", "-qq", "-o", "/dev/null", "-p", str(thread), "-e", "trace=fdatasync",
                           "-e", f"inject=fdatasync:delay_enter={HANG}000000"]) as tracer:
        time.sleep(0.5)  # until it has attached
        yield
        tracer.terminate()
        try:
            tracer.wait(HANG)
        except subprocess.TimeoutExpired:
            tracer.kill()  # the thread goes on by itself


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=5000, help="queries a second")
    parser.add_argument("--bin", default="build/profiled/bin")
    options = parser.parse_args()
    with stage(options.bin) as on:
        port, process = on.gateway("gateway", on.origin())
        thread = thread_of(process.pid, "ledger")
        ratios = []
        for _ in range(options.rounds):
            with changes(port) as usual:
                before = on.steady("queries", port, KEY, options.rate, HANG)
            with hanging(thread), changes(port) as refused:
                time.sleep(3)  # until changes are refused
                meanwhile = on.steady("queries", port, KEY, options.rate, HANG)
            ratios.append(meanwhile["p99_us"] / before["p99_us"])
            print(f"p99 {before['p99_us']:.0f} µs beside changes that were told {usual.told}, {meanwhile['p99_us']:.0f} µs while the disk hangs "
                  f"and they are told {refused.told}: {ratios[-1]:.2f}", flush=True)
            time.sleep(2 * HANG)  # until the last flush is over
        print(f"p99 while the disk hangs, to before: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
