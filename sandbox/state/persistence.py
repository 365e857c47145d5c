"""Keeping a workspace between runs: one file, written soon after every change.

The file is replaced as a whole, so a process that is killed loses the last second at most.
"""

import json
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.base.errors import StateError
from sandbox.state.installation import Installation
from sandbox.state.snapshot import FORMAT, Redact, Snapshot, parse_snapshot, take_snapshot
from sandbox.state.workspace import Workspace

_log = logging.getLogger(__name__)

FILE = "practice-slack.json"
_PAUSE = 0.5
"""Real seconds between a change and its writing, in which further changes gather."""


def load_snapshot(folder: Path) -> Snapshot | None:
    """What an earlier run kept there; None when there was none.

    Raises:
        StateError: the file is damaged, or of another version.
    """
    path = folder / FILE
    try:
        saved = json.loads(path.read_bytes())
        if not isinstance(saved, dict) or saved.get("format") != FORMAT:
            raise _unreadable(path, "another version wrote it, or it is damaged")
        return parse_snapshot(saved)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(path, error.strerror or "it cannot be opened") from error
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, "it is damaged") from error


def _unreadable(path: Path, why: str) -> StateError:
    return StateError(
        f"The practice Slack kept in {path} cannot be read: {why}. "
        "Delete that file to start with an empty workspace; the app then gets new tokens."
    )


class Persister:
    """Writes the workspace into a folder, at once and then after changes.

    Args:
        folder: made if missing, for its owner alone.
        workspace, install: what is kept.
        redact: every text goes through it before it is written, except the app's own secrets.

    Raises:
        StateError: nothing can be written there.
    """

    def __init__(
        self, folder: Path, workspace: Workspace, install: Installation, redact: Redact
    ) -> None:
        self._path = folder / FILE
        self._take_snapshot: Callable[[], dict[str, Any]] = lambda: take_snapshot(
            workspace, install, redact
        )
        self._condition = threading.Condition()
        self._changes = self._tried = self._written = 0
        self._closed = False
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write()
        except OSError as error:
            raise StateError(
                f"The practice Slack cannot be kept in {folder}: {error.strerror}. "
                "Choose a folder that can be written to."
            ) from error
        self._unsubscribe = workspace.subscribe(self._count_change)
        self._thread = threading.Thread(target=self._run, name="keeping the workspace", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what has changed, and no more afterwards. Raises OSError where that fails."""
        self._unsubscribe()
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        self._thread.join()
        if self._written != self._changes:
            self._write()

    def _count_change(self) -> None:
        with self._condition:
            self._changes += 1
            self._condition.notify_all()

    def _run(self) -> None:
        while self._wait_for_changes():
            try:
                self._write()
            except Exception:  # noqa: BLE001  # tried again after the next change, and when closed
                _log.exception("the practice Slack could not be kept in %s", self._path)

    def _wait_for_changes(self) -> bool:
        """Waits for changes and lets them gather; False once closed."""
        with self._condition:
            self._condition.wait_for(lambda: self._tried != self._changes or self._closed)
            self._condition.wait_for(lambda: self._closed, _PAUSE)
            return not self._closed

    def _write(self) -> None:
        with self._condition:
            self._tried = now = self._changes
        content = json.dumps(self._take_snapshot(), ensure_ascii=False, separators=(",", ":"))
        new = self._path.with_suffix(".new")
        with open(new, "w", encoding="utf-8", opener=_open_private) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        self._written = now


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
