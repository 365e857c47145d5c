"""The demo's bot and gateway: a real `apikeys run` in a child process."""

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
from runtime import private_files

STOP_SECONDS = 20
# Nothing else of the user's environment reaches the bot, such as real tokens or a proxy.
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ")
_GRAVE = re.compile(r'^\S+ (WARNING|ERROR|CRITICAL) |"level": "(warning|error|critical)"')


class Child:
    """The running process.

    Args:
        settings: all its settings, by the names in docs/settings.md.
        clock: the file with the demo's clock.
        folder: its working directory; a `.env` elsewhere is not read.
        log: the file for its output; overwritten.
        warn: called with each warning and error that it logs.
    """

    def __init__(
        self,
        settings: dict[str, str],
        clock: Path,
        folder: Path,
        log: Path,
        warn: Callable[[str], None],
    ) -> None:
        self._log = log
        self._warn = warn
        self._last = ""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self.process = subprocess.Popen(  # noqa: S603  (this very program)
            [
                *_die_with_parent(),
                sys.executable,
                "-m",
                "cli.demo.bot_main",
                "run",
                str(clock.resolve()),
            ],
            cwd=folder,
            env=kept | {"PYTHONUTF8": "1"} | settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            # Ctrl-C reaches only the demo, which then stops its parts in order.
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="bot's log", daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether it is still running."""
        return self.process.poll() is None

    def ends_within(self, seconds: float) -> bool:
        """Return whether it ends within this time. Blocks."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """Stop the process cleanly; does nothing if it has ended. Blocks."""
        if self.alive:
            self.process.send_signal(signal.SIGTERM)
        if not self.ends_within(STOP_SECONDS):
            self._warn(f"The bot did not stop within {STOP_SECONDS} seconds and was killed.")
            self.process.kill()
            self.process.wait()
        self._reader.join(STOP_SECONDS)

    def died(self) -> DemoError:
        """Return the error for a process that ended unexpectedly."""
        self._reader.join(STOP_SECONDS)
        status, last = self.process.wait(), self._last or "It wrote nothing."
        ending = f"with status {status}" if status >= 0 else f"by {signal.Signals(-status).name}"
        return DemoError(f"The bot's process ended {ending}. {self._log} ends with: {last}")

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101  (it was asked for)
        with (
            self.process.stdout as output,
            open(self._log, "w", encoding="utf-8", opener=private_files.appending) as log,
        ):
            for line in map(redact, output):
                log.write(line)
                log.flush()
                self._last = line.strip() or self._last
                if _GRAVE.search(line):
                    self._warn(f"The bot says: {line.rstrip()}")


def _die_with_parent() -> list[str]:
    """Return the prefix that ends the process with a killed demo (setpriv, in util-linux)."""
    found = shutil.which("setpriv")
    return [found, "--pdeathsig", "TERM", "--"] if found else []
