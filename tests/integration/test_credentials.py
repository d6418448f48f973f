"""Credentials that stay fresh: every way to come by one, and what callers notice of it, which is nothing."""
import datetime
import json
import os
import re
import time

import pytest

import programs
from credential_world import ACME_2, agency, cloud, fields_of, gate_for, look, LOOK, PASSWORD, requests_to, seed, TOKEN, USER, with_acme_by
from fakes import scripted_cloud as scripts
from world import ACME, ACME_KEY, PARTNER, SECRETS, settings

WAYS = {
    "token": (TOKEN,),
    "agency through a pair": (agency(),),
    "agency through a token": (agency("partner-user"), {"name": "partner-user", **USER}),
    "metadata": ({"metadata": {}},),
    "sdk_default, down to metadata": ({"sdk_default": {}},),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_kind_of_credential_signs_calls(gate_for, cloud, way):
    gate = gate_for(*way, environment={"HOME": "/nonexistent"})
    for project, server in [(ACME, "of-acme"), (ACME_2, "of-acme-2"), (ACME, "of-acme")]:
        answer = look(gate, project, server)
        assert answer.status == 200, answer
    line = gate.outcome_of(answer)
    assert (line["credential"], line["outcome"]) == ("acme-way", "answered")
    sent = fields_of(requests_to(cloud, LOOK.format(ACME, "of-acme"))[-1])
    if "token" in way[0]:
        assert "x-auth-token" in sent and "authorization" not in sent
    else:
        assert "x-security-token" in sent and "x-security-token" in sent["authorization"]


def test_a_token_is_fetched_once_for_each_project(gate_for, cloud):
    gate = gate_for(TOKEN)
    for _ in range(3):
        assert look(gate).status == 200
        assert look(gate, ACME_2, "of-acme-2").status == 200
    assert cloud.control("counts")["tokens"] == 2
    scopes = [json.loads(r["body"])["auth"]["scope"] for r in requests_to(cloud, "/v3/auth/tokens")]
    assert scopes == [{"project": {"id": ACME}}, {"project": {"id": ACME_2}}]


@pytest.mark.parametrize("found_in", ["environment", "profile"])
def test_sdk_default_looks_where_the_sdk_looks(gate_for, cloud, tmp_path, found_in):
    profile = tmp_path / "credentials"
    profile.write_text(f"[basic]\nak = {ACME_KEY}\nsk = {SECRETS['acme.sk']}\n")
    place = {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(profile)} if found_in == "profile" else {
        "HUAWEICLOUD_SDK_AK": ACME_KEY, "HUAWEICLOUD_SDK_SK": SECRETS["acme.sk"]}
    gate = gate_for({"sdk_default": {}}, environment=place)
    assert look(gate).status == 200
    assert [s["access_key"] for s in cloud.control("secrets_seen")] == [ACME_KEY]


def test_the_metadata_service_in_its_older_way(start):
    cloud = start.simulator(seed(metadata={"account": "acme", "token_mode": "off"}), controlled=True)
    gate = start.gateway(with_acme_by(cloud, {"metadata": {}}),
                         environment={"ECS_GATEWAY_METADATA_URL": cloud.metadata_url})
    assert look(gate).status == 200
    counts = cloud.control("counts")
    assert (counts["metadata_token"], counts["metadata_securitykey"]) == (1, 1)


def test_a_server_without_an_agency_is_told_in_clear_words(start):
    cloud = start.simulator(seed(metadata={"account": "acme", "agency": False}), controlled=True)
    gate = start.gateway(with_acme_by(cloud, {"metadata": {}}),
                         environment={"ECS_GATEWAY_METADATA_URL": cloud.metadata_url})
    answer = look(gate)
    assert (answer.status, answer.error()[0]) == (503, "Gateway.0502")
    assert "no agency is bound to this server" in answer.error()[1]


def metadata_service(start, behave):
    """A metadata service, and a gateway that signs acme's calls with what it gives."""
    cloud = start.cloud(behave)
    whole = settings(cloud.url)
    whole["credentials"] = [whole["credentials"][0], {"name": "acme-key", "metadata": {}}]
    return cloud, start.gateway(whole, environment={"ECS_GATEWAY_METADATA_URL": cloud.url})


def pair_of_metadata():
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    return {"credential": {"access": "METAAK1", "secret": "s", "securitytoken": "t",
                           "expires_at": end.strftime("%Y-%m-%dT%H:%M:%S.000000Z")}}


def test_a_404_of_the_metadata_service_is_tried_again_within_seconds(start):
    asked = []

    def behave(connection, request):
        if "securitykey" not in request.line:
            return scripts.answering(404 if "/api/token" in request.line else 200, {})(connection, request)
        asked.append(time.monotonic())
        return scripts.answering(404 if len(asked) < 2 else 200, pair_of_metadata())(connection, request)
    _, gate = metadata_service(start, behave)
    assert look(gate).status == 200  # waits for it
    assert asked[1] - asked[0] < 8


def test_a_metadata_session_that_hangs_leaves_the_older_way(start):
    def behave(connection, request):
        if "/api/token" in request.line:
            return None  # no answer ever comes
        return scripts.answering(200, pair_of_metadata() if "securitykey" in request.line else {})(connection, request)
    cloud, gate = metadata_service(start, behave)
    began = time.monotonic()
    assert look(gate).status == 200 and time.monotonic() - began < 8
    assert [r.line.split()[0] for r in cloud.requests][:2] == ["PUT", "GET"]


def test_a_session_of_the_metadata_service_that_ended_is_renewed(gate_for, cloud):
    cloud.control("metadata", life_ms=1500)
    gate = gate_for({"metadata": {}})
    assert look(gate).status == 200
    cloud.control("revoke", what="sessions")
    programs.wait_until(lambda: look(gate).status == 200 and cloud.control("counts")["metadata_securitykey"] > 2,
                        "a pair after the session's end")


def test_what_is_preloaded_is_there_before_the_first_call(gate_for, cloud):
    gate = gate_for(agency(preload=True))
    programs.wait_until(lambda: cloud.control("counts")["securitytokens"] == 1, "the pair")
    programs.wait_until(lambda: gate.metric("ecs_gateway_credential_expiry_seconds", credential="acme-way"), "its life")
    assert gate.admin("/readyz")[0] == 200
    assert look(gate).status == 200
    assert cloud.control("counts")["securitytokens"] == 1


def test_the_process_keeps_its_secrets_out_of_swap_and_core_dumps(gate_for):
    gate = gate_for(agency())
    assert look(gate).status == 200
    with open(f"/proc/{gate.process.pid}/status", encoding="utf-8") as status:
        locked = int(re.search(r"VmLck:\s+(\d+) kB", status.read())[1])
    with open(f"/proc/{gate.process.pid}/limits", encoding="utf-8") as limits:
        assert re.search(r"Max core file size\s+0\s+0", limits.read())
    with open(f"/proc/{gate.process.pid}/smaps", encoding="utf-8") as areas:
        left_out_and_locked = [line for line in areas if line.startswith("VmFlags:") and " dd" in line and " lo" in line]
    if "can't be locked into memory" not in gate.stderr.text():
        assert locked > 0 and left_out_and_locked


@pytest.mark.parametrize("off", [1200, -1200])
def test_a_wrong_clock_is_told_in_clear_words(gate_for, cloud, off):
    cloud.control("clock", offset_s=off)
    gate = gate_for(agency())
    answer = look(gate)
    assert (answer.status, answer.error()[0]) == (503, "Gateway.0502")
    assert re.search(rf"clock is (20m0s|19m59s|20m1s) {'behind' if off > 0 else 'ahead of'} the cloud's", answer.error()[1])
    pair = look(gate, PARTNER, "of-partner")
    assert (pair.status, pair.error()[0]) == (502, "Gateway.0505")
    assert re.search(rf"clock is \S+ {'behind' if off > 0 else 'ahead of'} the cloud's", pair.error()[1])
    assert abs(gate.metric("ecs_gateway_upstream_clock_skew_seconds", region="cn-north-4") - off) <= 2


def test_a_token_is_good_although_the_clock_is_wrong(gate_for, cloud):
    cloud.control("clock", offset_s=90000)  # a day and more: by our clock the token is long expired
    gate = gate_for(TOKEN)
    assert look(gate).status == 200


def test_what_a_reload_removes_is_no_longer_kept(gate_for, cloud):
    cloud.control("iam", fault="down")
    gate = gate_for(TOKEN, timeouts={"credential": "1s"})
    assert look(gate).status == 503 and look(gate, ACME_2, "of-acme-2").status == 503
    cloud.control("iam", fault="none")
    whole = with_acme_by(cloud, TOKEN)
    del whole["accounts"][1]["projects"][ACME_2]
    gate.reload(whole, "reloaded")
    programs.wait_until(lambda: look(gate).status == 200, "the other project's token")
    assert look(gate, ACME_2, "of-acme-2").error()[0] == "Gateway.0202"
    assert gate.admin("/readyz")[0] == 200


def test_callers_do_not_learn_what_iam_says(start, cloud):
    gate = start.gateway(with_acme_by(cloud, TOKEN), secrets={"password": "wrong"})
    answer = look(gate)
    assert answer.error()[1].startswith("credential acme-way can't be used just now: IAM refuses it: 401. Nothing")
    page = gate.admin("/readyz")[1]
    assert "IAM refuses it: 401: " in page and "password" in page


def test_check_online_ends_though_iam_does_not_answer(cloud, tmp_path):
    cloud.control("iam", fault="slow", delay_ms=20000)
    whole = with_acme_by(cloud, agency("partner-user"), {"name": "partner-user", **USER}, timeouts={"credential": "1s"})
    for name, secret in {**SECRETS, "password": PASSWORD}.items():
        (tmp_path / name).write_text(secret)
    file = tmp_path / "gateway.yaml"
    file.write_text(json.dumps(whole))
    done = programs.run("ecs-gateway", "check", "--config", file, "--online")
    assert done.returncode == 1
    assert re.search(r"credential acme-way: FAILED: .*(timed out|did not come in time)", done.stdout), done.stdout


def test_check_online_tries_every_credential_once(cloud, tmp_path):
    whole = with_acme_by(cloud, agency("partner-user"), {"name": "partner-user", **USER}, {"name": "here", "metadata": {}})
    for name, secret in {**SECRETS, "password": PASSWORD}.items():
        (tmp_path / name).write_text(secret)
    file = tmp_path / "gateway.yaml"
    file.write_text(json.dumps(whole))
    os.environ["ECS_GATEWAY_METADATA_URL"] = cloud.metadata_url
    try:
        done = programs.run("ecs-gateway", "check", "--config", file, "--online")
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"credential partner-key: ok\ncredential acme-way: ok, good for 1[45]m\n"
                         r"credential partner-user: ok.*\ncredential here: ok.*\nOK\n$", done.stdout, re.S), done.stdout
        (tmp_path / "password").write_text("wrong")
        (tmp_path / "partner.sk").write_text("wrong")
        done = programs.run("ecs-gateway", "check", "--config", file, "--online")
    finally:
        del os.environ["ECS_GATEWAY_METADATA_URL"]
    assert done.returncode == 1 and "OK" not in done.stdout.splitlines()
    assert re.search(r"credential partner-key: FAILED: .*401.*verify aksk signature fail", done.stdout), done.stdout
    assert re.search(r"credential acme-way: FAILED: partner-user: IAM refuses it: 401", done.stdout), done.stdout
    for secret in [*SECRETS.values(), PASSWORD]:
        assert secret not in done.stdout + done.stderr
