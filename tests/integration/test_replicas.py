"""Several gateways with one ledger in PostgreSQL: one hold on a server, one use of a key, one freeze; kills and restarts of both."""
import contextlib
import itertools
import json
import re
import signal
import threading
import time
import uuid

import pytest
import yaml

import ledger_world as ledgers
import programs
from calling import connection, render
from fakes.postgresql import postgresql
from fakes.postgresql_proxy import postgresql_proxy
from programs import wait_until
from following_world import FAST, LARGE, seed
from world import CI, PARTNER, PLANNER, SECRETS

REPLICAS = 3


@pytest.fixture(scope="module")
def database():
    with contextlib.closing(postgresql()) as server:
        yield server


@pytest.fixture(scope="module")
def cloud(start_once):
    started = start_once.simulator(seed([f"s{number}" for number in range(5000)]), controlled=True)
    started.names = (f"s{number}" for number in itertools.count())
    return started


@pytest.fixture
def replicas(start, database, cloud):
    conninfo = database.new_database()
    whole = ledgers.change_settings(cloud, **FAST, ledger={"postgresql": {"connection": {"file": "ledger.conninfo"}}},
                                    admin={"address": "127.0.0.1:0"})
    whole["regions"]["cn-north-4"]["cts"] = cloud.url
    made = [programs.gateway(start.folder(), whole, {**SECRETS, "ledger.conninfo": conninfo}) for _ in range(REPLICAS)]
    try:
        for each in made:
            wait_until(lambda each=each: each.admin("/readyz")[0] == 200, "a replica that is ready")
        yield made
    finally:
        for each in made:
            if each.process.poll() != -signal.SIGKILL:
                each.close()


@pytest.fixture(autouse=True)
def an_honest_cloud(cloud):
    cloud.control("faults", faults=[])
    cloud.control("resizes", init_ms=20, running_ms=20)
    cloud.control("traces", written="answered")


def ledger(gate, *words):
    done = programs.run("ecs-gateway", *words, "--config", gate.file)
    assert done.returncode == 0, done.stderr
    return done.stdout


def changes(gate):
    return {each["id"]: each for each in map(json.loads, ledger(gate, "changes", "export").splitlines())}


def all_at_once(calls):
    """The results of functions that are called in threads of their own."""
    results = [None] * len(calls)

    def run(number):
        results[number] = calls[number]()
    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return results


def until_told(call):
    """Its answer; where the first of its like is still on its way, that of a repeat."""
    while True:
        answer = call()
        if answer.status != 409 or answer.error()[0] != "Gateway.0607":
            return answer


def test_a_key_is_one_change_whichever_replica_it_comes_to(replicas, cloud):
    for _ in range(5):
        server, key = next(cloud.names), str(uuid.uuid4())
        answers = all_at_once([lambda gate=gate: until_told(lambda: ledgers.resize(gate, server, LARGE, key, CI)) for gate in replicas])
        assert [answer.status for answer in answers] == [200] * REPLICAS, answers
        assert len({answer.body for answer in answers}) == 1 and len({answer["X-Gateway-Change-Id"] for answer in answers}) == 1
        assert cloud.control(f"resizes?server={server}")["received"] == 1


def test_the_same_signed_resize_to_each_at_once_is_one_change_and_one_answer(replicas, cloud):
    for _ in range(5):
        server = next(cloud.names)
        target, body = f"/v1.1/{PARTNER}/cloudservers/{server}/resize", json.dumps({"resize": {"flavorRef": LARGE}}).encode()
        fields = [("Host", "gateway.example"), ("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        data = render("POST", target, [*fields, *PLANNER("POST", target, fields, body)], body)

        def send(gate, data=data):
            with connection(gate.port) as to:
                to.send(data)
                return to.answer()
        answers = all_at_once([lambda gate=gate: until_told(lambda: send(gate)) for gate in replicas])
        assert [answer.status for answer in answers] == [200] * REPLICAS, answers
        assert len({(answer.body, answer["X-Gateway-Change-Id"]) for answer in answers}) == 1
        assert cloud.control(f"resizes?server={server}")["received"] == 1


def test_many_that_start_at_once_on_an_empty_database_make_one_ledger(start, database, cloud):
    conninfo = database.new_database()
    whole = ledgers.change_settings(cloud, ledger={"postgresql": {"connection": {"file": "ledger.conninfo"}}},
                                    admin={"address": "127.0.0.1:0"}, timeouts={"ledger": "20s"})  # 24 on a few cores
    folders = [start.folder() for _ in range(24)]
    with contextlib.ExitStack() as stack:
        made = all_at_once([lambda folder=folder: programs.gateway(folder, whole, {**SECRETS, "ledger.conninfo": conninfo})
                            for folder in folders])
        for each in made:
            stack.callback(each.close)
        for each in made:
            wait_until(lambda each=each: each.admin("/readyz")[0] == 200, "a replica that is ready", patience=60)
        assert ledgers.resize(made[-1], next(cloud.names), LARGE, None, CI).status == 200
        said = [line for each in made for line in each.stderr.lines if re.search(r" (error|warning) ledger: (?!it is not open yet)", line)]
        assert said == []
    assert database.query(conninfo, "SELECT version FROM ledger") == ["1"]


def test_a_ledger_in_a_file_is_copied_and_its_gateway_becomes_replicas(start, database, cloud):
    conninfo, folder = database.new_database(), start.folder()
    whole = ledgers.change_settings(cloud, **FAST, admin={"address": "127.0.0.1:0"})
    server, key = next(cloud.names), str(uuid.uuid4())
    alone = programs.gateway(folder, whole, SECRETS)
    first = ledgers.resize(alone, server, LARGE, key, CI)
    assert first.status == 200
    shared = {**whole, "ledger": {"postgresql": {"connection": {"file": "ledger.conninfo"}}}}
    replica_folder = start.folder()
    target = replica_folder / "gateway.yaml"
    target.write_text(yaml.safe_dump(shared), encoding="utf-8")
    (replica_folder / "ledger.conninfo").write_text(conninfo, encoding="ascii")
    copy = ["ecs-gateway", "ledger", "copy", "--config", alone.file, "--to", target]
    refused = programs.run(*copy)
    assert (refused.returncode, "stop the gateway first" in refused.stderr) == (1, True), refused.stderr
    alone.close()
    done = programs.run(*copy)
    assert done.returncode == 0 and "1 change" in done.stdout, done.stderr
    assert programs.run(*copy).returncode == 1  # it is not empty any more
    with contextlib.closing(programs.gateway(replica_folder, shared, {**SECRETS, "ledger.conninfo": conninfo})) as replica:
        wait_until(lambda: replica.admin("/readyz")[0] == 200, "a replica that is ready")
        repeat = ledgers.resize(replica, server, LARGE, key, CI)
        assert (repeat.status, repeat.body, repeat["Idempotent-Replayed"]) == (200, first.body, "true")
        assert cloud.control(f"resizes?server={server}")["received"] == 1


def test_a_server_is_held_for_all_of_them(replicas, cloud):
    server = next(cloud.names)
    cloud.control("resizes", server=server, init_ms=20, running_ms=20, ends="never")
    answers = all_at_once([lambda gate=gate: ledgers.resize(gate, server, LARGE, str(uuid.uuid4()), CI) for gate in replicas])
    assert sorted(answer.status for answer in answers) == [200, 409, 409], answers
    assert cloud.control(f"resizes?server={server}")["received"] == 1


def test_a_freeze_holds_for_all_of_them_when_the_command_returns(replicas, cloud):
    ledger(replicas[0], "freeze", "--account", "partner", "--reason", "quarter end")
    for gate in replicas:
        assert ledgers.resize(gate, next(cloud.names), LARGE, None, CI).error()[0] == "Gateway.0203"


def test_a_change_whose_claim_was_made_and_not_heard_of_is_followed_on(start, database, cloud):
    """The answers to some COMMITs are lost: the claim stands for minutes, and who made it does not know."""
    with contextlib.closing(postgresql_proxy(database.folder)) as proxy:
        conninfo = database.new_database().replace(str(database.folder), str(proxy.folder))
        whole = ledgers.change_settings(cloud, **FAST, ledger={"postgresql": {"connection": {"file": "ledger.conninfo"}}})
        gate = start.gateway(whole, secrets={"ledger.conninfo": conninfo})
        accepted = wait_until(lambda: (answer := ledgers.resize(gate, next(cloud.names), LARGE, None, CI)).status == 200 and answer, "a change")
        proxy.lose_commits(2)
        wait_until(lambda: proxy.lost_commits == 2, "two COMMITs that nobody hears of")  # each of following: nobody calls
        wait_until(lambda: changes(gate)[accepted["X-Gateway-Change-Id"]]["state"] == "succeeded", "its end")


def test_what_a_killed_replica_was_sending_is_followed_to_its_end_by_the_others(replicas, cloud):
    known = ledgers.resize(replicas[1], next(cloud.names), LARGE, None, CI)  # a trace that shows
    wait_until(lambda: changes(replicas[1])[known["X-Gateway-Change-Id"]]["state"] == "succeeded", "its end")
    sent, unsent = next(cloud.names), next(cloud.names)
    cloud.control("faults", faults=[{"on": "resize", "id": sent, "delay_ms": 30000, "acts": True},
                                    {"on": "resize", "id": unsent, "delay_ms": 30000, "acts": False}])
    for server in (sent, unsent):
        threading.Thread(target=lambda server=server: ignore_the_end(lambda: ledgers.resize(replicas[0], server, LARGE, None, CI)),
                         daemon=True).start()
    for server in (sent, unsent):
        wait_until(lambda server=server: cloud.control(f"resizes?server={server}")["received"] == 1, "the call at the cloud")
    replicas[0].tell(signal.SIGKILL)
    replicas[0].process.wait()

    def states():
        found = {each["server_ids"][0]: each["state"] for each in changes(replicas[1]).values()}
        return found if found[sent] == "succeeded" and found[unsent] == "unknown" else None
    wait_until(states, "what the others make of them", patience=90)
    # The other one may still be sent, for all that they know: it waits for its signature to age.
    assert cloud.control(f"resizes?server={sent}")["received"] == 1


def ignore_the_end(call):
    with contextlib.suppress(OSError, Exception):
        call()


def test_a_database_that_is_killed_refuses_changes_and_loses_none(replicas, cloud, database):
    """Under load; queries go on, and what was answered is there afterwards."""
    stop, told, failed_queries = threading.Event(), [], []

    def change_all(gate):
        while not stop.is_set():
            server = next_server()
            told.append((server, ledgers.resize(gate, server, LARGE, str(uuid.uuid4()), CI)))
            if told[-1][1].status != 200:
                time.sleep(0.05)  # a load, not a flood

    def query_all(gate):
        while not stop.is_set():
            answer = gate.call("GET", f"/v1/{PARTNER}/cloudservers/s0", proof=CI)
            if answer.status != 200:
                failed_queries.append(answer)
            time.sleep(0.01)
    lock = threading.Lock()

    def next_server():
        with lock:
            return next(cloud.names)
    threads = [threading.Thread(target=work, args=(gate,)) for gate in replicas for work in (change_all, query_all)]
    for each in threads:
        each.start()
    try:
        for _ in range(3):
            good = len(told)
            wait_until(lambda good=good: sum(answer.status == 200 for _, answer in told[good:]) >= 6, "changes that go through")
            database.kill()
            refused = len(told)
            wait_until(lambda refused=refused: any(answer.status == 503 for _, answer in told[refused:]), "a change that is refused")
            database.start()
    finally:
        stop.set()
        for each in threads:
            each.join()
    assert not failed_queries, failed_queries[0]
    wait_until(lambda: ledgers.resize(replicas[0], next_server(), LARGE, None, CI).status == 200, "a ledger that works again")
    known = changes(replicas[0])
    for server, answer in told:
        calls = cloud.control(f"resizes?server={server}")["calls"]
        assert len(calls) <= 1, f"{server} was resized {len(calls)} times"
        assert all(each["traceparent"].split("-")[1] in known for each in calls), f"{server}: the ledger does not have it"
        if answer.status == 200:
            assert len(calls) == 1 and answer["X-Gateway-Change-Id"] in known
        elif answer["X-Gateway-Outcome"] == "not_sent":
            assert not calls, (server, answer, calls)
