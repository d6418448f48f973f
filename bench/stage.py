"""The stage of the benchmark: an origin, the proxies before it, all from Debian, each pinned to a core, and what loads them."""
import base64
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BENCH = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(BENCH.parent / "tests/integration"))

import calling  # noqa: E402  (found by the path above)

PROJECT = "0605767a3300d5762fb7c0186d9e1779"
SERVER = "459a2b9d-804a-4745-ab19-a113bb1b4ddc"
PATH = f"/v1.1/{PROJECT}/cloudservers/{SERVER}/resize"
BODY = '{"resize":{"flavorRef":"s6.xlarge.2","dedicated_host_id":"459a2b9d-804a-4745-ab19-a113bb1b4ddc",' \
       '"extendparam":{"isAutoPay":"false"}},"dry_run":true}'  # a query: the same call would be held as a change
ANSWER = '{"job_id":"70a599e0-31e7-49b7-b260-868f441e862b"}'
API_KEY = "bench-api-key-not-a-secret"
CALLER = ("GWBENCH0000000000001", "bench-caller-secret-key-not-real-0001")
PARTNER = ("BENCHPARTNERAK000001", "bench-partner-secret-key-not-real-001")
PLAIN_FIELDS = [("Content-Type", "application/json"), ("X-Project-Id", PROJECT)]
KEY = [*PLAIN_FIELDS, ("X-Api-Key", API_KEY)]
SERVE_CORE, LOAD_CORE = "0", "1"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"a server ended at start: {process.args}")
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit(f"nobody listens on port {port}: {process.args}")


def tree(pid):
    """A process and its children that live."""
    pids = [pid]
    for one in pids:
        pids += [int(c) for c in pathlib.Path(f"/proc/{one}/task/{one}/children").read_text(encoding="ascii").split()]
    return pids


def cpu_seconds(pid):
    """Time on the processor, user's and kernel's, of a process tree: by nanoseconds, of threads that live."""
    return sum(int((task / "schedstat").read_text(encoding="ascii").split()[0])
               for one in tree(pid) for task in pathlib.Path(f"/proc/{one}/task").iterdir()) / 1e9


def resident_kib(pid):
    return sum(int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{one}/status").read_text(encoding="ascii"))[1])
               for one in tree(pid))


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
    location = /signature { return 200 '$http_x_sdk_date $http_authorization'; }
    location / { default_type application/json; return 200 '@answer@'; } }"""
CERTIFICATE = """ssl_certificate @folder@/origin.pem; ssl_certificate_key @folder@/origin.key;
  ssl_protocols TLSv1.2 TLSv1.3;"""
PROXY = """
  upstream origin { server 127.0.0.1:@origin@; keepalive 256; keepalive_requests 1000000000; }
  server { listen 127.0.0.1:@port@ backlog=4096;
    location / { proxy_pass @scheme@://origin; proxy_http_version 1.1; proxy_set_header Connection ""; @verify@ } }"""
VERIFY = """proxy_ssl_trusted_certificate @folder@/ca.pem; proxy_ssl_verify on; proxy_ssl_name localhost;
  proxy_ssl_session_reuse on; proxy_ssl_protocols TLSv1.2 TLSv1.3;"""
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
@signing@
  default_backend origin
backend origin
  server origin 127.0.0.1:@origin@ pool-max-conn 256 @tls@
"""
# SDK-HMAC-SHA256 by HAProxy's own converters: what the gateway signs, without deciding or recording anything.
HAPROXY_SIGNING = r"""
  option http-buffer-request
  http-request set-header Host 127.0.0.1:@origin@
  http-request set-header X-Project-Id @project@
  http-request set-var(txn.at) date,utime("%Y%m%dT%H%M%SZ")
  http-request set-header X-Sdk-Date %[var(txn.at)]
  http-request set-var-fmt(txn.canonical) "%[method]\n%[path]/\n%[query]\ncontent-type:%[req.hdr(content-type)]\nhost:%[req.hdr(host)]\nx-project-id:%[req.hdr(x-project-id)]\nx-sdk-date:%[var(txn.at)]\n\ncontent-type;host;x-project-id;x-sdk-date\n%[req.body,sha2(256),hex,lower]"
  http-request set-var-fmt(txn.text) "SDK-HMAC-SHA256\n%[var(txn.at)]\n%[var(txn.canonical),sha2(256),hex,lower]"
  http-request del-header X-Api-Key
  http-request set-header Authorization "SDK-HMAC-SHA256 Access=@access_key@, SignedHeaders=content-type;host;x-project-id;x-sdk-date, Signature=%[var(txn.text),hmac(sha256,@secret_base64@),hex,lower]"
"""

GATEWAY = """version: 1
listeners: [{address: "127.0.0.1:@port@"}]
workers: @workers@
limits: {requests_per_connection: 1000000000, connections: 20000}
replay_protection: false    # wrk repeats one signed request
callers:
  - {name: bench-key, api_key_sha256: @key_hash@}
  - {name: bench-sdk, access_key: @caller_access@, secret_key: {literal: @caller_secret@}}
@more_callers@credentials:
  - {name: partner-key, access_key: @partner_access@, secret_key: {literal: @partner_secret@}}
regions:
  cn-north-4: {ecs: "@scheme@://127.0.0.1:@origin@", iam: "https://127.0.0.1:1"}
upstream: {connections_per_worker: 256, @upstream@}
accounts:
  - {name: partner, kind: partner, credential: partner-key, projects: {@project@: cn-north-4}}
@more_accounts@policy:
@more_rules@  - rule: bench-resizes
    callers: [bench-key, bench-sdk]
    accounts: [partner]
    operations: [resize]
    resize: {flavors: [s6.*], auto_pay: false}
log: {level: warn, outcomes: @folder@/@name@.outcomes}
"""


@dataclasses.dataclass(frozen=True)
class crowd:
    """Callers, projects and rules that are there besides those of the calls, and before them."""
    caller_count: int = 0
    project_count: int = 0
    rule_count: int = 0
    projects_of_account: int = 100

    def callers(self):
        return "".join(f"  - {{name: caller-{n}, api_key_sha256: {hashlib.sha256(str(n).encode()).hexdigest()}}}\n"
                       for n in range(self.caller_count))

    def accounts(self):
        parts = []
        for first in range(0, self.project_count, self.projects_of_account):
            parts.append(f"  - name: customer-{first}\n    kind: sub-customer\n    credential: partner-key\n    projects:\n")
            parts += [f"      {first + n:032x}: cn-north-4\n" for n in range(self.projects_of_account)]
        return "".join(parts)

    def rules(self):
        return "".join(f"  - {{rule: rule-{n}, callers: [bench-sdk], operations: [resize], resize: {{flavors: [c{n}.*]}}}}\n"
                       for n in range(self.rule_count))


def fill(template, **values):
    """Puts values in the place of @name@: nginx's own syntax is full of braces and dollars."""
    for name, value in values.items():
        template = template.replace(f"@{name}@", str(value))
    return template


class stage:
    def __init__(self, programs, connections=32):
        self.programs, self.connections = pathlib.Path(programs).resolve(), connections
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gateway-bench."))
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for p in reversed(self.processes):
            p.send_signal(signal.SIGTERM)
        for p in self.processes:
            try:
                p.wait(15)
            except subprocess.TimeoutExpired:
                p.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, args, port, core=SERVE_CORE):
        with open(self.folder / "stderr", "ab") as errors:
            process = subprocess.Popen(["taskset", "-c", core, *map(str, args)], stderr=errors)
        self.processes.append(process)
        wait_for_port(port, process)
        return port, process

    def file(self, name, text):
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        return file

    def nginx(self, name, core, server, http="access_log off;"):
        port = free_port()
        file = self.file(f"{name}.conf", fill(NGINX_COMMON, http=http, server=server, folder=self.folder, name=name, port=port))
        return self.start(["nginx", "-p", self.folder, "-c", file], port, core)

    def origin(self, tls=False):
        """An nginx that answers each call at once; its port."""
        server = fill(ORIGIN, answer=ANSWER, tls="ssl" if tls else "", certificate=CERTIFICATE if tls else "")
        return self.nginx("tls-origin" if tls else "origin", LOAD_CORE, server)[0]

    def nginx_proxy(self, name, origin, tls=False, http="access_log off;"):
        server = fill(PROXY, origin=origin, scheme="https" if tls else "http", verify=VERIFY if tls else "")
        return self.nginx(name, SERVE_CORE, server, http)

    def haproxy(self, name, origin, tls=False, signing=False):
        port = free_port()
        verify = f"ssl verify required ca-file {self.folder}/ca.pem verifyhost localhost" if tls else ""
        signs = fill(HAPROXY_SIGNING, project=PROJECT, access_key=PARTNER[0], secret_base64=base64_of(PARTNER[1])) if signing else ""
        file = self.file(f"{name}.conf", fill(HAPROXY, signing=signs, port=port, origin=origin, tls=verify))
        return self.start(["haproxy", "-db", "-f", file], port)

    def gateway(self, name, origin, tls=False, programs=None, workers=1, core=SERVE_CORE, more=crowd(), ends_with=""):
        port = free_port()
        (self.folder / name).mkdir(exist_ok=True)  # where its ledger is
        file = self.file(f"{name}/gateway.yaml", fill(
            GATEWAY + ends_with, folder=self.folder, port=port, name=name, workers=workers, origin=origin, project=PROJECT,
            key_hash=hashlib.sha256(API_KEY.encode()).hexdigest(), caller_access=CALLER[0], caller_secret=CALLER[1],
            partner_access=PARTNER[0], partner_secret=PARTNER[1], scheme="https" if tls else "http",
            upstream=f"ca_file: {self.folder}/ca.pem" if tls else "plain_http_hosts: [127.0.0.1]",
            more_callers=more.callers(), more_accounts=more.accounts(), more_rules=more.rules()))
        return self.start([pathlib.Path(programs or self.programs).resolve() / "ecs-gateway", "run", "--config", file], port, core)

    def certificates(self):
        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=self.folder)
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=bench CA")
        openssl("req", *curve, "-keyout", "origin.key", "-out", "origin.csr", "-subj", "/CN=localhost")
        self.file("san", "subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        openssl("x509", "-req", "-in", "origin.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-out", "origin.pem", "-extfile", "san")

    def most(self, name, port, fields, seconds):
        """As many calls as go through: wrk, over kept connections."""
        lines = "".join(f'wrk.headers["{k}"] = "{v}"\n' for k, v in fields)
        script = self.file(f"{name}.lua", f"""wrk.method = "POST"\nwrk.body = '{BODY}'\n{lines}
function done(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), latency:percentile(99.9),
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end""")
        out = subprocess.run(["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{self.connections}", f"-d{seconds}s", "-s", script,
                              f"http://127.0.0.1:{port}{PATH}"], check=True, capture_output=True, text=True).stdout
        calls, micros, p50, p99, p999, errors = map(int, re.search(r"RESULT (.*)", out).group(1).split())
        if errors or calls == 0:
            sys.exit(f"{name}: {errors} of {calls} calls failed, the figures would mean nothing:\n{out}" + self.errors())
        return {"calls": calls, "rate": calls / (micros / 1e6), "p50_us": p50, "p99_us": p99, "p99_9_us": p999}

    def steady(self, name, port, fields, rate, seconds, connections=None):
        """A constant rate, whatever the answers take: bench/steady_load.cpp."""
        request = calling.render("POST", PATH, [("Host", f"127.0.0.1:{port}"), *fields,
                                                ("Content-Length", str(len(BODY)))], BODY.encode())
        file = self.folder / f"{name}.request"
        file.write_bytes(request)
        done = subprocess.run(["taskset", "-c", LOAD_CORE, self.programs / "steady_load", str(port),
                               str(connections or self.connections), str(rate), str(seconds), file],
                              check=False, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{name}: {done.stderr}" + self.errors())
        result = json.loads(done.stdout)
        if result["errors"]:
            sys.exit(f"{name}: {result['errors']} of {result['calls']} calls failed, the figures would mean nothing\n" + self.errors())
        return result

    def errors(self):
        return (self.folder / "stderr").read_text(encoding="utf-8", errors="replace")[-2000:]

    def signed_fields(self, port):
        """Of a caller's signed request to that port."""
        date = ("X-Sdk-Date", calling.utc_now())
        signed = [*PLAIN_FIELDS, ("Host", f"127.0.0.1:{port}"), date]
        proof = calling.authorization(*CALLER, "POST", PATH, signed, BODY.encode())
        return [*PLAIN_FIELDS, date, ("Authorization", proof)]

    def check_signing(self, name, port, origin):
        """That a proxy which is said to sign does so: the comparison would flatter the gateway otherwise."""
        with calling.connection(port) as to:
            answer = to.call("POST", "/signature", BODY.encode(), PLAIN_FIELDS)
        date, _, got = answer.body.decode().partition(" ")
        signed = [*PLAIN_FIELDS, ("Host", f"127.0.0.1:{origin}"), ("X-Sdk-Date", date)]
        if got != calling.authorization(*PARTNER, "POST", "/signature", signed, BODY.encode()):
            sys.exit(f"{name} does not sign as it should: {answer}")


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


def version_of(*command):
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return (done.stdout + done.stderr).splitlines()[0].strip()


def machine(programs):
    """What the figures were measured on."""
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return {"processor": model[1] if model else "unknown", "cores": os.cpu_count(), "kernel": os.uname().release,
            "nginx": version_of("nginx", "-v"), "haproxy": version_of("haproxy", "-v"),
            "gateway": version_of(str(pathlib.Path(programs, "ecs-gateway")), "version"),
            "day": time.strftime("%Y-%m-%d")}
