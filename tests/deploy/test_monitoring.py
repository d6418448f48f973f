"""Prometheus from Debian against the real gateway: every metric can be asked for, and the alert rules and the dashboard ask for
nothing else."""
import contextlib
import json
import re
import socket
import subprocess
import urllib.parse
import urllib.request

import yaml

import programs
import test_credentials
from world import ACME, CI, GUEST, PARTNER, STRANGER

DEPLOY = programs.PROJECT / "deploy"
# What each metric of the contract shows after the calls below.
ASKED = {
    'ecs_gateway_calls_total{operation="show_server",account="acme",decision="allowed",status="200"}': lambda v: v == 2,
    'sum(ecs_gateway_calls_total{decision="denied"})': lambda v: v == 1,
    'ecs_gateway_upstream_errors_total{region="cn-south-1"}': lambda v: v >= 1,
    'ecs_gateway_config_reloads_total{result="success"}': lambda v: v == 1,
    'ecs_gateway_credential_refreshes_total{credential="acme-way",result="success"}': lambda v: v >= 1,
    'histogram_quantile(0.99, sum by (le) (ecs_gateway_call_seconds_bucket{operation="show_server"}))': lambda v: 0 < v < 60,
    'ecs_gateway_call_seconds_count{operation="show_server"}': lambda v: v >= 3,
    'ecs_gateway_upstream_seconds_count{region="cn-north-4"}': lambda v: v >= 3,
    'ecs_gateway_connections{side="cloud"}': lambda v: v >= 0,  # a reload opens new ones when they are needed
    'ecs_gateway_connections{side="caller"}': lambda v: v >= 0,
    'ecs_gateway_credential_expiry_seconds{credential="acme-way"}': lambda v: v > 60,
    'abs(ecs_gateway_upstream_clock_skew_seconds{region="cn-north-4"})': lambda v: v < 5,
    'ecs_gateway_build_info': lambda v: v == 1,
    'ecs_gateway_outcome_waiting_bytes': lambda v: v >= 0,
}
CONTRACT = {re.match(r".*?(ecs_gateway_\w+?)(_bucket|_count)?\b[{)]?", query)[1] for query in ASKED}


@contextlib.contextmanager
def prometheus(folder, target):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    (folder / "prometheus.yml").write_text(yaml.safe_dump({
        "global": {"scrape_interval": "1s"}, "rule_files": [str(DEPLOY / "prometheus/alerts.yaml")],
        "scrape_configs": [{"job_name": "ecs-gateway", "static_configs": [{"targets": [target]}]}]}), encoding="utf-8")
    started = subprocess.Popen(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                                f"--web.listen-address=127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(query):
        with contextlib.suppress(OSError):
            url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": query})
            with urllib.request.urlopen(url, timeout=30) as answer:
                return [float(each["value"][1]) for each in json.load(answer)["data"]["result"]]
        return []
    try:
        yield ask
    finally:
        started.terminate()
        started.wait(60)


def test_prometheus_answers_for_every_metric(start, tmp_path):
    cloud = start.simulator(test_credentials.seed(), controlled=True)
    whole = test_credentials.with_acme_by(cloud, test_credentials.TOKEN)
    whole["regions"]["cn-south-1"] = {"ecs": "http://127.0.0.1:1", "iam": "http://127.0.0.1:1"}
    whole["accounts"].append({"name": "globex", "kind": "sub-customer", "credential": "partner-key",
                              "projects": {STRANGER: "cn-south-1"}})
    gate = start.gateway(whole, secrets={"password": test_credentials.PASSWORD})
    for server, project, proof, status in [("of-partner", PARTNER, CI, 200), ("of-acme", ACME, CI, 200), ("of-acme", ACME, CI, 200),
                                           ("of-acme", ACME, GUEST, 403), ("s", STRANGER, CI, 502)]:
        assert gate.call("GET", f"/v1/{project}/cloudservers/{server}", proof=proof).status == status
    gate.reload(whole, "reloaded")
    with prometheus(tmp_path, f"127.0.0.1:{gate.admin_port}") as ask:
        for query, is_right in ASKED.items():
            found = programs.wait_until(lambda q=query: ask(q), f"an answer to {query}")
            assert len(found) == 1 and is_right(found[0]), (query, found)


def names_in(expression):
    return {re.sub(r"_(bucket|count|sum)$", "", name) for name in re.findall(r"\becs_gateway_\w+", expression)}


def test_rules_are_good_and_fire_when_they_should():
    folder = DEPLOY / "prometheus"
    for command in (["check", "rules", "alerts.yaml"], ["test", "rules", "alerts_test.yaml"]):
        done = subprocess.run(["promtool", *command], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    rules = yaml.safe_load((folder / "alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    for rule in rules:
        assert names_in(rule["expr"]) <= CONTRACT, rule


def test_the_dashboard_asks_for_metrics_that_are_there():
    board = json.loads((DEPLOY / "grafana/dashboard.json").read_text(encoding="utf-8"))
    asked = set().union(*(names_in(target["expr"]) for panel in board["panels"] for target in panel["targets"]))
    assert asked == CONTRACT, "every metric has its place"
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
