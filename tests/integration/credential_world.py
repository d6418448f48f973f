"""A cloud with users, agencies and metadata, and gateways that sign acme's calls with one kind of credential."""
import threading

import pytest

import calling
from world import ACME, ACME_KEY, CI, PARTNER, PARTNER_KEY, SECRETS, settings

PASSWORD = "Zq7IAM pass word doNOTleak\u00fc"
ACME_2 = "1f2e3d4c5b6a79880f1e2d3c4b5a6978"
LOOK = "/v1/{}/cloudservers/{}"


def seed(**more):
    return {
        "accounts": [
            {"name": "partner", "keys": [{"access_key": PARTNER_KEY, "secret_key": SECRETS["partner.sk"]}],
             "users": [{"name": "gateway", "password": PASSWORD}], "projects": [{"id": PARTNER, "region": "cn-north-4"}]},
            {"name": "acme", "keys": [{"access_key": ACME_KEY, "secret_key": SECRETS["acme.sk"]},
                                      {"access_key": "CLOUDACMEAK000000002", "secret_key": "acme-second-secret-key-000000002"}],
             "users": [{"name": "acme-user", "password": PASSWORD}],
             "agencies": [{"name": "resize-operator", "trusts": "partner"}],
             "projects": [{"id": ACME, "region": "cn-north-4"}, {"id": ACME_2, "region": "cn-north-4"}]},
        ],
        "flavors": [{"id": "s6.large.2"}, {"id": "s6.xlarge.2", "vcpus": "4", "ram": "8192"}],
        "servers": [{"id": "of-partner", "project": PARTNER, "flavor": "s6.large.2"},
                    {"id": "of-acme", "project": ACME, "flavor": "s6.large.2"},
                    {"id": "of-acme-2", "project": ACME_2, "flavor": "s6.large.2"}],
        "jobs": {"init_ms": 50, "running_ms": 50},
        "metadata": {"account": "acme"},
        **more,
    }


TOKEN = {"token": {"domain_name": "acme", "user_name": "acme-user", "password": {"file": "password"}}}
USER = {"token": {"domain_name": "partner", "user_name": "gateway", "password": {"file": "password"}}}


def agency(through="partner-key", **more):
    return {"agency": {"through": through, "domain_name": "acme", "agency_name": "resize-operator", "duration": "15m"},
            **more}


def with_acme_by(cloud, way, *others, **changes):
    """A configuration in which acme's calls are signed with a credential of that kind."""
    whole = settings(cloud.url, cloud.ca_file, admin={"address": "127.0.0.1:0"}, **changes)
    whole["credentials"] = [whole["credentials"][0], {"name": "acme-way", **way}, *others]
    if "accounts" not in changes:
        whole["accounts"][1] |= {"credential": "acme-way", "projects": {ACME: "cn-north-4", ACME_2: "cn-north-4"}}
    return whole


@pytest.fixture
def cloud(start):
    return start.simulator(seed(), controlled=True)


@pytest.fixture
def gate_for(start, cloud):
    def begin(way, *others, environment=None, **changes):
        return start.gateway(with_acme_by(cloud, way, *others, **changes), secrets={"password": PASSWORD},
                             environment={"ECS_GATEWAY_METADATA_URL": cloud.metadata_url, **(environment or {})})
    return begin


def look(gate, project=ACME, server="of-acme", proof=CI):
    return gate.call("GET", LOOK.format(project, server), proof=proof)


def requests_to(cloud, path):
    return [r for r in cloud.record() if r["target"].startswith(path)]


def fields_of(request):
    return {name.lower(): value for name, value in request["headers"]}


# Load: many calls on kept connections, counted by what came back.
class load:
    def __init__(self, gate, connections=4, project=ACME, server="of-acme"):
        self.good, self.bad, self._stop = 0, [], threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(gate, project, server)) for _ in range(connections)]

    def _run(self, gate, project, server):
        with calling.connection(gate.port) as to:
            while not self._stop.is_set():
                answer = to.call("GET", LOOK.format(project, server), proof=CI)
                with self._lock:
                    if answer.status == 200:
                        self.good += 1
                    else:
                        self.bad.append(answer.body)

    def __enter__(self):
        for t in self._threads:
            t.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for t in self._threads:
            t.join()


def memory_of(pid):
    """All readable and writable memory of a process."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            begin, end = (int(x, 16) for x in span.split("-"))
            try:
                memory.seek(begin)
                yield memory.read(end - begin)
            except OSError:
                continue  # guard pages
