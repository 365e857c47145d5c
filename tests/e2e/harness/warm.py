"""Starts the program from a process that has imported it, which saves two seconds a start.

It is `apikeys run` all the same: a process with a folder, an environment and a log of its own that
can be killed. Only the start of Python and the imports have happened before, in
Python's fork server: a process with one thread and nothing of the tests' in it.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerContext
from pathlib import Path

# What `apikeys run` imports at its start. A copy wants the main module too, which is pytest's.
_PRELOADED = (
    "__main__",
    "cli.actions.run",
    "cli.bootstrap.application",
    "cli.bootstrap.bot",
    "cli.bootstrap.gateway",
)


class WarmProcess:
    """A process that began as a copy of the fork server; the methods are those of `Popen`.

    Args:
        arguments: those of the command `apikeys`.
        folder: where it works.
        environment: all of its environment.
        log: the file that its standard error goes to.
    """

    def __init__(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path
    ) -> None:
        self._process = _context().Process(
            target=_run, args=(arguments, folder, dict(environment), log)
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """The number that the system has given it."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Its status, or None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Wait so many seconds for its end, and return its status."""
        self._process.join(timeout)
        status = self._process.exitcode
        assert status is not None, f"it still runs after {timeout} s"
        return status

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._process.kill()


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_PRELOADED))
    return context


def _run(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> None:
    from cli.main import main

    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    with log.open("a") as file:
        os.dup2(file.fileno(), sys.stderr.fileno())
    sys.argv = ["apikeys", *arguments]
    main()
