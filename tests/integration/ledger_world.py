"""A gateway that is killed and started again with the same ledger, a cloud that knows what it was sent, and what both say of
the same changes."""
import collections
import json
import signal

import programs
import world
from calling import connection
from test_cloud import SEED
from world import PARTNER, PLANNER, settings

FLAVORS = ["s6.xlarge.2", "s6.large.2"]
TOOK_PLACE = {"accepted", "awaiting_payment", "succeeded", "failed"}


def seed(servers):
    """A cloud with servers `s0`, `s1`…, whose jobs end at once."""
    return {**SEED, "jobs": {"init_ms": 0, "running_ms": 0},
            "servers": [{"id": f"s{number}", "project": PARTNER, "flavor": "s6.large.2"} for number in range(servers)]}


def change_settings(cloud, **changes):
    """Everybody may look, and grow servers."""
    return settings(cloud.url, getattr(cloud, "ca_file", None), **{"policy": [
        {"rule": "look", "callers": ["planner", "ci"], "operations": ["show_server", "show_job"]},
        {"rule": "grow", "callers": ["planner", "ci"], "operations": ["resize"],
         "resize": {"flavors": ["s6.*"], "auto_pay": True}}], **changes})


class ledger_file:
    """What the commands say of a ledger, whoever has it."""

    def __init__(self, config, through=()):
        """`through`: a command that starts others where they see the file."""
        self._config, self._through = config, through

    def command(self, *words):
        return programs.run("ecs-gateway", *words, "--config", self._config, through=self._through)

    def changes(self):
        """All of them, by id."""
        done = self.command("changes", "export")
        assert done.returncode == 0, done.stderr
        every = [json.loads(line) for line in done.stdout.splitlines()]
        return {each["id"]: each for each in every}


class lasting_gateway:
    """Is killed, and started again with the same configuration and ledger. `now` is the one that runs."""

    def __init__(self, folder, configuration, secrets=None):
        self.folder, self.configuration, self._secrets = folder, configuration, {**world.SECRETS, **(secrets or {})}
        self.file = folder / "ledger.db"
        self.ledger = ledger_file(folder / "gateway.yaml")
        self.now = None
        self.generation = 0
        self.start()

    def start(self):
        self.now = programs.gateway(self.folder, self.configuration, self._secrets)
        self.generation += 1

    def kill(self):
        self.now.tell(signal.SIGKILL)
        self.wait_for_death()

    def wait_for_death(self):
        self.now.process.wait(programs.PATIENCE)
        assert self.now.process.returncode == -signal.SIGKILL, self.now.stderr.text()

    def close(self):
        if self.now.process.returncode != -signal.SIGKILL:
            self.now.close()


def resize_bytes(to, server, flavor, key=None, proof=PLANNER, padding=0):
    """The bytes of a resize over that connection, with spaces after its body. They may be sent again as they are."""
    fields = [("Content-Type", "application/json"), *([("Idempotency-Key", key)] if key else [])]
    body = json.dumps({"resize": {"flavorRef": flavor}}).encode() + b" " * padding
    return to.request("POST", f"/v1.1/{PARTNER}/cloudservers/{server}/resize", body, fields, proof)


def resize(gate, server, flavor, key=None, proof=PLANNER):
    with connection(gate.port) as to:
        to.send(resize_bytes(to, server, flavor, key, proof))
        return to.answer()


def sent_changes(cloud):
    """What reached the cloud, by the id of its change: a list for each, since a change that was sent twice is there twice."""
    by_change, after = collections.defaultdict(list), 0
    while page := cloud.control(f"resizes?after={after}")["calls"]:
        for each in page:
            by_change[each["traceparent"].split("-")[1]].append(each)
        after = page[-1]["number"]
    return by_change


def contradiction(change, sent):
    """How the state of a change contradicts what the cloud was sent of it; or nothing."""
    state, acted = change["state"], [each for each in sent if each["acted"]]
    job = acted[0]["answer"]["job_id"] if acted and acted[0]["status"] == 200 else None
    if state == "not_sent" and sent:
        return "given up, and sent"
    if state in ("refused", "not_applied") and acted:
        return "nothing was done, and the cloud did it"
    if state in TOOK_PLACE and (job is None or change["job_id"] != job):
        return f"took place, and the cloud's job is {job}"
    return None


class verdict:
    """The ledger beside the cloud."""

    def __init__(self, changes, sent):
        self.changes, self.sent = changes, sent
        self.twice = [change for change, calls in sent.items() if len(calls) > 1]
        self.unrecorded = [change for change in sent if change not in changes]
        self.contradictions = {each["id"]: found for each in changes.values()
                               if (found := contradiction(each, sent.get(each["id"], [])))}
        acted = collections.Counter(changes[change]["idempotency_key"] for change, calls in sent.items()
                                    if change in changes and "idempotency_key" in changes[change]
                                    for call in calls if call["acted"])
        self.keys_twice = [key for key, times in acted.items() if times > 1]
        self.states = collections.Counter(each["state"] for each in changes.values())

    def __str__(self):
        return (f"{len(self.changes)} changes, {sum(map(len, self.sent.values()))} sent: {len(self.twice)} sent twice, "
                f"{len(self.keys_twice)} keys acted on twice, {len(self.unrecorded)} at the cloud that the ledger does not have, "
                f"{len(self.contradictions)} with a state that contradicts the cloud "
                f"({', '.join(f'{count} {state}' for state, count in sorted(self.states.items()))})")

    def expect_truth(self):
        assert not (self.twice or self.unrecorded or self.contradictions or self.keys_twice), (
            f"{self}\n{self.twice}\n{self.unrecorded}\n{self.contradictions}\n{self.keys_twice}")


def judge(gate, cloud):
    return verdict(gate.ledger.changes(), sent_changes(cloud))
