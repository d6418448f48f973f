#!/usr/bin/env python3
"""What a call costs: the gateway beside nginx as a plain proxy, in one run.

One core serves (the gateway or nginx), the other one loads (wrk) and answers (nginx as the origin). The proxies take
turns in short rounds, so that what the machine does besides falls on all of them; a ratio is the median of the rounds'
ratios, each to nginx in the same round. CPU for a call is the user and system time of the whole process tree, from /proc, divided by the calls that wrk counted; the
gateway's includes authentication, policy, signature and outcome line.

    bench/proxy_bench.py [--rounds 15] [--seconds 2] [--connections 32] [--bin build/release/bin] [--beside OTHER/bin]

`--beside` puts another build of the gateway into the same run, to tell what a change of the code costs.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

PROJECT = "0605767a3300d5762fb7c0186d9e1779"
SERVER = "459a2b9d-804a-4745-ab19-a113bb1b4ddc"
PATH = f"/v1.1/{PROJECT}/cloudservers/{SERVER}/resize"
BODY = '{"resize":{"flavorRef":"s6.xlarge.2","dedicated_host_id":"459a2b9d-804a-4745-ab19-a113bb1b4ddc",' \
       '"extendparam":{"isAutoPay":"false"}}}'
ANSWER = '{"job_id":"70a599e0-31e7-49b7-b260-868f441e862b"}'
API_KEY = "bench-api-key-not-a-secret"
SERVE_CORE, LOAD_CORE = "0", "1"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"a server ended at start: {process.args}")
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit(f"nobody listens on port {port}: {process.args}")


def cpu_seconds(pid):
    """User and system time of a process and its children that live."""
    ticks = 0
    pids = [pid]
    while pids:
        one = pids.pop()
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
        pids += [int(c) for c in pathlib.Path(f"/proc/{one}/task/{one}/children").read_text().split()]
    return ticks / os.sysconf("SC_CLK_TCK")


NGINX_COMMON = """
worker_processes 1; daemon off; pid @folder@/@name@.pid; error_log @folder@/@name@.error crit;
events { worker_connections 4096; }
http {
  client_body_temp_path @folder@/@name@.body; proxy_temp_path @folder@/@name@.proxy;
  fastcgi_temp_path @folder@/@name@.f; uwsgi_temp_path @folder@/@name@.u; scgi_temp_path @folder@/@name@.s;
  keepalive_requests 1000000000; keepalive_timeout 300s; @http@
  @server@
}
"""
ORIGIN = """access_log off;
  server { listen 127.0.0.1:@port@ backlog=4096 @tls@; @certificate@
    location / { default_type application/json; return 200 '@answer@'; } }"""
PROXY = """
  upstream origin { server 127.0.0.1:@origin@; keepalive 256; keepalive_requests 1000000000; }
  server { listen 127.0.0.1:@port@ backlog=4096;
    location / { proxy_pass @scheme@://origin; proxy_http_version 1.1; proxy_set_header Connection ""; @verify@ } }"""
JSON_LOG = """log_format line escape=json '{"time":"$time_iso8601","id":"$request_id","peer":"$remote_addr","uri":"$uri",'
  '"status":$status,"us":$upstream_response_time}'; access_log @folder@/@name@.log line buffer=64k flush=1s;"""


HAPROXY = """
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  http-reuse always
frontend in
  bind 127.0.0.1:@port@
  default_backend origin
backend origin
  server origin 127.0.0.1:@origin@ pool-max-conn 256
"""


def fill(template, **values):
    """Puts values in the place of @name@: nginx's own syntax is full of braces and dollars."""
    for name, value in values.items():
        template = template.replace(f"@{name}@", str(value))
    return template


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gateway-bench."))
        self.processes = []

    def start(self, args, port, core, **more):
        process = subprocess.Popen(["taskset", "-c", core, *args], stderr=open(self.folder / "stderr", "ab"), **more)
        self.processes.append(process)
        wait_for_port(port, process)
        return process

    def stop(self):
        for p in reversed(self.processes):
            p.send_signal(signal.SIGTERM)
        for p in self.processes:
            try:
                p.wait(15)
            except subprocess.TimeoutExpired:
                p.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def nginx(self, name, core, server, http="access_log off;"):
        port = free_port()
        text = fill(NGINX_COMMON, http=http, server=server, folder=self.folder, name=name, port=port)
        file = self.folder / f"{name}.conf"
        file.write_text(text)
        return port, self.start(["nginx", "-p", str(self.folder), "-c", str(file)], port, core)

    def haproxy(self, origin):
        port = free_port()
        file = self.folder / "haproxy.conf"
        file.write_text(fill(HAPROXY, port=port, origin=origin))
        return port, self.start(["haproxy", "-db", "-f", str(file)], port, SERVE_CORE)

    def certificates(self):
        run = lambda *a: subprocess.run(a, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
            "-out", "ca.pem", "-days", "2", "-subj", "/CN=bench CA")
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "origin.key",
            "-out", "origin.csr", "-subj", "/CN=localhost")
        (self.folder / "san").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        run("openssl", "x509", "-req", "-in", "origin.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-out", "origin.pem", "-extfile", "san")

    def gateway(self, name, origin, tls, programs=None):
        port = free_port()
        file = self.folder / f"{name}.yaml"
        file.write_text(f"""version: 1
listeners: [{{address: "127.0.0.1:{port}"}}]
workers: 1
limits: {{requests_per_connection: 1000000000}}
replay_protection: false    # wrk repeats one signed request
callers:
  - {{name: bench-key, api_key_sha256: {hashlib.sha256(API_KEY.encode()).hexdigest()}}}
  - {{name: bench-sdk, access_key: GWBENCH0000000000001, secret_key: {{literal: bench-caller-secret-key-not-real-0001}}}}
credentials:
  - {{name: partner-key, access_key: BENCHPARTNERAK000001, secret_key: {{literal: bench-partner-secret-key-not-real-001}}}}
regions:
  cn-north-4: {{ecs: "{'https' if tls else 'http'}://127.0.0.1:{origin}", iam: "https://127.0.0.1:1"}}
upstream: {{connections_per_worker: 256, {'ca_file: ca.pem' if tls else 'plain_http_hosts: [127.0.0.1]'}}}
accounts:
  - {{name: partner, kind: partner, credential: partner-key, projects: {{{PROJECT}: cn-north-4}}}}
policy:
  - rule: bench-resizes
    callers: [bench-key, bench-sdk]
    accounts: [partner]
    operations: [resize]
    resize: {{flavors: [s6.*], auto_pay: false}}
log: {{level: warn, outcomes: {name}.outcomes}}
""")
        process = self.start([str(pathlib.Path(programs or self.options.bin, "ecs-gateway").resolve()), "run", "--config", str(file)], port, SERVE_CORE)
        return port, process

    def load(self, port, headers, script_name):
        lines = "".join(f'wrk.headers["{k}"] = "{v}"\n' for k, v in headers.items())
        script = self.folder / f"{script_name}.lua"
        script.write_text(f"""wrk.method = "POST"\nwrk.body = '{BODY}'\n{lines}
function done(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), latency:percentile(99.9),
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end""")
        out = subprocess.run(["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{self.options.connections}",
                              f"-d{self.options.seconds}s", "-s", str(script), f"http://127.0.0.1:{port}{PATH}"],
                             check=True, capture_output=True, text=True).stdout
        calls, micros, p50, p99, p999, errors = map(int, re.search(r"RESULT (.*)", out).group(1).split())
        if errors or calls == 0:
            sys.exit(f"{script_name}: {errors} of {calls} calls failed, the figures would mean nothing:\n{out}"
                     + (self.folder / "stderr").read_text()[-2000:])
        return {"calls": calls, "rate": calls / (micros / 1e6), "p50_us": p50, "p99_us": p99, "p99_9_us": p999}

    def signed_headers(self, port):
        secret = self.folder / "caller.sk"
        secret.write_text("bench-caller-secret-key-not-real-0001")
        body = self.folder / "body.json"
        body.write_text(BODY)
        out = subprocess.run([str(pathlib.Path(self.options.bin, "ecs-gateway").resolve()), "sign", "--json", "--access-key",
                              "GWBENCH0000000000001", "--secret-key-file", str(secret), "--method", "POST", "--url",
                              f"http://127.0.0.1:{port}{PATH}", "--header", "Content-Type: application/json",
                              "--header", f"X-Project-Id: {PROJECT}", "--body", str(body)],
                             check=True, capture_output=True, text=True).stdout
        headers = {"Content-Type": "application/json", "X-Project-Id": PROJECT}
        headers.update({k: v for k, v in json.loads(out)["headers"].items() if k.lower() != "host"})
        return headers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--beside", help="the bin folder of another build")
    parser.add_argument("--only", default="", help="names of the proxies to measure, with ; between")
    options = parser.parse_args()
    if os.cpu_count() < 2:
        sys.exit("the benchmark needs two cores: one that serves, one that loads")
    bench = Bench(options)
    try:
        run(bench, options)
    finally:
        bench.stop()


def run(bench, options):
    bench.certificates()
    origin, _ = bench.nginx("origin", LOAD_CORE, fill(ORIGIN, tls="", certificate="", answer=ANSWER))
    tls_origin, _ = bench.nginx("tls-origin", LOAD_CORE, fill(
        ORIGIN, tls="ssl", answer=ANSWER,
        certificate="ssl_certificate @folder@/origin.pem; ssl_certificate_key @folder@/origin.key; ssl_protocols TLSv1.2 TLSv1.3;"))
    verify = "proxy_ssl_trusted_certificate @folder@/ca.pem; proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_session_reuse on; proxy_ssl_protocols TLSv1.2 TLSv1.3;"

    plain = {"Content-Type": "application/json", "X-Project-Id": PROJECT}
    key = {**plain, "X-Api-Key": API_KEY}
    proxies = {}  # name: (port, process, headers)
    def add(name, port_and_process, headers=None):
        proxies[name] = (*port_and_process, headers or key)

    add("nginx", bench.nginx("nginx", SERVE_CORE, fill(PROXY, origin=origin, scheme="http", verify="")))
    add("nginx, JSON log", bench.nginx("nginx-log", SERVE_CORE, fill(PROXY, origin=origin, scheme="http", verify=""), JSON_LOG))
    add("HAProxy", bench.haproxy(origin))
    gateway = bench.gateway("gateway", origin, tls=False)
    add("gateway, API key", gateway)
    add("gateway, signed caller", gateway, bench.signed_headers(gateway[0]))
    if options.beside:
        add("other build, API key", bench.gateway("beside", origin, tls=False, programs=options.beside))
    add("nginx, TLS origin", bench.nginx("nginx-tls", SERVE_CORE, fill(PROXY, origin=tls_origin, scheme="https", verify=verify)))
    add("gateway, API key, TLS origin", bench.gateway("gateway-tls", tls_origin, tls=True))
    if options.only:
        proxies = {k: v for k, v in proxies.items() if k in options.only.split(";")}

    rounds = {name: [] for name in proxies}
    for n in range(-1, options.rounds):  # the first one warms up and does not count
        for name, (port, process, headers) in proxies.items():
            before = cpu_seconds(process.pid)
            result = bench.load(port, headers, re.sub(r"\W+", "-", name))
            result["cpu_us"] = (cpu_seconds(process.pid) - before) * 1e6 / result["calls"]
            if n >= 0:
                rounds[name].append(result)
            print(f"  round {n + 1}/{options.rounds}  {name:30} {result['cpu_us']:6.1f} us CPU/call  {result['rate']:8.0f} calls/s",
                  file=sys.stderr, flush=True)

    median = {name: {k: statistics.median(r[k] for r in results) for k in results[0]} for name, results in rounds.items()}
    table = ["| proxy | CPU µs for a call | ratio | calls a second | p50 µs | p99 µs | p99.9 µs |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, m in median.items():
        base = "nginx, TLS origin" if "TLS" in name else "nginx"
        m["ratio"] = statistics.median(r["cpu_us"] / of["cpu_us"] for r, of in zip(rounds[name], rounds.get(base, rounds[name])))
        table.append(f"| {name} | {m['cpu_us']:.1f} | {m['ratio']:.2f} | {m['rate']:.0f} | {m['p50_us']:.0f} | {m['p99_us']:.0f} | {m['p99_9_us']:.0f} |")
    text = "\n".join(table)
    print(text)
    results = pathlib.Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / "proxy.md").write_text(text + "\n")
    (results / "proxy.json").write_text(json.dumps({"rounds": options.rounds, "seconds": options.seconds,
                                                     "connections": options.connections, "medians": median, "all": rounds}, indent=1) + "\n")


if __name__ == "__main__":
    main()
