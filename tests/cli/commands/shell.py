"""An operator's shell: a folder, an environment, and what a command prints and returns there."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from cli.main import main

COMMAND = (sys.executable, "-c", "from cli.main import main; main()")


class Shell:
    """An operator's shell in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "USER": "op"} | self.settings

    def run(self, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command in this process, where starting the program costs nothing."""
        printed, complained = _Stream(), _Stream()
        with ExitStack() as stack:
            stack.enter_context(chdir(self.folder))
            stack.enter_context(mock.patch.dict(os.environ, self.environment, clear=True))
            stack.enter_context(mock.patch.object(sys, "argv", ["apikeys", *words]))
            stack.enter_context(mock.patch.object(sys, "stdin", _Stream(typed.encode())))
            stack.enter_context(redirect_stdout(printed))
            stack.enter_context(redirect_stderr(complained))
            stack.enter_context(_log_left_as_it_was())
            try:
                main()
                status = 0
            except SystemExit as end:
                assert end.code is None or isinstance(end.code, int), end.code
                status = end.code or 0
        return subprocess.CompletedProcess(words, status, printed.text, complained.text)

    def run_as_process(self, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command as an operator's shell does, as a process; that costs seconds."""
        return subprocess.run(
            [*COMMAND, *words],
            cwd=self.folder,
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def new(self, *words: str) -> str:
        done = self.run("keys", "new", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


class _Stream(io.TextIOWrapper):
    """A standard stream in memory, with the bytes beneath it that a real one has."""

    def __init__(self, content: bytes = b"") -> None:
        self._bytes = io.BytesIO(content)
        super().__init__(self._bytes, encoding="utf-8", write_through=True)

    @property
    def text(self) -> str:
        return self._bytes.getvalue().decode()


@contextmanager
def _log_left_as_it_was() -> Iterator[None]:
    """The program sets up the log of its process, which is the tests' here."""
    root, alembic = logging.getLogger(), logging.getLogger("alembic")
    handlers, level, alembics = root.handlers[:], root.level, alembic.level
    # As in a process that has just begun; else the program's own set-up would be passed over.
    root.handlers[:] = []
    root.setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        alembic.setLevel(alembics)
