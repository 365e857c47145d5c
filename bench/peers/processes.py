"""One peer at work: started, asked whether it tells a good key from a bad one, stopped."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from bench.peers.environments import PeerMissing
from tests.e2e.harness.program import free_port

_STARTED_SECONDS = 60


class Peer:
    """A process that verifies keys over HTTP.

    Args:
        command: gets the port, gives the command line.
        header: gets a key, gives the header that presents it.
        key_file: into which the process writes its key; None if it prints it.
    """

    def __init__(
        self,
        command: Callable[[int], Sequence[str]],
        folder: Path,
        header: Callable[[str], Mapping[str, str]],
        environment: Mapping[str, str] | None = None,
        key_file: Path | None = None,
    ) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/authz"
        self._said = folder / "said"
        with self._said.open("wb") as said, (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments
                list(command(port)),
                cwd=folder,
                stdout=said,
                stderr=log,
                env={**os.environ, **(environment or {})},
            )
        try:
            key = self._wait_for_key(key_file or self._said)
            self.headers = dict(header(key))
            self._check(header(key + "x"))
        except BaseException:
            self.__exit__()
            raise

    def _wait_for_key(self, file: Path) -> str:
        deadline = time.monotonic() + _STARTED_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            key = file.read_text(encoding="ascii").strip() if file.exists() else ""
            if key and _status(self.url, {}) is not None:
                return key
            time.sleep(0.05)
        raise PeerMissing(f"it did not start; see {self._said.with_name('log').name}")

    def _check(self, wrong: Mapping[str, str]) -> None:
        good, bad = _status(self.url, self.headers), _status(self.url, wrong)
        if good != 204 or bad not in (401, 403):
            raise RuntimeError(f"a good key is answered with {good}, a wrong one with {bad}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _status(url: str, headers: Mapping[str, str]) -> int | None:
    try:
        request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return None
