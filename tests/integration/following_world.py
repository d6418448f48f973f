"""A cloud whose servers, jobs, orders and traces a test rules, and gateways that follow changes there."""
import json

import pytest

import programs
from programs import wait_until
from world import ACME, ACME_KEY, PARTNER, PARTNER_KEY, PLANNER, SECRETS, settings

SMALL, MEDIUM, LARGE = "s6.large.2", "s6.medium.2", "s6.xlarge.2"
# Of the test's clock: evidence is asked for after a second, and two looks are a second or two apart.
FAST = {"follow": {"settle_after": "800ms"}, "timeouts": {"upstream_response": "400ms"}}


def seed(servers, prepaid=()):
    return {
        "accounts": [{"name": "partner", "keys": [{"access_key": PARTNER_KEY, "secret_key": SECRETS["partner.sk"]}],
                      "projects": [PARTNER]},
                     {"name": "acme", "keys": [{"access_key": ACME_KEY, "secret_key": SECRETS["acme.sk"]}], "projects": [ACME]}],
        "flavors": [{"id": SMALL}, {"id": MEDIUM}, {"id": LARGE}],
        "servers": [*({"id": server, "project": PARTNER, "flavor": SMALL} for server in servers),
                    *({"id": server, "project": ACME, "flavor": SMALL, "charging_mode": "1"} for server in prepaid)],
        "jobs": {"init_ms": 20, "running_ms": 20},
    }


def following(cloud, billing=True, **changes):
    made = settings(cloud.url, cloud.ca_file, **{**FAST, **changes})
    made["regions"]["cn-north-4"]["cts"] = cloud.url
    if billing:
        for account in made["accounts"]:
            account["billing"] = {"endpoint": cloud.url}
    return made


@pytest.fixture(scope="module")
def cloud(start_once):
    names = [f"s{number}" for number in range(120)]
    started = start_once.simulator(seed(names, [f"p{number}" for number in range(20)]), controlled=True)
    started.names, started.prepaid = iter(names), iter([f"p{number}" for number in range(20)])
    return started


@pytest.fixture(autouse=True)
def an_honest_cloud(cloud):
    cloud.control("faults", faults=[])
    cloud.control("resizes", init_ms=20, running_ms=20)
    cloud.control("traces", written="answered")
    cloud.control("billing", amount=126.5)


@pytest.fixture(scope="module")
def gate(start_once, cloud):
    return start_once.gateway(following(cloud))


def resize(gate, server, project=PARTNER, flavor=LARGE, **what):
    return gate.resize(project, server, {"flavorRef": flavor, **what}, PLANNER)


def change(gate, answer):
    done = programs.run("ecs-gateway", "changes", "show", answer["X-Gateway-Change-Id"], "--config", gate.file, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["change"]


def end(gate, answer, state):
    found = wait_until(lambda: (now := change(gate, answer)).get("ended") and now, f"the end of {answer['X-Gateway-Change-Id']}",
                       patience=90)  # an account is asked once a second
    assert found["state"] == state, found
    return found


def settled_lines(gate, answer):
    return [line for line in gate.outcomes() if line.get("event") == "settled" and
            line["change_id"] == answer["X-Gateway-Change-Id"]]


def lose(cloud, server, acts):
    cloud.control("faults", faults=[{"on": "resize", "id": server, "count": 1, "acts": acts, "close_before_answer": True}])


def show_a_trace(gate, cloud):
    """A change whose trace is there: the service is not blind."""
    known = resize(gate, next(cloud.names))
    end(gate, known, "succeeded")
