"""Renders the kustomizations of deploy/kubernetes: as much of kustomize as they use, and a loud failure at the rest.

Debian has no kustomize that knows `patches`. Where kubectl is on the machine, test_kubernetes.py compares the two. One
difference is meant: kustomize appends a digest to the names of generated ConfigMaps.
"""
import pathlib

import yaml

KNOWN = {"apiVersion", "kind", "namespace", "resources", "patches", "configMapGenerator", "images"}
CLUSTER_WIDE = {"Namespace"}


def merged(base, patch):
    """A strategic merge: maps key by key, lists of named things by name, other values replaced."""
    if isinstance(base, dict) and isinstance(patch, dict):
        return {**base, **{key: merged(base[key], value) if key in base else value for key, value in patch.items()}}
    named = [isinstance(each, list) and all(isinstance(item, dict) and "name" in item for item in each) for each in (base, patch)]
    if not all(named):
        return patch
    old = {item["name"]: item for item in base}
    new = {item["name"]: merged(old.get(item["name"], {}), item) for item in patch}
    return [*new.values(), *(item for name, item in old.items() if name not in new)]


def pods(item):
    template = item.get("spec", {}).get("template", {}).get("spec", {})
    return [*template.get("initContainers", []), *template.get("containers", [])]


def render(folder):
    folder = pathlib.Path(folder)
    wanted = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    assert set(wanted) <= KNOWN, set(wanted) - KNOWN
    made = []
    for name in wanted["resources"]:
        path = folder / name
        made += render(path) if path.is_dir() else [x for x in yaml.safe_load_all(path.read_text(encoding="utf-8")) if x]
    for generated in wanted.get("configMapGenerator", []):
        assert set(generated) == {"name", "files"}, generated
        made.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generated["name"]},
                     "data": {file: (folder / file).read_text(encoding="utf-8") for file in generated["files"]}})
    for patch in wanted.get("patches", []):
        assert set(patch) == {"path", "target"}, patch
        change = yaml.safe_load((folder / patch["path"]).read_text(encoding="utf-8"))
        change.pop("metadata")
        hit = [item for item in made
               if (item["kind"], item["metadata"]["name"]) == (patch["target"]["kind"], patch["target"]["name"])]
        assert hit, f"no object for the patch {patch}"
        for item in hit:
            item.update(merged(item, change))
    for item in made:
        if "namespace" in wanted and item["kind"] not in CLUSTER_WIDE:
            item["metadata"]["namespace"] = wanted["namespace"]
        for image in wanted.get("images", []):
            for container in pods(item):
                if container["image"] == image["name"]:
                    container["image"] = f"{image['name']}:{image['newTag']}"
    return made
