#!/usr/bin/env python3
"""A ledger of millions of ended changes: how long the start takes, what a change costs beside one on an empty ledger, how long the lists
of the command line take, and how long the deletion of what is older than `keep` holds a change up.

    bench/large_ledger_bench.py [--changes 5000000] [--callers 64] [--seconds 5] [--rounds 3] [--bin build/profiled/bin]
"""
import argparse
import contextlib
import os
import re
import secrets
import sqlite3
import statistics
import subprocess
import sys
import time

from changes_bench import SCRIPT, BODY, load
from stage import KEY, LOAD_CORE, PROJECT, calling, cpu_seconds, fill, stage

DAY = 24 * 3600 * 1_000_000
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) "
FILL = [
    "INSERT INTO changes (row, id, state, operation, caller, subject, account, project_id, region, rule, flavor, server_ids,"
    " server_count, holds_server, hold_is_over, key, key_freed, fingerprint, begun, signed_at, updated, ended, process, is_rated,"
    " is_counted, last_good_answer, job_id, job_status, evidence, answer_status, answer_type, answer_body) " + NUMBERS +
    "SELECT i, printf('%032x', i), 'succeeded', 'resize', 'caller-' || (i % 50), '', 'account-' || (i % 100), printf('%032x', i % 100),"
    " 'cn-north-4', 'grow', 's6.xlarge.2', 'server-' || (i % 100000), 1, 1, 1, 'key-' || i, i, randomblob(32), :begun + i * :step,"
    " 0, :begun + i * :step, :begun + i * :step, '0123456789abcdef0123456789abcdef', 1, 1, :begun + i * :step, printf('%036x', i), 'SUCCESS',"
    " 'its job', 200, 'application/json', randomblob(50) FROM n",
    "INSERT INTO servers " + NUMBERS + "SELECT 'server-' || (i % 100000) AS s, i FROM n ORDER BY s, i",
    "INSERT INTO history " + NUMBERS + ", h(number, state) AS (VALUES (1, 'sending'), (2, 'accepted'), (3, 'succeeded'))"
    " SELECT i, number, :begun + i * :step, state, 'job ' || i FROM n, h ORDER BY i, number",
]
LISTS = [[], ["--state", "succeeded"], ["--state", "unknown"], ["--account", "account-7"], ["--server", "server-4711"], ["--limit", "200"]]
SLOWEST = "latency:percentile(99), latency.max,"


def fill_ledger(file, count):
    """Ended changes of the last 300 days, as the gateway leaves them."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as db:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000", "foreign_keys = OFF"):
            db.execute("PRAGMA " + pragma)
        db.execute("BEGIN")
        for statement in FILL:
            db.execute(statement, {"count": count, "begun": int(time.time() * 1e6) - 300 * DAY, "step": 298 * DAY // count})
        db.execute("COMMIT")
        db.execute("PRAGMA journal_mode = WAL")
    os.sync()  # what is written back later would be measured, too


def first_change(port):
    """Milliseconds until a change is answered with success, from now."""
    began = time.monotonic()
    while True:
        with calling.connection(port) as to:
            server = secrets.token_hex(8)
            answer = to.call("POST", f"/v1.1/{PROJECT}/cloudservers/{server}/resize", BODY.encode(), KEY)
        if answer.status == 200:
            return (time.monotonic() - began) * 1e3
        if time.monotonic() > began + 30:
            sys.exit(f"no change goes through: {answer}")


def slowest(on, name, port, seconds):
    """Of eight callers: changes, p99 and the slowest in milliseconds."""
    headers = "".join(f'wrk.headers["{k}"] = "{v}"\n' for k, v in KEY)
    text = fill(SCRIPT, body=BODY, headers=headers, project=PROJECT, prefix=secrets.token_hex(4))
    script = on.file(f"{name}.lua", text.replace("RESULT %d", "RESULT %d %d").replace("latency:percentile(99),", SLOWEST))
    out = subprocess.run(["taskset", "-c", LOAD_CORE, "wrk", "-t1", "-c8", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{port}"],
                         check=True, capture_output=True, text=True).stdout
    calls, _, _, p99, worst, errors = map(int, re.search(r"RESULT (.*)", out).group(1).split())
    if errors or not calls:
        sys.exit(f"{name}: {errors} of {calls} calls failed: {out}{on.errors()}")
    return calls, p99 / 1e3, worst / 1e3


def measure_cost(on, gates, options):
    figures = {name: [] for name in gates}
    for _ in range(options.rounds):
        for name, (port, process) in gates.items():
            before = cpu_seconds(process.pid)
            result = load(on, name, port, options.callers, options.seconds)
            result["cpu_us"] = (cpu_seconds(process.pid) - before) * 1e6 / result["calls"]
            figures[name].append(result)
    middle = {name: {key: statistics.median(each[key] for each in rounds) for key in rounds[0]} for name, rounds in figures.items()}
    for key in ("rate", "p50_ms", "p99_ms", "cpu_us"):
        print(f"{key}: {middle['empty'][key]:.2f} empty, {middle['large'][key]:.2f} large: {middle['large'][key] / middle['empty'][key]:.2f}",
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=5_000_000)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bin", default="build/profiled/bin")
    options = parser.parse_args()
    with stage(options.bin) as on:
        origin = on.origin()
        _, maker = on.gateway("large", origin)
        maker.terminate()
        maker.wait()
        file = on.folder / "large/ledger.db"
        began = time.monotonic()
        fill_ledger(file, options.changes)
        print(f"{options.changes:,} changes, {file.stat().st_size / 2**30:.1f} GiB, made in {time.monotonic() - began:.0f} s", flush=True)
        gates = {"empty": on.gateway("empty", origin)}
        began = time.monotonic()
        gates["large"] = on.gateway("large", origin)
        listens = (time.monotonic() - began) * 1e3
        print(f"start: listens after {listens:.0f} ms, the first change {first_change(gates['large'][0]):.0f} ms later", flush=True)
        measure_cost(on, gates, options)
        for words in LISTS:
            took = {name: list_time(on, name, words) for name in gates}
            print(f"changes list {' '.join(words)}: {took['empty']:.0f} ms empty, {took['large']:.0f} ms large", flush=True)
        for name in ("empty", "large"):
            print(f"{name}, nothing to delete: changes, p99, slowest: {slowest(on, name, gates[name][0], options.seconds)}", flush=True)
        gates["large"][1].terminate()
        gates["large"][1].wait()
        before = count_rows(file)
        port, _ = on.gateway("large", origin, ends_with="ledger: {keep: 24h}\n")
        print(f"large, deleting: changes, p99, slowest: {slowest(on, 'large', port, 3 * options.seconds)}", flush=True)
        print(f"{before - count_rows(file):,} fewer afterwards, for all that were added")


def list_time(on, name, words):
    """Milliseconds, the program's start among them: the median of five."""
    def once():
        began = time.monotonic()
        subprocess.run([on.programs / "ecs-gateway", "changes", "list", *words, "--config", on.folder / name / "gateway.yaml"], check=True,
                       capture_output=True)
        return (time.monotonic() - began) * 1e3
    return statistics.median(once() for _ in range(5))


def count_rows(file):
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        return db.execute("SELECT count(*) FROM changes").fetchone()[0]


if __name__ == "__main__":
    main()
