"""Kills the program at one of its commits, as `kill -9` does.

Python imports a module of this name at its start, where one stands on its path. `DIES_IN` names a
folder. From the moment at which there is a file `armed` in it, every commit of something written
is counted, by one character in the file `commits`; at the one that stands in `armed`, such as
`7 before` or `7 after`, the program is gone.
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

_FOLDER = Path(os.environ["DIES_IN"])
_WROTE = "dying_wrote"
_WRITING = ("INSERT", "UPDATE", "DELETE", "WITH")
_commit = Connection._commit_impl
_counting = threading.Lock()
_counted = 0


@event.listens_for(Engine, "before_cursor_execute")
def _on_statement(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
    if statement.lstrip().startswith(_WRITING):
        connection.info[_WROTE] = True


def _commit_or_die(connection: Connection) -> None:
    global _counted
    armed = _FOLDER / "armed"
    if not connection.info.pop(_WROTE, False) or not armed.exists():
        _commit(connection)
        return
    with _counting:
        _counted += 1
        number = _counted
        with (_FOLDER / "commits").open("a") as commits:
            commits.write(".")
    moment = armed.read_text()
    if moment == f"{number} before":
        os.kill(os.getpid(), signal.SIGKILL)
    _commit(connection)
    if moment == f"{number} after":
        os.kill(os.getpid(), signal.SIGKILL)


Connection._commit_impl = _commit_or_die  # type: ignore[assignment, method-assign]
