"""Starts what a test asks for and ends it afterwards, whatever became of the test."""
import contextlib
import itertools
import json
import os
import ssl
import subprocess

import pytest

import programs
from fakes import scripted_cloud as scripts
import world


class stage:
    """Where programs are started; they end in the reverse order."""

    def __init__(self, folder, stack):
        self._folder, self._stack, self._count = folder, stack, itertools.count()

    def folder(self):
        new = self._folder / str(next(self._count))
        new.mkdir()
        return new

    def gateway(self, settings, environment=None, secrets=None, through=(), pass_fds=()):
        started = programs.gateway(self.folder(), settings, {**world.SECRETS, **(secrets or {})}, environment, through, pass_fds)
        self._stack.callback(started.close)
        return started

    def simulator(self, seed, controlled=False):
        started = programs.simulator(self.folder(), seed, controlled)
        self._stack.callback(started.close)
        return started

    def cloud(self, behave=scripts.answering(), tls=None):
        started = scripts.scripted_cloud(behave, tls)
        self._stack.callback(started.close)
        return started


@pytest.fixture
def start(tmp_path):
    with contextlib.ExitStack() as stack:
        yield stage(tmp_path, stack)


@pytest.fixture(scope="module")
def start_once(tmp_path_factory):
    """For programs that all tests of a file share."""
    with contextlib.ExitStack() as stack:
        yield stage(tmp_path_factory.mktemp("shared"), stack)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that signs itself: its file, and a TLS context of a server that shows it."""
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return folder / "cert.pem", context


@pytest.fixture
def sdk(tmp_path):
    """Calls with the official Node SDK: one process for a list of calls, one result for each."""
    def calls(port, calls_to_make, access_key=world.PLANNER_KEY, secret_key=world.SECRETS["planner.sk"]):
        script = programs.PROJECT / "tests/integration/sdk/calls.mjs"
        done = subprocess.run(
            ["node", script], capture_output=True, text=True, timeout=120, check=False,
            env=os.environ | {"HOME": str(tmp_path)},  # where the SDK leaves a file
            input=json.dumps({"endpoint": f"http://127.0.0.1:{port}", "accessKey": access_key, "secretKey": secret_key,
                              "calls": calls_to_make}))
        assert done.returncode == 0, done.stderr
        results = json.loads(done.stdout.splitlines()[-1])
        assert len(results) == len(calls_to_make)
        return results
    return calls
