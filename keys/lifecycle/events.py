"""What happens to a key from its creation to its end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from keys.base.actors import Actor
from keys.changes.events import Event, NewLiveMessage, about_key
from keys.changes.outbox import TEAM
from storage.tables import Key

# Gateways confirm within milliseconds; whatever takes longer than this is worth a message.
CONFIRMED_WITHIN = timedelta(seconds=3)


def facts(key: Key) -> dict[str, Any]:
    """What an announcement says of a key."""
    return {"key_id": key.id, "name": key.name, "owner": key.owner, "scopes": key.scopes.split()}


class KeyCreated(Event, kind="key.reserved"):
    """A key was made whose token is on its way."""

    def __init__(self, key: Key, recipient: Actor) -> None:
        super().__init__(key.id, {"name": key.name, "recipient": str(recipient)})


class KeyActivated(Event, kind="key.issued"):
    """A key works: its token has reached its recipient."""

    def __init__(self, key: Key, recipient: str) -> None:
        data = facts(key)
        super().__init__(key.id, data | {"recipient": recipient}, announce={TEAM: data})


class KeyCancelled(Event, kind="key.abandoned"):
    """A key never comes to work: its token did not reach its recipient.

    Args:
        tell: who is told by a message of its own; nobody if they wait for an answer.
    """

    def __init__(self, key: Key, reason: str, tell: Actor | None) -> None:
        announce = {str(tell): facts(key) | {"reason": reason}} if tell is not None else {}
        super().__init__(key.id, {"name": key.name, "reason": reason}, announce=announce)


class KeyRenamed(Event, kind="key.renamed"):
    """A key got another name; what is in Slack about it shows it too."""

    def __init__(self, key: Key, before: str) -> None:
        super().__init__(key.id, {"from": before, "to": key.name}, stale=[about_key(key.id)])


class KeyEdited(Event, kind="key.edited", propagates=True):
    """What a key may do, who owns it, or when it expires has changed.

    Args:
        before, after: the values that changed, by name, as the audit log keeps them.
    """

    def __init__(self, key: Key, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        stale = [about_key(key.id)] if "expires_at" in after else []
        super().__init__(key.id, {"name": key.name, "from": before, "to": after}, stale=stale)


class KeyLimited(Event, kind="key.limited", propagates=True):
    """A key is held to another rate or to other networks."""

    def __init__(self, key: Key) -> None:
        data = {"rate_limit": key.rate_limit, "networks": key.networks.split()}
        super().__init__(key.id, data)


class ExpiryAccepted(Event, kind="expiry.accepted"):
    """A key may expire, so nobody is reminded any more."""

    def __init__(self, key: Key) -> None:
        expires_at = key.expires_at.isoformat(timespec="seconds") if key.expires_at else None
        data = {"name": key.name, "expires_at": expires_at}
        super().__init__(key.id, data, stale=[about_key(key.id)])


class KeyRevoked(Event, kind="key.revoked", propagates=True):
    """A key has ended for good.

    Args:
        actor: who revoked it; if a gateway is slow to confirm, a message follows that to its end,
            for them, or for the team where it was no person.
        announce: whether the team is told; not where another message tells of many keys.
    """

    def __init__(self, key: Key, actor: Actor, *, announce: bool) -> None:
        data = facts(key) | {"reason": key.revoked_reason}
        recipient = str(actor) if actor.kind == "person" else TEAM
        super().__init__(
            key.id,
            data,
            announce={TEAM: data} if announce else {},
            stale=[about_key(key.id)],
            live=[NewLiveMessage("revocation", None, recipient, CONFIRMED_WITHIN, {"key": key.id})],
        )
