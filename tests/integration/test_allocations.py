"""The path of a call that changes nothing takes no memory from the heap once connections and buffers are there."""
import json

import pytest

import calling
import programs
from counted_allocations import counted_allocations
from world import API_KEYS, CI, PARTNER, PLANNER_KEY, SECRETS, settings

BODY = json.dumps({"resize": {"flavorRef": "s6.large.2"}, "dry_run": True}).encode()
JSON = [("Content-Type", "application/json")]
WARM, COUNTED = 2000, 2000
# The clock's text is made anew each second, the ledger's threads look at their file as often, and a page or a kept copy of
# outcome lines may grow: some for a run, which may be a slow one, none a call.
MOST = 0.2


@pytest.fixture
def counted(start):
    """A gateway whose allocations are counted; nothing in its configuration is a file, which would be looked at now and then."""
    count = counted_allocations(start.folder())
    settled = settings(start.cloud().url)
    settled["credentials"] = [{"name": name, "access_key": {"env": "AK"}, "secret_key": {"env": "SK"}}
                              for name in ("partner-key", "acme-key")]
    gate = start.gateway(settled, {**count.environment, "AK": "CLOUDPARTNERAK000001", "SK": SECRETS["partner.sk"]})
    return gate, count


CALLS = {
    "resize_with_an_api_key": lambda to: to.request("POST", f"/v1.1/{PARTNER}/cloudservers/s/resize", BODY, JSON, CI),
    "look_with_an_api_key": lambda to: to.request("GET", f"/v1/{PARTNER}/cloudservers/s", proof=CI),
    "resize_with_a_signature": lambda to: to.request("POST", f"/v1.1/{PARTNER}/cloudservers/s/resize", BODY, JSON,
                                                     calling.signature(PLANNER_KEY, SECRETS["planner.sk"])),
}


@pytest.mark.skipif(programs.SANITIZED, reason="a sanitizer has an allocator of its own")
@pytest.mark.parametrize("request_of", CALLS.values(), ids=CALLS)
def test_a_call_on_kept_connections_allocates_nothing(counted, request_of):
    gate, count = counted
    with calling.connection(gate.port) as to:
        call = request_of(to)

        def calls(number):
            for _ in range(number):
                to.send(call)
                answer = to.answer()
                assert answer.status == 200, answer
            return count.so_far()
        before = calls(WARM)
        assert (calls(COUNTED) - before) / COUNTED < MOST


@pytest.mark.skipif(programs.SANITIZED, reason="a sanitizer has an allocator of its own")
def test_what_allocates_is_counted(counted):
    gate, count = counted
    before = count.so_far()
    for _ in range(100):
        gate.call("GET", "/", proof=calling.key(API_KEYS["ci"]))  # a connection of its own, and a refusal with its text
    assert count.so_far() - before > 300
