"""What happens to a token where it was delivered."""

from __future__ import annotations

from keys.changes.events import Event
from keys.changes.outbox import TEAM
from storage.tables import Delivery, Key


class TokenShown(Event, kind="token.shown"):
    """A token was made and shown to its recipient; it works once they say that they have it."""

    def __init__(self, key: Key, delivery: Delivery) -> None:
        super().__init__(key.id, {"name": key.name, "recipient": delivery.recipient})


class TokenRemoved(Event, kind="token.removed"):
    """A token is gone from the message that it was delivered in."""

    def __init__(self, delivery: Delivery) -> None:
        super().__init__(delivery.key_id, {"recipient": delivery.recipient})


class TokenRemained(Event, kind="token.remained"):
    """A token can be neither edited out of its message nor deleted with it.

    Args:
        works: whether the token works, so that its key has to be rotated.
    """

    def __init__(self, key: Key, delivery: Delivery, *, works: bool) -> None:
        said = {"name": key.name, "recipient": delivery.recipient, "works": works}
        super().__init__(
            key.id, remained(delivery), announce={TEAM: said, delivery.recipient: said}
        )


def remained(delivery: Delivery) -> dict[str, str]:
    """Return what the audit log keeps of a token that remained, by which it is found again."""
    return {"delivery": delivery.id, "recipient": delivery.recipient}
