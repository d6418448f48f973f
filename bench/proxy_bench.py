#!/usr/bin/env python3
"""What a call costs: the gateway beside nginx and HAProxy, in one run.

One core serves (the gateway, nginx or HAProxy), the other one loads and answers (nginx as the origin). The proxies take
turns in short rounds, there and back, so that what the machine does besides falls on all of them; a ratio is the median of
the rounds' ratios, each to nginx in the same round, with its standard error. A round has two parts:

- steady: all get the same calls a second, half of what the slowest can take. CPU for a call is what the kernel counted for
  the whole process tree, divided by the calls; times are from the moment a call was due (tail_bench.py compares them).
- most: as many as go through (wrk). Here a faster proxy has it easier still, since the other core then never sleeps, and to
  wake it is part of each write.

The gateway's figures include authentication, policy, signature and outcome line. Results go to bench/results/.
"""

import argparse
import json
import math
import os
import pathlib
import re
import statistics
import sys

from stage import BENCH, JSON_LOG, KEY, cpu_seconds, machine, resident_kib, stage


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, help="an even number: each order of the proxies as often as the other")
    parser.add_argument("--seconds", type=float, default=2, help="of each part of a round")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--rate", type=float, help="calls a second of the steady part")
    parser.add_argument("--bin", default="build/profiled/bin", help="where ecs-gateway and steady_load are")
    parser.add_argument("--beside", action="append", default=[], metavar="NAME=DIR",
                        help="the bin folder of another build of the gateway, measured in the same rounds; may be repeated")
    parser.add_argument("--goals", action="store_true", help="leave out what no goal is compared with: HAProxy, nginx with a log")
    parser.add_argument("--only", default="", help="names of the proxies to measure, with ; between")
    options = parser.parse_args()
    if os.cpu_count() < 2:
        sys.exit("the benchmark needs two cores: one that serves, one that loads")
    options.beside = dict(each.rpartition("=")[::2] for each in options.beside)  # name: folder
    with stage(options.bin, options.connections) as on:
        proxies = build(on, options.beside)
        if options.goals:
            proxies = {name: proxy for name, proxy in proxies.items() if "HAProxy" not in name and "log" not in name}
        if options.only:
            proxies = {name: proxy for name, proxy in proxies.items() if name in options.only.split(";")}
        rest = {name: resident_kib(process.pid) for name, (_, process, _) in proxies.items()}
        report(options, rest, measure(on, proxies, options))


def build(on, beside):
    """The proxies: name: (port, process, fields of the call)."""
    on.certificates()
    origin, tls_origin = on.origin(), on.origin(tls=True)
    proxies = {}

    def add(name, port_and_process, fields=KEY):
        proxies[name] = (*port_and_process, fields)

    add("nginx", on.nginx_proxy("nginx", origin))
    add("nginx, JSON log", on.nginx_proxy("nginx-log", origin, http=JSON_LOG))
    add("HAProxy", on.haproxy("haproxy", origin))
    add("HAProxy, signing", on.haproxy("haproxy-signing", origin, signing=True))
    on.check_signing("HAProxy", proxies["HAProxy, signing"][0], origin)
    gateway = on.gateway("gateway", origin)
    add("gateway, API key", gateway)
    add("gateway, signed caller", gateway, None)  # signed anew for each round: a signature ages
    for name, folder in beside.items():
        add(f"gateway, API key, {name}", on.gateway(f"beside-{len(proxies)}", origin, programs=folder))
    add("nginx, TLS origin", on.nginx_proxy("nginx-tls", tls_origin, tls=True))
    add("HAProxy, TLS origin", on.haproxy("haproxy-tls", tls_origin, tls=True))
    add("gateway, API key, TLS origin", on.gateway("gateway-tls", tls_origin, tls=True))
    return proxies


def measure(on, proxies, options):
    """name: part: a result for each round."""
    rounds = {name: {"steady": [], "most": []} for name in proxies}
    rate = options.rate
    for number in range(options.rounds + 1):  # the first warms up, tells the rate, and does not count
        slowest = None
        # There and back, so that none always comes behind the same one.
        for name, (port, process, fields) in list(proxies.items())[::-1 if number % 2 else 1]:
            fields = fields or on.signed_fields(port)
            file = re.sub(r"\W+", "-", name)
            parts = {"most": lambda: on.most(file, port, fields, max(1, round(options.seconds)))}  # pylint: disable=cell-var-from-loop
            if rate and number:
                parts["steady"] = lambda: on.steady(file, port, fields, rate, options.seconds)  # pylint: disable=cell-var-from-loop
            for part, load in parts.items():
                before = cpu_seconds(process.pid)
                result = load()
                result["cpu_us"] = (cpu_seconds(process.pid) - before) * 1e6 / result["calls"]
                if number:
                    rounds[name][part].append(result)
                if part == "most":
                    slowest = min(slowest or result["rate"], result["rate"])
                print(f"  round {number}/{options.rounds}  {name:30} {part:6} {result['cpu_us']:6.1f} us CPU/call"
                      f"  p99 {result['p99_us']:6.0f} us", file=sys.stderr, flush=True)
        rate = rate or round(slowest / 2, -2)
    return rounds


def median_and_error(values):
    """The median and its standard error, which is taken from the quartiles, as some rounds are far off."""
    values = sorted(values)
    if len(values) < 2:
        return values[0], 0.0
    lower, middle, upper = statistics.quantiles(values, n=4)
    return middle, 0.93 * (upper - lower) / math.sqrt(len(values))


def shown(medians):
    return f"{medians['ratio']:.2f} ± {medians['ratio_error']:.2f}"


def report(options, resident, rounds):
    medians, table = {}, [
        "| proxy | steady: CPU µs for a call | ratio | p50 µs | p99 µs | p99.9 µs | most: CPU µs | ratio | calls a second | RSS at start, MiB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for name, parts in rounds.items():
        base = "nginx, TLS origin" if "TLS" in name else "nginx"
        m = medians[name] = {part: {key: statistics.median(r[key] for r in results) for key in results[0]}
                             for part, results in parts.items()}
        for part, results in parts.items():
            bases = rounds.get(base, parts)[part]
            m[part]["ratio"], m[part]["ratio_error"] = median_and_error(r["cpu_us"] / of["cpu_us"] for r, of in zip(results, bases))
        s, most = m["steady"], m["most"]
        table.append(f"| {name} | {s['cpu_us']:.1f} | {shown(s)} | {s['p50_us']:.0f} | {s['p99_us']:.0f} | "
                     f"{s['p99_9_us']:.0f} | {most['cpu_us']:.1f} | {shown(most)} | {most['rate']:.0f} | "
                     f"{resident[name] / 1024:.1f} |")
    text = "\n".join(table)
    for beside in options.beside:
        if not {"gateway, API key", f"gateway, API key, {beside}"} <= rounds.keys():
            continue
        other = rounds[f"gateway, API key, {beside}"]
        ratios = {part: median_and_error(r["cpu_us"] / of["cpu_us"] for r, of in zip(rounds["gateway, API key"][part], other[part]))
                  for part in other}
        medians["gateway, API key"].setdefault("to_beside", {})[beside] = ratios
        text += f"\n\nThe gateway with an API key to the same, {beside}: " + \
            ", ".join(f"{ratio:.3f} ± {error:.3f} ({part})" for part, (ratio, error) in ratios.items()) + "."
    print(text)
    if options.only or options.goals:
        return  # a part is no result to keep
    results = pathlib.Path(BENCH, "results")
    results.mkdir(exist_ok=True)
    (results / "proxy.md").write_text(text + "\n", encoding="utf-8")
    (results / "proxy.json").write_text(json.dumps(
        {"machine": machine(options.bin), "rounds": options.rounds, "seconds": options.seconds,
         "connections": options.connections, "resident_kib": resident, "medians": medians, "all": rounds},
        indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
