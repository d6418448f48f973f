"""The quick starts, by their own code blocks: every `sh` block is run, in order, and prints what the `text` block below says.

`make build` and `make package` are answered with what is built already; ports are replaced by free ones. For the page on systemd
there are stand-ins, as no systemd runs here: apt-get starts and stops the service as the package's scripts would; systemctl starts what the installed unit's ExecStartPre and ExecStart say, as the
service's user, and journalctl shows what that printed. So the unit's hardening is not in force there, and sudo is a no-op of root.
"""
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

import programs

DOCS = programs.PROJECT / "docs"
PORTS = ("8080", "8443", "9443", "9901")
BETWEEN = "-- next block --"


def blocks(page):
    """[(script, expected output or None)] of a page."""
    found = []
    for kind, text in re.findall(r"^```(\w+)\n(.*?)^```$", (DOCS / page).read_text(encoding="utf-8"), re.M | re.S):
        assert kind in ("sh", "text"), f"{page}: a block of {kind}, which nobody runs or compares"
        if kind == "sh":
            found.append((text, None))
        else:
            assert found and found[-1][1] is None, f"{page}: no command before\n{text}"
            found[-1] = (found[-1][0], text)
    return found


def matches(expected, printed):
    """`…` stands for anything within a line."""
    pattern = ".*".join(re.escape(part) for part in expected.rstrip("\n").split("…"))
    return re.fullmatch(pattern, printed.rstrip("\n")) is not None


def free_ports(number):
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [str(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def checkout(folder, stand_ins):
    """A folder that looks like the project after `make build` and `make profiled`, and a PATH with the stand-ins in front."""
    for built in ("build/release", "build/profiled"):
        (folder / built).mkdir(parents=True)
        (folder / built / "bin").symlink_to(programs.BIN)
    (folder / "tools").symlink_to(programs.PROJECT / "tools")
    path = folder / "stand-ins"
    path.mkdir()
    for name, script in {"make": MAKE, **stand_ins}.items():
        (path / name).write_text("#!/bin/bash\n" + script, encoding="utf-8")
        (path / name).chmod(0o755)
    return {**os.environ, "PATH": f"{path}:{os.environ['PATH']}", "STAND_INS": str(path), "BUILT": str(programs.BIN.parent)}


MAKE = """set -eu
case $* in
    build) ;;
    package) cd "$BUILT" && cpack --config CPackConfig.cmake -B "$STAND_INS/../build/profiled/packages" >&2 ;;
    *) echo "make: $*?" >&2; exit 2 ;;
esac
"""

SYSTEMD = {
    "sudo": 'if [ "$1" = -u ]; then exec runuser -u "$2" -- "${@:3}"; fi\nexec "$@"\n',
    # What the package's scripts do where systemd runs.
    "apt-get": """set -eu
[ "$1" != purge ] || systemctl stop ecs-gateway
/usr/bin/apt-get "$@"
[ "$1" != install ] || systemctl start ecs-gateway
""",
    "journalctl": 'cat "$STAND_INS/journal"\n',
    "systemctl": """set -eu
unit=$(dpkg -L ecs-gateway | grep 'ecs-gateway.service$')
as_service() { exec setpriv --reuid ecs-gateway --regid ecs-gateway --init-groups "$@" >>"$STAND_INS/journal" 2>&1; }
stop() {
    [ -s "$STAND_INS/service" ] || return 0
    kill "$(cat "$STAND_INS/service")" && tail -s 0.1 --pid="$(cat "$STAND_INS/service")" -f /dev/null
    rm "$STAND_INS/service"
}
[ "${2:-}" = ecs-gateway ] || { echo "systemctl: $*?" >&2; exit 2; }
case $1 in
    stop) stop ;;
    start | restart)
        stop
        sed -n 's/^ExecStartPre=//p' "$unit" | while read -r first; do (as_service $first); done
        as_service $(sed -n 's/^ExecStart=//p' "$unit") &
        echo $! >"$STAND_INS/service" ;;
    *) echo "systemctl: $*?" >&2; exit 2 ;;
esac
""",
}


def run_page(page, folder, stand_ins=(), ports=PORTS):
    parts = blocks(page)
    script = "set -eu -o pipefail\n" + f"\necho '{BETWEEN}'\n".join(text for text, _ in parts)
    for port, free in zip(ports, free_ports(len(ports))):
        script = re.sub(rf"\b{port}\b", free, script)
    (folder / "page.sh").write_text(script, encoding="utf-8")
    environment = checkout(folder, dict(stand_ins))
    with open(folder / "stdout", "w+", encoding="utf-8") as out, open(folder / "stderr", "w+", encoding="utf-8") as err:
        shell = subprocess.Popen(["bash", "page.sh"], cwd=folder, env=environment, stdout=out, stderr=err, start_new_session=True)
        try:
            status = shell.wait(120)
        except subprocess.TimeoutExpired:
            status = "not ended in time"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)  # what a page that failed has left
    said, complained = ((folder / name).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
    printed = said.split(f"{BETWEEN}\n")
    assert status == 0, f"block {len(printed)}: {status}\n{parts[len(printed) - 1][0]}\n{said}\n{complained}"
    assert len(printed) == len(parts)
    for (text, expected), got in zip(parts, printed):
        assert matches(expected or "", got), f"{text}\nprinted\n{got}\nand not\n{expected}"


@pytest.mark.parametrize("page", ["quick-start-sidecar.md", "quick-start-central.md"])
def test_a_newcomer_can_copy_the_page(page, tmp_path):
    run_page(page, tmp_path)


@pytest.mark.skipif(os.environ.get("CI") != "true" and "GATEWAY_INSTALL_PACKAGE" not in os.environ or os.geteuid() != 0,
                    reason="changes the machine: CI=true as root, or GATEWAY_INSTALL_PACKAGE=1")
def test_a_newcomer_can_copy_the_page_on_systemd(tmp_path):
    assert not shutil.which("ecs-gateway"), "it is installed on this machine already"
    tmp_path.chmod(0o755)
    try:
        run_page("quick-start-systemd.md", tmp_path, SYSTEMD, ports=["9443"])  # the package's own configuration has the others
    finally:
        subprocess.run(["dpkg", "--purge", "ecs-gateway"], capture_output=True, check=False)


CASES = [("OK\n", "OK\n", True), ("OK\n", "OK\nmore\n", False), ('{"job_id":"…"}', '{"job_id":"4f"}\n', True),
         ("a…", "a\nb", False), ("", "", True), ("", "something\n", False)]


@pytest.mark.parametrize("expected, printed, wanted", CASES)
def test_a_page_s_output_is_compared_to_the_letter(expected, printed, wanted):
    assert matches(expected, printed) is wanted


def test_every_quick_start_is_run_by_a_test():
    text = open(__file__, encoding="utf-8").read()
    for page in DOCS.glob("quick-start-*.md"):
        assert f'"{page.name}"' in text, page.name
