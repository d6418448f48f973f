"""Replicas under load, while every part fails: nothing is sent twice, unrecorded, or told wrong, and every change reaches its end.

Some events, since every test run makes them; GATEWAY_EVENTS=200 is `make test-replicas`.
"""
import collections
import contextlib
import os
import random
import time

import pytest

import programs
import replica_world as world
from fakes.pgbouncer import pgbouncer
from fakes.postgresql import postgresql
from fakes.postgresql_proxy import postgresql_proxy
from programs import wait_until

EVENTS = int(os.environ.get("GATEWAY_EVENTS", "12"))
REPLICAS = 3


class trial:
    def __init__(self, cloud, database, proxy, conninfo, replicas):
        self.cloud = cloud
        self.database, self.proxy, self.conninfo, self.replicas = database, proxy, conninfo, replicas

    def kill_a_replica(self):
        random.choice(self.replicas).kill()

    def end_a_replica(self):
        random.choice(self.replicas).end()

    def stop_a_replica(self):
        random.choice(self.replicas).sleep(world.SILENCE + 2)

    def kill_the_database(self):
        self.database.kill()
        time.sleep(random.uniform(0, 3))
        self.database.start()

    def terminate_backends(self):
        self.database.query(self.conninfo, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                                           " AND pid <> pg_backend_pid()")

    def stall_the_network(self):
        self.proxy.stall(random.uniform(0.5, 4))

    def cut_the_network(self):
        self.proxy.cut()

    def lose_a_commit(self):
        before = self.proxy.lost_commits
        self.proxy.lose_commits(3)
        wait_until(lambda: self.proxy.lost_commits >= before + 1, "a COMMIT whose answer is lost")


# How often each happens, of 100.
CHANCES = {trial.kill_a_replica: 25, trial.end_a_replica: 13, trial.stop_a_replica: 8, trial.kill_the_database: 10,
           trial.terminate_backends: 14, trial.stall_the_network: 10, trial.cut_the_network: 10, trial.lose_a_commit: 10}


def some_events(count):
    """Each of them, and more by chance."""
    every = list(CHANCES)
    random.shuffle(every)
    return (every + random.choices(list(CHANCES), CHANCES.values(), k=max(0, count - len(every))))[:count]


def wait_for_the_ends(gate, cloud):
    """Until each change has its end, but for those that nobody can know of yet: unknown ones of which the cloud has got nothing, whose
    signature is not 16 minutes old. The seconds that it took, and the change that was the last."""
    began, last = time.monotonic(), []

    def have_all_ended():
        found = world.judge(gate, cloud)
        waiting = [each for each in found.changes.values() if not each.get("ended") and
                   not (each["state"] == "unknown" and each["id"] not in found.sent)]
        last[:] = waiting or last
        return not waiting
    wait_until(have_all_ended, "the end of each change", patience=180)
    return time.monotonic() - began, last and programs.run("ecs-gateway", "changes", "show", last[0]["id"], "--config", gate.file).stdout


@contextlib.contextmanager
def running(start, pooled=False, **timeouts):
    cloud = start.simulator(world.cloud_seed(), controlled=True)
    cloud.control("faults", faults=[{"on": "resize", "chance": 0.3, "seed": 1, "delay_ms": 50}])
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(contextlib.closing(postgresql()))
        pool = stack.enter_context(contextlib.closing(pgbouncer(database.folder))) if pooled else database
        proxy = stack.enter_context(contextlib.closing(postgresql_proxy(pool.folder)))
        conninfo = database.new_database()
        secrets = world.replica_secrets(conninfo.replace(str(database.folder), str(proxy.folder)))
        replicas = [stack.enter_context(contextlib.closing(world.replica(start.folder(), world.replica_settings(cloud, **timeouts), secrets)))
                    for _ in range(REPLICAS)]
        for each in replicas:
            wait_until(lambda each=each: each.now.admin("/readyz")[0] == 200, "a replica that is ready")
        yield trial(cloud, database, proxy, conninfo, replicas)


@pytest.mark.parametrize("pooled, events", [(False, EVENTS - EVENTS // 3), (True, EVENTS // 3)], ids=["direct", "pgbouncer"])
def test_replicas_keep_every_promise(start, pooled, events):
    with running(start, pooled) as tried:
        happened = collections.Counter()
        with world.load(tried.replicas) as calls:
            calls.wait_for_more(10)
            for event in some_events(events):
                event(tried)
                happened[event.__name__] += 1
                calls.wait_for_more(random.randint(1, 10))
            calls.wait_for_more(10)
        gate, cloud = tried.replicas[0].now, tried.cloud
        took, last = wait_for_the_ends(gate, cloud)
        found = world.judge(gate, cloud)
        lies = [lie for key, answer in calls.told if (lie := world.judge_told(found, key, answer))]
        at_once = [call for sent in found.sent.values() for call in sent if call["status"] != 200]
        print(f"\n{sum(happened.values())} events ({dict(happened)}), {tried.proxy.lost_commits} answers to COMMIT lost: {found}; "
              f"{len(calls.told)} answers, {len(lies)} of them wrong; {len(at_once)} resizes that met another of their server; "
              f"{calls.queries} queries, {len(calls.failed_queries)} failed on replicas that were not hit; the last end {took:.0f} s "
              f"after the load" + (f":\n{last}" if took > 15 else ""))
        found.expect_truth()
        assert not lies, lies[0]
        assert not at_once, at_once[0]
        assert not calls.failed_queries, calls.failed_queries[0]


def test_replicas_are_replaced_one_by_one_beside_tables_of_the_next_version_and_back(start):
    """As a rollout does it, first with the tables as they are, then with what a next version would add to them, under load."""
    with running(start, ledger="10s") as tried:  # a machine that is busy with other tests is no reason to refuse
        with world.load(tried.replicas) as calls:
            # The row of the ledger first, as whoever writes: the other way round each would wait for the other.
            for statement in (None, "UPDATE ledger SET version = version + 1; ALTER TABLE changes ADD COLUMN tags TEXT"):
                if statement:
                    tried.database.query(tried.conninfo, statement)
                for each in tried.replicas:
                    each.end()
                    calls.wait_for_more(5)
        failed = [answer for _, answer in calls.told if answer.status != 200 and answer.error()[0] != "Gateway.0601"]
        assert not failed, failed[0]
        assert not calls.failed_queries, calls.failed_queries[0]
        world.judge(tried.replicas[0].now, tried.cloud).expect_truth()
