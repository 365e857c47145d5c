"""Events of imports and exports."""

from __future__ import annotations

from keys.changes.events import Event
from keys.changes.outbox import TEAM
from keys.transfer.formats import Form
from keys.transfer.import_rows import ImportRow


class KeyImported(Event, kind="key.imported"):
    """A key of another system was imported.

    Args:
        name: its name here, which may differ from the file's.
        row: its row in the file.
    """

    def __init__(self, key_id: str, name: str, row: ImportRow) -> None:
        facts = {"name": name, "owner": row.owner, "scopes": list(row.scopes)}
        given = {"external_id": row.external_id} if row.external_id else {}
        super().__init__(key_id, facts | {"algorithm": row.algorithm} | given)


class KeysImported(Event, kind="keys.imported", propagates=True):
    """Keys of another system were imported; one message tells the team about all of them."""

    def __init__(self, count: int) -> None:
        data = {"count": count}
        super().__init__(None, data, announce={TEAM: data})


class KeysExported(Event, kind="keys.exported"):
    """Keys were exported, without tokens or hashes.

    Args:
        count: the number of keys.
        revoked: whether revoked keys are included.
    """

    def __init__(self, count: int, form: Form, *, revoked: bool) -> None:
        super().__init__(None, {"count": count, "form": form, "revoked": revoked})
