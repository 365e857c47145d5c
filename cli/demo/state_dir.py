"""The demo's folder: its state between two runs, and a lock."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.demo.errors import DemoError

# Where the practice Slack's page is, if that port is free.
PAGE_PORT = 8330
NAME = ".apikeys-demo"
_LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with a place for each part, which only its owner can read."""

    path: Path

    @property
    def slack(self) -> Path:
        """The practice Slack's people, channels and messages."""
        return self.path / "slack"

    @property
    def keys(self) -> Path:
        """The keys, as in `APIKEYS_HOME`."""
        return self.path / "keys"

    @property
    def documents(self) -> Path:
        """The example API's documents."""
        return self.path / "documents"

    @property
    def clock(self) -> Path:
        """The clock, which the practice Slack moves; see cli.demo.clock."""
        return self.path / "clock"

    @property
    def log(self) -> Path:
        """The log of the bot and the gateway in this run."""
        return self.path / "bot.log"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Create the folder, and lock it against other demos.

        Raises:
            DemoError: if another demo runs in it, or it cannot be created.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self.path / _LOCK).open("a+", encoding="ascii")
        except OSError as error:
            raise DemoError(f"The folder {self.path} cannot be used: {error.strerror}.") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                who = lock.read().strip() or "unknown"
                raise DemoError(
                    f"A demo is running in {self.path} (process {who}). Stop it with Ctrl-C first."
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def empty(self) -> None:
        """Delete the folder and everything in it.

        Raises:
            DemoError: if a demo runs in it.
        """
        if not self.path.exists():
            return
        with self.locked():
            shutil.rmtree(self.path)
