#!/usr/bin/env python3
"""What a call costs as the gateway's load grows in other ways than calls: idle connections, projects, callers, rules, workers.

Each is measured beside the plain gateway in the same rounds, at the same rate: CPU for a call, as a ratio. Prints a table and
keeps it in bench/results/.

    bench/scale_bench.py [--rounds 5] [--seconds 2] [--rate 10000] [--bin build/profiled/bin]
"""
import argparse
import contextlib
import json
import pathlib
import resource
import socket
import statistics
import sys
import time

from stage import BENCH, BODY, KEY, PATH, calling, cpu_seconds, crowd, machine, resident_kib, stage

ACTIVE, IDLE = 100, 9_900
MANY = crowd(caller_count=10_000, project_count=100_000)
RULES = crowd(rule_count=1_000)
BOTH_CORES = "0,1"


def kept_connections(to, port, count):
    """Connections that have served a call each, and stay."""
    request = calling.render("POST", PATH, [("Host", f"127.0.0.1:{port}"), *KEY, ("Content-Length", str(len(BODY)))], BODY.encode())
    for number in range(count):
        one = to.enter_context(socket.create_connection(("127.0.0.1", port)))
        one.sendall(request)
        if not one.recv(4096).startswith(b"HTTP/1.1 200 "):
            sys.exit(f"connection {number} was not answered with 200")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rate", type=float, default=10000)
    parser.add_argument("--bin", default="build/profiled/bin")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # the gateway inherits it
    with stage(options.bin, ACTIVE) as on, contextlib.ExitStack() as kept:
        origin = on.origin()
        stages, starts = {}, {}

        def add(name, **how):
            began = time.monotonic()
            stages[name] = on.gateway(name.replace(" ", "-").replace(",", ""), origin, **how)
            starts[name] = time.monotonic() - began
            print(f"  {name}: takes calls after {starts[name]:.2f} s", file=sys.stderr, flush=True)
        add("plain")
        add(f"{IDLE:,} idle connections besides")
        add(f"{MANY.project_count:,} projects, {MANY.caller_count:,} callers", more=MANY)
        add(f"{RULES.rule_count:,} rules before the one that decides", more=RULES)
        add("1 worker, on both cores", core=BOTH_CORES)
        add("2 workers, on both cores", core=BOTH_CORES, workers=2)
        names = list(stages)
        before = resident_kib(stages[names[1]][1].pid)
        kept_connections(kept, stages[names[1]][0], IDLE)
        growth = (resident_kib(stages[names[1]][1].pid) - before) / IDLE

        rounds = {name: [] for name in stages}
        for number in range(options.rounds + 1):  # the first warms up
            for name, (port, process) in stages.items():
                begin = cpu_seconds(process.pid)
                result = on.steady("load", port, KEY, options.rate, options.seconds)
                result["cpu_us"] = (cpu_seconds(process.pid) - begin) * 1e6 / result["calls"]
                if number:
                    rounds[name].append(result)
                print(f"  round {number}/{options.rounds}  {name:45} {result['cpu_us']:6.1f} us CPU/call", file=sys.stderr, flush=True)
        report(options, rounds, starts, growth)


def report(options, rounds, starts, growth):
    table = ["| the gateway with | CPU µs for a call | ratio | p99 µs | takes calls after, s |", "| --- | --- | --- | --- | --- |"]
    for name, results in rounds.items():
        base = rounds["1 worker, on both cores" if "both cores" in name else "plain"]
        ratio = statistics.median(r["cpu_us"] / of["cpu_us"] for r, of in zip(results, base))
        cpu, p99 = (statistics.median(r[key] for r in results) for key in ("cpu_us", "p99_us"))
        table.append(f"| {name} | {cpu:.1f} | {ratio:.2f} | {p99:.0f} | {starts[name]:.2f} |")
    text = "\n".join(table)
    print(text, f"\nRSS of an idle connection: {growth:.1f} KiB")
    results = pathlib.Path(BENCH, "results")
    (results / "scale.md").write_text(text + "\n", encoding="utf-8")
    (results / "scale.json").write_text(json.dumps(
        {"machine": machine(options.bin), "rounds": options.rounds, "seconds": options.seconds, "rate": options.rate,
         "idle_connection_kib": growth, "starts_s": starts, "all": rounds}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
