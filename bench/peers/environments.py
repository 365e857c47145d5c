"""Installing a peer into an environment of its own, from its lock file."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


class PeerMissing(Exception):
    """A peer cannot be had on this machine."""


def python(name: str, folder: Path) -> Path:
    """The folder of programs of a Python peer's environment, made in `folder`.

    Raises:
        PeerMissing: if it cannot be installed.
    """
    environment = folder / f"env-{name}"
    _run([sys.executable, "-m", "venv", str(environment)], folder)
    lock = HERE / name / "requirements.txt"
    install = ("--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes")
    _run([str(environment / "bin" / "pip"), "install", *install, "-r", str(lock)], folder)
    return environment / "bin"


def node(name: str, folder: Path) -> tuple[str, Path]:
    """Node's program, and the folder of a peer with its packages, made in `folder`.

    Raises:
        PeerMissing: if there is no Node, or the packages cannot be installed.
    """
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        raise PeerMissing("Node and npm are not installed")
    there = folder / name
    shutil.copytree(HERE / name, there)
    _run([npm, "ci", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund"], there)
    return program, there


def _run(line: list[str], folder: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own arguments
        line, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise PeerMissing(f"{Path(line[0]).name} failed: {' '.join(last)}")
