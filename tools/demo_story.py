#!/usr/bin/python3
"""The story of `make demo`: calls with curl and the official Node SDK, each followed by its outcome line.

Every step says what it expects; one that shows anything else ends the story with status 1.
Usage: demo_story.py GATEWAY_URL FOLDER, where FOLDER holds gateway.out (outcome lines) and cloud.jsonl (what reached
the simulator).
"""
import json
import os
import pathlib
import subprocess
import sys
import textwrap
import time

GATEWAY, HERE = sys.argv[1], pathlib.Path(sys.argv[2])
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
    """The outcome line of the call just made, shown as the gateway wrote it. A line may follow its answer."""
    global seen
    until = time.monotonic() + 10
    while time.monotonic() < until:
        lines = (HERE / "gateway.out").read_text(encoding="utf-8").splitlines()
        if len(lines) > seen:
            seen = len(lines)
            if not quiet:
                print(f"  {DIM}outcome line:")
                show_object(lines[-1])
                print(PLAIN, end="", flush=True)
            return json.loads(lines[-1])
        time.sleep(0.02)
    return fail("a call without an outcome line")


def curl(*arguments):
    """Shows and runs curl; status and body."""
    command = ["curl", "-sS", *arguments]
    print("  $ " + " ".join(f"'{a}'" if set(a) & set(' "{') else a for a in command), flush=True)
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
    return len((HERE / "cloud.jsonl").read_text(encoding="utf-8").splitlines())


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

print(f"\n{BOLD}That was it.{PLAIN} Everything is in {HERE}: gateway.out has all outcome lines, cloud.jsonl what "
      "reached the cloud. `make run` starts the same pair and stays.")
