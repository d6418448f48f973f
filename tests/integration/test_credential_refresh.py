"""Credentials that end: what callers notice when one is renewed, rotated, or can't be had for a while, which is nothing."""
import contextlib
import datetime
import json
import os
import re
import socket
import subprocess
import time

import pytest

import calling
import programs
from credential_world import ACME_2, agency, cloud, fields_of, gate_for, load, look, LOOK, memory_of, PASSWORD, seed, TOKEN, with_acme_by
from world import API_KEYS, ACME, ACME_KEY, CI, PARTNER, SECRETS, settings


def test_no_call_fails_while_credentials_of_two_seconds_end_ten_times(gate_for, cloud):
    cloud.control("iam", life_ms=2000)
    cloud.control("metadata", life_ms=2000)
    gates = [gate_for(way, workers=2) for way in (agency(), TOKEN, {"metadata": {}})]
    loads = [subprocess.Popen(["wrk", "-t1", "-c4", "-d21s", "-H", f"X-Api-Key: {API_KEYS['ci']}",
                               f"http://127.0.0.1:{gate.port}{LOOK.format(ACME, 'of-acme')}"],
                              stdout=subprocess.PIPE, text=True) for gate in gates]
    for done in [load.communicate(timeout=60)[0] for load in loads]:
        assert int(re.search(r"(\d+) requests in", done)[1]) > 1000, done
        assert "Non-2xx" not in done and "Socket errors" not in done, done
    for gate in gates:
        assert gate.metric("ecs_gateway_credential_refreshes_total", credential="acme-way", result="success") >= 10
        assert gate.metric("ecs_gateway_credential_expiry_seconds", credential="acme-way") <= 2
    # Renewed ahead of the end, so more often than it ends; and never in a hurry.
    counts = cloud.control("counts")
    assert all(10 <= counts[kind] <= 30 for kind in ("securitytokens", "tokens", "metadata_securitykey")), counts


def test_a_thousand_first_calls_at_once_are_one_request_to_iam(gate_for, cloud):
    cloud.control("iam", delay_ms=1000)
    # A thousand handshakes at once, on a machine that may be busy with other tests.
    gate = gate_for(TOKEN, workers=2, timeouts={"upstream_connect": "1m", "credential": "1m"})
    with contextlib.ExitStack() as stack:
        request = calling.render("GET", LOOK.format(ACME, "of-acme"), [("Host", "g"), *CI("", "", [], b"")], b"")
        sockets = [stack.enter_context(socket.create_connection(("127.0.0.1", gate.port), 30)) for _ in range(1000)]
        for s in sockets:
            s.sendall(request)
        statuses = []
        for s in sockets:
            s.settimeout(60)
            statuses.append(s.recv(12))
    assert set(statuses) == {b"HTTP/1.1 200"}, {s: statuses.count(s) for s in set(statuses)}
    assert cloud.control("counts")["tokens"] == 1


def test_a_call_waits_for_a_slow_iam_and_no_longer_than_it_may(gate_for, cloud):
    cloud.control("iam", delay_ms=700)
    gate = gate_for(agency(), timeouts={"credential": "2s"})
    answer = look(gate)
    assert answer.status == 200 and gate.outcome_of(answer)["duration_us"] > 600_000
    cloud.control("iam", delay_ms=5000)
    slow = gate_for(agency(), timeouts={"credential": "1s"})
    answer = look(slow)
    assert (answer.status, answer.error()[0], answer["X-Gateway-Outcome"]) == (503, "Gateway.0502", "not_sent")
    assert int(answer["Retry-After"]) >= 1
    line = slow.outcome_of(answer)
    assert (line["outcome"], line["credential"]) == ("not_sent", "acme-way") and line["duration_us"] > 900_000


@pytest.mark.parametrize("fault", ["down", "throttled", "garbage", "close"])
def test_the_old_credential_serves_while_iam_fails_and_a_new_one_comes_when_it_is_back(gate_for, cloud, fault):
    cloud.control("iam", life_ms=4000)
    gate = gate_for(agency())
    assert look(gate).status == 200
    cloud.control("iam", fault=fault)
    with load(gate, 1) as calls:
        gate.wait_for(gate.stderr, "can't be renewed: credential=acme-way")
        programs.wait_until(lambda: gate.metric("ecs_gateway_credential_trouble", credential="acme-way") == 1, "the metric that says so")
    assert calls.bad == [] and calls.good > 0
    programs.wait_until(lambda: look(gate).status == 503, "the end of the old credential")
    programs.wait_until(lambda: gate.metric("ecs_gateway_credential_trouble", credential="acme-way") == 2, "the metric that says so")
    before = cloud.control("counts")["securitytokens"]
    assert before < 15, "IAM is asked less and less often"
    cloud.control("iam", fault="none")
    programs.wait_until(lambda: look(gate).status == 200, "a call after IAM is back")
    programs.wait_until(lambda: gate.metric("ecs_gateway_credential_trouble", credential="acme-way") == 0, "the metric that says so")
    assert len(re.findall("can't be renewed|can't be had", gate.stderr.text())) <= 3, "told once, not at each try"


def test_a_wrong_password_is_said_once_and_does_not_lock_the_user(start, cloud):
    gate = start.gateway(with_acme_by(cloud, TOKEN), secrets={"password": "wrong"})
    for _ in range(10):
        answer = look(gate)
        assert (answer.status, answer.error()[0]) == (503, "Gateway.0502")
    assert "IAM refuses it: 401" in answer.error()[1]
    assert cloud.control("counts")["tokens"] == 1
    assert len(re.findall("credential: can't be had", gate.stderr.text())) == 1
    status, page = gate.admin("/readyz")
    [reason] = json.loads(page)["reasons"]
    assert (status, reason["what"], reason["name"]) == (503, "credential", "acme-way") and "401" in reason["why"]
    # The operator corrects the file and says so.
    (gate.file.parent / "password").write_text(PASSWORD)
    gate.tell(1)
    programs.wait_until(lambda: look(gate).status == 200, "a call with the right password")
    assert gate.admin("/readyz")[0] == 200


@pytest.mark.parametrize("how", ["files", "symlink"])
def test_a_pair_in_files_is_rotated_under_load(gate_for, cloud, tmp_path, how):
    folder = tmp_path / "secrets"
    first, second = (ACME_KEY, SECRETS["acme.sk"]), ("CLOUDACMEAK000000002", "acme-second-secret-key-000000002")

    def put(where, pair):
        where.mkdir(exist_ok=True)
        for name, text in zip(("ak", "sk"), pair):
            (where / f"{name}.new").write_text(text)
            (where / f"{name}.new").rename(where / name)

    folder.mkdir()
    if how == "symlink":  # as a Kubernetes secret is mounted
        put(folder / "..v1", first)
        put(folder / "..v2", second)
        (folder / "..data").symlink_to("..v1")
        for name in ("ak", "sk"):
            (folder / name).symlink_to(f"..data/{name}")
    else:
        put(folder, first)
    gate = gate_for({"access_key": {"file": str(folder / "ak")}, "secret_key": {"file": str(folder / "sk")}}, workers=2)
    with load(gate, 4) as calls:
        programs.wait_until(lambda: calls.good > 50, "calls with the first pair")
        if how == "symlink":
            (folder / "..tmp").symlink_to("..v2")
            (folder / "..tmp").rename(folder / "..data")
        else:
            put(folder, second)
        swapped = time.time()
        programs.wait_until(lambda: any(s["access_key"] == second[0] for s in cloud.control("secrets_seen")), "the second pair")
        good = calls.good
        programs.wait_until(lambda: calls.good > good + 100, "more calls")
    assert calls.bad == []
    seen = {s["access_key"]: s["last_used"] for s in cloud.control("secrets_seen")}
    unused_since = datetime.datetime.fromisoformat(seen[first[0]].replace("Z", "+00:00")).timestamp()
    assert unused_since - swapped <= 1.0, "the old pair is unused within a second"
    if os.geteuid() == 0 and not programs.SANITIZED:
        assert not any(first[1].encode() in part for part in memory_of(gate.process.pid)), "its secret key is gone"


@pytest.mark.skipif(os.geteuid() != 0, reason="reads another process's memory")
@pytest.mark.skipif(programs.SANITIZED, reason="sanitizers keep memory of their own")
def test_a_secret_that_was_renewed_is_nowhere_in_memory(gate_for, cloud):
    cloud.control("iam", life_ms=1500)
    gate = gate_for(TOKEN, {"name": "by-agency", **agency()}, accounts=[
        {"name": "partner", "kind": "partner", "credential": "partner-key", "projects": {PARTNER: "cn-north-4"}},
        {"name": "acme", "kind": "sub-customer", "credential": "acme-way", "projects": {ACME: "cn-north-4"}},
        {"name": "acme2", "kind": "sub-customer", "credential": "by-agency", "projects": {ACME_2: "cn-north-4"}}])
    assert look(gate).status == 200 and look(gate, ACME_2, "of-acme-2").status == 200
    cloud.control("iam", life_ms=3_600_000)  # the renewed ones: no request for others is under way when the memory is read
    token = next(v for r in cloud.record() if (v := fields_of(r).get("x-auth-token"))).encode()
    security_token = next(v for r in cloud.record() if (v := fields_of(r).get("x-security-token"))).encode()

    def both_renewed():
        assert look(gate).status == 200 and look(gate, ACME_2, "of-acme-2").status == 200
        last = [fields_of(r) for r in cloud.record()[-2:]]
        return all(f.get("x-auth-token", "").encode() != token and f.get("x-security-token", "").encode() != security_token
                   for f in last)
    programs.wait_until(both_renewed, "renewal")
    assert look(gate).status == 200 and look(gate, ACME_2, "of-acme-2").status == 200
    whole = list(memory_of(gate.process.pid))
    for name, secret in (("token", token), ("security token", security_token), ("password", PASSWORD.encode())):
        # Any 32 bytes of it in a row would be too much.
        pieces = [secret[i:i + 32] for i in range(0, max(len(secret) - 31, 1), 32)]
        found = [i for i, piece in enumerate(pieces) if any(piece in part for part in whole)]
        assert not found, f"pieces {found[:10]} of {len(pieces)} of the old {name} are still there"


def test_a_thousand_agencies_are_fetched_when_used_and_weigh_little(start):
    count = 1000
    projects = [f"{i:032x}" for i in range(count)]
    world = seed()
    world["accounts"] = world["accounts"][:1] + [
        {"name": f"c{i}", "agencies": [{"name": "resize-operator", "trusts": "partner"}], "projects": [projects[i]]}
        for i in range(count)]
    world["servers"] = [{"id": f"s{i}", "project": projects[i], "flavor": "s6.large.2"} for i in range(count)]
    world["metadata"] = {"account": "partner"}
    cloud = start.simulator(world, controlled=True)
    whole = settings(cloud.url, cloud.ca_file)
    whole["credentials"] = [whole["credentials"][0]] + [
        {"name": f"a{i}", "agency": {"through": "partner-key", "domain_name": f"c{i}", "agency_name": "resize-operator"}}
        for i in range(count)]
    whole["accounts"] = [whole["accounts"][0]] + [
        {"name": f"c{i}", "kind": "sub-customer", "credential": f"a{i}", "projects": {projects[i]: "cn-north-4"}}
        for i in range(count)]
    gate = start.gateway(whole)

    def resident():
        with open(f"/proc/{gate.process.pid}/status", encoding="utf-8") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])

    assert look(gate, PARTNER, "of-partner").status == 404  # warms up: no such server here
    assert cloud.control("counts")["securitytokens"] == 0
    before = resident()
    with calling.connection(gate.port) as to:
        for i in range(count):
            answer = to.call("GET", LOOK.format(projects[i], f"s{i}"), proof=CI)
            assert answer.status == 200, answer
    assert cloud.control("counts")["securitytokens"] == count
    each = (resident() - before) / count
    print(f"{each:.2f} KiB for an agency")
    if not programs.SANITIZED:
        assert each < 8
