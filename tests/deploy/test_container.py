"""The image and the pair of compose.yaml, as far as they can be tried without a container engine.

The Dockerfile is read and held against what is there; what its last stage would run is run in a root file system of just
that, as that user, who can write nowhere in it but to the ledger's volume. No engine builds the image here.
"""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import urllib.request

import pytest
import yaml

import calling
import programs

DEPLOY = programs.PROJECT / "deploy"
INSTRUCTIONS = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "ENTRYPOINT", "CMD", "HEALTHCHECK", "LABEL"}
# What debian:12-slim has of itself, as far as the health check and the programs need it.
OF_THE_BASE = {"libc6", "libgcc-s1", "libtinfo6", "libpcre2-8-0", "bash", "grep"}


def stages():
    """{name: [(instruction, rest)]} of the Dockerfile, with FROM as the first of each."""
    text = re.sub(r"\\\n", " ", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    found, now = {}, None
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        instruction, rest = line.split(None, 1)
        assert instruction in INSTRUCTIONS, line
        if instruction == "FROM":
            now = found.setdefault(re.fullmatch(r"\S+ AS (\S+)", rest)[1], [])
        now.append((instruction, " ".join(rest.split())))
    return found


STAGES = stages()


def base_of(stage):
    return STAGES[stage][0][1].split()[0]


def lines_of(stage):
    """The stage's instructions after those it inherits."""
    return [*(lines_of(base_of(stage)) if base_of(stage) in STAGES else []), *STAGES[stage]]


def last(stage, instruction):
    return [rest for what, rest in lines_of(stage) if what == instruction][-1]


def runtime_packages():
    return set(re.findall(r"\s([a-z][\w.+-]+)(?=\s)", re.search(r"--no-install-recommends(.*?)&&", last("runtime", "RUN"))[1] + " "))


def libraries(program):
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return [pathlib.Path(path) for path in re.findall(r"(/\S+) \(0x", said)]


def needed_libraries(program):
    """Those that the program itself asks for; what they need in turn comes with their packages."""
    said = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout
    names = set(re.findall(r"\(NEEDED\).*\[(\S+)\]", said))
    return [library for library in libraries(program) if library.name in names]


def test_every_stage_stands_on_debian_12_or_on_another_stage():
    for stage in STAGES:
        assert base_of(stage) in {"debian:12", "debian:12-slim", *list(STAGES)[:list(STAGES).index(stage)]}, stage


def test_everything_that_is_copied_exists():
    for lines in STAGES.values():
        for _, rest in (line for line in lines if line[0] == "COPY"):
            words = rest.split()
            if words[0].startswith("--from="):
                assert words[0].removeprefix("--from=") in STAGES
                assert words[1].startswith("/source/build/profiled/bin/")
                assert (programs.BIN / pathlib.PurePath(words[1]).name).exists()
            else:
                assert (programs.PROJECT / words[0]).exists(), rest


@pytest.mark.parametrize("stage", ["gateway", "simulator"])
def test_it_runs_as_a_user_who_is_nobody(stage):
    assert last(stage, "USER") == "65532:65532"


def test_the_last_stage_is_the_gateway_and_says_its_version():
    assert list(STAGES)[-1] == "gateway"
    version = re.search(r"\d+\.\d+\.\d+", programs.run("ecs-gateway", "version").stdout)[0]
    assert f'version="{version}"' in last("gateway", "LABEL")
    assert json.loads(last("gateway", "ENTRYPOINT")) == ["/usr/bin/ecs-gateway"]


@pytest.mark.parametrize("program", ["ecs-gateway", "ecs-simulator"])
def test_the_image_has_the_libraries_that_it_needs(program):
    packages = runtime_packages() | OF_THE_BASE
    needed = needed_libraries(programs.BIN / program)
    assert "libstdc++.so.6" in {library.name for library in needed}
    for library in needed:
        owners = subprocess.run(["dpkg", "-S", library.resolve()], capture_output=True, text=True, check=False).stdout
        owners = owners or subprocess.run(["dpkg", "-S", f"*/{library.name}"], capture_output=True, text=True, check=True).stdout
        assert {line.split(":")[0] for line in owners.splitlines()} & packages, f"{library} is of {owners}"


def test_the_context_leaves_out_what_is_built_here():
    ignored = (programs.PROJECT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".git", "build", "**/node_modules"} <= set(ignored)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A root file system of the gateway, the health check's programs, and their libraries."""
    folder = tmp_path_factory.mktemp("root")
    there = {"/usr/bin/ecs-gateway": programs.BIN / "ecs-gateway", "/bin/bash": pathlib.Path("/bin/bash"),
             "/bin/grep": pathlib.Path("/bin/grep")}
    for target, program in there.items():
        for source, place in [(program, target), *((library, str(library)) for library in libraries(program))]:
            file = folder / place.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source.resolve(), file)
    for path in [folder.parent, folder, *folder.rglob("*")]:
        path.chmod(0o755)
    return folder


LEDGER = "/var/lib/ecs-gateway"


def ledger_volume(root):
    """The folder of the image, which a new volume is made like."""
    made = re.search(rf"install -d -o (\d+) -g (\d+) -m (\d+) {LEDGER}$", last("gateway", "RUN"))
    user, group = (int(word) for word in last("gateway", "USER").split(":"))
    assert (int(made[1]), int(made[2]), made[3]) == (user, group, "0700")
    folder = root / LEDGER.lstrip("/")
    folder.mkdir(parents=True)
    for path in [folder.parent.parent, folder.parent]:
        path.chmod(0o755)
    folder.chmod(0o700)
    os.chown(folder, user, group)


def inside(root, *command):
    return [shutil.which("chroot"), "--userspec=65532:65532", str(root), *command]


def health_check():
    return json.loads(last("gateway", "HEALTHCHECK").split("CMD ")[1])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the root file system")
def test_it_serves_from_a_root_that_it_cannot_write_to_and_tells_its_health(root, start):
    cloud = start.simulator(yaml.safe_load((programs.PROJECT / "tools/simulator/demo-seed.yaml").read_text(encoding="utf-8")))
    etc = root / "etc/ecs-gateway"
    etc.mkdir(parents=True, exist_ok=True)
    configuration = yaml.safe_load((DEPLOY / "compose/gateway.yaml").read_text(encoding="utf-8"))
    configuration["listeners"][0]["address"] = "127.0.0.1:0"
    configuration["admin"]["address"] = "127.0.0.1:0"
    configuration["regions"]["cn-north-4"] = {"ecs": cloud.url, "iam": cloud.url}
    configuration["upstream"]["ca_file"] = "/etc/ecs-gateway/ca.pem"
    (etc / "ca.pem").write_bytes(cloud.ca_file.read_bytes())
    (etc / "gateway.yaml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    for path in [etc.parent, etc]:
        path.chmod(0o755)
    for path in etc.iterdir():
        path.chmod(0o644)
    ledger_volume(root)
    environment = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]["gateway"]["environment"]
    command = [*json.loads(last("gateway", "ENTRYPOINT")), *json.loads(last("gateway", "CMD"))]
    process = subprocess.Popen(inside(root, *command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    said = programs.output(process.stderr)
    programs.output(process.stdout)
    try:
        def port(listener):
            found = programs.wait_until(lambda: said.find(rf"listening address=\S+:(\d+) listener={listener}$"),
                                        f"{listener} of\n{said.text()}")
            return int(found[1])
        gateway, admin = port("127.0.0.1:0"), port("admin")
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        assert re.search(r"^Uid:\s+65532\s", status, re.M)

        check = [word.replace("/9901", f"/{admin}") for word in health_check()]
        assert subprocess.run(inside(root, *check), timeout=30, check=False).returncode == 0
        request = urllib.request.Request(
            f"http://127.0.0.1:{gateway}/v1/0605767a3300d5762fb7c0186d9e1779/cloudservers/459a2b9d-804a-4745-ab19-a113bb1b4ddc",
            headers={"X-Api-Key": "demo-ci-key"})
        with urllib.request.urlopen(request, timeout=30) as got:
            assert json.load(got)["server"]["flavor"]
    finally:
        process.terminate()
        assert process.wait(30) == 0, said.text()
    assert subprocess.run(inside(root, *check), timeout=30, capture_output=True, check=False).returncode != 0


COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("service", COMPOSE["services"])
def test_a_service_of_compose_can_write_and_become_nothing(service):
    held = COMPOSE["services"][service]
    assert held["read_only"] is True and held["cap_drop"] == ["ALL"]
    assert held["security_opt"] == ["no-new-privileges:true"]
    assert held["build"]["target"] in STAGES and (DEPLOY / held["build"]["context"] / held["build"]["dockerfile"]).exists()


def test_workers_are_given_where_processes_and_memory_are_limited():
    held = COMPOSE["services"]["gateway"]
    workers = yaml.safe_load((DEPLOY / "compose/gateway.yaml").read_text(encoding="utf-8"))["workers"]
    threads_beside_workers = 12
    assert workers + threads_beside_workers <= held["pids_limit"]
    assert workers * 16 <= int(held["mem_limit"].removesuffix("m")) / 4, "16 MiB of waiting lines each"


def test_the_ledger_of_compose_is_on_a_volume_of_its_own():
    file = yaml.safe_load((DEPLOY / "compose/gateway.yaml").read_text(encoding="utf-8"))["ledger"]["file"]
    assert str(pathlib.PurePath(file).parent) == LEDGER
    assert any(volume.split()[0] == f"ledger:{LEDGER}" for volume in COMPOSE["services"]["gateway"]["volumes"])
    assert "ledger" in COMPOSE["volumes"]


def test_compose_publishes_to_this_machine_only_and_mounts_what_exists():
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).exists(), volume


def test_the_gateway_takes_the_configuration_of_compose(tmp_path, certificate):
    text = (DEPLOY / "compose/gateway.yaml").read_text(encoding="utf-8").replace("/ca/ca.pem", str(certificate[0]))
    text = text.replace(LEDGER, str(tmp_path))
    (tmp_path / "gateway.yaml").write_text(text, encoding="utf-8")
    done = subprocess.run([programs.BIN / "ecs-gateway", "check", "--config", tmp_path / "gateway.yaml"], capture_output=True,
                          text=True, timeout=60, check=False, env=COMPOSE["services"]["gateway"]["environment"])
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_in_compose_s_comment_is_one_that_its_policy_allows():
    command = re.search(r"#   (curl .*)", (DEPLOY / "compose.yaml").read_text(encoding="utf-8"))[1]
    words = shlex.split(command)
    assert words[2] == "X-Api-Key: demo-ci-key"
    assert words[3].startswith("http://127.0.0.1:8080/v1/")
