"""The admin listener as far as the status page knows it: the page at /, and at /status.json what a test says."""
import base64
import copy
import hashlib
import http.server
import json
import pathlib
import re
import threading

PAGE = pathlib.Path(__file__).resolve().parents[2] / "src/admin/status_page.html"


def hash_of(element):
    """As a Content-Security-Policy names what stands in that element of the page."""
    text = re.search(rf"<{element}>(.*?)</{element}>", PAGE.read_text(encoding="utf-8"), re.S)[1]
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY = (f"default-src 'none'; style-src {hash_of('style')}; script-src {hash_of('script')}; connect-src 'self'; "
          "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
BOUNDS = [1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000,
          60000000, None]
COUNTED = {"operation": "resize", "account": "partner", "decision": "allowed", "status": 200, "count": 1}


def histogram(**counts):
    """Counts by upper bound in milliseconds, `ms_25=3`; `beyond=1` for those beyond all bounds."""
    by_bound = {None if name == "beyond" else int(name.removeprefix("ms_")) * 1000: n for name, n in counts.items()}
    assert set(by_bound) <= set(BOUNDS), counts
    return [[bound, by_bound.get(bound, 0)] for bound in BOUNDS]


def outcome(number, **changes):
    """An outcome line; a value None leaves its key out."""
    line = {
        "time": f"2026-11-24T04:{number // 60 % 60:02}:{number % 60:02}.123456Z", "request_id": f"request-{number:06}",
        "peer": "127.0.0.1:40212", "listener": "127.0.0.1:8080", "caller": "planner", "proof": "signature",
        "operation": "resize", "api_version": "v1.1", "project_id": "0605767a3300d5762fb7c0186d9e1779",
        "server_id": f"server-{number}", "account": "partner", "credential": "partner-key", "region": "cn-north-4",
        "rule": "grow", "flavor": "s6.large.2", "decision": "allowed", "status": 200, "upstream_status": 200,
        "upstream_request_id": f"cloud-{number}", "result_job_id": f"job-{number}", "outcome": "answered", "bytes_in": 512,
        "bytes_out": 331, "duration_us": 84211, "upstream_us": 83100, **changes}
    return {key: value for key, value in line.items() if value is not None}


def denied(number, **changes):
    return outcome(number, **{
        "rule": "dry", "caller": "ci", "proof": "api_key", "decision": "denied", "status": 403, "code": "Gateway.0201",
        "message": "rule dry: resize.dry_run is required", "outcome": "not_sent", "credential": None,
        "upstream_status": None, "upstream_request_id": None, "result_job_id": None, "upstream_us": None,
        "duration_us": 312, **changes})


QUIET = {
    "time": "2026-11-24T04:50:00.123456Z", "version": "0.1.0", "started": "2026-11-21T01:20:00.000000Z",
    "configuration": {"generation": 3, "loaded": "2026-11-24T04:38:00.000000Z", "sha256": "5be1" * 16,
                      "file": "/etc/ecs-gateway/gateway.yaml"},
    "not_ready": [], "degraded": [], "connections": {"caller": 3, "cloud": 2}, "calls": [], "call_seconds": [], "upstream_seconds": [],
    "upstream_errors": [], "credentials": [], "rules": [], "outcomes": [],
    "ledger": {"name": "file /var/lib/ecs-gateway/ledger.db", "up": True,
               "counts": {"sending": 0, "unknown": 0, "accepted": 0, "awaiting_payment": 0},
               "open": [], "ended": [], "freezes": []},
}


def change(number, **changes):
    """A change as the ledger tells it; a value None leaves its key out."""
    told = {"id": f"request-{number:06}", "state": "accepted", "operation": "resize", "caller": "planner", "account": "partner",
            "project_id": "0605767a3300d5762fb7c0186d9e1779", "region": "cn-north-4", "server_ids": [f"server-{number}"],
            "flavor": "s6.large.2", "auto_pay": False, "begun": "2026-11-24T04:40:00.123456Z",
            "updated": "2026-11-24T04:40:01.123456Z", "holds": True, "job_id": f"job-{number}", **changes}
    return {key: value for key, value in told.items() if value is not None}


def ended(number, **changes):
    return change(number, **{"state": "succeeded", "ended": "2026-11-24T04:42:30.500000Z", "holds": False, **changes})


def freeze(**changes):
    told = {"id": "freeze-1", "account": "acme", "operations": ["resize"], "reason": "quarter end", "by": "alice (uid 1000)",
            "since": "2026-11-24T03:00:00.000000Z", "until": "2026-11-25T06:00:00.000000Z", **changes}
    return {key: value for key, value in told.items() if value is not None}


def ledger(open=(), ended=(), freezes=(), **changes):  # as the lists are called in the answer
    counts = {**QUIET["ledger"]["counts"]}
    for one in open:
        counts[one["state"]] += 1
    return {**QUIET["ledger"], "counts": counts, "open": list(open), "ended": list(ended), "freezes": list(freezes), **changes}


def status(**changes):
    return {**copy.deepcopy(QUIET), **changes}


class mock_gateway:
    """`answer(read)` makes the answer to that read, from 0: an object, or a status and bytes."""

    def __init__(self, port=0):
        self.answer = lambda _read: status()
        self.reads = 0
        mock = self

        class handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if self.path == "/":
                    self.reply(200, "text/html; charset=utf-8", PAGE.read_bytes())
                elif self.path == "/status.json":
                    read, mock.reads = mock.reads, mock.reads + 1
                    said = mock.answer(read)
                    code, body = said if isinstance(said, tuple) else (200, json.dumps(said).encode())
                    self.reply(code, "application/json", body)
                else:
                    self.reply(404, "text/plain", b"")

            def reply(self, code, kind, body):
                self.send_response(code)
                for name, value in [("Content-Type", kind), ("Content-Length", len(body)), ("Cache-Control", "no-store"),
                                    ("Content-Security-Policy", POLICY), ("Connection", "close")]:
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def says(self, **changes):
        """From now on, to every read."""
        self.answer = lambda _read: status(**changes)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
