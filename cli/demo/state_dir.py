"""The demo's folder: everything that is kept between two runs, and who may use it now."""

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
    """A folder with a place for each part; only its owner can read it."""

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
    def log(self) -> Path:
        """What bot and gateway wrote in this run."""
        return self.path / "bot.log"

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Make the folder, and keep other demos out of it.

        Raises:
            DemoError: if another demo runs in it, or it cannot be made.
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
        """Remove everything that was kept.

        Raises:
            DemoError: if a demo runs in it.
        """
        if not self.path.exists():
            return
        with self.taken():
            shutil.rmtree(self.path)
