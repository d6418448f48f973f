"""Gateways with a ledger before one cloud, and calls that change its servers."""
import json

import pytest

import calling
import programs
from fakes import scripted_cloud as scripts
from world import PARTNER, PLANNER, PLANNER_KEY, SECRETS, settings

JSON = ("Content-Type", "application/json")
JOB = "70a599e0-31e7-49b7-b260-868f441e862b"
OTHER = "1605767a3300d5762fb7c0186d9e1779"  # another project of the account `partner`
SECOND = calling.signature(PLANNER_KEY, SECRETS["planner.sk"])


def change_settings(cloud, **changes):
    """ci and planner may grow servers; ci may take a server over, and sees everybody's changes."""
    made = settings(cloud.url, **{"timeouts": {"upstream_response": "2s"}, **changes})
    made["accounts"][0]["projects"][OTHER] = "cn-north-4"
    made["policy"] = changes.get("policy", [
        {"rule": "look", "callers": ["planner"], "operations": ["show_server", "show_job", "show_change", "list_changes"]},
        {"rule": "watch", "callers": ["ci"], "operations": ["show_change", "list_changes"], "changes": "all"},
        {"rule": "keyed", "callers": ["planner"], "operations": ["resize"], "servers": ["keyed-*"], "idempotency_key": "required"},
        {"rule": "grow", "callers": ["planner"], "operations": ["resize"]},
        {"rule": "override", "callers": ["ci"], "operations": ["resize"], "may_override_unknown": True},
        {"rule": "seldom", "callers": ["seldom"], "operations": ["resize"], "rate": {"calls": 2, "per": "1h"}},
    ])
    return made


@pytest.fixture(scope="module")
def shared_cloud(start_once):
    return start_once.cloud()


@pytest.fixture
def cloud(shared_cloud):
    shared_cloud.behave = scripts.answering()
    shared_cloud.requests.clear()
    return shared_cloud


@pytest.fixture(scope="module")
def gate(start_once, shared_cloud):
    return start_once.gateway(change_settings(shared_cloud))


def key(text):
    return [("Idempotency-Key", text)]


def resize(gate, server, fields=(), proof=PLANNER, flavor="s6.large.2", project=PARTNER, version="v1.1", **beside):
    return gate.resize(project, server, {"flavorRef": flavor}, proof, version, fields, **beside)


def ledger(gate, *words):
    """What a command says of the gateway's ledger, as JSON."""
    done = programs.run("ecs-gateway", *words, "--config", gate.file, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def state_of(gate, change):
    return ledger(gate, "changes", "show", change)["change"]["state"]


def resizes(cloud):
    return [r for r in cloud.requests if "/resize " in r.line]
