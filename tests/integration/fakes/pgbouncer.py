"""A PgBouncer in transaction mode before a PostgreSQL of the tests' own."""
import contextlib
import pathlib
import socket
import subprocess
import tempfile

from fakes.postgresql import AS_POSTGRES
from programs import wait_until

SETTINGS = """
[databases]
* = host={server}
[pgbouncer]
listen_addr =
listen_port = 5432
unix_socket_dir = {folder}
unix_socket_mode = 0777
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 10
"""


class pgbouncer:
    def __init__(self, server_folder):
        self._own = tempfile.TemporaryDirectory(prefix="pb.", dir="/tmp")  # pylint: disable=consider-using-with
        self.folder = pathlib.Path(self._own.name)
        self.folder.chmod(0o777)
        (self.folder / "settings.ini").write_text(SETTINGS.format(server=server_folder, folder=self.folder), encoding="ascii")
        (self.folder / "users").write_text('"postgres" ""\n', encoding="ascii")
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen([*AS_POSTGRES, "pgbouncer", "-q", self.folder / "settings.ini"], stdout=log, stderr=log)
        wait_until(self._listens, "PgBouncer")

    def _listens(self):
        assert self.process.poll() is None, (self.folder / "log").read_text(encoding="utf-8")
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as probe:
            return probe.connect_ex(str(self.folder / ".s.PGSQL.5432")) == 0

    def close(self):
        self.process.kill()
        self.process.wait()
        self._own.cleanup()
