#!/usr/bin/env python3
"""What a change costs: resizes through the gateway, whose ledger is in a file or in memory, beside nginx's plain proxying of the
same calls, and beside an ideal loop that writes the same rows (both commits of a change) in batches of as many as there are
callers (bench/ledger_bench.cpp). Each call is about a server of its own, since a resize holds its server.

    bench/changes_bench.py [--callers 1,8,64,256] [--seconds 3] [--rounds 3] [--bin build/profiled/bin]
"""
import argparse
import re
import secrets
import statistics
import subprocess
import sys

from stage import KEY, LOAD_CORE, PROJECT, cpu_seconds, fill, stage

BODY = '{"resize":{"flavorRef":"s6.xlarge.2","dedicated_host_id":"459a2b9d-804a-4745-ab19-a113bb1b4ddc"}}'
SCRIPT = """wrk.method = "POST"
wrk.body = '@body@'
@headers@
local n = 0
request = function()
  n = n + 1
  return wrk.format(nil, string.format("/v1.1/@project@/cloudservers/@prefix@-804a-4745-ab19-%012x/resize", n))
end
function done(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end"""
MEMORY = "ledger: {memory: true}\n"


def load(on, name, port, callers, seconds):
    """As many changes as go through."""
    headers = "".join(f'wrk.headers["{k}"] = "{v}"\n' for k, v in KEY)
    script = on.file(f"{name}.lua", fill(SCRIPT, body=BODY, headers=headers, project=PROJECT, prefix=secrets.token_hex(4)))
    out = subprocess.run(["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{callers}", f"-d{seconds}s", "-s", script,
                          f"http://127.0.0.1:{port}"], check=True, capture_output=True, text=True).stdout
    calls, micros, p50, p99, errors = map(int, re.search(r"RESULT (.*)", out).group(1).split())
    if errors or not calls:
        sys.exit(f"{name}: {errors} of {calls} calls failed, the figures would mean nothing:\n{out}{on.errors()}")
    return {"rate": calls / (micros / 1e6), "p50_ms": p50 / 1e3, "p99_ms": p99 / 1e3, "calls": calls}


def ideal(on, programs, seconds):
    """By callers: changes a second of the ideal loop, the time of two commits, and the CPU of a change."""
    out = subprocess.run([f"{programs}/ledger_bench", on.folder, str(seconds)], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in out.splitlines()[1:]]
    return {int(row[0]): (float(row[2]), float(row[6]), float(row[8])) for row in rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callers", default="1,8,64,256")
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bin", default="build/profiled/bin")
    parser.add_argument("--ideal", default="build/release/bin", help="where ledger_bench is")
    options = parser.parse_args()
    with stage(options.bin) as on:
        origin = on.origin()
        proxies = {"nginx": on.nginx_proxy("nginx", origin), "file": on.gateway("file", origin),
                   "memory": on.gateway("memory", origin, ends_with=MEMORY)}
        best = ideal(on, options.ideal, options.seconds)
        print("| callers | ledger | changes a second | to the ideal loop | p50 ms | to two commits | p99 ms | CPU µs a change | to nginx |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        for callers in map(int, options.callers.split(",")):
            figures = {name: [] for name in proxies}
            for _ in range(options.rounds):
                for name, (port, process) in proxies.items():
                    before = cpu_seconds(process.pid)
                    result = load(on, name, port, callers, options.seconds)
                    result["cpu_us"] = (cpu_seconds(process.pid) - before) * 1e6 / result["calls"]
                    figures[name].append(result)
            middle = {name: {key: statistics.median(each[key] for each in rounds) for key in rounds[0]} for name, rounds in figures.items()}
            for name in ("file", "memory"):
                m, (rate, commits, _) = middle[name], best.get(callers, (0, 0, 0))
                print(f"| {callers} | {name} | {m['rate']:.0f} | {m['rate'] / rate if rate and name == 'file' else 0:.2f} | {m['p50_ms']:.2f} | "
                      f"{m['p50_ms'] / commits if commits and name == 'file' else 0:.2f} | {m['p99_ms']:.2f} | {m['cpu_us']:.1f} | "
                      f"{m['cpu_us'] / middle['nginx']['cpu_us']:.2f} |", flush=True)
            if callers in best:
                print(f"| {callers} | the ideal loop | {best[callers][0]:.0f} |  |  |  |  | {best[callers][2]:.1f} | "
                      f"{best[callers][2] / middle['nginx']['cpu_us']:.2f} |", flush=True)


if __name__ == "__main__":
    main()
