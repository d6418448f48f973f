"""Unix listeners and the users behind them, listeners that come and go with a reload, sockets from a service manager."""
import concurrent.futures
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time

import pytest

import calling
from fakes import scripted_cloud as scripts
from programs import SANITIZED, wait_until
from world import CI, PARTNER, PLANNER, settings

LOOK = f"/v1/{PARTNER}/jobs/j"
ME = pwd.getpwuid(os.geteuid()).pw_name
OTHER = "nobody"


@pytest.fixture
def folder():
    """A short path that every user may enter: a unix socket's may have 107 bytes."""
    made = pathlib.Path(tempfile.mkdtemp(prefix="gw"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def with_agents(cloud, *listeners, **changes):
    whole = settings(cloud.url, listeners=[{"address": "127.0.0.1:0"}, *listeners], **changes)
    if any(each["address"].startswith("unix:") for each in listeners):
        whole["callers"] += [{"name": "node-agent", "unix_user": ME}]
        whole["policy"][0]["callers"] += ["node-agent"]
    return whole


def over_unix(path):
    to = socket.socket(socket.AF_UNIX)
    to.settimeout(30)
    to.connect(str(path))
    return calling.connection(0, to)


def test_a_unix_user_proves_its_caller(start, folder):
    gate = start.gateway(with_agents(start.cloud(), {"address": f"unix:{folder}/gw.sock", "mode": "0600"}))
    assert stat.S_IMODE((folder / "gw.sock").stat().st_mode) == 0o600
    with over_unix(folder / "gw.sock") as to:
        answer = to.call("GET", LOOK)
        assert answer.status == 200
        assert to.call("GET", LOOK, proof=CI).error()[0] == "Gateway.0101", "another caller's key"
    line = gate.outcome_of(answer)
    assert (line["caller"], line["proof"], line["peer"]) == (
        "node-agent", "unix_user", f"unix:uid={os.geteuid()},pid={os.getpid()}")
    with calling.connection(gate.port) as to:
        assert to.call("GET", LOOK).status == 401, "the same user over TCP"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_unix_user_proves_nobody_and_may_use_a_key(start, folder):
    gate = start.gateway(with_agents(start.cloud(), {"address": f"unix:{folder}/gw.sock", "mode": "0666"}))
    curl = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", folder / "gw.sock"]
    statuses = [subprocess.run([*curl, *key, f"http://gateway{LOOK}"], user=OTHER, group="nogroup", extra_groups=[], capture_output=True, text=True,
                               timeout=60, check=False).stdout
                for key in ([], ["-H", "X-Api-Key: " + CI("", "", [], b"")[0][1]])]
    assert statuses == ["401", "200"]
    assert gate.process.poll() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_the_mode_keeps_others_out(start, folder):
    start.gateway(with_agents(start.cloud(), {"address": f"unix:{folder}/gw.sock", "mode": "0660"}))
    done = subprocess.run(["curl", "-sS", "--unix-socket", folder / "gw.sock", f"http://gateway{LOOK}"], user=OTHER,
                          group="nogroup", extra_groups=[], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 7, done


def test_a_user_id_in_digits_is_taken_as_it_stands(start, folder):
    whole = with_agents(start.cloud(), {"address": f"unix:{folder}/gw.sock"})
    whole["callers"][-1]["unix_user"] = str(os.geteuid())
    start.gateway(whole)
    with over_unix(folder / "gw.sock") as to:
        assert to.call("GET", LOOK).status == 200


def test_the_socket_file_is_gone_afterwards_and_a_dead_one_is_taken_over(start, folder):
    path = folder / "gw.sock"
    whole = with_agents(start.cloud(), {"address": f"unix:{path}"})
    gate = start.gateway(whole)
    with pytest.raises(AssertionError, match=r"ended with 1:[\s\S]*gw\.sock"):
        start.gateway(whole)
    with over_unix(path) as to:
        assert to.call("GET", LOOK).status == 200, "the second one has left it alone"
    gate.tell(signal.SIGTERM)
    assert gate.ended() == 0 and not path.exists()
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    start.gateway(whole)
    with over_unix(path) as to:
        assert to.call("GET", LOOK).status == 200


@pytest.mark.parametrize("what", ["a file", "a folder", "a link to a socket"])
def test_what_is_no_socket_is_left_alone(start, folder, what):
    path = folder / "gw.sock"
    if what == "a file":
        path.write_text("notes")
    elif what == "a folder":
        path.mkdir()
    else:
        with socket.socket(socket.AF_UNIX) as left_behind:
            left_behind.bind(str(folder / "other.sock"))
        path.symlink_to(folder / "other.sock")
    before = path.lstat()
    with pytest.raises(AssertionError, match=r"ended with 1:[\s\S]*gw\.sock: a file that is no socket stands there"):
        start.gateway(with_agents(start.cloud(), {"address": f"unix:{path}"}))
    assert path.lstat().st_ino == before.st_ino and stat.S_IFMT(path.lstat().st_mode) == stat.S_IFMT(before.st_mode)


def test_a_socket_file_that_was_cleaned_away_comes_back_with_a_reload(start, folder):
    path = folder / "gw.sock"
    whole = with_agents(start.cloud(), {"address": f"unix:{path}", "mode": "0600"})
    gate = start.gateway(whole)
    with over_unix(path) as open_before:
        assert open_before.call("GET", LOOK).status == 200
        path.unlink()
        gate.reload(whole, "reloaded")
        with over_unix(path) as to:
            assert to.call("GET", LOOK).status == 200
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        last = open_before.call("GET", LOOK)
        assert (last.status, last["Connection"]) == (200, "close")
    gate.reload(whole, "reloaded")
    assert len([line for line in gate.stderr.lines if "the socket's file was gone" in line]) == 1
    gate.tell(signal.SIGTERM)
    assert gate.ended() == 0 and not path.exists()


def test_a_socket_of_another_process_is_left_alone_by_the_reload_and_at_the_end(start, folder):
    path = folder / "gw.sock"
    whole = with_agents(start.cloud(), {"address": f"unix:{path}"})
    gate = start.gateway(whole)
    path.unlink()
    start.gateway(whole)
    assert "gw.sock" in gate.reload(whole, "nothing changes")
    gate.tell(signal.SIGTERM)
    assert gate.ended() == 0
    with over_unix(path) as to:
        assert to.call("GET", LOOK).status == 200, "the other one's"


def test_listeners_come_and_go_with_a_reload(start, folder):
    cloud = start.cloud()
    gate = start.gateway(with_agents(cloud))
    with calling.connection(gate.port) as kept:
        assert kept.call("GET", LOOK, proof=CI).status == 200
        more = with_agents(cloud, {"address": "127.0.0.2:0"}, {"address": f"unix:{folder}/gw.sock"})
        gate.reload(more, "reloaded")
        added = gate.port_of("127.0.0.2:0")
        with contextlib.closing(socket.create_connection(("127.0.0.2", added), 30)) as over:
            to = calling.connection(added, over)
            assert to.call("GET", LOOK, proof=CI).status == 200
            with over_unix(folder / "gw.sock") as agent:
                assert agent.call("GET", LOOK).status == 200
                gate.reload(with_agents(cloud), "reloaded")
                wait_until(lambda: not (folder / "gw.sock").exists(), "the socket's file to go")
                # What is open ends in good order: one more answer, which says so.
                for last in (to.call("GET", LOOK, proof=CI), agent.call("GET", LOOK, proof=CI)):
                    assert (last.status, last["Connection"]) == (200, "close")
                assert to.is_closed() and agent.is_closed()

        def refused():
            try:
                socket.create_connection(("127.0.0.2", added), 30).close()
                return False
            except ConnectionRefusedError:
                return True
        wait_until(refused, "the removed listener to refuse connections")
        assert kept.call("GET", LOOK, proof=CI)["Connection"] is None, "the one that stayed has seen nothing of it"


def test_a_listener_that_cannot_be_opened_changes_nothing(start):
    cloud = start.cloud()
    gate = start.gateway(with_agents(cloud))
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        bad = with_agents(cloud, {"address": f"127.0.0.1:{taken.getsockname()[1]}"}, {"address": "127.0.0.3:0"})
        bad["policy"] = []
        gate.reload(bad, "nothing changes")
    assert gate.call("GET", LOOK, proof=CI).status == 200


def test_the_admin_listener_moves_with_a_reload(start):
    cloud = start.cloud()
    gate = start.gateway(with_agents(cloud, admin={"address": "127.0.0.1:0"}))
    assert gate.admin("/healthz")[0] == 200
    seen = len(gate.stderr.lines)
    gate.reload(with_agents(cloud, admin={"address": "127.0.0.2:0"}), "reloaded")
    moved = gate.wait_for_new(seen, r"listening address=127\.0\.0\.2:\d+ listener=admin")
    socket.create_connection(("127.0.0.2", int(moved.split(":")[-1].split()[0])), 30).close()
    with pytest.raises(OSError):
        gate.admin("/healthz")


class told:
    """A service manager's end of sd_notify(3)."""

    def __init__(self, folder):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.address = str(folder / "notify")
        self._socket.bind(self.address)
        self.messages = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            self.messages.append(self._socket.recv(4096).decode())

    def wait_for(self, messages):
        wait_until(lambda: [m.split("\n")[0] for m in self.messages] == messages, f"{messages}, not {self.messages}")


def test_a_service_manager_is_told_what_goes_on(start, folder):
    manager = told(folder)
    whole = with_agents(start.cloud())
    gate = start.gateway(whole, environment={"NOTIFY_SOCKET": manager.address})
    manager.wait_for(["READY=1"])
    gate.reload(whole, "reloaded")
    manager.wait_for(["READY=1", "RELOADING=1", "READY=1"])
    assert manager.messages[1].split("\n")[1].startswith("MONOTONIC_USEC=")
    gate.reload({**whole, "version": 2}, "nothing changes")
    manager.wait_for(["READY=1", "RELOADING=1", "READY=1", "RELOADING=1", "READY=1"])
    assert [m.split("\n")[1] for m in manager.messages[::2]] == [
        "STATUS=serving", "STATUS=serving", "STATUS=serving; the last reload failed: the log has the reasons"]
    gate.tell(signal.SIGTERM)
    assert gate.ended() == 0
    assert manager.messages[-1] == "STOPPING=1"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="systemd's own activator is not there")
def test_systemd_hands_its_sockets_over(start, folder):
    port, path, cloud = free_port(), folder / "gw.sock", start.cloud()
    whole = with_agents(cloud, {"address": f"127.0.0.1:{port}"}, {"address": f"unix:{path}"}, workers=2)
    activate = ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", "-l", str(path), "-l", f"127.0.0.1:{free_port()}"]
    # It starts the program at the first connection, which waits in the socket until the program takes it.
    with contextlib.ExitStack() as stack:
        first = []

        def knock():
            to = wait_until(connected, "the activator to listen")
            first.append(to)

        def connected():
            with contextlib.suppress(ConnectionRefusedError):
                return socket.create_connection(("127.0.0.1", port), 30)

        knocking = threading.Thread(target=knock, daemon=True)
        knocking.start()
        gate = start.gateway(whole, through=activate)
        knocking.join(30)
        early = stack.enter_context(calling.connection(port, first[0]))
        assert early.call("GET", LOOK, proof=CI).status == 200
        for _ in range(20):
            with calling.connection(port) as to:
                assert to.call("GET", LOOK, proof=PLANNER).status == 200
        with over_unix(path) as agent:
            assert agent.call("GET", LOOK).status == 200
        gate.wait_for(gate.stderr, r"warning a socket was handed over that no listener has: address=127\.0\.0\.1:\d+")
        # Taken away and put back by reloads: it is the service manager's socket all the time.
        gate.reload(with_agents(cloud, workers=2), "reloaded")
        gate.reload(whole, "reloaded")
        with over_unix(path) as agent:
            assert agent.call("GET", LOOK).status == 200
        # Only who holds the socket can make its file again.
        path.rename(folder / "away")
        gate.reload(whole, "reloaded")
        assert gate.stderr.find(f"error listener is lost, nobody can connect to it: .* listener=unix:{path}")
        (folder / "away").rename(path)
    gate.tell(signal.SIGTERM)
    assert gate.ended() == 0
    assert path.exists(), "the file is the service manager's"


def test_sockets_meant_for_another_process_are_left_alone(start):
    gate = start.gateway(with_agents(start.cloud()), environment={"LISTEN_PID": "1", "LISTEN_FDS": "3"})
    assert gate.call("GET", LOOK, proof=CI).status == 200


def test_all_addresses_of_either_family_can_be_listened_on(start):
    with socket.socket(socket.AF_INET6) as any_port:
        any_port.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        try:
            any_port.bind(("::", 0))
        except OSError:
            return  # a machine without IPv6
        port = any_port.getsockname()[1]
    gate = start.gateway(settings("http://127.0.0.1:1", listeners=[
        {"address": f"0.0.0.0:{port}", "plain_http": True}, {"address": f"[::]:{port}", "plain_http": True}]))
    assert gate.call("GET", "/none").status == 404


@pytest.mark.parametrize("first", [b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0", b"\x80", b"\r\n\r\n"])
def test_what_begins_no_request_is_refused_without_waiting_for_more(start, first):
    """A TLS hello, above all, whose sender waits for an answer."""
    gate = start.gateway(settings(start.cloud().url, timeouts={"request_header": "20s"}))
    began = time.monotonic()
    with calling.connection(gate.port) as to:
        to.send(first)
        answer = to.answer()
        assert (answer.status, answer.error()[0]) == (400, "Gateway.0001")
        assert ("https" in answer.error()[1] or "TLS" in answer.error()[1]) == (first[:1] == b"\x16")
        assert to.is_closed() and time.monotonic() - began < 15


def test_a_connection_ends_with_its_first_call_beyond_its_age(start):
    gate = start.gateway(settings(start.cloud().url, limits={"connection_age": "500ms"}))
    with calling.connection(gate.port) as to:
        assert to.call("GET", LOOK, proof=CI)["Connection"] is None
        time.sleep(0.6)
        answer = to.call("GET", LOOK, proof=CI)
        assert (answer.status, answer["Connection"]) == (200, "close")
        assert to.is_closed()


def test_idle_strangers_leave_descriptors_for_probes_and_reloads(start):
    """They take as many as callers may have; the others are for the cloud, the admin listener and files."""
    cloud = start.cloud()
    whole = settings(cloud.url, admin={"address": "127.0.0.1:0"})
    gate = start.gateway(whole, through=["bash", "-c", 'ulimit -n 64; exec "$@"', "_"])
    gate.wait_for(gate.stderr, r"warning descriptors: the limit of 64 open files leaves room for \d+ connections")
    with calling.connection(gate.port) as caller, contextlib.ExitStack() as stack:
        assert caller.call("GET", LOOK, proof=CI).status == 200
        for _ in range(200):
            stack.enter_context(calling.connection(gate.port))
        wait_until(lambda: gate.metric("ecs_gateway_connections", side="caller") < 64, "those that are too many")
        assert gate.admin("/healthz")[0] == 200
        whole["callers"][1]["api_key_sha256"] = "0" * 64
        gate.reload(whole, "reloaded")
        assert caller.call("GET", LOOK, proof=CI).status == 401, "the key that was taken out"
        assert caller.call("GET", LOOK, proof=PLANNER).status == 200, "the cloud is reached"
    assert gate.stderr.text().count("Too many open files") == 0


def test_as_many_callers_as_there_may_be_all_reach_the_cloud_at_once(start):
    """Each call under way has a connection to the cloud, and the cloud answers none before all have come."""
    together = threading.Event()

    def wait_for_all(connection, request):
        together.wait(60)
        scripts.answering(200, {})(connection, request)
    cloud = start.cloud()
    gate = start.gateway(settings(cloud.url), through=["bash", "-c", 'ulimit -n 64; exec "$@"', "_"])
    many = int(gate.wait_for(gate.stderr, r"64 open files leaves room for (\d+) connections")[1])
    assert gate.call("GET", LOOK, proof=CI).status == 200, "the key is taken: it need not be tried by two calls at a time"
    cloud.behave = wait_for_all
    with concurrent.futures.ThreadPoolExecutor(many) as pool:
        calls = [pool.submit(gate.call, "GET", LOOK, proof=CI) for _ in range(many)]
        wait_until(lambda: len(cloud.requests) == many + 1 or any(call.done() for call in calls), "all calls at the cloud")
        together.set()
        assert {call.result().status for call in calls} == {200}
    assert gate.stderr.text().count("Too many open files") == 0


def test_the_soft_limit_of_descriptors_is_raised(start):
    gate = start.gateway(settings(start.cloud().url), through=["bash", "-c", 'ulimit -Sn 64; exec "$@"', "_"])
    limits = pathlib.Path(f"/proc/{gate.process.pid}/limits").read_text()
    soft, hard = next(line for line in limits.splitlines() if line.startswith("Max open files")).split()[3:5]
    assert soft == hard


@pytest.mark.skipif(SANITIZED, reason="the sanitizer itself asks for memory by a pipe, and takes its lack for a wrong type")
def test_out_of_descriptors_is_a_line_when_it_begins(start):
    """Before the process can count: another one has them all (the whole system's, or memory)."""
    gate = start.gateway(settings(start.cloud().url))
    pid, room = gate.process.pid, len(os.listdir(f"/proc/{gate.process.pid}/fd"))
    subprocess.run(["prlimit", f"--nofile={room}:{room}", f"--pid={pid}"], check=True)
    waiting = [socket.create_connection(("127.0.0.1", gate.port), 30) for _ in range(20)]
    gate.wait_for(gate.stderr, "error accept: there is no room for connections: .*Too many open files")
    time.sleep(1)  # ten tries
    assert gate.stderr.text().count("Too many open files") == 1
    for each in waiting:
        each.close()
