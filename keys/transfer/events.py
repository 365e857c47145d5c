"""What happens to many keys at once: imports and exports."""

from __future__ import annotations

from keys.changes.events import Event
from keys.changes.outbox import TEAM
from keys.transfer.formats import Form
from keys.transfer.import_rows import ImportRow


class KeyImported(Event, kind="key.imported"):
    """A key of another system was added.

    Args:
        name: what it is called here, which may be another name than its line says.
        row: its line.
    """

    def __init__(self, key_id: str, name: str, row: ImportRow) -> None:
        facts = {"name": name, "owner": row.owner, "scopes": list(row.scopes)}
        given = {"external_id": row.external_id} if row.external_id else {}
        super().__init__(key_id, facts | {"algorithm": row.algorithm} | given)


class KeysImported(Event, kind="keys.imported", propagates=True):
    """Keys of another system were added: the team is told once for all of them."""

    def __init__(self, count: int) -> None:
        data = {"count": count}
        super().__init__(None, data, announce={TEAM: data})


class KeysExported(Event, kind="keys.exported"):
    """Everything about the keys but what opens anything is handed out.

    Args:
        count: how many keys they are.
        revoked: whether revoked keys are among them.
    """

    def __init__(self, count: int, form: Form, *, revoked: bool) -> None:
        super().__init__(None, {"count": count, "form": form, "revoked": revoked})
