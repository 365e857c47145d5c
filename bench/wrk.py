"""Load on loopback by `wrk`, from a single thread (Debian's package of that name)."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).parent / "lua"
CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Measured:
    """What wrk saw: requests a second, and times in milliseconds."""

    per_second: float
    requests: int
    p50_ms: float
    p99_ms: float
    refused: int


class WrkMissing(Exception):
    """There is no wrk on this machine."""


def load(
    url: str,
    *,
    seconds: int = 2,
    connections: int = CONNECTIONS,
    headers: dict[str, str] | None = None,
    script: str | None = None,
    arguments: tuple[str, ...] = (),
) -> Measured:
    """Load one address.

    Args:
        script: a file of `bench/lua`, with its arguments.

    Raises:
        RuntimeError: if connections broke.
    """
    said = subprocess.run(  # noqa: S603 - our own arguments
        command(url, seconds, connections, headers, script, arguments),
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    if "Socket errors" in said:
        raise RuntimeError(said)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return Measured(
        float(_find(r"Requests/sec:\s+([\d.]+)", said)),
        int(_find(r"(\d+) requests in", said)),
        _milliseconds(_find(r"(?m)^\s+50%\s+(\S+)", said)),
        _milliseconds(_find(r"(?m)^\s+99%\s+(\S+)", said)),
        int(refused[1]) if refused else 0,
    )


def command(
    url: str,
    seconds: int,
    connections: int = CONNECTIONS,
    headers: dict[str, str] | None = None,
    script: str | None = None,
    arguments: tuple[str, ...] = (),
) -> list[str]:
    """The command line. Raises WrkMissing."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise WrkMissing("wrk is missing; on Debian: apt-get install wrk")
    line = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    for name, value in (headers or {}).items():
        line += ["-H", f"{name}: {value}"]
    if script is not None:
        line += ["-s", str(SCRIPTS / script)]
    return [*line, url, *(("--", *arguments) if arguments else ())]


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"wrk did not say {pattern}:\n{text}")
    return found[1]


def _milliseconds(text: str) -> float:
    number, unit = _find(r"([\d.]+)", text), text.lstrip("0123456789.")
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}[unit]
