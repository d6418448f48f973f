#!/usr/bin/env python3
"""How long the slowest calls take: the gateway beside nginx at equal rates, in turns of a third of a second.

The turns are that short as the host of a virtual machine takes a core away for a millisecond or more now and then, which is
the p99 of the turn in which it happens, whoever serves. So there are many, a ratio is the median of those of a round, to nginx
in the same round, and nginx takes part twice: what its second row is off from 1 is chance. Errors are by bootstrap. Where more
than half of the turns were disturbed, the lowest quarter still is not: its p99 is given, too.

    bench/tail_bench.py [--rounds 100] [--seconds 0.3] [--rates 10000,20000,30000] [--bin build/profiled/bin]
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
    parser.add_argument("--rounds", type=int, default=100)
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
         "gateway, signed caller": (gateway, None)},  # signed anew for each turn: a signature ages
        {"nginx, TLS origin": (on.nginx_proxy("nginx-tls", tls_origin, tls=True)[0], KEY),
         "gateway, API key, TLS origin": (on.gateway("gateway-tls", tls_origin, tls=True)[0], KEY)}]


def measure(on, proxies, rate, options):
    """name: a result for each round."""
    turns = {name: [] for name in proxies}
    for number in range(options.rounds + 1):  # the first warms up
        # There and back, so that none always comes behind the same one.
        for name, (port, fields) in list(proxies.items())[::-1 if number % 2 else 1]:
            result = on.steady("load", port, fields or on.signed_fields(port), rate, options.seconds)
            if number:
                turns[name].append(result)
        if number % 20 == 0:
            print(f"  {rate} calls a second, round {number}/{options.rounds}: {', '.join(proxies)}", file=sys.stderr, flush=True)
    return turns


def lower_quartile(values):
    return statistics.quantiles(values, n=4)[0]


def with_error(figure, turns):
    """A figure of the turns, and by how much it differs when they are drawn anew from themselves."""
    draw = random.Random(1)
    return figure(turns), statistics.stdev(figure(draw.choices(turns, k=len(turns))) for _ in range(RESAMPLED))


def compared(turns, bases):
    """The figures of a proxy, ratios with their errors, from its turns and those of what it is compared with."""
    pairs = [(one["p50_us"], of["p50_us"], one["p99_us"], of["p99_us"]) for one, of in zip(turns, bases)]
    p99 = [pair[2] for pair in pairs]
    return {
        "p50_us": statistics.median(pair[0] for pair in pairs),
        "p50_ratio": with_error(lambda drawn: statistics.median(one / of for one, of, _, _ in drawn), pairs),
        "p99_us": statistics.median(p99),
        "p99_ratio": with_error(lambda drawn: statistics.median(one / of for _, _, one, of in drawn), pairs),
        "quiet_p99_us": lower_quartile(p99),
        "quiet_p99_ratio": with_error(lambda drawn: lower_quartile([d[2] for d in drawn]) / lower_quartile([d[3] for d in drawn]), pairs),
        "no_worse": sum(one <= of for _, _, one, of in pairs)}


def report(options, results, firsts):
    table = ["| calls a second | proxy | p50 µs | ratio | p99 µs | ratio | lowest quarter's p99 µs | ratio | rounds no worse |",
             "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    rows = []
    for (rate, name), turns in results.items():
        if name in firsts:
            base = turns
        row = compared(turns, base) | {"rate": rate, "proxy": name}
        rows.append(row)
        ratios = {key: f"{value[0]:.2f} ± {value[1]:.2f}" for key, value in row.items() if key.endswith("_ratio")}
        table.append(f"| {rate} | {name} | {row['p50_us']:.0f} | {ratios['p50_ratio']} | {row['p99_us']:.0f} | {ratios['p99_ratio']} | "
                     f"{row['quiet_p99_us']:.0f} | {ratios['quiet_p99_ratio']} | {row['no_worse']} of {len(turns)} |")
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
