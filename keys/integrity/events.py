"""Events about the integrity of the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keys.changes.events import Event
from keys.integrity.findings import Finding

LISTED = 10
"""How many findings an entry names."""


def described(findings: Sequence[Finding], names: Mapping[str, str]) -> dict[str, Any]:
    """Return findings as an event's data: how many, and the first ten of them.

    Args:
        names: the keys' names, by id.
    """
    listed = [
        {
            "table": one.table,
            "row": one.row,
            "key": one.key_id,
            "name": names.get(one.key_id or ""),
            "what": one.what,
        }
        for one in findings[:LISTED]
    ]
    return {"count": len(findings), "findings": listed}


class TamperingFound(Event, kind="tampering.found"):
    """Rows are not as this program wrote them; the team is told which, and what to do."""

    def __init__(self, findings: Sequence[Finding], names: Mapping[str, str]) -> None:
        data = described(findings, names)
        super().__init__(None, data, news=data)


class RestoreAccepted(Event, kind="database.restored"):
    """An operator has accepted an audit log that is older than its anchor.

    Args:
        reason: why, in the operator's words.
        known: the number of the newest entry that was known before; None if there was none.
    """

    def __init__(self, reason: str, known: int | None) -> None:
        data = {"reason": reason, "known": known}
        super().__init__(None, data, news=data)
