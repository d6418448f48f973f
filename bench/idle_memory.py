#!/usr/bin/python3
"""Memory of idle connections: how much RSS each of 3,000 kept connections costs after it has served a call, in the gateway
and in nginx (and HAProxy where it is installed) as plain proxies, in one run. Prints a line for each.

Usage: GATEWAY_BIN_DIR=build/profiled/bin bench/idle_memory.py [CONNECTIONS]
"""
import contextlib
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/integration"))

import calling  # noqa: E402
import programs  # noqa: E402
from fakes import scripted_cloud  # noqa: E402
import world  # noqa: E402

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
LOOK = f"/v1/{world.ACME}/cloudservers/s1"
CALL = calling.render("GET", LOOK, [("Host", "g"), ("X-Api-Key", world.API_KEYS["ci"])], b"")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def resident(process):
    """KiB of a process and its children."""
    found = subprocess.run(["ps", "-o", "rss=", "--pid", str(process), "--ppid", str(process)], capture_output=True,
                           text=True, check=True)
    return sum(map(int, found.stdout.split()))


def call(to):
    to.sendall(CALL)
    received = b""
    while b"}" not in received:
        received += to.recv(65536)
    assert b" 200 " in received.split(b"\r\n")[0], received


def measure(name, port, process):
    with contextlib.ExitStack() as warm:
        for _ in range(200):
            call(warm.enter_context(socket.create_connection(("127.0.0.1", port), 30)))
    before = resident(process)
    with contextlib.ExitStack() as kept:
        for _ in range(COUNT):
            call(kept.enter_context(socket.create_connection(("127.0.0.1", port), 30)))
        after = resident(process)
    print(f"{name:12} {before / 1024:6.1f} MiB before, {after / 1024:6.1f} MiB with {COUNT} idle connections: "
          f"{(after - before) / COUNT:.2f} KiB each", flush=True)


def start_when_listening(command, port, stack):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.terminate)

    def listens():
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5).close()
            return True
    programs.wait_until(listens, f"{command[0]} to listen")
    return process.pid


def main():
    cloud = scripted_cloud.scripted_cloud()
    with tempfile.TemporaryDirectory() as made, contextlib.ExitStack() as stack:
        folder = pathlib.Path(made)
        gate = programs.gateway(folder, world.settings(cloud.url, limits={"connections": COUNT + 500},
                                                       log={"level": "info", "outcomes": "/dev/null"}), world.SECRETS)
        stack.callback(gate.close)
        measure("ecs-gateway", gate.port, gate.process.pid)

        port = free_port()
        (folder / "nginx.conf").write_text(
            f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;\n"
            f"events {{ worker_connections {COUNT + 1000}; }}\n"
            f"http {{ access_log off; keepalive_requests 100000; upstream cloud {{ server 127.0.0.1:{cloud.port}; "
            f"keepalive 64; }}\n server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://cloud; "
            "proxy_http_version 1.1; proxy_set_header Connection ''; } } }\n", encoding="utf-8")
        measure("nginx", port, start_when_listening(["nginx", "-c", folder / "nginx.conf", "-p", folder], port, stack))

        if shutil.which("haproxy"):
            port = free_port()
            (folder / "haproxy.cfg").write_text(
                f"global\n maxconn {COUNT + 1000}\n nbthread 1\ndefaults\n mode http\n timeout connect 5s\n timeout client 60s\n"
                f" timeout server 60s\nfrontend f\n bind 127.0.0.1:{port}\n default_backend b\nbackend b\n"
                f" server s 127.0.0.1:{cloud.port}\n", encoding="utf-8")
            measure("HAProxy", port, start_when_listening(["haproxy", "-f", folder / "haproxy.cfg"], port, stack))


if __name__ == "__main__":
    main()
