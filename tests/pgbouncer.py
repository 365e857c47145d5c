"""A real PgBouncer in transaction mode before a PostgreSQL server, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.postgresql import unprivileged

_STARTED_SECONDS = 10


def program() -> str | None:
    """Where PgBouncer is, if it is installed."""
    return shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")


@contextmanager
def pooled(url: str, port: int, connections: int = 4) -> Iterator[str]:
    """The address of a database by way of a pooler.

    Args:
        url: of the database itself, on a Unix socket.
        port: where the pooler listens.
        connections: how many it has to the server.
    """
    path = program()
    assert path is not None
    name = urlsplit(url).path.strip("/")
    (host,) = parse_qs(urlsplit(url).query)["host"]
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"""[databases]
{name} = host={host} user=postgres dbname={name}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
"""
    )
    user = unprivileged()
    if user is not None:
        os.chown(folder, user, -1)
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [path, str(settings)], stdout=log, stderr=log, user=user, start_new_session=True
    )
    try:
        _answers(port, process, folder)
        yield f"postgresql://postgres@127.0.0.1:{port}/{name}"
    finally:
        process.terminate()
        process.wait(_STARTED_SECONDS)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def _answers(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + _STARTED_SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < end
        time.sleep(0.02)
