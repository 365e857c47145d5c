"""What happens to many keys at once: imports and exports."""

from __future__ import annotations

from keys.changes.events import Event
from keys.changes.outbox import TEAM


class KeysImported(Event, kind="keys.imported", propagates=True):
    """Keys of another system were added."""

    def __init__(self, count: int) -> None:
        data = {"count": count}
        super().__init__(None, data, announce={TEAM: data})
