"""conf/gateway.schema.json, which editors use: it takes what the gateway takes, and sees the mistakes an editor can see."""
import copy
import json
import pathlib

import jsonschema
import pytest
import yaml

CONF = pathlib.Path(__file__).resolve().parents[2] / "conf"
SCHEMA = json.loads((CONF / "gateway.schema.json").read_text(encoding="utf-8"))
WHOLE = yaml.safe_load((CONF / "gateway.yaml").read_text(encoding="utf-8"))


def problems(document):
    return [f"{list(e.absolute_path)}: {e.message}" for e in jsonschema.Draft202012Validator(SCHEMA).iter_errors(document)]


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", sorted(CONF.glob("*.yaml")), ids=lambda file: file.name)
def test_every_kept_configuration_keeps_to_it(file):
    assert problems(yaml.safe_load(file.read_text(encoding="utf-8"))) == []


BROKEN = {
    "unknown_key": lambda c: c.update(listener=[]),
    "unknown_key_deep": lambda c: c["policy"][0].update(resizes={}),
    "missing_key": lambda c: c.pop("listeners"),
    "wrong_type": lambda c: c.update(listeners="127.0.0.1:8080"),
    "not_a_version": lambda c: c.update(version=2),
    "not_a_duration": lambda c: c["timeouts"].update(idle="75 seconds"),
    "not_a_size": lambda c: c["limits"].update(header_bytes="sixteen"),
    "not_an_operation": lambda c: c["policy"][0].update(operations=["delete_server"]),
    "not_an_effect": lambda c: c["policy"][0].update(effect="perhaps"),
    "a_secret_in_plain": lambda c: c["credentials"][0].update(secret_key="abc"),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_an_editor_sees(broken):
    document = copy.deepcopy(WHOLE)
    broken(document)
    assert problems(document) != []
