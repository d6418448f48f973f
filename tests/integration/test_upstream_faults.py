"""Each row of docs/upstream-faults.md, tried with a look-up and with a resize. (TLS: test_upstream_tls.py.)"""
import contextlib
import signal
import socket

import fault_trial
import pytest
from fakes import scripted_cloud as scripts
import upstream_faults as faults
from calling import connection
from fakes.steered_names import steered_names
from world import ACME, CI, PARTNER, settings


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    return steered_names(tmp_path_factory.mktemp("names"))


@pytest.fixture(scope="module")
def cloud(start_once):
    return start_once.cloud()


@pytest.fixture(scope="module")
def gates(start_once, cloud, names):
    """By whether they are hasty: most faults have to be noticed without a time limit."""
    def gate(connect, response):
        return start_once.gateway(
            settings(f"http://{faults.NAME}:{cloud.port}", upstream={"plain_http_hosts": [faults.NAME]},
                     limits={"body_bytes": "12MiB"},
                     timeouts={"upstream_connect": connect, "upstream_response": response}),
            environment=names.environment)
    return {True: gate("1s", "1s"), False: gate("30s", "30s")}


@pytest.fixture(scope="module", autouse=True)
def takes_no_connections(cloud):
    """Listens where faults.HANGS leads, with a queue that is full: the kernel drops what asks for a connection."""
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind((faults.HANGS, cloud.port))
        full.listen(0)
        for _ in range(4):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex((faults.HANGS, cloud.port))
        yield


def test_the_page_says_what_is_tried():
    assert faults.rows_of_page() == [row.row() for row in faults.ALL]
    assert len({row.id for row in faults.ALL}) == len(faults.ALL)


@pytest.mark.parametrize(**fault_trial.params(faults.PLAIN))
def test_an_endpoint_with(row, method, gates, cloud, names):
    fault_trial.trial(row, method, gates[row.hasty], cloud, names).run()


def test_a_call_by_head_goes_nowhere(gates, cloud):
    before = len(cloud.requests)
    with connection(gates[False].port) as to:
        to.send(to.request("HEAD", f"/v1/{PARTNER}/cloudservers/s", proof=CI))
        assert b"HTTP/1.1 405 " in to.socket.recv(65536)
    assert len(cloud.requests) == before


def test_a_name_that_leads_elsewhere_is_followed(start, names):
    """Not while a connection to the old place lives: then by the next one."""
    old = start.cloud()
    new = scripts.scripted_cloud(at=("127.0.0.4", old.port))
    with contextlib.closing(new):
        names.lead("moving.test", "127.0.0.1")
        gate = start.gateway(settings(f"http://moving.test:{old.port}", upstream={"plain_http_hosts": ["moving.test"]}),
                             environment=names.environment)

        def look():
            return gate.call("GET", f"/v1/{PARTNER}/jobs/j", proof=CI).status
        assert look() == 200
        names.lead("moving.test", "127.0.0.4")
        assert look() == 200
        assert (len(old.requests), len(new.requests)) == (2, 0)
        old.hang_up()
        assert look() == 200
        assert (len(old.requests), len(new.requests)) == (2, 1)


def test_a_name_server_that_is_silent_of_one_region_holds_up_no_other(start, names, cloud):
    cloud.behave, cloud.arrive, cloud.at_head = fault_trial.GOOD, lambda _connection: None, None
    names.lead("silent.test", "waits")
    names.lead("well.test", faults.ALIVE)
    regions = {"cn-north-4": "silent.test", "cn-south-1": "well.test"}
    whole = settings("", regions={region: {"ecs": f"http://{name}:{cloud.port}", "iam": f"http://{name}:{cloud.port}"}
                                  for region, name in regions.items()},
                     upstream={"plain_http_hosts": list(regions.values())}, timeouts={"upstream_connect": "2s"})
    whole["accounts"][1]["projects"] = {ACME: "cn-south-1"}
    gate = start.gateway(whole, environment=names.environment)
    try:
        with connection(gate.port) as waits:
            waits.send(waits.request("GET", f"/v1/{PARTNER}/jobs/j", proof=CI))
            assert waits.answer().status == 502  # its look-up still goes on
            assert gate.call("GET", f"/v1/{ACME}/jobs/j", proof=CI).status == 200
    finally:
        names.lead("silent.test", faults.ALIVE)


def test_a_name_server_that_is_silent_does_not_keep_the_gateway_from_ending(start, names, cloud):
    names.lead("silent.test", "waits")
    gate = start.gateway(settings(f"http://silent.test:{cloud.port}", upstream={"plain_http_hosts": ["silent.test"]},
                                  timeouts={"upstream_connect": "100ms"}), environment=names.environment)
    try:
        assert gate.call("GET", f"/v1/{PARTNER}/jobs/j", proof=CI).status == 502
        gate.tell(signal.SIGTERM)
        gate.process.wait(10)
    finally:
        names.lead("silent.test", faults.ALIVE)
