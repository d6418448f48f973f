"""The programs under test, as processes: started with what a test gives them, watched, and ended."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import ssl
import subprocess
import threading
import time
import urllib.request

import yaml

import calling

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("GATEWAY_BIN_DIR", PROJECT / "build/release/bin"))
# AddressSanitizer keeps freed memory on purpose, ThreadSanitizer shadows all of it: what is said of memory holds for neither.
SANITIZED = any(word in str(BIN) for word in ("asan", "tsan"))
PATIENCE = 30  # seconds until a condition that a test waits for counts as never met


def wait_until(met, what, patience=PATIENCE):
    """Waits for a condition; the value that met it."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if value := met():
            return value
        time.sleep(0.01)
    raise AssertionError(f"waited {patience} s in vain for {what}")


class output:
    """One output of a program, read as it comes, so that the program never waits for its reader."""

    def __init__(self, pipe):
        self.lines = []
        self._reader = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._reader.start()

    def _read(self, pipe):
        for line in pipe:
            self.lines.append(line.decode("utf-8").rstrip("\n"))

    def text(self):
        return "\n".join(self.lines)

    def find(self, pattern):
        return next((m for line in list(self.lines) if (m := re.search(pattern, line))), None)

    def join(self):
        self._reader.join(PATIENCE)


class program:
    def __init__(self, name, *arguments, environment=None, through=(), pass_fds=()):
        """`through`: a command that starts the program in its place, as a service manager does."""
        self.name = name
        self.process = subprocess.Popen(
            [*through, BIN / name, *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=os.environ | (environment or {}), pass_fds=pass_fds)
        self.stdout, self.stderr = output(self.process.stdout), output(self.process.stderr)

    def wait_for(self, where, pattern):
        """Waits for a line of an output; fails at once if the program ends before."""
        def met():
            found = where.find(pattern)
            if not found and self.process.poll() is not None:
                where.join()
                found = where.find(pattern)
                assert found, f"{self.name} ended with {self.process.returncode}:\n{self.stderr.text()}"
            return found
        return wait_until(met, f"{pattern!r} from {self.name}, which said:\n{self.stderr.text()}")

    def tell(self, which):
        self.process.send_signal(which)

    def thread(self, name):
        """The id of the thread of that name."""
        def named():
            threads = pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()
            return next((int(each.name) for each in threads if (each / "comm").read_text().strip() == name), None)
        return wait_until(named, f"a thread {name}")  # which names itself when it begins to run

    def ended(self):
        """Waits for the end; the exit status."""
        self.process.wait(PATIENCE)
        self.stdout.join()
        self.stderr.join()
        return self.process.returncode

    def close(self):
        """Ends the program as an operator does. A sanitizer's finding shows in the exit status."""
        if self.process.poll() is None:
            self.tell(signal.SIGTERM)
        try:
            status = self.ended()
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"{self.name} did not end:\n{self.stderr.text()}") from None
        assert status == 0, f"{self.name} ended with {status}:\n{self.stderr.text()}"


def run(name, *arguments, stdin="", through=()):
    """Runs a program to its end. `through`: as for a program that goes on."""
    return subprocess.run([*through, BIN / name, *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          timeout=PATIENCE, check=False)


class simulator(program):
    """ecs-simulator, the imitation of the cloud."""

    def __init__(self, folder, seed, controlled=False):
        self.ca_file = folder / "cloud-ca.pem"
        self._record = folder / "cloud-record.jsonl"
        seed_file = folder / "seed.yaml"
        seed_file.write_text(yaml.safe_dump(seed), encoding="utf-8")
        super().__init__("ecs-simulator", "--listen", "127.0.0.1:0", "--seed", seed_file, "--record", self._record,
                         "--ca-out", self.ca_file,
                         *(["--control"] if controlled else []),
                         *(["--metadata-listen", "127.0.0.1:0"] if controlled and "metadata" in seed else []))
        self.port = int(self.wait_for(self.stdout, r"^listening on \S+:(\d+)")[1])
        self.url = f"https://127.0.0.1:{self.port}"
        if controlled and "metadata" in seed:
            found = self.wait_for(self.stdout, r"metadata listening on (\S+:\d+)")
            self.metadata_url = f"http://{found[1].removeprefix('http://')}"

    def control(self, what, /, **to):
        """Turns what goes wrong with the cloud, its clock, keys, resizes and orders, or reads what it knows; see its README."""
        context = ssl.create_default_context(cafile=self.ca_file)
        request = urllib.request.Request(f"{self.url}/simulator/{what}", method="POST" if to else "GET",
                                         data=json.dumps(to).encode() if to else None)
        with urllib.request.urlopen(request, context=context, timeout=PATIENCE) as got:
            return json.load(got)

    def record(self):
        """What reached the cloud, one object a request."""
        return [json.loads(line) for line in self._record.read_text(encoding="utf-8").splitlines()]


def no_key_twice(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key twice in {pairs}"
    return dict(pairs)


class gateway(program):
    """ecs-gateway run, with a configuration and secrets in a folder of their own."""

    def __init__(self, folder, settings, secrets, environment=None, through=(), pass_fds=()):
        self.file = folder / "gateway.yaml"
        for name, secret in secrets.items():
            (folder / name).write_text(secret + "\n", encoding="utf-8")
        self.configure(settings)
        super().__init__("ecs-gateway", "run", "--config", self.file, environment=environment, through=through,
                         pass_fds=pass_fds)
        self.ports = [self.port_of(listener["address"]) for listener in settings["listeners"]]
        self.port = self.ports[0]
        if "admin" in settings:
            self.admin_port = int(self.wait_for(self.stderr, r"listening address=\S+:(\d+) listener=admin$")[1])

    def port_of(self, listener):
        """Waits until it listens there. A unix socket has no port."""
        found = self.wait_for(self.stderr, rf"listening address=\S*?:(\d+|/\S*) listener={re.escape(listener)}$")
        return int(found[1]) if found[1].isdigit() else None

    def admin(self, path):
        """Status and text of a page of the admin listener."""
        page = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=PATIENCE)
        with contextlib.closing(page):
            page.request("GET", path)
            got = page.getresponse()
            return got.status, got.read().decode()

    def metric(self, name, **labels):
        """The value of a metric with these labels; None when it is not there."""
        for line in self.admin("/metrics")[1].splitlines():
            found = re.fullmatch(rf"{name}(?:\{{(.*)\}})? (\S+)", line)
            if found and all(f'{k}="{v}"' in (found[1] or "") for k, v in labels.items()):
                return float(found[2])
        return None

    def configure(self, settings):
        self.file.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")

    def reload(self, settings, expect):
        """SIGHUP with a new file; waits for the log line by which the gateway tells what came of it."""
        seen = len(self.stderr.lines)
        self.configure(settings)
        self.tell(signal.SIGHUP)
        return self.wait_for_new(seen, expect)

    def wait_for_new(self, seen, pattern):
        return wait_until(lambda: next((line for line in self.stderr.lines[seen:] if re.search(pattern, line)), None),
                          f"{pattern!r} in\n{self.stderr.text()}")

    def call(self, method, target, body=b"", fields=(), proof=calling.nothing):
        """One call on a connection of its own."""
        with calling.connection(self.port) as to:
            return to.call(method, target, body, fields, proof)

    def resize(self, project, server, resize, proof, version="v1.1", fields=(), **beside):
        return self.call("POST", f"/{version}/{project}/cloudservers/{server}/resize",
                         json.dumps({"resize": resize, **beside}).encode(),
                         [("Content-Type", "application/json"), *fields], proof)

    def outcomes(self):
        return [json.loads(line, object_pairs_hook=no_key_twice) for line in list(self.stdout.lines)]

    def outcome_of(self, answer):
        """The outcome line of a call, which may follow its answer."""
        wanted = answer["X-Gateway-Request-Id"]
        assert wanted, f"no X-Gateway-Request-Id in {answer}"
        return wait_until(lambda: next((o for o in self.outcomes() if o.get("request_id") == wanted), None),
                          f"the outcome line of {wanted}")
