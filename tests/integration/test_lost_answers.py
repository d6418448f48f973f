"""Answers that the cloud gives and nobody gets: what the simulator makes of them on the wire, and what it knows itself."""
import pytest

from test_cloud import SEED
from world import PARTNER, PLANNER, settings

FLAVORS = ["s6.xlarge.2", "s6.large.2"]


@pytest.fixture(scope="module")
def cloud(start_once):
    return start_once.simulator(SEED, controlled=True)


@pytest.fixture(scope="module")
def gate(start_once, cloud):
    patient = settings(cloud.url, cloud.ca_file, timeouts={"upstream_response": "1s"})
    patient["policy"][1]["may_override_unknown"] = True
    return start_once.gateway(patient)


@pytest.fixture(scope="module")
def lost_before():
    """The ids of the changes before: each holds the server until the next takes it over."""
    return []


@pytest.mark.parametrize("acts", [True, False])
@pytest.mark.parametrize("lost", [{"close_before_answer": True}, {"close_after_bytes": 60}, {"no_answer": True},
                                  {"delay_ms": 2000}])
def test_a_lost_answer_is_unknown_and_the_cloud_knows_whether_it_acted(gate, cloud, lost_before, lost, acts):
    [before] = [s for s in cloud.control("servers") if s["id"] == "stopped"]
    cloud.control("resizes", init_ms=0, running_ms=0)
    cloud.control("faults", faults=[{"on": "resize", "id": "stopped", "count": 1, "acts": acts, "label": "lost", **lost}])
    wanted = next(f for f in FLAVORS if f != before["flavor"])
    answer = gate.resize(PARTNER, "stopped", {"flavorRef": wanted}, PLANNER,
                         fields=[("X-Gateway-After", id) for id in lost_before[-1:]])
    lost_before.append(answer["X-Gateway-Change-Id"])
    assert (answer["X-Gateway-Outcome"], answer["X-Gateway-Change-State"]) == ("unknown", "unknown"), answer
    [after] = [s for s in cloud.control("servers") if s["id"] == "stopped"]
    assert after["received"] == before["received"] + 1
    assert after["acted"] == before["acted"] + acts
    assert (after["flavor"] == wanted) is acts
    assert cloud.control("resizes?server=stopped")["calls"][-1]["fault"] == "lost"


def test_an_error_in_place_of_the_answer_is_handed_back_though_the_cloud_acted(gate, cloud):
    cloud.control("faults", faults=[{"on": "resize", "id": "looked-at", "status": 500}])
    answer = gate.resize(PARTNER, "looked-at", {"flavorRef": "s6.xlarge.2"}, PLANNER)
    assert (answer.status, answer.error()[0]) == (500, "Ecs.0615")
    assert cloud.control("resizes?server=looked-at")["acted"] == 1
