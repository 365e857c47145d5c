"""Real proxies, started from the files in docs/proxies with nothing but the addresses replaced."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs" / "proxies"
_STARTED_SECONDS = 20


def _nginx(folder: Path, text: str) -> tuple[Path, list[str]]:
    file = folder / "nginx.conf"
    text = text.replace("/run/nginx.pid", str(folder / "nginx.pid"))
    text = text.replace("/var/log/nginx/error.log", str(folder / "error.log"))
    # Debian's nginx keeps bodies on their way under a folder that only root may write.
    paths = "".join(
        f"    {kind}_temp_path {folder / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # As root it would else give them up for a user who may not enter a test's folder.
    user = "user root;\n" if os.getuid() == 0 else ""
    file.write_text(user + text.replace("http {\n", f"http {{\n{paths}", 1))
    return file, ["-p", str(folder), "-g", "daemon off;", "-c"]


def _caddy(folder: Path, text: str) -> tuple[Path, list[str]]:
    file = folder / "Caddyfile"
    file.write_text(text)
    return file, ["run", "--adapter", "caddyfile", "--config"]


PROXIES: dict[str, tuple[str, Callable[[Path, str], tuple[Path, list[str]]]]] = {
    "nginx": ("nginx.conf", _nginx),
    "caddy": ("Caddyfile", _caddy),
}


def missing(name: str) -> str:
    """Why this proxy cannot be tested here; empty if it can."""
    return "" if _program(name) else f"{name} is not installed (Debian's package {name})"


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


@contextmanager
def running(name: str, folder: Path, gateway: int, api: int) -> Iterator[str]:
    """The proxy's address, while it runs between callers and these two ports."""
    file_name, prepare = PROXIES[name]
    port = _free_port()
    text = (DOCS / file_name).read_text(encoding="utf-8")
    for old, new in (("8080", port), ("127.0.0.1:8321", gateway), ("127.0.0.1:8400", api)):
        assert old in text
        text = text.replace(old, f"127.0.0.1:{new}" if ":" in old else str(new))
    file, arguments = prepare(folder, text)
    program = _program(name)
    assert program is not None
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, *arguments, str(file)],
            stdout=log,
            stderr=log,
            env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        )
    try:
        _wait(process, port, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(_STARTED_SECONDS)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _STARTED_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(log.read_text())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
