#!/usr/bin/env python3
"""Following many changes: 10,000 that have not ended, of 100 accounts. How long the start takes, what memory they take, how often the
cloud is asked, and what a query costs meanwhile.

    bench/following_bench.py [--changes 10000] [--accounts 100] [--seconds 30] [--bin build/release/bin]
"""
import argparse
import collections
import pathlib
import subprocess
import sys
import time

from stage import KEY, LOAD_CORE, fill, resident_kib, stage

ORIGIN = """log_format asked '$msec $uri';
  server { listen 127.0.0.1:@port@ backlog=4096;
    location / { default_type application/json; return 200 '{"job_id":"70a599e0-31e7-49b7-b260-868f441e862b"}'; }
    location ~ /jobs/ { access_log @folder@/asked.log asked; default_type application/json; return 200 '{"status":"RUNNING","job_id":"j"}'; } }"""
ACCOUNT = """  - {name: account-@number@, kind: sub-customer, credential: partner-key, projects: {@project@: cn-north-4}}
"""


class many_accounts:
    """What stage.gateway() asks of a crowd."""

    def __init__(self, count):
        self.count = count

    def callers(self):
        return ""

    def accounts(self):
        return "".join(fill(ACCOUNT, number=number, project=f"{number:032x}") for number in range(self.count))

    def rules(self):
        return ""


def worker_seconds(pid):
    """Time on the processor of the threads that serve calls."""
    return sum(int((task / "schedstat").read_text(encoding="ascii").split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
               if (task / "comm").read_text(encoding="ascii").strip() == "worker") / 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=10000)
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--rate", type=float, default=5000, help="queries a second")
    parser.add_argument("--bin", default="build/release/bin")
    options = parser.parse_args()
    with stage(options.bin) as on:
        port = on.nginx("asked", LOAD_CORE, fill(ORIGIN, folder=on.folder))[0]
        crowd = many_accounts(options.accounts)
        figures = {}
        for name in ("empty", "many"):
            folder = on.folder / name
            folder.mkdir()
            if name == "many":
                subprocess.run([on.programs / "make_ledger", folder / "ledger.db", "many", str(options.changes), str(options.accounts)],
                               check=True)
            began = time.monotonic()
            gate = on.gateway(name, port, more=crowd)
            started = time.monotonic() - began
            at_start = resident_kib(gate[1].pid)
            asked = on.folder / "asked.log"
            seen = len(asked.read_text(encoding="ascii").splitlines()) if asked.exists() else 0
            time.sleep(options.seconds)  # what is measured is a time
            lines = asked.read_text(encoding="ascii").splitlines()[seen:] if asked.exists() else []
            before = worker_seconds(gate[1].pid)
            result = on.steady(name, gate[0], KEY, options.rate, 5)
            cost = (worker_seconds(gate[1].pid) - before) * 1e6 / result["calls"]
            figures[name] = (started, at_start, resident_kib(gate[1].pid), lines, cost, result["p99_us"])
            gate[1].terminate()
            gate[1].wait()
    by_account = collections.Counter()
    for line in figures["many"][3]:
        moment, uri = line.split()
        by_account[(int(float(moment)), uri.split("/")[2])] += 1
    lines = figures["many"][3]
    if not lines:
        sys.exit("nothing was asked for")
    print(f"start until it listens: {figures['empty'][0]:.2f} s empty, {figures['many'][0]:.2f} s with {options.changes:,} changes")
    print(f"memory: {figures['empty'][1]} KiB empty at start, {figures['many'][1]} KiB with them; "
          f"after {options.seconds} s {figures['empty'][2]} and {figures['many'][2]}: "
          f"{(figures['many'][2] - figures['empty'][2]) / options.changes:.2f} KiB a change")
    print(f"asked: {len(lines) / options.seconds:.1f} a second over {len({u for _, u in by_account})} accounts; "
          f"of one account in a calendar second at most {max(by_account.values())}, in all {len({line.split()[1] for line in lines})} jobs")
    print(f"a query beside them: {figures['many'][4]:.1f} µs of a worker, {figures['empty'][4]:.1f} without: "
          f"{figures['many'][4] / figures['empty'][4]:.3f}; p99 {figures['many'][5]:.0f} µs, {figures['empty'][5]:.0f} without")


if __name__ == "__main__":
    main()
