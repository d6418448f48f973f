"""The official Node SDK as the caller: it holds a key that the gateway issued, and knows nothing else of it."""
import json
import pathlib

import pytest

import programs
from fakes import scripted_cloud as scripts
from world import ACME, PARTNER, PLANNER_KEY, STRANGER, settings

JOB, ORDER = "70a599e0-31e7-49b7-b260-868f441e862b", "CS1711152257C60TL"

# The cloud's error codes for a resize, with their statuses.
CLOUD_ERRORS = {
    400: """Common.0002 Common.0011 Common.0018 Common.0020 Common.0025 Ecs.0000 Ecs.0001 Ecs.0002 Ecs.0004 Ecs.0005
            Ecs.0008 Ecs.0009 Ecs.0016 Ecs.0018 Ecs.0019 Ecs.0023 Ecs.0027 Ecs.0028 Ecs.0029 Ecs.0030 Ecs.0100 Ecs.0207
            Ecs.0209 Ecs.0226 Ecs.0301 Ecs.0302 Ecs.0303 Ecs.0308 Ecs.0319 Ecs.0605 Ecs.0701 Ecs.0702 Ecs.0704 Ecs.0707
            Ecs.0802 Ecs.0803 Ecs.0804 Ecs.0805 Ecs.0806 Ecs.0807 Ecs.0808 Ecs.0809 Ecs.0810 Ecs.0811 Ecs.0812 Ecs.0813
            Ecs.1000 Ecs.1001 Ecs.1002 Ecs.1100 Ecs.1200 Ecs.1201 Ecs.1300 Ecs.7000""",
    403: "Ecs.0003 Ecs.0066 Ecs.0067 Ecs.0068 Ecs.0069 Ecs.0070 Ecs.0071 Ecs.0110 Pdp.0001",
    404: "Ecs.0114 Ecs.0614",
    429: "APIGW.0308",
    500: "Common.0001 Ecs.0615",
    501: "Ecs.0603",
    503: "Common.1503",
}
CLOUD_ERRORS = [(code, status) for status, codes in CLOUD_ERRORS.items() for code in codes.split()]
SERVERS = {code.lower().replace(".", "-"): (code, status) for code, status in CLOUD_ERRORS}


def cloud_by_server(connection, request):
    """A server's id is the code that the cloud answers with, in lower case; any other gets a job and an order."""
    code, status = SERVERS.get(request.server, (None, None))
    if status is None:
        return scripts.answering(200, {"job_id": JOB, "order_id": ORDER, "status": "SUCCESS"})(connection, request)
    if code.startswith("APIGW"):
        error = {"error_code": code, "error_msg": "as the cloud says it", "request_id": "r"}
    else:
        error = {"error": {"code": code, "message": "as the cloud says it"}}
    return scripts.answering(status, error)(connection, request)


@pytest.fixture(scope="module")
def cloud(start_once):
    return start_once.cloud(cloud_by_server)


@pytest.fixture(scope="module")
def gate(start_once, cloud):
    closed = start_once.cloud()
    closed.close()
    whole = settings(cloud.url)
    whole["regions"]["cn-north-1"] = {"ecs": closed.url}
    whole["accounts"][0]["projects"]["1" * 32] = "cn-north-1"
    return start_once.gateway(whole)


def resize(server, operation="resizeServer", project=PARTNER, **what):
    return {"operation": operation, "project": project, "server": server, "resize": {"flavor": "s6.large.2", **what}}


def test_each_operation_succeeds(gate, cloud, sdk):
    before = len(cloud.requests)
    results = sdk(gate.port, [
        resize("server-1", autoPay=True),
        resize("server-2", "resizePostPaidServer", mode="withStopServer"),
        {"operation": "showJob", "project": PARTNER, "job": JOB},
        {"operation": "showServer", "project": PARTNER, "server": "server-1"},
        {"operation": "listResizeFlavors", "project": PARTNER, "server": "server-1"},
    ])
    assert [result.get("answer", result).get("httpStatusCode") for result in results] == [200] * 5, results
    assert (results[0]["answer"]["job_id"], results[0]["answer"]["order_id"]) == (JOB, ORDER)
    assert results[1]["answer"]["job_id"] == JOB
    assert results[2]["answer"]["status"] == "SUCCESS"
    sent = cloud.requests[before:]
    assert [request.line.rsplit(" ", 1)[0] for request in sent] == [
        f"POST /v1.1/{PARTNER}/cloudservers/server-1/resize",
        f"POST /v1/{PARTNER}/cloudservers/server-2/resize",
        f"GET /v1/{PARTNER}/jobs/{JOB}",
        f"GET /v1/{PARTNER}/cloudservers/server-1",
        f"GET /v1/{PARTNER}/cloudservers/resize_flavors?instance_uuid=server-1"]
    assert json.loads(sent[0].body) == {"resize": {"flavorRef": "s6.large.2", "extendparam": {"isAutoPay": "true"}}}
    assert not any(PLANNER_KEY in value for request in sent for _, value in request.fields)


def test_the_derived_signature_succeeds_too(gate, sdk):
    derived = {"region": "cn-north-4", "service": "ecs"}
    results = sdk(gate.port, [resize("server-1") | {"derived": derived},
                              {"operation": "showJob", "project": ACME, "job": JOB, "derived": derived}])
    assert [result.get("answer", result).get("httpStatusCode") for result in results] == [200, 200], results


def test_each_error_of_the_cloud_is_raised_with_its_code(gate, sdk):
    results = sdk(gate.port, [resize(server) for server in SERVERS])
    for (code, status), result in zip(CLOUD_ERRORS, results):
        kind = "ClientRequestException" if status < 500 else "ServerResponseException"
        assert result == {"raised": kind, "status": status, "code": code, "message": "as the cloud says it"}


def test_each_error_of_the_gateway_is_raised_with_its_code(gate, sdk):
    mistakes = [
        (resize("s", flavor=""), 400, "Gateway.0002"),
        (resize("s", flavor="p9.huge.8"), 403, "Gateway.0201"),
        (resize("s", project=STRANGER), 403, "Gateway.0202"),
        (resize("no%20id"), 404, "Gateway.0301"),
        (resize("s", project="1" * 32), 502, "Gateway.0501"),
    ]
    for (_, status, code), result in zip(mistakes, sdk(gate.port, [call for call, *_ in mistakes])):
        assert (result.get("status"), result.get("code")) == (status, code), result
        assert result["message"]


def test_an_application_with_an_sdk_and_a_placeholder_uses_a_sidecar_s_listener(start, cloud, sdk):
    whole = settings(cloud.url)
    application = {"name": "application", "listener": "127.0.0.1:0"}
    whole["callers"].append(application)
    for rule in whole["policy"][:2]:
        rule["callers"].append("application")
    calls = [resize("server-1"), {"operation": "showJob", "project": PARTNER, "job": JOB}]
    without = start.gateway(whole)
    assert [result.get("code") for result in sdk(without.port, calls, "placeholder", "placeholder")] == ["Gateway.0101"] * 2
    application["any_signature"] = True
    gate = start.gateway(whole)
    results = sdk(gate.port, calls, "placeholder", "placeholder")
    assert [result.get("answer", result).get("httpStatusCode") for result in results] == [200, 200], results
    programs.wait_until(lambda: len(gate.outcomes()) == 2, "two outcome lines")
    assert {(o["caller"], o["proof"]) for o in gate.outcomes()} == {("application", "listener")}


def test_the_derived_signature_of_another_scope_is_refused(gate, sdk):
    calls = [resize("server-1") | {"derived": {"region": region, "service": service}}
             for region, service in [("cn-south-1", "ecs"), ("cn-north-4", "obs")]]
    results = sdk(gate.port, calls)
    assert [(result["status"], result["code"]) for result in results] == [(401, "Gateway.0101")] * 2
    # Each call has its line, which may follow its answer.
    programs.wait_until(lambda: sum(o.get("auth_failure") == "wrong_scope" for o in gate.outcomes()) == 2, "two outcome lines")


@pytest.mark.parametrize("access_key, secret_key", [(PLANNER_KEY, "a wrong secret"), ("GWNOBODY000000000001", "any")])
def test_a_wrong_key_is_raised_as_0101(gate, sdk, access_key, secret_key):
    [result] = sdk(gate.port, [resize("s")], access_key, secret_key)
    assert (result["raised"], result["status"], result["code"]) == ("ClientRequestException", 401, "Gateway.0101")


def test_the_lock_file_names_exact_versions_and_no_registry():
    lock = json.loads((pathlib.Path(__file__).parent / "sdk/package-lock.json").read_text(encoding="utf-8"))
    for name, package in lock["packages"].items():
        assert "resolved" not in package and (not name or package["integrity"]), name
    assert all(version[0].isdigit() for version in lock["packages"][""]["dependencies"].values())
