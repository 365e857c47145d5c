"""Events of imports and exports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from keys.base.actors import Actor
from keys.changes.events import Event
from keys.changes.outbox import to_person
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
    """Keys of another system were imported; one message tells the team about all of them.

    Args:
        owners: the owner of each key; each is told how many they own now, except for the actor.
    """

    def __init__(self, owners: Sequence[str | None], actor: Actor) -> None:
        data = {"count": len(owners)}
        owned = Counter(owner for owner in owners if owner)
        super().__init__(
            None,
            data,
            news=data,
            announce={
                to_person(owner): {**data, "yours": n}
                for owner, n in owned.items()
                if Actor.person(owner) != actor
            },
        )


class KeysExported(Event, kind="keys.exported"):
    """Keys were exported, without tokens or hashes.

    Args:
        count: the number of keys.
        revoked: whether revoked keys are included.
    """

    def __init__(self, count: int, form: Form, *, revoked: bool) -> None:
        super().__init__(None, {"count": count, "form": form, "revoked": revoked})
