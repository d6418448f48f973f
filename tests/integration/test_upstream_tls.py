"""The rows of docs/upstream-faults.md that are about TLS, and no more handshakes at once than are of use."""
import contextlib
import threading

import bad_certificates
import fault_trial
import pytest
from fakes import scripted_cloud as scripts
import upstream_faults as faults
from calling import connection
from programs import wait_until
from fakes.steered_names import steered_names
from world import CI, PARTNER, settings


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    return steered_names(tmp_path_factory.mktemp("names"))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return bad_certificates.make(tmp_path_factory.mktemp("certificates"), faults.NAME)


@pytest.fixture(scope="module")
def cloud(start_once, certificates):
    return start_once.cloud(tls=certificates[1]["good"])


@pytest.fixture(scope="module")
def gates(start_once, cloud, names, certificates):
    def gate(connect, response):
        return start_once.gateway(
            settings(f"https://{faults.NAME}:{cloud.port}", certificates[0],
                     timeouts={"upstream_connect": connect, "upstream_response": response}),
            environment=names.environment)
    return {True: gate("1s", "1s"), False: gate("30s", "30s")}


@pytest.mark.parametrize(**fault_trial.params(faults.TLS))
def test_an_endpoint_with(row, method, gates, cloud, names, certificates):
    fault_trial.trial(row, method, gates[row.hasty], cloud, names, certificates[1]).run()


MAX_BEING_OPENED, CALLS = 64, 300


def test_calls_wait_for_the_first_connection_and_do_not_all_open_one(start, names, certificates):
    """A thousand handshakes at once only delay each other; so an endpoint that takes its time sees some of them."""
    cloud = start.cloud(tls=certificates[1]["good"])
    names.lead(faults.NAME, faults.ALIVE)
    gate = start.gateway(
        settings(f"https://{faults.NAME}:{cloud.port}", certificates[0], timeouts={"upstream_connect": "60s"},
                 admin={"address": "127.0.0.1:0"}), environment=names.environment)
    cloud.behave = fault_trial.GOOD
    assert gate.call("GET", f"/v1/{PARTNER}/jobs/first", proof=CI).status == 200  # a new key is tried by few at a time
    before = len(cloud.connections)

    may_go_on = threading.Event()
    cloud.behave, cloud.arrive = scripts.answering(), lambda _connection: may_go_on.wait(60)
    with contextlib.ExitStack() as stack:
        stack.callback(may_go_on.set)
        callers = [stack.enter_context(connection(gate.port)) for _ in range(CALLS)]
        for n, to in enumerate(callers):
            to.send(to.request("GET", f"/v1/{PARTNER}/jobs/j{n}", proof=CI))
        wait_until(lambda: gate.metric("ecs_gateway_connections", side="caller") == CALLS, "the callers to be there")
        wait_until(lambda: len(cloud.connections) - before >= MAX_BEING_OPENED, "connections")
        assert gate.call("GET", "/none").status == 404  # the worker has gone round once more
        assert len(cloud.connections) - before == MAX_BEING_OPENED
        may_go_on.set()
        assert {to.answer().status for to in callers} == {200}
    assert len(cloud.requests) == CALLS + 1
