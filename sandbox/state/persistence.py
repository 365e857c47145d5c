"""Save a workspace between runs, in one file written soon after every change.

The file is replaced atomically, so a killed process loses the last second at most.
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
"""Real seconds between a change and writing it, to write several changes together."""


def load_snapshot(folder: Path) -> Snapshot | None:
    """Return what an earlier run saved there, or None.

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
        f"The practice Slack saved in {path} cannot be read: {why}. "
        "Delete that file to start with an empty workspace; the app then gets new tokens."
    )


class Persister:
    """Writes the workspace into a folder, at once and then after changes.

    Args:
        folder: created if missing, readable by its owner alone.
        workspace, install: what is saved.
        redact: applied to every text before it is written, except the app's own secrets.

    Raises:
        StateError: the folder is not writable.
    """

    def __init__(
        self, folder: Path, workspace: Workspace, install: Installation, redact: Redact
    ) -> None:
        self._path = folder / FILE
        self._take_snapshot: Callable[[], dict[str, Any]] = lambda: take_snapshot(
            workspace, install, redact
        )
        self._condition = threading.Condition()
        self._changes = self._attempted = self._saved = 0
        self._closed = False
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write()
        except OSError as error:
            raise StateError(
                f"The practice Slack cannot be saved in {folder}: {error.strerror}. "
                "Choose a folder that is writable."
            ) from error
        self._unsubscribe = workspace.subscribe(self._count_change)
        self._thread = threading.Thread(target=self._run, name="saving the workspace", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write the last changes and stop. Raises OSError when writing fails."""
        self._unsubscribe()
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        self._thread.join()
        if self._saved != self._changes:
            self._write()

    def _count_change(self) -> None:
        with self._condition:
            self._changes += 1
            self._condition.notify_all()

    def _run(self) -> None:
        while self._wait_for_changes():
            try:
                self._write()
            except Exception:  # noqa: BLE001  # retried after the next change, and on close
                _log.exception("the practice Slack could not be saved in %s", self._path)

    def _wait_for_changes(self) -> bool:
        """Wait for changes, then a moment for more; returns False once closed."""
        with self._condition:
            self._condition.wait_for(lambda: self._attempted != self._changes or self._closed)
            self._condition.wait_for(lambda: self._closed, _PAUSE)
            return not self._closed

    def _write(self) -> None:
        with self._condition:
            self._attempted = now = self._changes
        content = json.dumps(self._take_snapshot(), ensure_ascii=False, separators=(",", ":"))
        new = self._path.with_suffix(".new")
        with open(new, "w", encoding="utf-8", opener=_open_private) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        self._saved = now


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
