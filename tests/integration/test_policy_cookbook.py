"""docs/policy-cookbook.md by its own words: each recipe's rules in its configuration, each line of its tables asked of `explain`."""
import json
import re

import pytest
import yaml

import programs

PAGE = (programs.PROJECT / "docs/policy-cookbook.md").read_text(encoding="utf-8")
COMMON, *POLICIES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)
RECIPES = re.findall(r"^## (\d+)\. (.*?)\n.*?^```yaml\n(.*?)^```\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
PROJECTS = {account["name"]: next(iter(account["projects"])) for account in yaml.safe_load(COMMON)["accounts"]}
BESIDE = {"paying": {"extendparam": {"isAutoPay": "true"}}, "while running": {"mode": "withStopServer"},
          "on a dedicated host": {"dedicated_host_id": "459a2b9d-804a-4745-ab19-a113bb1b4ddc"}}


def rows(table):
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table.splitlines()
            if line.startswith("| ") and not line.startswith(("| caller", "| ---"))]


def request_of(call):
    """(method, path, body or None) of a call in the page's words."""
    if found := re.fullmatch(r"look at (\w+)/([\w-]+)", call):
        return "GET", f"/v1/{PROJECTS[found[1]]}/cloudservers/{found[2]}", None
    found = re.fullmatch(r"resize (\w+)/([\w-]+) to ([\w.]+)((?:, [\w ]+)*)", call)
    assert found, call
    more = [word for word in found[4].split(", ") if word]
    body = {"resize": {"flavorRef": found[3]}}
    for word in more:
        body["resize" if word in BESIDE else "dry_run"] = {**body["resize"], **BESIDE[word]} if word in BESIDE else True
        assert word in BESIDE or word == "dry run", call
    return "POST", f"/v1.1/{PROJECTS[found[1]]}/cloudservers/{found[2]}/resize", body


def explained(folder, policy, caller, call):
    """The last word of `explain`."""
    file = folder / "gateway.yaml"
    file.write_text(COMMON + policy, encoding="utf-8")
    method, path, body = request_of(call)
    (folder / "body.json").write_text(json.dumps(body), encoding="utf-8")
    done = programs.run("ecs-gateway", "explain", "--config", file, "--caller", caller, "--method", method, "--path", path,
                        *(["--body", folder / "body.json"] if body else []))
    said = [line for line in done.stdout.splitlines() if line.startswith(("allowed by", "refused with"))]
    assert len(said) == 1 and done.returncode == said[0].startswith("refused"), done.stdout + done.stderr
    return said[0]


LINES = [pytest.param(policy, *row, id=f"{number}-{row[0]}-{row[1]}") for number, _, policy, table in RECIPES for row in rows(table)]


@pytest.mark.parametrize("policy, caller, call, answer", LINES)
def test_explain_says_what_the_page_says(tmp_path, policy, caller, call, answer):
    assert explained(tmp_path, policy, caller, call) == answer


def test_every_recipe_is_there_and_shows_an_allowed_and_a_refused_call():
    assert [int(number) for number, *_ in RECIPES] == list(range(1, 16))
    assert [policy for _, _, policy, _ in RECIPES] == POLICIES
    for number, _, _, table in RECIPES:
        answers = [answer.split()[0] for _, _, answer in rows(table)]
        assert {"allowed", "refused"} == set(answers), number


@pytest.mark.parametrize("policy", POLICIES)
def test_the_gateway_takes_every_recipe(tmp_path, policy):
    for name in set(re.findall(r"file: ([\w.-]+)", COMMON)):
        (tmp_path / name).write_text("ASECRETOFTHETEST0001\n", encoding="utf-8")
        (tmp_path / name).chmod(0o600)
    (tmp_path / "gateway.yaml").write_text(COMMON + policy, encoding="utf-8")
    done = programs.run("ecs-gateway", "check", "--config", tmp_path / "gateway.yaml")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "OK"), done.stdout + done.stderr
