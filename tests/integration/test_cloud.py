"""The whole way: official SDK, gateway, TLS, and a cloud that checks every signature with code of its own."""
import json
import socket
import ssl

import pytest

import programs
from world import ACME, ACME_KEY, CI, PARTNER, PARTNER_KEY, PLANNER, SECRETS, settings

SEED = {
    "accounts": [
        {"name": "partner", "keys": [{"access_key": PARTNER_KEY, "secret_key": SECRETS["partner.sk"]}],
         "projects": [PARTNER]},
        {"name": "acme", "keys": [{"access_key": ACME_KEY, "secret_key": SECRETS["acme.sk"],
                                   "security_token": SECRETS["acme.token"]}], "projects": [ACME]},
    ],
    "flavors": [{"id": "s6.large.2"}, {"id": "s6.xlarge.2", "vcpus": "4", "ram": "8192"},
                {"id": "s6.gone.2", "sold_out": True}],
    "servers": [{"id": name, "project": ACME if name == "prepaid" else PARTNER, "flavor": "s6.large.2", **special}
                for name, special in {
                    "stopped": {}, "looked-at": {}, "on-the-old-path": {}, "dry": {}, "running": {"status": "ACTIVE"},
                    "locked": {"locked": True}, "spot": {"charging_mode": "2"},
                    "failing": {"fails_with": "Ecs.0207"}, "prepaid": {"charging_mode": "1"}}.items()],
    "jobs": {"init_ms": 50, "running_ms": 50},
}


@pytest.fixture(scope="module")
def cloud(start_once):
    return start_once.simulator(SEED)


@pytest.fixture(scope="module")
def gate(start_once, cloud):
    whole = settings(cloud.url, cloud.ca_file)
    whole["credentials"][1]["security_token"] = {"file": "acme.token"}
    return start_once.gateway(whole)


def test_its_certificate_is_taken_by_who_is_strict(cloud):
    """As Python is from 3.13 on."""
    context = ssl.create_default_context(cafile=cloud.ca_file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with socket.create_connection(("127.0.0.1", cloud.port), programs.PATIENCE) as plain:
        assert context.wrap_socket(plain, server_hostname="127.0.0.1").version() == "TLSv1.3"


def resize(server, flavor="s6.xlarge.2", operation="resizeServer", project=PARTNER, **what):
    return {"operation": operation, "project": project, "server": server, "resize": {"flavor": flavor, **what}}


def watch(gate, project, job):
    """The job when it has ended."""
    def ended():
        found = gate.call("GET", f"/v1/{project}/jobs/{job}", proof=PLANNER)
        assert found.status == 200, found
        return found.json() if found.json()["status"] in ("SUCCESS", "FAIL") else None
    return programs.wait_until(ended, "the end of the job")


def test_a_partners_resize_is_a_job_that_succeeds(gate, sdk):
    [result] = sdk(gate.port, [resize("stopped")])
    job = watch(gate, PARTNER, result["answer"]["job_id"])
    assert job["status"] == "SUCCESS"
    [job, server] = sdk(gate.port, [{"operation": "showJob", "project": PARTNER, "job": job["job_id"]},
                                    {"operation": "showServer", "project": PARTNER, "server": "stopped"}])
    assert job["answer"]["status"] == "SUCCESS"
    assert server["answer"]["server"]["flavor"]["id"] == "s6.xlarge.2"


def test_the_older_path_is_a_job_too(gate, sdk):
    [result] = sdk(gate.port, [resize("on-the-old-path", operation="resizePostPaidServer")])
    assert watch(gate, PARTNER, result["answer"]["job_id"])["status"] == "SUCCESS"


def test_a_prepaid_resize_is_an_order_by_a_temporary_key(gate, sdk):
    [result] = sdk(gate.port, [resize("prepaid", project=ACME, autoPay=True)])
    assert result["answer"]["order_id"]
    line = next(o for o in gate.outcomes() if o.get("result_order_id") == result["answer"]["order_id"])
    assert (line["credential"], line["auto_pay"], line["caller"]) == ("acme-key", True, "planner")


def test_a_job_that_fails_says_why(gate, sdk):
    [result] = sdk(gate.port, [resize("failing")])
    job = watch(gate, PARTNER, result["answer"]["job_id"])
    assert (job["status"], job["error_code"]) == ("FAIL", "Ecs.0207")


def test_a_dry_run_changes_nothing(gate):
    answer = gate.resize(PARTNER, "dry", {"flavorRef": "s6.xlarge.2"}, CI, dry_run=True)
    assert answer.status == 202, answer
    server = gate.call("GET", f"/v1/{PARTNER}/cloudservers/dry", proof=CI).json()["server"]
    assert server["flavor"]["id"] == "s6.large.2"


def test_look_ups_with_a_query_are_signed_as_the_cloud_reads_them(gate, sdk):
    for more in ("", "&limit=5&a=1", "&x=%20%2B", "&empty=&flag", "&sort_key=name&sort_dir=asc"):
        query = "instance_uuid=looked-at" + more
        answer = gate.call("GET", f"/v1/{PARTNER}/cloudservers/resize_flavors?{query}", proof=CI)
        assert answer.status == 200 and answer.json()["flavors"], (query, answer)
    [result] = sdk(gate.port, [{"operation": "listResizeFlavors", "project": PARTNER, "server": "looked-at"}])
    assert result["answer"]["flavors"]


def test_what_the_cloud_refuses_is_raised_with_its_code(gate, sdk):
    mistakes = [(resize("running"), 400, "Ecs.0100"), (resize("locked"), 400, "Ecs.0605"),
                (resize("spot"), 400, "Ecs.0704"), (resize("nowhere"), 404, "Ecs.0114"),
                (resize("looked-at", "s6.large.2"), 400, "Ecs.0810"),
                (resize("prepaid", operation="resizePostPaidServer", project=ACME), 400, "Ecs.0005"),
                (resize("looked-at", "s6.gone.2"), 400, "Ecs.0018"),
                (resize("looked-at", "s6.nosuch.2"), 400, "Ecs.0029")]
    for (call, status, code), result in zip(mistakes, sdk(gate.port, [call for call, *_ in mistakes])):
        assert (result.get("status"), result.get("code")) == (status, code), (call, result)


def test_every_call_reached_the_cloud_signed_by_the_right_account(gate, cloud):
    before = len(cloud.record())
    gate.call("GET", f"/v1/{PARTNER}/cloudservers/looked-at", proof=PLANNER)
    gate.call("GET", f"/v1/{ACME}/cloudservers/prepaid", proof=PLANNER)
    sent = [json.dumps(line) for line in cloud.record()[before:]]
    assert len(sent) == 2 and PARTNER_KEY in sent[0] and ACME_KEY in sent[1]
    assert not any("GWPLANNER" in line for line in sent)


@pytest.mark.parametrize("algorithm", ["SDK-HMAC-SHA256", "V11-HMAC-SHA256"])
def test_both_algorithms_are_understood(start, cloud, algorithm):
    whole = settings(cloud.url, cloud.ca_file)
    whole["credentials"][0]["algorithm"] = algorithm
    gate = start.gateway(whole)
    assert gate.call("GET", f"/v1/{PARTNER}/cloudservers/looked-at", proof=PLANNER).status == 200


def test_another_secret_is_the_gateways_affair_not_the_callers(start):
    cloud = start.simulator(SEED)  # of its own, since it locks a key that fails often
    gate = start.gateway(settings(cloud.url, cloud.ca_file), secrets={"partner.sk": "Zq7notWhatTheCloudKnows"})
    answer = gate.resize(PARTNER, "stopped", {"flavorRef": "s6.xlarge.2"}, PLANNER)
    line = gate.outcome_of(answer)
    assert (answer.status, answer.error()[0], answer["X-Gateway-Outcome"]) == (502, "Gateway.0505", "not_sent")
    assert "partner-key" in answer.error()[1]
    assert (line["code"], line["upstream_status"], line["outcome"]) == ("APIGW.0301", 401, "answered")
    for text in (repr(answer), json.dumps(line), gate.stderr.text()):
        assert PARTNER_KEY not in text and "host:" not in text and "x-sdk-date" not in text


def test_a_cloud_that_nobody_vouches_for_is_sent_nothing(start):
    cloud = start.simulator(SEED)  # of its own: a gateway of another test may still follow a change at a shared one
    gate = start.gateway(settings(cloud.url))  # the system's certificates only
    before = len(cloud.record())
    answer = gate.resize(PARTNER, "stopped", {"flavorRef": "s6.xlarge.2"}, PLANNER)
    assert (answer.status, answer.error()[0], answer["X-Gateway-Outcome"]) == (502, "Gateway.0501", "not_sent")
    assert len(cloud.record()) == before


def test_a_certificate_for_another_name_is_refused(start, certificate):
    file, context = certificate
    cloud = start.cloud(tls=context)
    look = f"/v1/{PARTNER}/jobs/j"
    assert start.gateway(settings(cloud.url, file)).call("GET", look, proof=CI).status == 200
    misnamed = start.gateway(settings(f"https://localhost:{cloud.port}", file)).call("GET", look, proof=CI)
    assert (misnamed.status, misnamed.error()[0], len(cloud.requests)) == (502, "Gateway.0501", 1)
