#!/usr/bin/env python3
"""What a change costs with a ledger in PostgreSQL: resizes through one gateway and through three that share it, beside pgbench, which
writes the same rows in two transactions a change to the same server, and beside nginx's plain proxying of the same calls.

    bench/replicas_bench.py [--callers 1,8,64,256] [--seconds 3] [--rounds 3] [--bin build/profiled/bin]
"""
import argparse
import contextlib
import re
import statistics
import subprocess
import sys
import threading

from changes_bench import load
from fakes.postgresql import PROGRAMS, postgresql
from stage import LOAD_CORE, cpu_seconds, stage

LEDGER = "ledger: {{postgresql: {{connection: {{literal: \"{conninfo}\"}}}}}}\n"
# The rows of a resize that is accepted, as the gateway writes them.
CHANGE = r"""
\set a random(1, 9000000000000000000)
\set b random(1, 9000000000000000000)
BEGIN;
INSERT INTO changes (id, state, operation, caller, subject, account, project_id, region, rule, flavor, server_ids, server_count,
  holds_server, fingerprint, begun, signed_at, updated, process, is_rated, is_counted)
  VALUES (to_hex(:a::bigint) || to_hex(:b::bigint), 'sending', 'resize', 'bench-key', '', 'partner', '0605767a3300d5762fb7c0186d9e1779', 'cn-north-4',
  'bench-resizes', 's6.xlarge.2', 's' || to_hex(:a::bigint) || to_hex(:b::bigint), 1, 1, decode(md5(:a::bigint::text), 'hex'), 1800000000000000, 1800000000,
  1800000000000000, '0123456789abcdef0123456789abcdef', 0, 0);
INSERT INTO servers VALUES ('s' || to_hex(:a::bigint) || to_hex(:b::bigint), currval('changes_number_seq'));
INSERT INTO holds VALUES ('0605767a3300d5762fb7c0186d9e1779', 's' || to_hex(:a::bigint) || to_hex(:b::bigint), currval('changes_number_seq'), NULL);
INSERT INTO history (change, at, state, detail) VALUES (currval('changes_number_seq'), 1800000000000000, 'sending', '');
COMMIT;
BEGIN;
UPDATE changes SET state = 'accepted', updated = 1800000000010000, last_good_answer = 1800000000010000, answer_status = 200,
  job_id = '70a599e0-31e7-49b7-b260-868f441e862b', answer_type = 'application/json', due = 1800000002000000, version = version + 1,
  answer_body = decode('7b226a6f625f6964223a2237306135393965302d333165372d343962372d623236302d383638663434316538363262227d', 'hex')
  WHERE id = to_hex(:a::bigint) || to_hex(:b::bigint);
INSERT INTO history (change, at, state, detail) VALUES (currval('changes_number_seq'), 1800000000010000, 'accepted', '');
COMMIT;
"""


def pgbench(on, database, conninfo, clients, seconds):
    """Changes a second, once all clients have their connections and plans."""
    script = on.file("change.sql", CHANGE)
    database.query(conninfo, "ANALYZE")  # else it reads whole tables, which it has known empty
    host, user, name = (part.split("=")[1] for part in conninfo.split())
    out = subprocess.run(["taskset", "-c", LOAD_CORE, PROGRAMS / "pgbench", "-n", "-M", "prepared", "-c", str(clients),
                          "-T", str(seconds + clients // 8), "-P", "1", "-f", script, "-h", host, "-U", user, name],
                         capture_output=True, text=True, check=False)
    rates = [float(rate) for rate in re.findall(r"^progress: .* s, ([\d.]+) tps", out.stderr, re.MULTILINE)]
    if out.returncode or not rates:
        sys.exit(f"pgbench failed: {out.stdout}{out.stderr}")
    return statistics.median(rates[-seconds:])


def load_all(on, gates, callers, seconds):
    """Callers shared by the gateways; what comes of all of them."""
    results = [None] * len(gates)

    def one(number):
        share = callers // len(gates) + (number < callers % len(gates))
        if share:
            results[number] = load(on, f"replica-{number}", gates[number][0], share, seconds)
    before = [cpu_seconds(process.pid) for _, process in gates]
    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(gates))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    cpu = sum(cpu_seconds(process.pid) - used for (_, process), used in zip(gates, before))
    found = [each for each in results if each]
    return {"rate": sum(each["rate"] for each in found), "p50_ms": statistics.median(each["p50_ms"] for each in found),
            "p99_ms": max(each["p99_ms"] for each in found), "cpu_us": cpu * 1e6 / sum(each["calls"] for each in found)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callers", default="1,8,64,256")
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bin", default="build/profiled/bin")
    options = parser.parse_args()
    with stage(options.bin) as on, contextlib.closing(postgresql("-c max_connections=400")) as server:
        origin = on.origin()
        nginx = on.nginx_proxy("nginx", origin)
        shared, own = server.new_database(), server.new_database()
        gates = [on.gateway(f"replica-{n}", origin, ends_with=LEDGER.format(conninfo=shared)) for n in range(3)]
        on.gateway("maker", origin, ends_with=LEDGER.format(conninfo=own))[1].terminate()  # has made the tables
        print("| callers | replicas | changes a second | pgbench's | ratio | p50 ms | p99 ms | CPU µs a change | to nginx |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        for callers in map(int, options.callers.split(",")):
            figures = {1: [], 3: []}
            plain, best = [], []
            for _ in range(options.rounds):
                best.append(pgbench(on, server, own, callers, options.seconds))
                plain.append(load_all(on, [nginx], callers, options.seconds)["cpu_us"])
                for count, rounds in figures.items():
                    rounds.append(load_all(on, gates[:count], callers, options.seconds))
            for count, rounds in figures.items():
                middle = {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}
                rate = statistics.median(best)
                print(f"| {callers} | {count} | {middle['rate']:.0f} | {rate:.0f} | {middle['rate'] / rate:.2f} | {middle['p50_ms']:.2f} | "
                      f"{middle['p99_ms']:.2f} | {middle['cpu_us']:.1f} | {middle['cpu_us'] / statistics.median(plain):.2f} |", flush=True)


if __name__ == "__main__":
    main()
