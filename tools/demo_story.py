#!/usr/bin/python3
"""The story of `make demo`: calls with curl and the official Node SDK, each followed by its outcome line.

Every step says what it expects; one that shows anything else ends the story with status 1.
Usage: demo_story.py GATEWAY_URL FOLDER PROGRAM, where PROGRAM is the gateway's, and FOLDER gets gateway.out (outcome lines) and
gateway.err (its log), and holds cloud.jsonl (what reached the simulator).
"""
import atexit
import json
import os
import pathlib
import re
import ssl
import subprocess
import sys
import textwrap
import time
import urllib.request

GATEWAY, HERE, PROGRAM = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
CONFIG = "conf/demo.yaml"
SDK = pathlib.Path(__file__).resolve().parents[1] / "tests/integration/sdk/calls.mjs"
PARTNER, ACME = "0605767a3300d5762fb7c0186d9e1779", "7c1e0f6f5c7a4b6b8f0a3f2d9b1c4e5d"
# Servers of tools/simulator/demo-seed.yaml: one that is running, one that is stopped, one that is prepaid.
RUNNING, STOPPED = "5f1c2b6e-0d7a-4a39-9b62-7a1f0e5d3c21", "459a2b9d-804a-4745-ab19-a113bb1b4ddc"
PREPAID = "0d6e4c1b-2f3a-4b5c-8d7e-9f0a1b2c3d4e"
PLANNER = ("GWPLANNER0000000001", "demo-planner-secret")

COLOURS = ["\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m"]
BOLD, DIM, GREEN, RED, PLAIN = COLOURS if sys.stdout.isatty() else [""] * 5


def fail(why):
    print(f"{RED}This is not what the step should show: {why}{PLAIN}", flush=True)
    sys.exit(1)


def expect(what, good):
    if not good:
        fail(what)
    print(f"  {GREEN}✓ {what}{PLAIN}")


step = 0


def tell(title, text):
    global step
    step += 1
    print(f"\n{BOLD}{step}. {title}{PLAIN}")
    print(textwrap.indent(textwrap.fill(text, 110), "  "), flush=True)


def show(text):
    for line in textwrap.wrap(text, 116, break_on_hyphens=False):
        print(f"    {line}", flush=True)


def show_object(line):
    """A line of JSON as it stands, save that it is broken between its members."""
    members = [f"{json.dumps(key)}:{json.dumps(value, ensure_ascii=False, separators=(',', ':'))}"
               for key, value in json.loads(line).items()]
    row = "    {"
    for i, member in enumerate(members):
        member += "}" if i + 1 == len(members) else ","
        if len(row) + len(member) > 120:
            print(row)
            row = "     "
        row += member
    print(row, flush=True)


seen = 0


def outcome(quiet=False):
    """The outcome line of the call just made, shown as the gateway wrote it. A line may follow its answer; settled lines, of
    changes that ended later, come at any time."""
    global seen
    until = time.monotonic() + 10
    while time.monotonic() < until:
        lines = [text for text in (HERE / "gateway.out").read_text(encoding="utf-8").splitlines() if '"event"' not in text]
        if len(lines) > seen:
            seen = len(lines)
            if not quiet:
                print(f"  {DIM}outcome line:")
                show_object(lines[-1])
                print(PLAIN, end="", flush=True)
            return json.loads(lines[-1])
        time.sleep(0.02)
    return fail("a call without an outcome line")


def show_command(words):
    print("  $ " + " ".join(f"'{a}'" if set(a) & set(' "{') else a for a in words), flush=True)


def curl(*arguments):
    """Shows and runs curl; status and body."""
    command = ["curl", "-sS", *arguments]
    show_command(command)
    done = subprocess.run([*command, "-w", "\n%{http_code}"], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        fail(done.stderr)
    body, _, status = done.stdout.rpartition("\n")
    show(f"{status} {body}")
    return int(status), json.loads(body)


def sdk(shown, call, key=PLANNER, quiet=False):
    """One call with the official Node SDK, which throws what the gateway or the cloud answers with an error."""
    if not quiet:
        print(f"  node> {shown}", flush=True)
    request = {"endpoint": GATEWAY, "accessKey": key[0], "secretKey": key[1], "calls": [call]}
    done = subprocess.run(["node", SDK], input=json.dumps(request), capture_output=True, text=True, timeout=60,
                          check=False, env=os.environ | {"HOME": str(HERE)})  # where the SDK leaves a file
    if done.returncode != 0:
        fail(done.stderr)
    [result] = json.loads(done.stdout.splitlines()[-1])
    if not quiet:
        if "answer" in result:
            show(json.dumps(result["answer"]))
        else:
            show(f"throws {result['raised']}: {result['code']} {result['message']}")
    return result


def cloud_calls():
    """Resizes that reached the cloud, dry runs among them. (What follows changes asks for jobs and servers meanwhile.)"""
    lines = (HERE / "cloud.jsonl").read_text(encoding="utf-8").splitlines()
    return sum(json.loads(line)["method"] == "POST" and "/cloudservers/" in json.loads(line)["target"] for line in lines)


def wait_until(what, condition):
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.02)
    return fail(f"{what} did not come")


class gateway:
    """The gateway's process, which the story ends in the middle."""

    def __init__(self):
        log = HERE / "gateway.err"
        with open(HERE / "gateway.out", "ab") as out, open(log, "wb") as err:
            self._process = subprocess.Popen([PROGRAM, "run", "--config", CONFIG], stdout=out, stderr=err)
        atexit.register(self.end)
        wait_until("a gateway that serves", lambda: "serving " in log.read_text(encoding="utf-8"))
        self.log = log

    def kill(self):
        self._process.kill()
        self._process.wait()

    def end(self):
        self._process.terminate()
        self._process.wait()


def ecs_gateway(*words):
    """Shows and runs a command beside the gateway; what it prints."""
    show_command(["ecs-gateway", *words])
    done = subprocess.run([PROGRAM, *words, "--config", CONFIG], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        fail(done.stderr)
    for line in done.stdout.splitlines():
        print(f"    {line}", flush=True)
    return done.stdout


def simulator(path, said=None):
    """Tells or asks the simulator, by its control calls."""
    request = urllib.request.Request("https://127.0.0.1:9443/simulator/" + path, data=None if said is None else json.dumps(said).encode())
    with urllib.request.urlopen(request, timeout=30, context=ssl.create_default_context(cafile=HERE / "ca.pem")) as answer:
        return json.load(answer)


(HERE / "gateway.out").write_bytes(b"")
running = gateway()


tell("A partner's server grows, by the official Node SDK",
     "The tool holds a key that the gateway issued; it opens nothing else. The gateway checks the signature, asks the "
     "policy, signs afresh with the partner's own key and hands the cloud's answer back.")
result = sdk(f"ecs.resizeServer({{server: '{RUNNING}', flavorRef: 'c6.large.2', mode: 'withStopServer'}})",
             {"operation": "resizeServer", "project": PARTNER, "server": RUNNING,
              "resize": {"flavor": "c6.large.2", "mode": "withStopServer"}})
line = outcome()
job = result.get("answer", {}).get("job_id")
expect("the cloud started a job", job and line["result_job_id"] == job)
expect("signed with the partner's credential, which the tool never saw", line["credential"] == "partner-key")
expect("a rule in the shadow says what it would have done", line.get("shadow") == "denied by next-month-no-c6")

tell("The job is watched to its end", "The same key, the next operation.")
states, until = [], time.monotonic() + 60
while time.monotonic() < until and (not states or states[-1] not in ("SUCCESS", "FAIL")):
    if states:
        time.sleep(1.1)
    result = sdk(f"ecs.showJob({{jobId: '{job}'}})", {"operation": "showJob", "project": PARTNER, "job": job},
                 quiet=bool(states))
    line = outcome(quiet=bool(states))
    states.append(result.get("answer", {}).get("status", "no answer"))
print("  asked again until it ended: " + " → ".join(s for i, s in enumerate(states) if i == 0 or s != states[i - 1]))
expect("the job ended in SUCCESS", states[-1] == "SUCCESS")

tell("A sub-customer's prepaid server grows, and the order is paid",
     "Another account, another credential, another rule: this one may spend money.")
result = sdk(f"ecs.resizeServer({{server: '{PREPAID}', flavorRef: 's6.xlarge.2', isAutoPay: 'true'}})",
             {"operation": "resizeServer", "project": ACME, "server": PREPAID,
              "resize": {"flavor": "s6.xlarge.2", "autoPay": True}})
line = outcome()
order = result.get("answer", {}).get("order_id")
expect("the cloud took an order", order and line["result_order_id"] == order)
expect("signed with the sub-customer's own credential", line["credential"] == "acme-key" and line["auto_pay"] is True)

tell("The pipeline asks whether a resize would work", "An API key and curl. Its rule allows dry runs only.")
url = f"{GATEWAY}/v1.1/{PARTNER}/cloudservers/{STOPPED}/resize"
status, body = curl("-H", "X-Api-Key: demo-ci-key", "-H", "Content-Type: application/json",
                    "-d", '{"resize":{"flavorRef":"s6.xlarge.2"},"dry_run":true}', url)
line = outcome()
expect("the cloud says that it would", status in (200, 202) and line["dry_run"] is True)

tell("The auditor may look, not touch",
     "No rule allows this caller a resize, so it is denied, and the cloud never hears of it.")
at_cloud = cloud_calls()
status, body = curl("-H", "X-Api-Key: demo-auditor-key", "-H", "Content-Type: application/json",
                    "-d", '{"resize":{"flavorRef":"s6.xlarge.2"}}', url)
line = outcome()
expect("denied, with the reason", status == 403 and body["error"]["code"] == "Gateway.0201")
expect("nothing was sent", line["outcome"] == "not_sent" and cloud_calls() == at_cloud)

tell("A wrong signature", "The right access key, another secret: whoever this is, it is not the planner.")
result = sdk("ecs.resizeServer(…), with another secret key",
             {"operation": "resizeServer", "project": PARTNER, "server": STOPPED,
              "resize": {"flavor": "s6.large.2"}}, key=(PLANNER[0], "not-the-secret"))
line = outcome()
expect("not authenticated", (result.get("status"), result.get("code")) == (401, "Gateway.0101"))
expect("nothing was sent", line["outcome"] == "not_sent" and cloud_calls() == at_cloud)


def desk(key, server, body):
    """What the desk's tool sends: a change under a key of its own."""
    return ["-H", "X-Api-Key: demo-desk-key", "-H", f"Idempotency-Key: {key}", "-H", "Content-Type: application/json",
            "-d", body, f"{GATEWAY}/v1.1/{PARTNER}/cloudservers/{server}/resize"]


GROW, GROW_MORE = '{"resize":{"flavorRef":"s6.xlarge.2"}}', '{"resize":{"flavorRef":"s6.2xlarge.2"}}'

tell("A repeat is answered from the record",
     "Each change has its record in the ledger, a file on the disk, before a byte of it is sent. A tool that has lost the answer "
     "calls again with the same key, and gets the first call's answer; the cloud hears of it once.")
simulator("resizes", {"server": STOPPED, "ends": "never"})
at_cloud = cloud_calls()
first = curl(*desk("ticket-4711", STOPPED, GROW))
change = outcome(quiet=True)["change_id"]
again = curl(*desk("ticket-4711", STOPPED, GROW))
line = outcome()
expect("the same answer", first == again and "job_id" in again[1])
expect("sent once: the second call was answered from the record of the first", cloud_calls() == at_cloud + 1
       and line["replayed"] and line["change_id"] == change)

tell("A server that is held",
     "While that resize is under way nobody else resizes the server, be it by another key, another tool or after a restart.")
result = sdk(f"ecs.resizeServer({{server: '{STOPPED}', flavorRef: 's6.2xlarge.2'}})",
             {"operation": "resizeServer", "project": PARTNER, "server": STOPPED, "resize": {"flavor": "s6.2xlarge.2"}})
outcome(quiet=True)
expect("refused, with the change that holds it", (result.get("status"), result.get("code")) == (409, "Gateway.0601")
       and change in result["message"])
status, body = curl("-H", "X-Api-Key: demo-desk-key", f"{GATEWAY}/gateway/v1/{PARTNER}/changes/{change}")
outcome(quiet=True)
expect("whose change it is can see it", status == 200 and body["change"]["state"] == "accepted" and body["change"]["holds"])
simulator("job", {"job_id": again[1]["job_id"], "ends": "SUCCESS"})
simulator("resizes", {"server": STOPPED})
print("  The job ends. The next resize asks for it first, and goes through.")
status, body = curl(*desk("ticket-4712", STOPPED, GROW_MORE))
outcome(quiet=True)
expect("the server was free", status == 200 and "job_id" in body)
ecs_gateway("changes", "list")

tell("kill -9 in the middle",
     "The cloud has the call and has not answered yet when the gateway's process is killed. Nobody knows what became of it, and the "
     "ledger says so: it is unknown, and is not sent again.")
simulator("faults", {"faults": [{"on": "resize", "id": RUNNING, "delay_ms": 30000, "count": 1, "label": "slow"}]})
received = simulator(f"resizes?server={RUNNING}")["received"]
middle = desk("ticket-4713", RUNNING, '{"resize":{"flavorRef":"s6.large.2","mode":"withStopServer"}}')
show_command(["curl", "-sS", *middle])
with subprocess.Popen(["curl", "-sS", *middle], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as calling:
    wait_until("the call at the cloud", lambda: simulator(f"resizes?server={RUNNING}")["received"] == received + 1)
    print("  $ kill -9 GATEWAY")
    running.kill()
    show(calling.communicate()[0].strip())
running = gateway()
print("  A new one starts. Its log:")
[unknown] = re.findall(r"ledger: a change was being sent.*change_id=(\w+)", running.log.read_text(encoding="utf-8"))
show(next(text for text in running.log.read_text(encoding="utf-8").splitlines() if unknown in text))
listed = ecs_gateway("changes", "list", "--state", "unknown")
expect("the ledger has it, and calls it unknown", unknown in listed)
status, body = curl(*middle)
line = outcome(quiet=True)
expect("the tool's repeat is told so, and not sent", (status, body["error"]["code"]) == (409, "Gateway.0603") and line["outcome"] == "unknown"
       and simulator(f"resizes?server={RUNNING}")["received"] == received + 1)

tell("The gateway finds out",
     "Its new process asks for evidence by itself: for a trace of the call in the cloud's own log, and for the server. One that "
     "says so decides; the change is followed to its end, and a settled line tells it.")
wait_until("the end of the change", lambda: any(f'"change_id":"{unknown}"' in text for text in (HERE / "gateway.out").read_text(
    encoding="utf-8").splitlines() if '"event":"settled"' in text))
shown = ecs_gateway("changes", "show", unknown)
expect("the change has ended, and its history says what decided", "succeeded" in shown and "that decides" in shown)
show_object(next(text for text in (HERE / "gateway.out").read_text(encoding="utf-8").splitlines()
                 if '"event":"settled"' in text and unknown in text))


def flavor():
    request = urllib.request.Request(f"{GATEWAY}/v1/{PARTNER}/cloudservers/{RUNNING}", headers={"X-Api-Key": "demo-auditor-key"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        found = json.load(answer)["server"]["flavor"]["id"]
    outcome(quiet=True)
    return found


expect("it is true: the server has its new flavor", flavor() == "s6.large.2")

tell("A freeze", "From one moment to the next no resize of the partner's servers goes out, without a reload. Looking goes on.")
made = ecs_gateway("freeze", "--account", "partner", "--reason", "quarter end")
at_cloud = cloud_calls()
status, body = curl(*desk("ticket-4714", STOPPED, GROW))
line = outcome(quiet=True)
expect("refused, with the reason", (status, body["error"]["code"]) == (403, "Gateway.0203") and "quarter end" in body["error"]["message"])
expect("nothing was sent", line["outcome"] == "not_sent" and cloud_calls() == at_cloud)
expect("queries are served", flavor() == "s6.large.2")
[frozen] = re.findall(r"\b[0-9a-f]{8}\b", ecs_gateway("freezes"))[:1]
ecs_gateway("unfreeze", frozen)

print(f"\n{BOLD}That was it.{PLAIN} Everything is in {HERE}: gateway.out has all outcome lines, ledger.db the changes, cloud.jsonl what "
      "reached the cloud. `make run` starts simulator and gateway and stays.")
