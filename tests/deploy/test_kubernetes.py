"""The Kubernetes manifests: what the API takes, what belongs together, and configurations that the gateway takes."""
import copy
import json
import re
import shutil
import subprocess

import pytest
import yaml

import kustomize
import programs

KUBERNETES = programs.PROJECT / "deploy/kubernetes"
OVERLAYS = {name: kustomize.render(KUBERNETES / "overlays" / name) for name in ("sidecar", "central")}
EVERY_OBJECT = [pytest.param(item, id=f"{name}-{item['kind']}-{item['metadata']['name']}")
                for name, items in OVERLAYS.items() for item in items]
SECRETS = "/var/run/secrets/ecs-gateway"


def of_kind(overlay, kind, name=None):
    return next(item for item in OVERLAYS[overlay] if item["kind"] == kind and name in (None, item["metadata"]["name"]))


def problems(*objects):
    done = subprocess.run(["node", programs.PROJECT / "tests/deploy/kubernetes/validate.mjs"], input=json.dumps(objects),
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def pod(overlay):
    return of_kind(overlay, "Deployment")["spec"]["template"]["spec"]


def gateway_in(overlay):
    return next(c for c in kustomize.pods(of_kind(overlay, "Deployment")) if c["name"] == "ecs-gateway")


@pytest.mark.parametrize("item", EVERY_OBJECT)
def test_the_api_takes(item):
    assert problems(item) == [[]]


BROKEN = {
    "an_unknown_key": lambda d: d["spec"].update(replica=3),
    "an_unknown_key_of_a_container": lambda d: d["spec"]["template"]["spec"]["containers"][0].update(imagePolicy="Always"),
    "an_unknown_key_of_a_probe": lambda d: d["spec"]["template"]["spec"]["containers"][0]["livenessProbe"].update(path="/"),
    "a_wrong_type": lambda d: d["spec"].update(replicas="three"),
    "a_missing_key": lambda d: d["spec"].pop("selector"),
    "a_kind_that_is_none": lambda d: d.update(kind="Deploymnet"),
}


@pytest.mark.parametrize("breaks", BROKEN.values(), ids=BROKEN)
def test_the_validation_sees(breaks):
    deployment = copy.deepcopy(of_kind("central", "Deployment"))
    breaks(deployment)
    assert problems(deployment) != [[]]


@pytest.mark.skipif(not shutil.which("kubectl"), reason="no kubectl to compare with")
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubectl_renders_the_same(overlay):
    said = subprocess.run(["kubectl", "kustomize", KUBERNETES / "overlays" / overlay], capture_output=True, text=True,
                          timeout=60, check=True).stdout
    generated = [item["metadata"]["name"] for item in OVERLAYS[overlay] if item["kind"] == "ConfigMap"]
    for name in generated:
        said = re.sub(rf"\b{name}-[a-z0-9]{{10}}\b", name, said)

    def by_name(items):
        return {(item["kind"], item["metadata"]["name"]): item for item in items}
    assert by_name(yaml.safe_load_all(said)) == by_name(OVERLAYS[overlay])


def test_central_has_all_that_a_service_of_a_company_needs():
    kinds = {item["kind"] for item in OVERLAYS["central"]}
    assert kinds == {"Namespace", "ServiceAccount", "ConfigMap", "Deployment", "PodDisruptionBudget", "Service", "NetworkPolicy",
                     "ServiceMonitor"}


def test_the_replicas_of_central_share_a_ledger_whose_connection_is_a_secret():
    spec = of_kind("central", "Deployment")["spec"]
    assert spec["replicas"] == 3
    ledger = yaml.safe_load(of_kind("central", "ConfigMap")["data"]["gateway.yaml"])["ledger"]
    [place] = ledger.keys()
    file = ledger[place]["connection"]["file"]
    [mount] = [mount for mount in gateway_in("central")["volumeMounts"] if file.startswith(mount["mountPath"] + "/")]
    [volume] = [volume for volume in pod("central")["volumes"] if volume["name"] == mount["name"]]
    assert place == "postgresql" and volume["secret"]["secretName"] == "ecs-gateway-ledger"
    assert pod("central")["securityContext"]["fsGroup"] == pod("central")["securityContext"]["runAsUser"], "who reads it"


def test_the_replicas_of_central_reach_their_database_and_nothing_else_on_its_port():
    opened = [rule for rule in of_kind("central", "NetworkPolicy")["spec"]["egress"] if {"port": 5432} in rule["ports"]]
    assert [rule["to"] for rule in opened] == [[{"namespaceSelector": {"matchLabels": {"ecs-gateway/database": "true"}}}]]


def test_a_rollout_of_central_takes_no_replica_before_its_successor_serves():
    spec = of_kind("central", "Deployment")["spec"]
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    budget = of_kind("central", "PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 1 and budget["selector"] == spec["selector"]


def test_the_sidecar_keeps_nothing():
    assert yaml.safe_load(of_kind("sidecar", "ConfigMap")["data"]["gateway.yaml"])["ledger"] == {"memory": True}


def test_sidecar_is_a_native_one_that_serves_before_the_application_starts():
    started_first = pod("sidecar")["initContainers"]
    assert [(c["name"], c["restartPolicy"]) for c in started_first] == [("ecs-gateway", "Always")]
    assert started_first[0]["startupProbe"]["httpGet"]["path"] == "/healthz"
    configuration = yaml.safe_load(of_kind("sidecar", "ConfigMap")["data"]["gateway.yaml"])
    assert configuration["listeners"] == [{"address": "127.0.0.1:8080"}]


def test_the_two_gateways_are_held_alike():
    for key in ("securityContext", "startupProbe", "livenessProbe", "readinessProbe", "image"):
        assert gateway_in("sidecar")[key] == gateway_in("central")[key], key
    held = gateway_in("central")["securityContext"]
    assert held == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
                    "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    for overlay in OVERLAYS:
        assert pod(overlay)["securityContext"]["runAsNonRoot"] is True
        assert pod(overlay)["automountServiceAccountToken"] is False


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_has_longer_to_end_than_its_gateway_has_to_drain(overlay):
    configuration = yaml.safe_load(of_kind(overlay, "ConfigMap")["data"]["gateway.yaml"])
    drain = int(configuration["timeouts"]["drain"].removesuffix("s"))
    assert pod(overlay)["terminationGracePeriodSeconds"] >= drain + 10


def test_what_selects_pods_of_central_selects_its_deployment():
    labels = of_kind("central", "Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors = {
        "Deployment": of_kind("central", "Deployment")["spec"]["selector"]["matchLabels"],
        "Service": of_kind("central", "Service")["spec"]["selector"],
        "NetworkPolicy": of_kind("central", "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    }
    for what, selector in selectors.items():
        assert selector.items() <= labels.items(), what
    monitored = of_kind("central", "ServiceMonitor")["spec"]
    service = of_kind("central", "Service")
    assert monitored["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert {e["port"] for e in monitored["endpoints"]} <= {p["name"] for p in service["spec"]["ports"]}
    ports = {p["name"] for p in gateway_in("central")["ports"]}
    assert {p["targetPort"] for p in service["spec"]["ports"]} == ports


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_prometheus_reaches_the_admin_listener(overlay):
    policy = of_kind(overlay, "NetworkPolicy")["spec"]
    labels = of_kind(overlay, "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items() and "Ingress" in policy["policyTypes"]
    [admin] = [port for port in gateway_in(overlay)["ports"] if port["name"] == "admin"]
    configuration = yaml.safe_load(of_kind(overlay, "ConfigMap")["data"]["gateway.yaml"])
    assert configuration["admin"]["address"].endswith(f":{admin['containerPort']}")

    def opens(rule, number):
        if "ports" not in rule:
            return True
        return any(port.get("protocol", "TCP") == "TCP" and ("port" not in port or port["port"] == "admin" or (
            isinstance(port["port"], int) and port["port"] <= number <= port.get("endPort", port["port"]))) for port in rule["ports"])
    sources = [rule.get("from") for rule in policy["ingress"] if opens(rule, admin["containerPort"])]
    assert sources == [[{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]]
    if overlay == "sidecar":  # the application's own ports are as open as before
        for number in (1, 80, 9900, 9902, 65535):
            assert any("from" not in rule and opens(rule, number) for rule in policy["ingress"]), number


def bytes_of(quantity):
    return int(re.fullmatch(r"(\d+)Mi", quantity)[1]) * 2**20


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_workers_are_given_where_memory_is_limited(overlay):
    """`auto` is one for each core that the pod may use, which without a limit of CPU is all of the node's."""
    workers = yaml.safe_load(of_kind(overlay, "ConfigMap")["data"]["gateway.yaml"])["workers"]
    assert workers * 2**24 <= bytes_of(gateway_in(overlay)["resources"]["limits"]["memory"]) / 4, "16 MiB of waiting lines each"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_as_many_connections_are_let_in_as_the_memory_holds(overlay):
    """The figures of docs/limits.md, each connection at its worst, a third in reserve."""
    configuration = yaml.safe_load(of_kind(overlay, "ConfigMap")["data"]["gateway.yaml"])
    limits, workers = configuration["limits"], configuration["workers"]
    tls = any("tls" in listener for listener in configuration["listeners"])
    mib, kib = 2**20, 2**10
    bodies = int(re.fullmatch(r"(\d+)MiB", limits.get("buffered_bytes", "64MiB"))[1]) * mib
    of_process = 20 * mib + workers * (mib + 16 * mib + (64 * 170 * kib if tls else 0)) + bodies
    left = bytes_of(gateway_in(overlay)["resources"]["limits"]["memory"]) - of_process
    assert limits["connections"] * (40 if tls else 22) * kib <= left * 2 / 3


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_mount_has_its_volume_and_every_file_of_the_configuration_its_mount(overlay):
    volumes = {volume["name"] for volume in pod(overlay)["volumes"]}
    mounts = gateway_in(overlay)["volumeMounts"]
    assert {mount["name"] for mount in mounts} == volumes
    assert {mount["name"] for mount in mounts if not mount.get("readOnly")} == set()
    text = of_kind(overlay, "ConfigMap")["data"]["gateway.yaml"]
    for file in re.findall(rf"{SECRETS}/[\w./-]+", text):
        assert any(file.startswith(mount["mountPath"] + "/") for mount in mounts), file


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_gateway_takes_its_configuration(overlay, tmp_path):
    text = of_kind(overlay, "ConfigMap")["data"]["gateway.yaml"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=gateway", "-keyout", tmp_path / "key", "-out", tmp_path / "certificate"],
                   check=True, capture_output=True)
    for name in set(re.findall(rf"{SECRETS}/([\w./-]+)", text)):
        file = tmp_path / "secrets" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        made = {".crt": "certificate", ".key": "key"}.get(file.suffix)
        secret = b"host=/nowhere dbname=ecs\n" if name.endswith("conninfo") else b"ASECRETOFTHETEST0001\n"
        file.write_bytes((tmp_path / made).read_bytes() if made else secret)
        file.chmod(0o600)
    text = text.replace(SECRETS, str(tmp_path / "secrets"))
    (tmp_path / "gateway.yaml").write_text(text, encoding="utf-8")
    done = programs.run("ecs-gateway", "check", "--config", tmp_path / "gateway.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    warnings = [line for line in (done.stdout + done.stderr).splitlines() if "warning" in line]
    assert len(warnings) == (overlay == "sidecar") and all("ledger.memory" in line for line in warnings), warnings


def test_the_sidecar_s_configuration_is_the_one_of_conf():
    assert of_kind("sidecar", "ConfigMap")["data"]["gateway.yaml"] == (programs.PROJECT / "conf/sidecar.yaml").read_text(encoding="utf-8")
