"""Prometheus from Debian against the real gateway: every metric of docs/metrics.md can be asked for, and the alert rules and the
dashboard ask for nothing else, and get an answer."""
import contextlib
import json
import re
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import yaml

import programs
import credential_world
from gateway_certificates import authority, listener
from world import ACME, CI, GUEST, PARTNER, PLANNER, STRANGER

DEPLOY = programs.PROJECT / "deploy"
# What each metric shows after the calls below.
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
    'ecs_gateway_credential_trouble{credential="acme-way"}': lambda v: v == 0,
    'ecs_gateway_build_info': lambda v: v == 1,
    'ecs_gateway_outcome_waiting_bytes': lambda v: v >= 0,
    'ecs_gateway_changes{state="unknown"}': lambda v: v == 0,
    'ecs_gateway_oldest_change_seconds{state="unknown"}': lambda v: v == 0,
    'ecs_gateway_changes_total{operation="resize",account="acme",state="refused"}': lambda v: v == 1,
    'ecs_gateway_changes_contradicted_total': lambda v: v == 0,
    'ecs_gateway_frozen': lambda v: v == 0,
    'ecs_gateway_ledger_up': lambda v: v == 1,
    'ecs_gateway_ledger_commit_seconds_count': lambda v: v >= 2,
    'ecs_gateway_ledger_commits_total': lambda v: v >= 2,
    'ecs_gateway_ledger_rows_total': lambda v: v >= 2,
    'ecs_gateway_tls_handshake_failures_total{listener="127.0.0.2:0",reason="plain_http"}': lambda v: v == 1,
}
METRICS = {name: (set(re.findall(r"`(\w+)`", labels)), kind) for name, labels, kind in re.findall(
    r"^\| `(ecs_gateway_\w+)` \|([^|]*)\| (\w+) \|", (programs.PROJECT / "docs/metrics.md").read_text(encoding="utf-8"), re.M)}


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
        url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": query})
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return [float(each["value"][1]) for each in json.load(answer)["data"]["result"]]
        except urllib.error.HTTPError as refused:
            assert refused.code == 503, f"{query}: {refused.read().decode()}"  # 503: still starting
        except OSError:
            pass
        return []
    try:
        yield ask
    finally:
        started.terminate()
        started.wait(60)


def test_prometheus_answers_for_every_metric(start, tmp_path):
    cloud = start.simulator(credential_world.seed(), controlled=True)
    whole = credential_world.with_acme_by(cloud, credential_world.TOKEN)
    whole["regions"]["cn-south-1"] = {"ecs": "http://127.0.0.1:1", "iam": "http://127.0.0.1:1"}
    whole["accounts"].append({"name": "globex", "kind": "sub-customer", "credential": "partner-key",
                              "projects": {STRANGER: "cn-south-1"}})
    secure = listener(authority(tmp_path).server(), address="127.0.0.2:0")
    whole["listeners"] = [*whole["listeners"], secure]
    gate = start.gateway(whole, secrets={"password": credential_world.PASSWORD})
    with socket.create_connection(("127.0.0.2", gate.ports[1]), 30) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert plain.recv(100).startswith(b"HTTP/1.1 400 ")
    for server, project, proof, status in [("of-partner", PARTNER, CI, 200), ("of-acme", ACME, CI, 200), ("of-acme", ACME, CI, 200),
                                           ("of-acme", ACME, GUEST, 403), ("s", STRANGER, CI, 502)]:
        assert gate.call("GET", f"/v1/{project}/cloudservers/{server}", proof=proof).status == status
    assert gate.resize(ACME, "there-is-none", {"flavorRef": "s6.large.2"}, PLANNER).status == 404
    gate.reload(whole, "reloaded")
    with prometheus(tmp_path, f"127.0.0.1:{gate.admin_port}") as ask:
        for query, is_right in ASKED.items():
            found = programs.wait_until(lambda q=query: ask(q), f"an answer to {query}")
            assert len(found) == 1 and is_right(found[0]), (query, found)
        for title, expression in dashboard():
            query = expression.replace("$job", "ecs-gateway").replace("$__rate_interval", "1m")
            found = programs.wait_until(lambda q=query: ask(q) or (q.endswith("> 0") and ask(q.removesuffix("> 0"))),
                                        f"an answer to {query} of the panel {title}")
            assert found, (title, query)
        for rule in rules():
            ask(rule["expr"])  # most have no answer, as nothing is wrong; but none is refused
    told = gate.admin("/metrics")[1]
    assert dict(re.findall(r"^# TYPE (\S+) (\S+)$", told, re.M)) == {name: kind for name, (_, kind) in METRICS.items()}
    for name, (labels, _) in METRICS.items():
        samples = re.findall(rf"^{name}(?:_bucket|_sum|_count)?(?:\{{(.*)\}})? \S+$", told, re.M)
        assert samples and all(set(re.findall(r'(\w+)="', sample)) - {"le"} == labels for sample in samples), (name, samples)


def dashboard():
    board = json.loads((DEPLOY / "grafana/dashboard.json").read_text(encoding="utf-8"))
    return [(panel["title"], target["expr"]) for panel in board["panels"] for target in panel["targets"]]


def rules():
    return yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]


def names_in(expression):
    return {re.sub(r"_(bucket|count|sum)$", "", name) for name in re.findall(r"\becs_gateway_\w+", expression)}


def test_rules_are_good_and_fire_when_they_should():
    folder = DEPLOY / "prometheus"
    for command in (["check", "rules", "alerts.yaml"], ["test", "rules", "alerts_test.yaml"]):
        done = subprocess.run(["promtool", *command], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    for rule in rules():
        assert names_in(rule["expr"]) <= set(METRICS), rule
    tested = yaml.safe_load((folder / "alerts_test.yaml").read_text(encoding="utf-8"))["tests"]
    fires = {each["alertname"] for test in tested for each in test["alert_rule_test"] if each.get("exp_alerts")}
    assert fires == {rule["alert"] for rule in rules() if "alert" in rule}, "every alert fires in a test"


def test_a_credential_is_told_to_expire_while_it_has_not():
    tested = yaml.safe_load((DEPLOY / "prometheus/alerts_test.yaml").read_text(encoding="utf-8"))["tests"]
    case = next(test for test in tested if test["name"] == "a credential that is not renewed")
    left = {each["eval_time"]: each["exp_samples"][0]["value"] for each in case["promql_expr_test"]}
    first = next(each["eval_time"] for each in case["alert_rule_test"]
                 if each["alertname"] == "EcsGatewayCredentialExpires" and each.get("exp_alerts"))
    assert left[first] > 0


def test_the_dashboard_asks_for_metrics_that_are_there():
    board = json.loads((DEPLOY / "grafana/dashboard.json").read_text(encoding="utf-8"))
    assert set().union(*(names_in(expression) for _, expression in dashboard())) == set(METRICS), "every metric has its place"
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
