"""Events of a delivered token."""

from __future__ import annotations

from keys.changes.events import Event
from keys.changes.outbox import TEAM
from storage.tables import Delivery, Key


class TokenShown(Event, kind="token.shown"):
    """A token was made and shown to its recipient; it works once they claim it."""

    def __init__(self, key: Key, delivery: Delivery) -> None:
        super().__init__(key.id, {"name": key.name, "recipient": delivery.recipient})


class TokenRemoved(Event, kind="token.removed"):
    """A token was removed from its message."""

    def __init__(self, delivery: Delivery) -> None:
        super().__init__(delivery.key_id, {"recipient": delivery.recipient})


class TokenRemained(Event, kind="token.remained"):
    """A token cannot be removed: its message can be neither edited nor deleted.

    Args:
        works: whether the token works, so that its key has to be rotated.
    """

    def __init__(self, key: Key, delivery: Delivery, *, works: bool) -> None:
        said = {"name": key.name, "recipient": delivery.recipient, "works": works}
        super().__init__(
            key.id, remained(delivery), announce={TEAM: said, delivery.recipient: said}
        )


def remained(delivery: Delivery) -> dict[str, str]:
    """Return the audit log's data about a token that remained; it is also searched for by them."""
    return {"delivery": delivery.id, "recipient": delivery.recipient}
