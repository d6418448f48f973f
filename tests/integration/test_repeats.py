"""Repeats of a change in hard times: they are answered from the record, and need nothing of what a new change needs."""
import json

import pytest

import ledger_world as ledgers
from fakes import scripted_cloud as scripts
from world import CI, PARTNER, PARTNER_KEY, PLANNER

ONCE = {"rate": {"calls": 1, "per": "1h"}}


@pytest.fixture(name="cloud")
def make_cloud(start):
    return start.simulator(ledgers.seed(3), controlled=True)


@pytest.fixture(name="gate")
def make_gate(start, cloud):
    return start.gateway(settings_with(cloud))


def settings_with(cloud, **of_rule):
    whole = ledgers.change_settings(cloud)
    whole["policy"][1].update(of_rule)
    return whole


def expect_replay(gate, cloud, first, **call):
    """The same again gets the same, and nothing reaches the cloud."""
    before = cloud.control("resizes")["received"]
    repeat = ledgers.resize(gate, "s0", "s6.xlarge.2", "key", **call)
    assert (repeat.status, repeat.body, repeat["Idempotent-Replayed"]) == (first.status, first.body, "true"), repeat
    assert repeat["X-Gateway-Change-Id"] == first["X-Gateway-Change-Id"]
    assert cloud.control("resizes")["received"] == before


def test_during_a_freeze(gate, cloud):
    first = ledgers.resize(gate, "s0", "s6.xlarge.2", "key")
    done = ledgers.ledger_file(gate.file).command("freeze", "--reason", "stocktaking")
    assert done.returncode == 0, done.stderr
    refused = ledgers.resize(gate, "s1", "s6.xlarge.2", "other-key")
    assert (refused.status, refused.error()[0]) == (403, "Gateway.0203") and "stocktaking" in refused.error()[1]
    expect_replay(gate, cloud, first)


def test_over_the_rate(start, cloud):
    gate = start.gateway(settings_with(cloud, **ONCE))
    first = ledgers.resize(gate, "s0", "s6.xlarge.2", "key")
    refused = ledgers.resize(gate, "s1", "s6.xlarge.2", "other-key")
    assert (refused.status, refused.error()[0]) == (429, "Gateway.0405"), refused
    expect_replay(gate, cloud, first)


def test_with_a_credential_that_the_cloud_refuses(gate, cloud):
    first = ledgers.resize(gate, "s0", "s6.xlarge.2", "key")
    cloud.control("key", access_key=PARTNER_KEY, enabled=False)
    refused = ledgers.resize(gate, "s1", "s6.xlarge.2", "other-key")
    assert (refused.status, refused.error()[0], refused["X-Gateway-Outcome"]) == (502, "Gateway.0505", "not_sent"), refused
    assert refused["X-Gateway-Change-State"] == "refused"
    expect_replay(gate, cloud, first)
    cloud.control("key", access_key=PARTNER_KEY, enabled=True)
    expect_replay(gate, cloud, first)


def test_after_the_server_has_changed(gate, cloud):
    first = ledgers.resize(gate, "s0", "s6.xlarge.2", "key")
    cloud.control("resize", server="s0", flavor="s6.large.2")  # by somebody else
    expect_replay(gate, cloud, first)


def test_after_a_restart(start, cloud, tmp_path):
    file = {"ledger": {"file": str(tmp_path / "ledger.db")}}
    whole = ledgers.change_settings(cloud, **file)
    before = start.gateway(whole)
    first = ledgers.resize(before, "s0", "s6.xlarge.2", "key")
    before.close()
    expect_replay(start.gateway(whole), cloud, first)


def test_an_answer_that_is_too_long_to_keep_is_told_in_short(start):
    """Up to 4 KiB are kept."""
    def gate_for(padding):
        body = {"job_id": "j-1", "padding": "x" * padding}
        return start.gateway(ledgers.change_settings(start.cloud(scripts.answering(body=body))))
    empty = len(json.dumps({"job_id": "j-1", "padding": ""}))
    for length, is_kept in ((4096, True), (4097, False)):
        gate = gate_for(length - empty)
        first, repeat = (ledgers.resize(gate, "s0", "s6.xlarge.2", "key") for _ in range(2))
        assert (first.status, len(first.body), repeat.status, repeat["Idempotent-Replayed"]) == (200, length, 200, "true")
        assert repeat.body == first.body if is_kept else repeat.json() == {"job_id": "j-1"}


@pytest.mark.parametrize("fields", [
    [("Idempotency-Key", "k" * 256)], [("Idempotency-Key", "")], [("Idempotency-Key", "two words")],
    [("Idempotency-Key", '"open')], [("Idempotency-Key", '"a" "b"')], [("X-Client-Token", "k\xe9y")],
    [("Idempotency-Key", "one"), ("Idempotency-Key", "other")], [("Idempotency-Key", "one"), ("X-Client-Token", "other")],
    [("X-Gateway-After", "not-an-id")],
], ids=["long", "empty", "space", "open-quote", "two-strings", "not-ascii", "two", "two-names", "after"])
def test_a_malformed_key_is_said_and_nothing_is_sent(gate, cloud, fields):
    answer = gate.resize(PARTNER, "s0", {"flavorRef": "s6.xlarge.2"}, CI, fields=fields)
    assert (answer.status, answer.error()[0], answer["X-Gateway-Outcome"]) == (400, "Gateway.0003", "not_sent"), answer
    assert cloud.control("resizes")["received"] == 0


def test_a_key_is_the_same_bare_and_quoted_and_by_either_name(gate, cloud):
    key = "k" * 255
    spellings = [[("Idempotency-Key", key)], [("Idempotency-Key", f'"{key}"')], [("X-Client-Token", key)],
                 [("Idempotency-Key", key), ("X-Client-Token", key)]]
    answers = [gate.resize(PARTNER, "s0", {"flavorRef": "s6.xlarge.2"}, CI, fields=fields) for fields in spellings]
    assert len({answer["X-Gateway-Change-Id"] for answer in answers}) == 1, answers
    assert [answer["Idempotent-Replayed"] for answer in answers] == [None, "true", "true", "true"]
    assert cloud.control("resizes")["received"] == 1


def test_the_same_key_of_another_caller_is_another_key(gate, cloud):
    answers = [ledgers.resize(gate, server, "s6.xlarge.2", "key", proof) for server, proof in (("s0", CI), ("s1", PLANNER))]
    assert [answer.status for answer in answers] == [200, 200], answers
    assert cloud.control("resizes")["received"] == 2
