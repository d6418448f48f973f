#!/usr/bin/env python3
"""How long the slower calls take: the gateway beside nginx at equal rates, in turns of a third of a second.

The turns are that short, and many, as the host of a virtual machine takes a core away for a millisecond or more now and then:
that is the p99 of the turn in which it happens, whoever serves. So the p99 has two humps, and the quartiles of all turns are
given: the lower one is of turns that were left in peace, the upper one of disturbed ones. A ratio is that of two quartiles, its
error is by bootstrap over rounds. nginx takes part twice: what its second row is off from 1 is chance. The call to the origin
itself shows what of it all is not the proxy's, and HAProxy, signing, that a slower proxy is told from a faster one.

    bench/tail_bench.py [--rounds 60] [--seconds 0.3] [--rates 10000,20000,30000] [--bin build/profiled/bin]
"""
import argparse
import json
import pathlib
import random
import statistics
import sys

from stage import BENCH, KEY, machine, stage

RESAMPLED = 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60, help="four or more")
    parser.add_argument("--seconds", type=float, default=0.3, help="of a turn; the first 0.05 do not count")
    parser.add_argument("--rates", default="10000,20000,30000", help="calls a second")
    parser.add_argument("--bin", default="build/profiled/bin")
    options = parser.parse_args()
    with stage(options.bin) as on:
        groups = build(on)
        results = {}
        for rate in map(int, options.rates.split(",")):
            for proxies in groups:
                results |= {(rate, name): turns for name, turns in measure(on, proxies, rate, options).items()}
    report(options, results, [next(iter(proxies)) for proxies in groups])


def build(on):
    """Groups of proxies that are compared with the first of them: name: (port, fields of the call)."""
    on.certificates()
    origin, tls_origin = on.origin(), on.origin(tls=True)
    gateway = on.gateway("gateway", origin)[0]
    return [
        {"nginx": (on.nginx_proxy("nginx", origin)[0], KEY),
         "nginx, again": (on.nginx_proxy("nginx-again", origin)[0], KEY),
         "gateway, API key": (gateway, KEY),
         "gateway, signed caller": (gateway, None),  # signed anew for each turn: a signature ages
         "HAProxy, signing": (on.haproxy("haproxy", origin, signing=True)[0], KEY),
         "the origin itself": (origin, KEY)},
        {"nginx, TLS origin": (on.nginx_proxy("nginx-tls", tls_origin, tls=True)[0], KEY),
         "gateway, API key, TLS origin": (on.gateway("gateway-tls", tls_origin, tls=True)[0], KEY)}]


def measure(on, proxies, rate, options):
    """name: a result for each round."""
    turns = {name: [] for name in proxies}
    shuffle = random.Random(rate)
    for number in range(options.rounds + 1):  # the first warms up
        for name, (port, fields) in shuffle.sample(list(proxies.items()), len(proxies)):
            result = on.steady("load", port, fields or on.signed_fields(port), rate, options.seconds)
            if number:
                turns[name].append(result)
        if number % 20 == 0:
            print(f"  {rate} calls a second, round {number}/{options.rounds}: {', '.join(proxies)}", file=sys.stderr, flush=True)
    return turns


def quartile(number, values):
    return statistics.quantiles(values, n=4)[number - 1]


def compared(turns, bases):
    """The quartiles of p50 and p99 of a proxy's turns, and their ratios to those of another one, with errors."""
    draws = random.Random(1)
    rounds = list(zip(turns, bases))
    resampled = [draws.choices(rounds, k=len(rounds)) for _ in range(RESAMPLED)]
    found = {}
    for time, numbers in (("p50_us", [2]), ("p99_us", [1, 2, 3])):
        for number in numbers:
            def ratio(pairs):
                return quartile(number, [one[time] for one, _ in pairs]) / quartile(number, [of[time] for _, of in pairs])  # pylint: disable=cell-var-from-loop
            found[f"{time}_q{number}"] = {
                "us": quartile(number, [one[time] for one in turns]), "ratio": ratio(rounds),
                "error": statistics.stdev(map(ratio, resampled))}
    return found


def report(options, results, firsts):
    table = ["| calls a second | proxy | p50 µs | ratio | p99 µs, lower quartile | ratio | median | ratio | upper quartile | ratio | p99 no worse |",
             "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    rows = []
    for (rate, name), turns in results.items():
        if name in firsts:
            base = turns
        figures = compared(turns, base)
        no_worse = sum(one["p99_us"] <= of["p99_us"] for one, of in zip(turns, base))
        rows.append({"rate": rate, "proxy": name, "no_worse": no_worse} | figures)
        cells = [f"{f['us']:.0f} | " + ("1" if name in firsts else f"{f['ratio']:.2f} ± {f['error']:.2f}") for f in figures.values()]
        table.append(f"| {rate} | {name} | {' | '.join(cells)} | " + ("" if name in firsts else f"{no_worse} of {len(turns)}") + " |")
    text = "\n".join(table)
    print(text)
    kept = pathlib.Path(BENCH, "results")
    kept.mkdir(exist_ok=True)
    (kept / "tail.md").write_text(text + "\n", encoding="utf-8")
    (kept / "tail.json").write_text(json.dumps(
        {"machine": machine(options.bin), "rounds": options.rounds, "seconds": options.seconds, "rows": rows,
         "all": {f"{rate} {name}": turns for (rate, name), turns in results.items()}},
        ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
