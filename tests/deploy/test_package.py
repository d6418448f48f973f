"""The Debian package: well made, and installed, started, called and removed.

Installing changes the machine, so that is done only where CI=true says that the machine is there for it, or
GATEWAY_INSTALL_PACKAGE=1.
"""
import contextlib
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request

import pytest
import yaml

import calling
import programs
import test_cloud
import credential_world
from world import ACME, CI, PARTNER, PLANNER, SECRETS, STRANGER, settings

DEPLOY = programs.PROJECT / "deploy"
BUILD = programs.BIN.parent
UNIT = DEPLOY / "systemd/ecs-gateway.service"


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, check=False, **more)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", folder, cwd=BUILD)
    found = list(folder.glob("*.deb"))
    assert len(found) == 1
    return found[0]


def test_lintian_has_no_error(package):
    run("lintian", "--fail-on", "error", "--allow-root", package)


def test_the_configuration_is_for_root_and_the_service_alone(package):
    """It names callers, accounts and where secrets are. The group exists once postinst has made it."""
    listed = run("dpkg-deb", "-c", package)
    assert re.search(r"^-rw-r----- root/root .* \./etc/ecs-gateway/gateway\.yaml$", listed, re.M), listed
    assert "chown root:ecs-gateway /etc/ecs-gateway/gateway.yaml" in (DEPLOY / "debian/postinst").read_text(encoding="utf-8")


def reload_commands():
    return re.findall(r"^ExecReload=(.*)$", UNIT.read_text(encoding="utf-8").replace("\\\n", " "), re.M)


def test_a_reload_of_a_file_with_an_error_fails_and_shows_its_lines(tmp_path):
    """systemd runs the commands in their order, up to the first that fails, and keeps what they say for `systemctl status`."""
    file = tmp_path / "gateway.yaml"
    file.write_text((DEPLOY / "debian/gateway.yaml").read_text(encoding="utf-8") + "nonsense: 1\n", encoding="utf-8")
    first, then = [command.split() for command in reload_commands()]
    check = first.index("/usr/bin/ecs-gateway")
    assert first[:check] == [
        *"+/usr/bin/nsenter --target ${MAINPID} --mount -- /usr/bin/setpriv --reuid=ecs-gateway --regid=ecs-gateway".split(),
        *"--init-groups --no-new-privs --inh-caps=-all --bounding-set=-all".split()], "as the service, among its mounts"
    assert first[check + 1:] == ["check", "--config", "/etc/ecs-gateway/gateway.yaml"]
    done = subprocess.run([programs.BIN / "ecs-gateway", "check", "--config", file], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "gateway.yaml:24:1: nonsense: unknown key" in done.stdout
    assert then == ["/bin/kill", "-HUP", "$MAINPID"]


def units(folder):
    """The service and the socket beside it; its program need not be installed here."""
    unit, sockets = folder / "ecs-gateway.service", folder / "ecs-gateway.socket"
    unit.write_text(UNIT.read_text(encoding="utf-8").replace("/usr/bin/ecs-gateway", str(programs.BIN / "ecs-gateway"))
                    .replace("man:ecs-gateway(8) ", ""), encoding="utf-8")
    sockets.write_text((DEPLOY / "systemd/ecs-gateway.socket").read_text(encoding="utf-8"), encoding="utf-8")
    return unit, sockets


def test_the_unit_is_valid_and_exposes_little(tmp_path):
    unit, sockets = units(tmp_path)
    assert "service:" not in run("systemd-analyze", "verify", unit)
    assert "ecs-gateway" not in run("systemd-analyze", "verify", sockets)
    said = run("systemd-analyze", "security", "--offline=true", unit)
    exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", said)[1])
    print(f"exposure of the unit: {exposure}")
    assert exposure <= 2.0
    assert f"(exposure {exposure} of 10" in (DEPLOY / "README.md").read_text(encoding="utf-8")


def test_the_ledger_is_where_the_unit_lets_the_service_write_and_nobody_else_read():
    unit = UNIT.read_text(encoding="utf-8")
    assert re.search(r"^StateDirectory=ecs-gateway$", unit, re.M) and re.search(r"^StateDirectoryMode=0700$", unit, re.M)
    installed = yaml.safe_load((DEPLOY / "debian/gateway.yaml").read_text(encoding="utf-8"))
    assert installed["ledger"] == {"file": "/var/lib/ecs-gateway/ledger.db"}
    assert "install -d -o ecs-gateway -g ecs-gateway -m 0700 /var/lib/ecs-gateway" in (
        DEPLOY / "debian/postinst").read_text(encoding="utf-8")


def test_the_unit_lets_the_kernel_tell_who_calls_over_a_unix_socket():
    assert re.search(r"^PrivateUsers=no$", UNIT.read_text(encoding="utf-8"), re.M), "in a user namespace everybody else is 65534"


def test_the_socket_unit_names_the_listener_of_the_configuration():
    stream = re.search(r"^ListenStream=(.*)$", (DEPLOY / "systemd/ecs-gateway.socket").read_text(encoding="utf-8"), re.M)[1]
    assert f"address: {stream}" in (DEPLOY / "debian/gateway.yaml").read_text(encoding="utf-8")


def test_a_socket_that_systemd_can_not_open_is_seen(tmp_path):
    _, sockets = units(tmp_path)
    sockets.write_text(sockets.read_text(encoding="utf-8").replace(":8080", ":80800"), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", sockets], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0 and "ecs-gateway.socket" in done.stderr


@pytest.mark.parametrize("page", ["deploy/README.md", "docs/running.md", "deploy/systemd/ecs-gateway.socket"])
def test_sockets_are_opened_while_the_service_does_not_run(page):
    text = (programs.PROJECT / page).read_text(encoding="utf-8")
    assert "systemctl stop ecs-gateway && systemctl enable --now ecs-gateway.socket && systemctl start ecs-gateway" in text
    assert text.count("enable --now ecs-gateway.socket") == 1


def syscalls_of(name):
    """The system calls of one of systemd's sets, with the sets in it."""
    if not name.startswith("@"):
        return {name}
    lines = run("systemd-analyze", "syscall-filter", "--no-pager", name).splitlines()[1:]
    words = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    return set().union(*map(syscalls_of, words))


def syscalls_of_the_unit():
    allowed = syscalls_of("@default")  # systemd allows these whatever the unit says
    for words in re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text(encoding="utf-8"), re.M):
        these = set().union(*map(syscalls_of, words.removeprefix("~").split()))
        allowed = allowed - these if words.startswith("~") else allowed | these
    return allowed


def test_the_unit_lets_the_gateway_make_every_system_call_that_it_makes(start, tmp_path):
    counted, outcomes = tmp_path / "syscalls", tmp_path / "outcomes.jsonl"
    cloud = start.simulator(credential_world.seed(), controlled=True)
    whole = credential_world.with_acme_by(cloud, credential_world.TOKEN)
    whole["listeners"] = [{"address": "127.0.0.1:0"}, {"address": f"unix:{tmp_path}/s", "mode": "0600"}]
    whole["log"] = {"outcomes": str(outcomes)}
    whole["workers"] = 2
    # A name, which is looked up.
    whole["regions"]["cn-south-1"] = {"ecs": cloud.url.replace("127.0.0.1", "localhost"), "iam": cloud.url}
    whole["accounts"].append({"name": "globex", "kind": "sub-customer", "credential": "partner-key",
                              "projects": {STRANGER: "cn-south-1"}})
    gate = start.gateway(whole, secrets={"password": credential_world.PASSWORD},
                         through=["strace", "-D", "-f", "-qq", "-c", "-o", counted])
    for project, server, status in [(PARTNER, "of-partner", 200), (ACME, "of-acme", 200), (STRANGER, "s", 400)]:
        assert gate.call("GET", f"/v1/{project}/cloudservers/{server}", proof=CI).status == status
    assert gate.admin("/status.json")[0] == 200
    with socket.socket(socket.AF_UNIX) as to:
        to.connect(f"{tmp_path}/s")
        to.sendall(b"GET / HTTP/1.1\r\nHost: g\r\n\r\n")
        assert to.recv(12) == b"HTTP/1.1 404"
    whole["listeners"].append({"address": "127.0.0.2:0"})
    gate.reload(whole, "reloaded")
    gate.close()
    programs.wait_until(lambda: counted.exists() and "total" in counted.read_text(), "what strace has counted")
    before = tmp_path / "syscalls of ExecStartPre"
    run("strace", "-f", "-qq", "-c", "-o", before, programs.BIN / "ecs-gateway", "check", "--config", gate.file)
    made = set(re.findall(r"^ *[\d.]+ .* (\w+)$", counted.read_text() + before.read_text(), re.M)) - {"total"}
    made -= {"fchown"}  # of root only: SQLite gives a file beside the ledger to the ledger's owner
    assert {"openat", "futex", "mlock2"} <= made, made
    assert made - syscalls_of_the_unit() == set()


def test_the_manual_page_reads_without_a_warning():
    done = subprocess.run(["man", "--warnings", "--local-file", DEPLOY / "man/ecs-gateway.8"], capture_output=True, text=True,
                          timeout=60, check=False, env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8", "MANROFFSEQ": ""})
    assert done.returncode == 0 and done.stderr == "", done.stderr
    for section in ("NAME", "SYNOPSIS", "DESCRIPTION"):
        assert section in done.stdout


COMPLETED = [
    ("ecs-gateway ch", ["check", "changes"]), ("ecs-gateway explain --me", ["--method"]), ("ecs-gateway explain --method P", ["POST"]),
    ("ecs-gateway sign --algorithm V", ["V11-HMAC-SHA256"]), ("ecs-gateway check --config gate", ["gateway.yaml"]),
    ("ecs-gateway nonsense", []), ("ecs-gateway changes l", ["list"]), ("ecs-gateway ledger check --m", ["--migrate"]),
    ("ecs-gateway changes resolve c1 --as f", ["failed"]), ("ecs-gateway ledger backup gate", ["gateway.yaml"]),
]


@pytest.mark.parametrize("line, wanted", COMPLETED, ids=[line for line, _ in COMPLETED])
def test_a_shell_completes(line, wanted, tmp_path):
    (tmp_path / "gateway.yaml").touch()
    script = f"""source {DEPLOY}/completion/ecs-gateway.bash
COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
complete -p ecs-gateway >/dev/null && _ecs_gateway && printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    assert run("bash", "-eu", "-c", script, cwd=tmp_path).split() == wanted


def test_the_stop_of_the_unit_leaves_the_drain_its_time():
    stop = int(re.search(r"^TimeoutStopSec=(\d+)$", UNIT.read_text(encoding="utf-8"), re.M)[1])
    drain = int(re.search(r"drain: (\d+)s", (programs.PROJECT / "conf/gateway.yaml").read_text(encoding="utf-8"))[1])
    assert stop > drain + 6, "six seconds are for calls that are cut off"


def test_the_configuration_as_installed_is_good_and_serves_nobody(tmp_path):
    installed = (DEPLOY / "debian/gateway.yaml").read_text(encoding="utf-8")
    (tmp_path / "gateway.yaml").write_text(installed.replace("/var/lib/ecs-gateway", str(tmp_path)), encoding="utf-8")
    done = programs.run("ecs-gateway", "check", "--config", tmp_path / "gateway.yaml")
    assert done.stdout.splitlines()[-1] == "OK"


def test_completion_knows_every_command_and_option():
    known = (DEPLOY / "completion/ecs-gateway.bash").read_text(encoding="utf-8")
    commands = re.findall(r"^  (\S+) ", programs.run("ecs-gateway", "--help").stdout, re.M)
    for command in ("run", "check", "explain", "changes list", "changes show", "changes resolve", "changes export", "freeze",
                    "unfreeze", "freezes", "ledger check", "ledger backup", "sign", "hash-key", "version"):
        assert all(word in known for word in command.split())
        for option in re.findall(r"^  (--[a-z-]+)", programs.run("ecs-gateway", *command.split(), "--help").stdout, re.M):
            assert option in known, f"{command} {option}"
    assert set(commands) <= set(re.findall(r"[\w-]+", known))
    run("bash", "-n", DEPLOY / "completion/ecs-gateway.bash")


ETC, LOG, STATE = (pathlib.Path(f"{folder}/ecs-gateway") for folder in ("/etc", "/var/log", "/var/lib"))


@contextlib.contextmanager
def installed_service():
    """What the unit's ExecStart says, as the service's user."""
    with contextlib.ExitStack() as stack:
        service = subprocess.Popen(["/usr/bin/ecs-gateway", "run", "--config", ETC / "gateway.yaml"], user="ecs-gateway",
                                   group="ecs-gateway", extra_groups=[], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        stack.callback(service.wait)
        stack.callback(service.kill)
        said = programs.output(service.stderr)

        def ready():
            assert service.poll() is None, said.text()
            with contextlib.suppress(OSError):
                return urllib.request.urlopen("http://127.0.0.1:9901/readyz", timeout=5).status == 200
        programs.wait_until(ready, "the installed gateway to be ready")
        yield
        service.send_signal(signal.SIGTERM)
        assert service.wait(30) == 0, said.text()


def configure_for(cloud):
    """The package's configuration with a caller, an account and a rule; its secrets beside it."""
    whole = {**settings(cloud.url, ETC / "cloud-ca.pem"), **yaml.safe_load((ETC / "gateway.yaml").read_text(encoding="utf-8"))}
    of_tests = settings(cloud.url)
    for key in ("callers", "credentials", "accounts", "policy"):
        assert whole[key] == [], "as installed it serves nobody"
        whole[key] = of_tests[key]
    for one in [*whole["callers"], *whole["credentials"]]:
        if "secret_key" in one:
            one["secret_key"] = {"file": f"secrets/{one['secret_key']['file']}"}
    whole["log"] = {"outcomes": str(LOG / "outcomes.jsonl")}
    shutil.copy(cloud.ca_file, ETC / "cloud-ca.pem")
    (ETC / "cloud-ca.pem").chmod(0o644)
    for name, secret in SECRETS.items():
        file = ETC / "secrets" / name
        file.write_text(secret + "\n", encoding="utf-8")
        shutil.chown(file, "root", "ecs-gateway")
        file.chmod(0o640)
    return whole


@pytest.mark.skipif(os.environ.get("CI") != "true" and "GATEWAY_INSTALL_PACKAGE" not in os.environ or os.geteuid() != 0,
                    reason="changes the machine: CI=true as root, or GATEWAY_INSTALL_PACKAGE=1")
def test_it_is_installed_started_called_and_removed(package, start):
    was_there = pathlib.Path("/usr/bin/ecs-gateway").exists()
    assert not was_there, "it is installed on this machine already"
    run("dpkg", "-i", package)
    try:
        user = pwd.getpwnam("ecs-gateway")
        secrets = pathlib.Path("/etc/ecs-gateway/secrets")
        assert (secrets.stat().st_uid, secrets.stat().st_gid, secrets.stat().st_mode & 0o777) == (0, user.pw_gid, 0o750)
        state = STATE.stat()
        assert (state.st_uid, state.st_gid, state.st_mode & 0o777) == (user.pw_uid, user.pw_gid, 0o700)
        file = (ETC / "gateway.yaml").stat()
        assert (file.st_uid, file.st_gid, file.st_mode & 0o777) == (0, user.pw_gid, 0o640)
        run("/usr/bin/ecs-gateway", "check", "--config", "/etc/ecs-gateway/gateway.yaml", user="ecs-gateway", group="ecs-gateway")
        with installed_service():
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen("http://127.0.0.1:8080/v1/p/jobs/j", timeout=30)
            assert refused.value.code == 401
            assert json.load(refused.value)["error"]["code"] == "Gateway.0101"

        changed = yaml.safe_dump(configure_for(start.simulator(test_cloud.SEED)))
        (ETC / "gateway.yaml").write_text(changed, encoding="utf-8")
        with installed_service(), calling.connection(8080) as to:
            answer = to.call("POST", f"/v1.1/{PARTNER}/cloudservers/stopped/resize", b'{"resize":{"flavorRef":"s6.xlarge.2"}}',
                             [("Content-Type", "application/json")], PLANNER)
            assert answer.status == 200 and "job_id" in json.loads(answer.body), answer.body
        [line] = (LOG / "outcomes.jsonl").read_text(encoding="utf-8").splitlines()
        assert json.loads(line)["decision"] == "allowed"

        run("dpkg", "--remove", "ecs-gateway")
        assert not pathlib.Path("/usr/bin/ecs-gateway").exists()
        assert (ETC / "gateway.yaml").read_text(encoding="utf-8") == changed, "a removal leaves what was configured"
        assert (ETC / "secrets/planner.sk").exists() and (LOG / "outcomes.jsonl").exists()
        run("dpkg", "-i", package, stdin=subprocess.DEVNULL)
        assert (ETC / "gateway.yaml").read_text(encoding="utf-8") == changed, "and so does another installation"
    finally:
        run("dpkg", "--purge", "ecs-gateway")
    for path in ("/usr/bin/ecs-gateway", "/etc/ecs-gateway", "/var/log/ecs-gateway", "/var/lib/ecs-gateway",
                 "/etc/logrotate.d/ecs-gateway",
                 "/usr/share/doc/ecs-gateway"):
        assert not pathlib.Path(path).exists(), path
