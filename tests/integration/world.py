"""The world that most tests share: who calls, whose projects there are, what the policy lets them do."""
import hashlib
import itertools

import calling

PARTNER = "0605767a3300d5762fb7c0186d9e1779"  # projects
ACME = "7c1e0f6f5c7a4b6b8f0a3f2d9b1c4e5d"
STRANGER = "abcdefabcdefabcdefabcdefabcdefab"  # in no account

# Each secret is a word that occurs nowhere else, so that a search of all output finds a leak of it.
SECRETS = {
    "planner.sk": "Zq7PLANNERsecretKEYdoNOTleak00000000001",
    "partner.sk": "Zq7PARTNERsecretKEYdoNOTleak00000000002",
    "acme.sk": "Zq7ACMEsecretKEYdoNOTleakFromAnywhere3",
    "acme.token": "Zq7ACMEsecurityTOKENdoNOTleak00000000004",
}
API_KEYS = {"ci": "Zq7CIapiKEYdoNOTleak5", "guest": "Zq7GUESTapiKEYdoNOTleak6", "seldom": "Zq7SELDOMapiKEYdoNOTleak7"}
PLANNER_KEY, PARTNER_KEY, ACME_KEY = "GWPLANNER0000000001", "CLOUDPARTNERAK000001", "CLOUDACMEAK000000001"

_numbers = itertools.count(1)


def new_server():
    """The id of a server that no other call is about: a resize holds its server."""
    return f"server-{next(_numbers)}"


PLANNER = calling.signature(PLANNER_KEY, SECRETS["planner.sk"])
CI, GUEST, SELDOM = (calling.key(API_KEYS[name]) for name in ("ci", "guest", "seldom"))


def settings(ecs, ca_file=None, **changes):
    """A configuration for a cloud at that address; `changes` replace whole sections."""
    return {
        "version": 1,
        "listeners": [{"address": "127.0.0.1:0"}],
        "workers": 1,
        "callers": [
            {"name": "planner", "access_key": PLANNER_KEY, "secret_key": {"file": "planner.sk"}},
            *({"name": name, "api_key_sha256": hashlib.sha256(k.encode()).hexdigest()} for name, k in API_KEYS.items()),
        ],
        "credentials": [
            {"name": "partner-key", "access_key": PARTNER_KEY, "secret_key": {"file": "partner.sk"}},
            {"name": "acme-key", "access_key": ACME_KEY, "secret_key": {"file": "acme.sk"}},
        ],
        "regions": {"cn-north-4": {"ecs": ecs, "iam": ecs}},
        "upstream": {"plain_http_hosts": ["127.0.0.1"], **({"ca_file": str(ca_file)} if ca_file else {})},
        "accounts": [
            {"name": "partner", "kind": "partner", "credential": "partner-key", "projects": {PARTNER: "cn-north-4"}},
            {"name": "acme", "kind": "sub-customer", "credential": "acme-key", "projects": {ACME: "cn-north-4"}},
        ],
        "policy": [
            {"rule": "look", "callers": ["planner", "ci"], "operations": ["show_server", "show_job",
                                                                          "list_resize_flavors"]},
            {"rule": "grow", "callers": ["planner"], "operations": ["resize"],
             "resize": {"flavors": ["s6.*", "c6.*"], "auto_pay": True, "while_running": True}},
            {"rule": "dry", "callers": ["ci"], "operations": ["resize"], "resize": {"dry_run": "required"}},
            {"rule": "seldom", "callers": ["seldom"], "operations": ["resize"], "rate": {"calls": 1, "per": "1h"}},
        ],
        "log": {"level": "info", "outcomes": "stdout"},
        **changes,
    }
