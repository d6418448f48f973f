"""A PostgreSQL of the tests' own, in a temporary folder, reached by a unix socket, with fsync on. As root it runs as the user
postgres, whom the package has made."""
import contextlib
import itertools
import os
import pathlib
import signal
import subprocess
import tempfile

from programs import wait_until

PROGRAMS = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), default=pathlib.Path("/nowhere"))
AS_POSTGRES = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []


class postgresql:
    def __init__(self, options=""):
        """`options` of the server besides its own."""
        self._options = options
        # Short: the path of a socket has a limit.
        self._folder = tempfile.TemporaryDirectory(prefix="pg.", dir="/tmp")  # pylint: disable=consider-using-with
        self.folder = pathlib.Path(self._folder.name)
        self.folder.chmod(0o777)
        self._numbers = itertools.count(1)
        self._run("initdb", "-D", self.folder / "data", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C")
        self.start()

    def _run(self, program, *arguments):
        done = subprocess.run([*AS_POSTGRES, PROGRAMS / program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, cwd=self.folder)
        assert done.returncode == 0, f"{program} failed (is the package postgresql installed?): {done.stdout}"

    def start(self):
        with open(self.folder / "start.log", "ab") as log:  # no pipe: the server would keep it open
            done = subprocess.run([*AS_POSTGRES, PROGRAMS / "pg_ctl", "-s", "-w", "-D", self.folder / "data", "-l", self.folder / "log",
                                   "-o", f"-k {self.folder} -h '' {self._options}", "start"], check=False, cwd=self.folder, stdout=log, stderr=log)
        assert done.returncode == 0, (self.folder / "log").read_text(encoding="utf-8")

    def process(self):
        return int((self.folder / "data/postmaster.pid").read_text(encoding="ascii").splitlines()[0])

    def kill(self):
        """As a machine that loses its power, but for its page cache: every process of it."""
        first = self.process()
        children = [int(pid) for pid in pathlib.Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii").split()]
        for pid in (first, *children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        # One that was forked meanwhile ends by itself when its parent is gone.
        wait_until(lambda: not self._lives(), "the end of all its processes")
        # Where nobody waits for the dead, their numbers are taken for living processes.
        for lock in (self.folder / "data/postmaster.pid", *self.folder.glob(".s.PGSQL.*")):
            lock.unlink()

    def _lives(self):
        """Whether a process of it has its folder."""
        for each in pathlib.Path("/proc").glob("[0-9]*/cwd"):
            with contextlib.suppress(OSError):
                if each.readlink() == self.folder / "data":
                    return True
        return False

    def new_database(self):
        """Its connection string."""
        name = f"ledger{next(self._numbers)}"
        self._run("createdb", "-h", self.folder, "-U", "postgres", name)
        return f"host={self.folder} user=postgres dbname={name}"

    def query(self, connection_string, sql):
        done = subprocess.run([PROGRAMS / "psql", "-XAtq", connection_string, "-c", sql], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def close(self):
        if self._lives():
            self._run("pg_ctl", "-s", "-m", "immediate", "-D", self.folder / "data", "stop")
        self._folder.cleanup()
