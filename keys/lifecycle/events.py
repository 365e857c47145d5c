"""Events of a key, from creation to revocation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from keys.base.actors import Actor
from keys.changes.events import Event, NewLiveMessage, about_expiry, about_key
from keys.changes.outbox import TEAM
from storage.tables import Key

# Gateways confirm within milliseconds; a longer delay is worth a message.
CONFIRMED_WITHIN = timedelta(seconds=3)


def facts(key: Key) -> dict[str, Any]:
    """Return the data about a key in its announcements."""
    return {"key_id": key.id, "name": key.name, "owner": key.owner, "scopes": key.scopes.split()}


def limits(key: Key) -> dict[str, Any]:
    """Return a key's limits, as in the audit log."""
    return {"rate_limit": key.rate_limit, "networks": key.networks.split()}


def _stored(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _stale(key: Key, expired_at: str | None = None) -> list[str]:
    """Return what shows the key; `expired_at` is its expiry before, as in the audit log."""
    before = datetime.fromisoformat(expired_at) if expired_at else None
    ends = [about_expiry(int(at.timestamp())) for at in (key.expires_at, before) if at is not None]
    return [about_key(key.id), *ends]


class KeyCreated(Event, kind="key.reserved"):
    """A key was created; its token is being delivered."""

    def __init__(self, key: Key, recipient: Actor) -> None:
        super().__init__(key.id, {"name": key.name, "recipient": str(recipient)})


class KeyActivated(Event, kind="key.issued"):
    """A key works now: its token reached the recipient.

    Args:
        in_channel: whether the team is told; False if a message there shows it already.
    """

    def __init__(self, key: Key, recipient: str, *, in_channel: bool) -> None:
        data = facts(key) | {"recipient": recipient}
        news = data | {"expires_at": _stored(key.expires_at)}
        super().__init__(key.id, data, news=news, in_channel=in_channel, knows=[recipient])


class KeyCancelled(Event, kind="key.abandoned"):
    """A key was cancelled: its token did not reach the recipient.

    Args:
        tell: the people who get a separate message; empty if they are waiting for a reply.
    """

    def __init__(self, key: Key, reason: str, tell: Iterable[Actor]) -> None:
        people = sorted({str(actor) for actor in tell if actor.kind == "person"})
        announce = dict.fromkeys(people, facts(key) | {"reason": reason})
        super().__init__(key.id, {"name": key.name, "reason": reason}, announce=announce)


class KeyRenamed(Event, kind="key.renamed"):
    """A key was renamed; its messages in Slack show the new name."""

    def __init__(self, key: Key, before: str) -> None:
        data = {"from": before, "to": key.name}
        super().__init__(key.id, data, news=facts(key) | data, stale=_stale(key))


class KeyEdited(Event, kind="key.edited", propagates=True):
    """A key was updated.

    Args:
        before, after: the changed values, by field, as in the audit log. A note alone is no news.
        in_channel: whether the team is told; False if another message covers several keys.
    """

    def __init__(
        self,
        key: Key,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        *,
        in_channel: bool = True,
    ) -> None:
        changed = {"from": dict(before), "to": dict(after)}
        super().__init__(
            key.id,
            {"name": key.name, **changed},
            news=facts(key) | changed if after.keys() - {"note"} else None,
            in_channel=in_channel,
            stale=_stale(key, before.get("expires_at")) if "expires_at" in after else [],
        )


class KeyLimited(Event, kind="key.limited", propagates=True):
    """A key's rate limit or allowed networks were changed.

    Args:
        before: the values before, as in the audit log.
    """

    def __init__(self, key: Key, before: Mapping[str, Any]) -> None:
        data = limits(key)
        super().__init__(key.id, data | {"from": before}, news=facts(key) | data)


class ExpiryAccepted(Event, kind="expiry.accepted"):
    """An admin accepted that a key will expire; no more reminders are sent."""

    def __init__(self, key: Key) -> None:
        data = {"name": key.name, "expires_at": _stored(key.expires_at)}
        news = facts(key) | data
        super().__init__(key.id, data, news=news, stale=_stale(key))


class KeyRevoked(Event, kind="key.revoked", propagates=True):
    """A key was revoked.

    Args:
        actor: who revoked it; if a gateway is slow to confirm, they get a live message about it,
            or the team does if it was not a person.
        announce: whether the team is told; False if another message covers several keys. The owner
            and the people who were sent its token are told in any case.
    """

    def __init__(self, key: Key, actor: Actor, *, announce: bool) -> None:
        data = facts(key) | {"reason": key.revoked_reason}
        recipient = str(actor) if actor.kind == "person" else TEAM
        super().__init__(
            key.id,
            data,
            news=data,
            in_channel=announce,
            stale=_stale(key),
            live=[NewLiveMessage("revocation", None, recipient, CONFIRMED_WITHIN, {"key": key.id})],
        )
