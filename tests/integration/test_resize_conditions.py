"""Every key of a rule's `resize:` changes a decision: one that is read and then forgotten would let calls through."""
import json
import pathlib

import pytest

from world import CI, PARTNER, settings

SCHEMA = json.loads((pathlib.Path(__file__).resolve().parents[2] / "conf/gateway.schema.json").read_text(encoding="utf-8"))
KEYS = SCHEMA["properties"]["policy"]["items"]["properties"]["resize"]["properties"]

# key: its value, a call on which it decides, and what becomes of that call without the key and with it.
CASES = {
    "flavors": (["c6.*"], {"flavorRef": "s6.large.2"}, {}, 200, 403),
    "auto_pay": (True, {"flavorRef": "s6.large.2", "extendparam": {"isAutoPay": "true"}}, {}, 403, 200),
    "while_running": (True, {"flavorRef": "s6.large.2", "mode": "withStopServer"}, {}, 403, 200),
    "dedicated_hosts": (["host-1"], {"flavorRef": "s6.large.2", "dedicated_host_id": "host-2"}, {}, 200, 403),
    "dry_run": ("forbidden", {"flavorRef": "s6.large.2"}, {"dry_run": True}, 200, 403),
    "unknown_members": ("allow", {"flavorRef": "s6.large.2", "of_next_year": 1}, {}, 400, 200),
}


@pytest.fixture(scope="module")
def gate(start_once):
    rules = [{"rule": f"with-{key}", "callers": ["ci"], "operations": ["resize"], "servers": [f"with-{key}"],
              "resize": {key: case[0]}} for key, case in CASES.items()]
    plain = {"rule": "without", "callers": ["ci"], "operations": ["resize"], "servers": ["without-*"]}
    return start_once.gateway(settings(start_once.cloud().url, policy=[*rules, plain]))


def test_every_key_of_the_schema_has_a_case():
    assert set(CASES) == set(KEYS)


@pytest.mark.parametrize("key", CASES)
def test_a_condition_decides(gate, key):
    _, resize, beside, without, with_it = CASES[key]
    assert gate.resize(PARTNER, f"without-{key}", resize, CI, **beside).status == without
    assert gate.resize(PARTNER, f"with-{key}", resize, CI, **beside).status == with_it
