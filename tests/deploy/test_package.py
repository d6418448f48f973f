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
import signal
import subprocess
import urllib.error
import urllib.request

import pytest

import programs

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


def test_the_unit_is_valid_and_exposes_little(tmp_path):
    # Its program need not be installed here.
    unit = tmp_path / "ecs-gateway.service"
    unit.write_text(UNIT.read_text(encoding="utf-8").replace("/usr/bin/ecs-gateway", str(programs.BIN / "ecs-gateway"))
                    .replace("man:ecs-gateway(8) ", ""), encoding="utf-8")
    assert "service:" not in run("systemd-analyze", "verify", unit)
    said = run("systemd-analyze", "security", "--offline=true", unit)
    exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", said)[1])
    print(f"exposure of the unit: {exposure}")
    assert exposure <= 2.0
    assert f"(exposure {exposure} of 10" in (DEPLOY / "README.md").read_text(encoding="utf-8")


def test_the_unit_lets_the_kernel_tell_who_calls_over_a_unix_socket():
    assert re.search(r"^PrivateUsers=no$", UNIT.read_text(encoding="utf-8"), re.M), "in a user namespace everybody else is 65534"


def test_the_socket_unit_names_the_listener_of_the_configuration():
    stream = re.search(r"^ListenStream=(.*)$", (DEPLOY / "systemd/ecs-gateway.socket").read_text(encoding="utf-8"), re.M)[1]
    assert f"address: {stream}" in (DEPLOY / "debian/gateway.yaml").read_text(encoding="utf-8")


def test_the_stop_of_the_unit_leaves_the_drain_its_time():
    stop = int(re.search(r"^TimeoutStopSec=(\d+)$", UNIT.read_text(encoding="utf-8"), re.M)[1])
    drain = int(re.search(r"drain: (\d+)s", (programs.PROJECT / "conf/gateway.yaml").read_text(encoding="utf-8"))[1])
    assert stop > drain + 6, "six seconds are for calls that are cut off"


def test_the_configuration_as_installed_is_good_and_serves_nobody(tmp_path):
    done = programs.run("ecs-gateway", "check", "--config", DEPLOY / "debian/gateway.yaml")
    assert done.stdout.splitlines()[-1] == "OK"


def test_completion_knows_every_command_and_option():
    known = (DEPLOY / "completion/ecs-gateway.bash").read_text(encoding="utf-8")
    commands = re.findall(r"^  (\S+) ", programs.run("ecs-gateway", "--help").stdout, re.M)
    for command in ("run", "check", "explain", "sign", "hash-key", "version"):
        assert command in known
        for option in re.findall(r"^  (--[a-z-]+)", programs.run("ecs-gateway", command, "--help").stdout, re.M):
            assert option in known, f"{command} {option}"
    assert set(commands) <= set(re.findall(r"[\w-]+", known))
    run("bash", "-n", DEPLOY / "completion/ecs-gateway.bash")


@pytest.mark.skipif(os.environ.get("CI") != "true" and "GATEWAY_INSTALL_PACKAGE" not in os.environ or os.geteuid() != 0,
                    reason="changes the machine: CI=true as root, or GATEWAY_INSTALL_PACKAGE=1")
def test_it_is_installed_started_called_and_removed(package):
    was_there = pathlib.Path("/usr/bin/ecs-gateway").exists()
    assert not was_there, "it is installed on this machine already"
    run("dpkg", "-i", package)
    try:
        user = pwd.getpwnam("ecs-gateway")
        secrets = pathlib.Path("/etc/ecs-gateway/secrets")
        assert (secrets.stat().st_uid, secrets.stat().st_gid, secrets.stat().st_mode & 0o777) == (0, user.pw_gid, 0o750)
        run("/usr/bin/ecs-gateway", "check", "--config", "/etc/ecs-gateway/gateway.yaml", user="ecs-gateway")
        with contextlib.ExitStack() as stack:
            service = subprocess.Popen(["/usr/bin/ecs-gateway", "run", "--config", "/etc/ecs-gateway/gateway.yaml"],
                                       user="ecs-gateway", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            stack.callback(service.wait)
            stack.callback(service.kill)

            def ready():
                with contextlib.suppress(OSError):
                    return urllib.request.urlopen("http://127.0.0.1:9901/readyz", timeout=5).status == 200
            programs.wait_until(ready, "the installed gateway to be ready")
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen("http://127.0.0.1:8080/v1/p/jobs/j", timeout=30)
            assert refused.value.code == 401
            assert json.load(refused.value)["error"]["code"] == "Gateway.0101"
            service.send_signal(signal.SIGTERM)
            assert service.wait(30) == 0
    finally:
        run("dpkg", "--purge", "ecs-gateway")
    for path in ("/usr/bin/ecs-gateway", "/etc/ecs-gateway", "/var/log/ecs-gateway", "/etc/logrotate.d/ecs-gateway",
                 "/usr/share/doc/ecs-gateway"):
        assert not pathlib.Path(path).exists(), path
