"""The commands beside `run`: their output and exit status."""
import hashlib
import json
import re

import pytest

import calling
import programs
import world

# What conf/gateway.yaml, the annotated whole, names beside itself.
SECRET_FILES = ["secrets/capacity-planner.sk", "secrets/partner.sk", "secrets/acme.ak", "secrets/acme.sk",
                "secrets/acme.token", "secrets/partner-user.password"]


@pytest.fixture
def whole(tmp_path, certificate, monkeypatch):
    """conf/gateway.yaml with its secrets and certificates in place: the file."""
    for name in SECRET_FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("Zq7SECRETSECRETSECRET1\n", encoding="ascii")
    pem = certificate[0].read_text(encoding="ascii")
    key = certificate[0].with_name("key.pem").read_text(encoding="ascii")
    (tmp_path / "tls").mkdir()
    for name, text in [("gateway.pem", pem), ("gateway.key", key), ("clients-ca.pem", pem), ("cloud-ca.pem", pem)]:
        (tmp_path / "tls" / name).write_text(text, encoding="ascii")
    monkeypatch.setenv("PARTNER_AK", "CLOUDPARTNERAK000001")
    file = tmp_path / "gateway.yaml"
    file.write_text((programs.PROJECT / "conf/gateway.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return file


def test_check_reads_the_whole_contract_file(whole):
    done = programs.run("ecs-gateway", "check", "--config", whole)
    assert done.returncode == 0 and "OK" in done.stdout.splitlines(), done.stdout + done.stderr


BROKEN = [  # what stands in the file, what instead, the key path that is reported, words of the report
    ("requests_per_connection: 100000", "requests_per_conection: 1", "limits.requests_per_conection", "unknown key"),
    ("connections: 10000", "connections: many", "limits.connections", "expected"),
    ("credential: acme-key", "credential: acme-kee", "accounts[1].credential", "acme-kee"),
    ("  - name: ci-pipeline", "  - name: capacity-planner", "callers[1].name", "line"),
    ("idle: 75s", "idle: 75 seconds", "timeouts.idle", "duration"),
    ("secrets/acme.token", "secrets/none.token", "credentials[1].security_token", "none.token"),
    ("  - address: 127.0.0.1:8080", "  - address: 0.0.0.0:8080", "listeners[0].address", "plain HTTP"),
]


def places(report, file):
    """The problems of a report by key path: (line, column, text)."""
    found = re.findall(rf"^{re.escape(str(file))}:(\d+):(\d+): (\S+?): (.*)$", report, re.MULTILINE)
    return {key: (int(line), int(column), text) for line, column, key, text in found}


def test_check_reports_all_that_is_wrong_with_its_place(whole):
    text = whole.read_text(encoding="utf-8")
    for good, bad, *_ in BROKEN:
        assert text.count(good) >= 1, good
        text = text.replace(good, bad, 1)
    whole.write_text(text, encoding="utf-8")
    done = programs.run("ecs-gateway", "check", "--config", whole)
    assert done.returncode == 1
    found = places(done.stdout + done.stderr, whole)
    lines = text.splitlines()
    for _, bad, key, words in BROKEN:
        at = next((k for k in found if k == key or k.startswith(key + ".")), None)
        assert at, f"{key} is not reported in\n{done.stdout}{done.stderr}"
        line, column, message = found[at]
        assert bad.split("#")[0].strip() in lines[line - 1], f"{key} is reported at {line}:{column}"
        assert words in message


@pytest.mark.parametrize("good, bad, key, words", BROKEN, ids=[row[2] for row in BROKEN])
def test_check_reports_each_alone(whole, good, bad, key, words):
    whole.write_text(whole.read_text(encoding="utf-8").replace(good, bad, 1), encoding="utf-8")
    done = programs.run("ecs-gateway", "check", "--config", whole)
    found = places(done.stdout + done.stderr, whole)
    assert done.returncode == 1
    assert [k for k in found if k == key or k.startswith(key + ".")], done.stdout + done.stderr
    assert "OK" not in done.stdout.splitlines()


def test_check_says_what_is_wrong_with_a_file_that_is_not_there(tmp_path):
    done = programs.run("ecs-gateway", "check", "--config", tmp_path / "none.yaml")
    assert done.returncode == 1 and "none.yaml" in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["gateway", "sidecar", "central", "demo"])
def test_each_example_has_no_problem_but_missing_files(name):
    done = programs.run("ecs-gateway", "check", "--config", programs.PROJECT / f"conf/{name}.yaml")
    said = (done.stdout + done.stderr).splitlines()
    for line in said:
        assert re.search(r"can't be read: |environment variable \S+ is not set|^\d+ problems? in |"
                         r"warning: .*this machine has no user|warning: ledger.memory: |"
                         r"its directory \S+: No such file or directory", line), line


def explain(file, project, body=None, caller="capacity-planner"):
    arguments = ["--body", body] if body else []
    return programs.run("ecs-gateway", "explain", "--config", file, "--caller", caller, "--method", "POST",
                        "--path", f"/v1.1/{project}/cloudservers/server-1/resize", *arguments)


def test_explain_tells_rule_by_rule_why(whole, tmp_path):
    body = tmp_path / "body.json"
    body.write_text('{"resize":{"flavorRef":"s6.large.2"}}')
    allowed = explain(whole, world.ACME, body)
    assert allowed.returncode == 0, allowed.stdout + allowed.stderr
    for word in ("resize", "acme", "acme-key", "cn-north-4", "planner-grows-acme"):
        assert word in allowed.stdout
    body.write_text('{"resize":{"flavorRef":"p9.huge.8"}}')
    denied = explain(whole, world.ACME, body)
    assert denied.returncode == 1
    assert "planner-grows-acme" in denied.stdout and "p9.huge.8" in denied.stdout


def test_sign_agrees_with_code_of_another_hand(tmp_path):
    secret, date = "Zq7aSecretKey", "20260102T030405Z"
    (tmp_path / "sk").write_text(secret + "\n")
    body = b'{"resize":{"flavorRef":"s6.large.2"}}'
    (tmp_path / "body").write_bytes(body)
    done = programs.run("ecs-gateway", "sign", "--access-key", "AK1", "--secret-key-file", tmp_path / "sk",
                        "--method", "POST", "--url", "https://ecs.example/v1.1/p/cloudservers/s/resize?b=2&a=1",
                        "--header", "Content-Type: application/json", "--body", tmp_path / "body", "--date", date,
                        "--json")
    assert done.returncode == 0, done.stderr
    signed = json.loads(done.stdout)
    assert set(signed) == {"canonical_request", "string_to_sign", "authorization", "headers"}
    assert signed["string_to_sign"].splitlines()[2] == hashlib.sha256(signed["canonical_request"].encode()).hexdigest()
    assert signed["authorization"] == calling.authorization(
        "AK1", secret, "POST", "/v1.1/p/cloudservers/s/resize?b=2&a=1",
        [("Host", "ecs.example"), ("Content-Type", "application/json"), ("X-Sdk-Date", date)], body)
    assert secret not in done.stdout + done.stderr


def test_hash_key():
    done = programs.run("ecs-gateway", "hash-key", stdin="a-key\n")
    assert (done.returncode, done.stdout.strip()) == (0, hashlib.sha256(b"a-key").hexdigest())


@pytest.mark.parametrize("command", ["run", "check", "explain", "changes list", "changes show", "changes resolve",
                                     "changes export", "freeze", "unfreeze", "freezes", "ledger check", "ledger backup", "ledger copy",
                                     "sign", "hash-key", "version"])
def test_help_on_each(command):
    done = programs.run("ecs-gateway", *command.split(), "--help")
    assert done.returncode == 0 and command in done.stdout


def test_version():
    done = programs.run("ecs-gateway", "version")
    assert done.returncode == 0 and re.search(r"\b\d+\.\d+\.\d+\b", done.stdout)


@pytest.mark.parametrize("arguments", [[], ["dance"], ["run"], ["check"], ["check", "--confg", "x"], ["sign"],
                                       ["explain", "--config", "x"], ["changes"], ["changes", "show", "--config", "x"],
                                       ["freeze", "--config", "x"], ["ledger", "backup", "--config", "x"]], ids=" ".join)
def test_wrong_usage_is_2(arguments):
    done = programs.run("ecs-gateway", *arguments)
    assert (done.returncode, done.stdout) == (2, "") and done.stderr
