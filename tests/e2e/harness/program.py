"""The real program as a process of its own, at work for a practice Slack."""

from __future__ import annotations

import base64
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import httpx

from sandbox.sandbox import Sandbox
from tests.e2e.harness.warm import WarmProcess

ROOT = Path(__file__).parents[3]
MANIFEST = ROOT / "manifest.yml"
CHANNEL = "#api-keys"
# What a process reads at its very start, so that it cannot be handed in later.
_FROM_THE_START = frozenset({"LD_PRELOAD", "PYTHONPATH"})
_SECONDS = 30.0


def slack_settings(slack: Sandbox) -> dict[str, str]:
    """What an operator writes into `.env` for a bot over Socket Mode."""
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.api_url,
        "APIKEYS_CHANNEL": CHANNEL,
    }


def http_settings(slack: Sandbox) -> dict[str, str]:
    """The same for a bot to which Slack sends signed requests."""
    others = slack_settings(slack)
    del others["SLACK_APP_TOKEN"]
    return others | {
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "APIKEYS_SLACK_LISTEN": f"127.0.0.1:{free_port()}",
    }


# Gives the address of the database of a home, where the programs' are not their own files.
database_of: Callable[[Path], str] | None = None
PEPPER = base64.b64encode(b"p" * 32).decode()


def database_settings(home: Path) -> dict[str, str]:
    """What a program whose home this is needs in addition, on PostgreSQL."""
    if database_of is None:
        return {}
    return {"DATABASE_URL": database_of(home.resolve()), "APIKEYS_PEPPER": PEPPER}


class Program:
    """`apikeys run` with settings of its own; its log is the file `log` in its folder.

    Args:
        folder: where it works and keeps its database.
        settings: its environment, beside the few variables that every process needs.
        only: a part to run alone, `slack` or `gateway`.
        cold: whether Python is started for it, as it is by an operator.
    """

    def __init__(
        self,
        folder: Path,
        settings: dict[str, str],
        only: str | None = None,
        *,
        cold: bool = False,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.log = folder / "log"
        own = {"PATH": os.environ["PATH"], "HOME": str(folder)}
        own |= database_settings(Path(settings.get("APIKEYS_HOME", folder / ".apikeys")))
        environment = own | {"APIKEYS_LOG_LEVEL": "DEBUG"} | settings
        arguments = ("run", *(("--only", only) if only else ()))
        self.log.write_text("")
        self._process: subprocess.Popen[bytes] | WarmProcess
        if cold or environment.keys() & _FROM_THE_START:
            command = (sys.executable, "-m", "cli", *arguments)
            with self.log.open("a") as log:
                self._process = subprocess.Popen(command, cwd=folder, env=environment, stderr=log)
        else:
            self._process = WarmProcess(arguments, folder, environment, self.log)

    def waits_until_it_says(self, words: str) -> None:
        """Returns once `words` stand in the log, on a line of the program's own."""
        eventually(lambda: words in self.log.read_text() or not self.alive, words)
        assert self.alive, self.log.read_text()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def resident_bytes(self) -> int:
        """How much memory it has in use, as the system counts it."""
        return self._status("VmRSS") * 1024

    @property
    def threads(self) -> int:
        """How many threads it has."""
        return self._status("Threads")

    def _status(self, name: str) -> int:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith(f"{name}:"))
        return int(line.split()[1])

    def kill(self) -> None:
        """Ends it as a power cut would, whatever it is doing; returns at once."""
        self._process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._process.wait(_SECONDS)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ask it to stop by a signal, and expect a clean end."""
        self._process.send_signal(number)
        status = self._process.wait(_SECONDS)
        assert status == 0, self.log.read_text()


def eventually(condition: Callable[[], object], what: str = "", within: float = _SECONDS) -> None:
    """Waits until a condition holds; `within` is in real seconds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        time.sleep(0.01)


def asks(gateway: str, token: str, method: str = "GET") -> int:
    """What a proxy is told by the gateway about a request with this token."""
    headers = {"Authorization": f"Bearer {token}", "X-Original-Method": method}
    return httpx.get(f"{gateway}/authz", headers=headers).status_code


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
