"""The bot and the gateway of the demo: a real `apikeys run`, as a process of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from cli.bootstrap.redaction import redact
from cli.demo.errors import DemoError

STOP_SECONDS = 20
# Nothing else of the user's environment reaches the bot: neither real tokens nor a proxy.
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ")
_GRAVE = re.compile(r'^\S+ (WARNING|ERROR|CRITICAL) |"level": "(warning|error|critical)"')


class Child:
    """The process at work.

    Args:
        settings: its whole configuration, by the names of docs/settings.md.
        folder: the folder in which it runs; a `.env` elsewhere is not read.
        log: the file for what it writes; emptied first.
        warn: is told of each warning and error that it logs.
    """

    def __init__(
        self, settings: dict[str, str], folder: Path, log: Path, warn: Callable[[str], None]
    ) -> None:
        self._log = log
        self._warn = warn
        self._last = ""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self.process = subprocess.Popen(  # noqa: S603  (this very program)
            [*_dies_with_its_parent(), sys.executable, "-m", "cli", "run"],
            cwd=folder,
            env=kept | {"PYTHONUTF8": "1"} | settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            # Ctrl-C reaches the demo alone, which then stops its parts in their order.
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="bot's log", daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def ends_within(self, seconds: float) -> bool:
        """Whether it has ended by then. Blocks."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """Has it end after what is under way; does nothing if it has ended. Blocks."""
        if self.alive:
            self.process.send_signal(signal.SIGTERM)
        if not self.ends_within(STOP_SECONDS):
            self._warn(f"The bot did not stop within {STOP_SECONDS} seconds and was ended.")
            self.process.kill()
            self.process.wait()
        self._reader.join(STOP_SECONDS)

    def died(self) -> DemoError:
        """What to say once it has ended without being asked to."""
        self._reader.join(STOP_SECONDS)
        status, last = self.process.wait(), self._last or "It wrote nothing."
        ending = f"with status {status}" if status >= 0 else f"by {signal.Signals(-status).name}"
        return DemoError(f"The bot's process ended {ending}. {self._log} ends with: {last}")

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101  (it was asked for)
        with self.process.stdout as output, self._log.open("w", encoding="utf-8") as log:
            for line in map(redact, output):
                log.write(line)
                log.flush()
                self._last = line.strip() or self._last
                if _GRAVE.search(line):
                    self._warn(f"The bot says: {line.rstrip()}")


def _dies_with_its_parent() -> list[str]:
    """For a demo that is killed and cannot stop anything; Linux has it in util-linux."""
    found = shutil.which("setpriv")
    return [found, "--pdeathsig", "TERM", "--"] if found else []
