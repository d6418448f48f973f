"""The outcome line: one for every call, its keys in the order of docs/outcomes.md."""
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import calling
import programs
import pytest
from fakes import scripted_cloud as scripts
from world import ACME, CI, PARTNER, PLANNER, STRANGER, settings

KEYS = """
    time request_id peer listener caller proof operation api_version project_id server_id job_id account credential region
    rule shadow flavor auto_pay mode dry_run decision status code message upstream_status upstream_request_id
    result_job_id result_order_id outcome bytes_in bytes_out duration_us upstream_us trace_id
    auth_failure access_key change_id change_state replayed idempotency_key repeated""".split()
EVIL = 'x"\n{"time":"now"}\u2028\u001b[31m\u007f\u009b31m é'
ALWAYS = {"time", "request_id", "peer", "listener", "decision", "status", "outcome", "bytes_in", "bytes_out",
          "duration_us"}


def cloud_by_server(connection, request):
    scripts.answering({"e": 400, "evil": 400}.get(request.server, 200),
                      {"o": {"order_id": "CS1711152257C60TL"},
                       "both": {"order_id": "CS1711152257C60TL", "job_id": "j-1"},
                       "e": {"error": {"code": "Ecs.0100", "message": "The ECS status does not meet requirements."}},
                       "evil": {"error": {"code": "Ecs.0100", "message": EVIL}},
                       }.get(request.server, {"job_id": "j-1"}),
                      [("X-Request-Id", "cloud-1")])(connection, request)


@pytest.fixture(scope="module")
def gate(start_once):
    shadowed = settings(start_once.cloud(cloud_by_server).url)
    shadowed["policy"].append({"rule": "stricter", "mode": "shadow", "effect": "deny", "accounts": ["acme"],
                               "resize": {"flavors": ["c6.*"]}})
    return start_once.gateway(shadowed)


SIGNED = {"listener": "127.0.0.1:0", "caller": "planner", "proof": "signature", "operation": "resize"}
AS_PARTNER = {"project_id": PARTNER, "account": "partner", "credential": "partner-key", "region": "cn-north-4"}
AS_ACME = {"project_id": ACME, "account": "acme", "credential": "acme-key", "region": "cn-north-4"}
ANSWERED = {"decision": "allowed", "status": 200, "upstream_status": 200, "upstream_request_id": "cloud-1",
            "outcome": "answered"}


def resize(project, server, proof=PLANNER, version="v1.1", beside=None, **what):
    return lambda gate: gate.resize(project, server, what, proof, version, **(beside or {}))


CASES = [
    ("a_job", resize(PARTNER, "j", flavorRef="s6.large.2"),
     SIGNED | AS_PARTNER | ANSWERED | {"api_version": "v1.1", "server_id": "j", "rule": "grow", "flavor": "s6.large.2",
                                       "result_job_id": "j-1"}),
    ("a_job_of_v1", resize(PARTNER, "j1", version="v1", flavorRef="c6.large.2", mode="withStopServer"),
     SIGNED | AS_PARTNER | ANSWERED | {"api_version": "v1", "server_id": "j1", "rule": "grow", "flavor": "c6.large.2",
                                       "mode": "withStopServer", "result_job_id": "j-1"}),
    ("an_order", resize(ACME, "o", flavorRef="s6.large.2", extendparam={"isAutoPay": "true"}),
     SIGNED | AS_ACME | ANSWERED | {"api_version": "v1.1", "server_id": "o", "rule": "grow", "flavor": "s6.large.2",
                                    "auto_pay": True, "result_order_id": "CS1711152257C60TL"}),
    ("order_and_job_in_the_shadow", resize(ACME, "both", flavorRef="c6.large.2"),
     SIGNED | AS_ACME | ANSWERED | {"api_version": "v1.1", "server_id": "both", "rule": "grow",
                                    "shadow": "denied by stricter", "flavor": "c6.large.2", "result_job_id": "j-1",
                                    "result_order_id": "CS1711152257C60TL"}),
    ("the_clouds_error", resize(PARTNER, "e", CI, beside={"dry_run": True}, flavorRef="s6.large.2"),
     SIGNED | AS_PARTNER | ANSWERED | {
         "caller": "ci", "proof": "api_key", "api_version": "v1.1", "server_id": "e", "rule": "dry", "dry_run": True,
         "flavor": "s6.large.2", "status": 400, "upstream_status": 400, "code": "Ecs.0100",
         "message": "The ECS status does not meet requirements."}),
    ("a_look", lambda gate: gate.call("GET", f"/v1/{PARTNER}/jobs/job-7", proof=CI),
     AS_PARTNER | ANSWERED | {"listener": "127.0.0.1:0", "caller": "ci", "proof": "api_key", "operation": "show_job",
                              "api_version": "v1", "job_id": "job-7", "rule": "look"}),
    ("denied", resize(ACME, "s", flavorRef="p9.huge.8"),
     SIGNED | {k: v for k, v in AS_ACME.items() if k != "credential"} | {
         "api_version": "v1.1", "server_id": "s", "rule": "grow", "flavor": "p9.huge.8", "decision": "denied",
         "status": 403, "code": "Gateway.0201", "outcome": "not_sent"}),
    ("no_account", resize(STRANGER, "s", flavorRef="s6.large.2"),
     SIGNED | {"project_id": STRANGER, "api_version": "v1.1", "server_id": "s", "flavor": "s6.large.2",
               "decision": "denied", "status": 403, "code": "Gateway.0202", "outcome": "not_sent"}),
    ("rejected", lambda gate: gate.call("GET", f"/v1/{PARTNER}/jobs/job-7"),
     {"listener": "127.0.0.1:0", "operation": "show_job", "api_version": "v1", "project_id": PARTNER,
      "job_id": "job-7", "decision": "rejected", "status": 401, "code": "Gateway.0101", "outcome": "not_sent",
      "auth_failure": "no_proof"}),
    ("not_understood", lambda gate: gate.call("GET", "/"),
     {"listener": "127.0.0.1:0", "decision": "rejected", "status": 404, "code": "Gateway.0301",
      "outcome": "not_sent"}),
]


@pytest.mark.parametrize("call, expected", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_line_tells_what_became_of_a_call(gate, call, expected):
    answer = call(gate)
    line = gate.outcome_of(answer)
    assert [key for key in KEYS if key in line] == list(line)  # all known, in order
    assert ALWAYS <= set(line)
    measured = ALWAYS | {"message", "upstream_us", "trace_id", "change_id", "change_state"}
    assert {k: v for k, v in line.items() if k in expected or k not in measured} == expected
    assert ("upstream_us" in line) == ("upstream_status" in line)
    assert line.get("trace_id") == (line["request_id"] if "upstream_status" in line else None)
    is_change = "upstream_status" in line and line["operation"] == "resize" and not line.get("dry_run")
    assert line.get("change_id") == (line["request_id"] if is_change else None)
    assert line.get("change_state") == ("accepted" if "result_job_id" in line else "awaiting_payment" if is_change else None)
    at = datetime.datetime.strptime(line["time"], "%Y-%m-%dT%H:%M:%S.%f%z")
    assert abs((datetime.datetime.now(datetime.timezone.utc) - at).total_seconds()) < 60 and len(line["time"]) == 27
    assert line["peer"].startswith("127.0.0.1:")
    assert 0 < line["duration_us"] < 30_000_000
    assert line["bytes_in"] > 0 and line["bytes_out"] > len(answer.body)


def test_text_from_outside_is_escaped(gate):
    before = len(gate.stdout.lines)
    assert gate.outcome_of(gate.resize(PARTNER, "evil", {"flavorRef": "s6.large.2"}, PLANNER))["message"] == EVIL
    assert len(gate.stdout.lines) == before + 1
    assert not any(c in gate.stdout.lines[-1] for c in "\x1b\x7f\x9b")


def test_one_line_a_call_and_no_other(gate):
    before = len(gate.outcomes())
    answers = [gate.call("GET", f"/v1/{PARTNER}/jobs/j", proof=CI) for _ in range(20)]
    for answer in answers:
        gate.outcome_of(answer)
    assert len(gate.outcomes()) == before + 20


def test_outcomes_can_go_to_a_file(start, tmp_path):
    file = tmp_path / "outcomes.jsonl"
    gate = start.gateway(settings(start.cloud().url, log={"outcomes": str(file)}))
    answer = gate.call("GET", f"/v1/{PARTNER}/jobs/j", proof=CI)
    gate.close()
    assert gate.stdout.lines == []
    assert file.read_text(encoding="utf-8").count("\n") == 1 and answer["X-Gateway-Request-Id"] in file.read_text()


def look(gate):
    answer = gate.call("GET", f"/v1/{PARTNER}/jobs/j", proof=CI)
    assert answer.status == 200
    return answer["X-Gateway-Request-Id"]


def ids_in(file):
    return [json.loads(line)["request_id"] for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def test_a_log_that_takes_no_lines_makes_the_gateway_not_ready(start, tmp_path):
    file = tmp_path / "outcomes.jsonl"
    file.symlink_to("/dev/full")
    gate = start.gateway(settings(start.cloud().url, log={"outcomes": str(file)}, admin={"address": "127.0.0.1:0"}))
    assert gate.admin("/readyz")[0] == 200
    first = look(gate)
    status, page = programs.wait_until(lambda: (got := gate.admin("/readyz"))[0] == 503 and got, "the gateway not to be ready")
    assert json.loads(page)["reasons"] == [
        {"what": "outcome_log", "why": "the outcome log takes no lines: No space left on device"}]
    file.unlink()
    gate.tell(signal.SIGHUP)
    programs.wait_until(lambda: ids_in(file) == [first], "the line in the new file")
    assert gate.admin("/readyz")[0] == 200


def test_a_log_that_takes_no_lines_is_left_for_another_place_and_no_line_is_lost(start, tmp_path):
    whole = settings(start.cloud().url, log={"outcomes": "/dev/full"})
    gate = start.gateway(whole)
    first = look(gate)
    gate.wait_for(gate.stderr, "the log takes no lines")
    gate.reload({**whole, "log": {"outcomes": str(tmp_path / "elsewhere")}}, "reloaded")
    second = look(gate)
    programs.wait_until(lambda: ids_in(tmp_path / "elsewhere") == [first, second], "both lines in the new file")


def test_a_rotated_log_is_let_go_even_when_the_new_configuration_is_bad(start, tmp_path):
    file, rotated = tmp_path / "outcomes.jsonl", tmp_path / "outcomes.jsonl.1"
    whole = settings(start.cloud().url, log={"outcomes": str(file)})
    gate = start.gateway(whole)
    first = look(gate)
    programs.wait_until(lambda: ids_in(file) == [first], "the first line")
    file.rename(rotated)
    gate.reload({**whole, "nonsense": 1}, "nothing changes")
    second = look(gate)
    programs.wait_until(lambda: ids_in(file) == [second], "the second line in a file of its own")
    assert ids_in(rotated) == [first]


LOGROTATE = shutil.which("logrotate") or "/usr/sbin/logrotate"


@pytest.mark.skipif(os.geteuid() != 0, reason="logrotate is started by root, who may become whom `su` names")
def test_logrotate_as_packaged_loses_no_line(start, tmp_path):
    file, first_rotated = tmp_path / "outcomes.jsonl", tmp_path / "outcomes.jsonl.1"
    gate = start.gateway(settings(start.cloud().url, log={"outcomes": str(file)}))
    packaged = (programs.PROJECT / "deploy/debian/logrotate").read_text(encoding="utf-8")
    here = packaged.replace("/var/log/ecs-gateway", str(tmp_path)).replace("ecs-gateway ecs-gateway", "root root")
    here, hangs_up = re.subn(r"\[ ! -d /run/systemd/system \] \|\| systemctl kill --kill-whom=main --signal=USR1 ecs-gateway.service 2>/dev/null",
                             f"kill -USR1 {gate.process.pid}", here)
    assert hangs_up == 1
    tmp_path.chmod(0o755)  # logrotate takes no folder that others write to
    configuration = tmp_path / "logrotate.conf"
    configuration.write_text(here, encoding="utf-8")
    configuration.chmod(0o644)

    def holds(path):
        return any(os.path.realpath(each) == str(path) for each in pathlib.Path(f"/proc/{gate.process.pid}/fd").iterdir())

    def rotate():
        subprocess.run([LOGROTATE, "--force", "--state", tmp_path / "state", configuration], check=True, timeout=60)
        programs.wait_until(lambda: holds(file), "the new file to be opened")
    called = []
    for _ in range(3):
        called.append(look(gate))
        programs.wait_until(lambda: called[-1] in ids_in(file), "the line before the rotation")
        rotate()
        called.append(look(gate))
        programs.wait_until(lambda: called[-1] in ids_in(file), "the line in the new file")
    assert ids_in(first_rotated) == called[-3:-1]
    older = [json.loads(line)["request_id"] for number in (3, 2)
             for line in subprocess.run(["zcat", tmp_path / f"outcomes.jsonl.{number}.gz"], capture_output=True, check=True,
                                        text=True).stdout.splitlines()]
    assert [*older, *ids_in(first_rotated), *ids_in(file)] == called
    assert (file.stat().st_mode & 0o777) == 0o640


def test_logrotate_as_packaged_also_goes_by_size():
    """A flood of refused calls is not left to fill the disk until the day has ended."""
    packaged = (programs.PROJECT / "deploy/debian/logrotate").read_text(encoding="utf-8")
    assert re.search(r"^ +daily\n +maxsize 256M$", packaged, re.M)
    keeps, days = (int(re.search(rf"^ +{word} (\d+)$", packaged, re.M)[1]) for word in ("rotate", "maxage"))
    assert keeps >= 12 * days, "hourly runs in a flood of 60 KiB a second, which fills a file in little more than an hour"


def test_a_fifo_is_no_place_for_the_log(start, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    whole = settings("http://127.0.0.1:1", log={"outcomes": str(fifo)})
    gate = start.gateway({**whole, "log": {}})
    gate.reload(whole, "nothing changes")  # and goes on serving: to open the FIFO would have waited for a reader
    assert gate.stderr.find(r"log\.outcomes: .* is no regular file; expected a file, or stdout")
    assert gate.call("GET", "/").status == 404


def test_a_flood_of_rejected_calls_is_gathered(start):
    """A line each for a hundred a second; then one a second, whose `repeated` says how many calls it stands for."""
    gate = start.gateway(settings(start.cloud().url))
    calls = 3000
    one = calling.render("GET", "/nothing", [("Host", "gateway")], b"")
    began = time.monotonic()
    with calling.connection(gate.port) as to:
        for _ in range(calls // 100):
            to.send(one * 100)
            for _ in range(100):
                assert to.answer().status == 404
    took = time.monotonic() - began
    with calling.connection(gate.port) as to:
        assert to.call("GET", f"/v1/{PARTNER}/jobs/j", proof=CI).status == 200

    def counted():
        lines = [json.loads(line) for line in list(gate.stdout.lines)]
        rejected = [line for line in lines if line["decision"] == "rejected"]
        return sum(line.get("repeated", 1) for line in rejected) == calls and (lines, rejected)
    lines, rejected = programs.wait_until(counted, "every rejected call to be counted in the log")
    # And fifty a second for those that are gathered; a busy machine takes many seconds for the flood.
    assert len(rejected) < 150 * (took + 2), took
    gathered = [line for line in rejected if "repeated" in line]
    assert gathered and all(list(line)[-1] == "repeated" and line["code"] == "Gateway.0301" and
                            line["peer"].startswith("127.0.0.1:") for line in gathered)
    assert sum(line["decision"] == "allowed" for line in lines) == 1
