"""Takes docs/status-page.png: a gateway that never was, a minute of its life, in the real page and a real browser.

    python3 -B tests/browser/picture.py [FILE [light|dark [WIDTH]]]
"""
import itertools
import math
import random
import sys

import browsing
import mock_gateway
from mock_gateway import BOUNDS, QUIET, change, denied, ended, freeze, ledger, outcome

ACCOUNTS = [("partner", "cn-north-4", 0.9), ("acme", "cn-north-4", 6.5), ("globex", "cn-south-1", 2.4),
            ("initech", "ap-southeast-1", 1.1), ("umbrella", "cn-east-3", 0.3)]
CALLERS = ["capacity-planner", "capacity-planner", "ci-pipeline", "billing-bot", "node-agent"]
OPERATIONS = {"show_job": (0.62, 38), "show_server": (0.2, 45), "resize": (0.14, 410), "list_resize_flavors": (0.04, 120)}
RULES = {"nobody-touches-globex-databases": ("deny", False), "planner-grows-acme": ("allow", False),
         "ci-dry-runs": ("allow", False), "everyone-looks": ("allow", False), "billing-reads-jobs": ("allow", False),
         "next-month-stricter": ("deny", True)}
CREDENTIALS = [("partner-key", "pair", None), ("acme-key", "pair", 41_870), ("globex-agency", "agency", 3_130),
               ("initech-agency", "agency", 1_294), ("globex-partner-user", "token", 80_230), ("umbrella-agency", "agency", 214)]

def asked(number, time, account, server, flavor, **more):
    return {"id": f"9f2c41d07be8{number:08x}", "begun": f"2026-11-{time}.204811Z", "account": account, "server_ids": [server],
            "flavor": flavor, "caller": "capacity-planner", **more}


LEDGER = ledger(
    [change(1, **asked(61, "23T02:11:08", "globex", "0d6e4c1b-2f3a-4b5c-8d7e-9f0a1b2c3d4e", "s6.2xlarge.2", holds=False,
                       state="awaiting_payment")),
     change(2, **asked(1904, "24T04:12:40", "initech", "5f1c2b6e-0d7a-4a39-9b62-7a1f0e5d3c21", "c6.xlarge.2", state="unknown")),
     change(3, **asked(2210, "24T04:48:51", "acme", "459a2b9d-804a-4745-ab19-a113bb1b4ddc", "s6.xlarge.2"))],
    [ended(4, **asked(2198, "24T04:46:02", "acme", "7d1e6a20-55c8-4f0e-9d0a-2b1c3d4e5f60", "s6.xlarge.2",
                      ended="2026-11-24T04:47:12.401118Z")),
     ended(5, **asked(2187, "24T04:44:39", "globex", "c0ffee00-4a1b-4c2d-8e3f-a1b2c3d4e5f6", "s6.large.2", state="refused",
                      code="Ecs.0100", message="The ECS status does not meet requirements.", ended="2026-11-24T04:44:39.611520Z")),
     ended(6, **asked(1651, "24T03:58:10", "initech", "9e8d7c6b-5a49-4838-8726-150403f2e1d0", "c6.large.2", state="not_applied",
                      resolved_by="alice (uid 1000)", reason="the server has its old flavor", ended="2026-11-24T04:21:37.000000Z"))],
    [freeze(account="umbrella", reason="quarter end, until the books are closed")])


class life:
    """A gateway's counters, a second at a time."""

    def __init__(self, seed=7):
        self.chance = random.Random(seed)
        self.calls, self.errors, self.hits = {}, {}, dict.fromkeys(RULES, 0)
        self.call_times, self.upstream_times = {}, {}
        self.lines, self.number = [], itertools.count(1)

    @staticmethod
    def measure(times, key, microseconds):
        counts = times.setdefault(key, [0] * len(BOUNDS))
        counts[next(i for i, b in enumerate(BOUNDS) if b is None or microseconds <= b)] += 1

    def one_call(self, second, account, region):
        operation = self.chance.choices(list(OPERATIONS), [share for share, _ in OPERATIONS.values()])[0]
        fate, n = self.chance.random(), next(self.number)
        common = {"operation": operation, "account": account, "region": region, "caller": self.chance.choice(CALLERS),
                  "time": f"2026-11-24T04:49:{second % 60:02}.{self.chance.randrange(10**6):06}Z",
                  "request_id": f"9f2c41d07be8{n:08x}", "credential": f"{account}-key"}
        upstream = int(OPERATIONS[operation][1] * 1000 * math.exp(self.chance.gauss(0, 0.45)))
        if fate < 0.05:
            line = denied(n, **{**common, "credential": None, "rule": "ci-dry-runs", "caller": "ci-pipeline",
                                "operation": "resize", "message": "rule ci-dry-runs: resize.dry_run: a dry run is required"})
        elif fate < 0.06:
            line = denied(n, **{**common, "credential": None, "rule": None, "caller": None, "proof": None, "account": None,
                                "region": None, "decision": "rejected", "status": 401, "code": "Gateway.0101",
                                "message": "no proof, an unknown key or a wrong signature"})
        elif fate < 0.09 and operation == "resize":
            line = outcome(n, **common, status=400, upstream_status=400, code="Ecs.0100", result_job_id=None,
                           message="The ECS status does not meet requirements.", upstream_us=upstream,
                           duration_us=upstream + 230)
        elif fate < 0.067 or (region == "ap-southeast-1" and fate < 0.16):
            line = outcome(n, **common, status=504, upstream_status=None, upstream_request_id=None, result_job_id=None,
                           code="Gateway.0504", message="the endpoint did not answer in time", outcome="unknown",
                           upstream_us=None, duration_us=60_001_200)
            self.errors[region, "timeout"] = self.errors.get((region, "timeout"), 0) + 1
        else:
            line = outcome(n, **common, upstream_us=upstream, duration_us=upstream + self.chance.randrange(90, 400))
        if operation != "resize":
            line.pop("result_job_id", None)
        if line["decision"] == "allowed":
            line["rule"] = {"resize": "planner-grows-acme", "show_job": "billing-reads-jobs"}.get(operation, "everyone-looks")
        if line.get("rule"):
            self.hits[line["rule"]] += 1
            self.hits["next-month-stricter"] += operation == "resize" and account == "acme"
        labels = (line["operation"], line.get("account", "none"), line["decision"], line["status"])
        self.calls[labels] = self.calls.get(labels, 0) + 1
        self.measure(self.call_times, line["operation"], line["duration_us"])
        if "upstream_us" in line:
            self.measure(self.upstream_times, region, line["upstream_us"])
        return line

    def second(self, at):
        fresh = [self.one_call(at, account, region) for account, region, mean in ACCOUNTS
                 for _ in range(max(0, round(self.chance.gauss(mean * (1.2 + 0.8 * math.sin(at / 9)), mean / 3 + 0.3))))]
        self.lines = (self.lines + sorted(fresh, key=lambda line: line["time"]))[-200:]

    def status(self, at):
        def times(by, label):
            return [{label: key, "sum_us": 0, "buckets": [list(pair) for pair in zip(BOUNDS, counts)]} for key, counts in by.items()]
        return {
            **QUIET, "ledger": LEDGER, "connections": {"caller": 23, "cloud": 11}, "outcomes": self.lines,
            "calls": [dict(zip(("operation", "account", "decision", "status"), labels), count=n)
                      for labels, n in self.calls.items()],
            "call_seconds": times(self.call_times, "operation"), "upstream_seconds": times(self.upstream_times, "region"),
            "upstream_errors": [{"region": region, "kind": kind, "count": n} for (region, kind), n in self.errors.items()],
            "credentials": [{"name": name, "kind": kind} if left is None else
                            {"name": name, "kind": kind, "expires_in_seconds": left - at % 60} for name, kind, left in CREDENTIALS],
            "rules": [{"name": name, "effect": effect, "shadow": shadow, "hits": self.hits[name]}
                      for name, (effect, shadow) in RULES.items()]}


def main(file=mock_gateway.PAGE.parents[2] / "docs/status-page.png", scheme="light", width=1280):
    past = 2000
    lived = life()
    for at in range(past):
        lived.second(at)

    def answer(read):
        lived.second(past + read)
        return lived.status(past + read)
    with mock_gateway.mock_gateway() as mock, browsing.browser() as browser:
        mock.answer = answer
        browser.open(url=mock.url, width=int(width), height=900, scheme=scheme, clock=True)
        for read in range(1, 64):
            browser.see(css="#state", text="ready")
            browser.read_after(milliseconds=1000)
        browser.click(css="#outcomes tr:has-text('Gateway.0201') button")
        browser.run(script="() => { document.activeElement.blur(); document.querySelector('#place').textContent = '127.0.0.1:9901'; }")
        browser.picture(file=str(file), height=1720)


if __name__ == "__main__":
    main(*sys.argv[1:])
