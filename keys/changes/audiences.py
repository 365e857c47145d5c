"""Who learns of each event, and how: the one table, which `Change.record` follows.

Slack does not notify anyone of an edited message. So an event that someone has to know of reaches
them as a new message, and edits only keep older messages true. The rules, whatever the row:

- You get no direct message about what you did.
- Each person gets one message, however many roles they have.
- A person who has left, or is being offboarded, gets none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlmodel import col, or_, select

from keys.base.actors import Actor
from keys.changes.outbox import TEAM, to_person
from storage import AccountSession
from storage.tables import Delivery, Departure, Key, Offboarding, Secret

if TYPE_CHECKING:
    from keys.changes.events import Event


class Audience(StrEnum):
    """Who learns of an event."""

    TEAM = "the team"
    ADMINS = "the admins, by name"
    OWNER = "the owner"
    BACKUP_OWNER = "the backup owner"
    FORMER_OWNER = "who owned it before"
    HOLDER = "who was sent its token"
    REQUESTER = "the requester"
    RECIPIENT = "who was to get the token"
    ASKED_FOR_IT = "the admin who asked for it"


class Way(StrEnum):
    """How they learn of it."""

    CHANNEL = "message in the channel"
    DM = "direct message"
    TOKEN = "direct message with the token"
    LIVE = "message that follows it"
    EDIT = "edit of a message"


@dataclass(frozen=True, slots=True)
class Told:
    """One audience of an event, and how it learns."""

    who: Audience
    way: Way


def _by(way: Way, *who: Audience) -> tuple[Told, ...]:
    return tuple(Told(each, way) for each in who)


_A, _W = Audience, Way
_CHANNEL = _by(_W.CHANNEL, _A.TEAM)
_CALLED = (*_CHANNEL, *_by(_W.CHANNEL, _A.ADMINS))
_OWNERS = _by(_W.DM, _A.OWNER, _A.BACKUP_OWNER)
_EDITS = _by(_W.EDIT, _A.TEAM)

AUDIENCES: Mapping[str, tuple[Told, ...]] = MappingProxyType(
    {
        # Keys
        "key.reserved": _by(_W.TOKEN, _A.RECIPIENT),
        "key.issued": (*_CHANNEL, *_OWNERS),
        "key.abandoned": _by(_W.DM, _A.RECIPIENT, _A.ASKED_FOR_IT),
        "key.renamed": (*_CHANNEL, *_OWNERS, *_by(_W.EDIT, _A.TEAM, _A.OWNER)),
        "key.edited": (*_CHANNEL, *_OWNERS, *_by(_W.DM, _A.FORMER_OWNER), *_EDITS),
        "key.limited": (*_CHANNEL, *_OWNERS),
        "expiry.accepted": (*_CHANNEL, *_OWNERS, *_by(_W.EDIT, _A.TEAM, _A.OWNER)),
        "key.revoked": (
            *_CHANNEL, *_OWNERS, *_by(_W.DM, _A.HOLDER),
            # The revocation that a gateway is slow to confirm.
            *_by(_W.LIVE, _A.TEAM, _A.ASKED_FOR_IT), *_by(_W.EDIT, _A.TEAM, _A.OWNER),
        ),
        "key.imported": (),
        "keys.imported": (*_CHANNEL, *_by(_W.DM, _A.OWNER)),
        "keys.exported": (),
        # Tokens
        "rotation.asked": _by(_W.TOKEN, _A.RECIPIENT),
        "key.rotated": (
            *_by(_W.LIVE, _A.TEAM, _A.OWNER), *_by(_W.DM, _A.BACKUP_OWNER, _A.HOLDER), *_EDITS,
        ),
        "rotation.abandoned": _by(_W.DM, _A.RECIPIENT, _A.ASKED_FOR_IT),
        "rotation.extended": _by(_W.EDIT, _A.TEAM, _A.OWNER),
        "rotation.still_used": (
            *_CHANNEL, *_by(_W.DM, _A.OWNER, _A.HOLDER), *_by(_W.EDIT, _A.TEAM, _A.OWNER),
        ),
        "rotation.ended": (
            *_CHANNEL, *_by(_W.DM, _A.OWNER, _A.HOLDER), *_by(_W.EDIT, _A.TEAM, _A.OWNER),
        ),
        "token.shown": (),
        "token.removed": (),
        "token.remained": (*_CHANNEL, *_by(_W.DM, _A.RECIPIENT)),
        "token.seen": _by(_W.LIVE, _A.TEAM),
        # Requests
        "request.made": _by(_W.LIVE, _A.TEAM, _A.REQUESTER),
        "request.approved": (
            *_by(_W.TOKEN, _A.REQUESTER), *_by(_W.EDIT, _A.TEAM, _A.REQUESTER),
        ),
        "request.granted": _by(_W.EDIT, _A.TEAM, _A.REQUESTER),
        "request.reopened": _by(_W.EDIT, _A.TEAM, _A.REQUESTER),
        "request.denied": (
            *_by(_W.DM, _A.REQUESTER), *_by(_W.EDIT, _A.TEAM, _A.REQUESTER),
        ),
        "request.closed": (
            *_by(_W.DM, _A.REQUESTER), *_by(_W.EDIT, _A.TEAM, _A.REQUESTER),
        ),
        # People who leave
        "offboarding.started": _by(_W.LIVE, _A.TEAM, _A.ASKED_FOR_IT),
        "person.renumbered": _by(_W.EDIT, _A.TEAM, _A.REQUESTER),
        "offboarding.asked": _EDITS,
        "offboarding.kept": _EDITS,
        "offboarding.finished": (*_CHANNEL, *_by(_W.DM, _A.ASKED_FOR_IT), *_EDITS),
        "offboarding.closed": _EDITS,
        # Audits
        "audit.started": (*_by(_W.LIVE, _A.TEAM, _A.OWNER), *_EDITS),
        "audit.scheduled": (),
        "audit.reminded": (*_by(_W.LIVE, _A.TEAM, _A.OWNER), *_EDITS),
        "audit.kept": _by(_W.EDIT, _A.TEAM, _A.OWNER),
        "audit.keep_undone": _by(_W.EDIT, _A.TEAM, _A.OWNER),
        "audit.owner_asked": (*_by(_W.LIVE, _A.OWNER), *_EDITS),
        "audit.escalated": _CALLED,
        "audit.revokes": (*_CHANNEL, *_by(_W.DM, _A.OWNER)),
        "audit.finished": (*_CHANNEL, *_by(_W.EDIT, _A.TEAM, _A.OWNER)),
        "audit.evidence_refused": _CALLED,
        "digest.posted": _CHANNEL,
        # The team's channel
        "channel.lost": (),
        "channel.reminded": _by(_W.DM, _A.ADMINS),
        "channel.shared": _by(_W.DM, _A.ADMINS),
        "channel.back": _CHANNEL,
        "channel.chosen": _CHANNEL,
        # The database
        "tampering.found": _CALLED,
        "database.restored": _CHANNEL,
    }
)  # fmt: skip


def recipients(session: AccountSession, event: Event, actor: Actor, now: datetime) -> Iterator[str]:
    """Yield who gets a new message about an event's news, as the outbox names them.

    Args:
        actor: who caused it; they are not told in a direct message.
    """
    row = AUDIENCES[event.kind]
    if event.in_channel and Told(Audience.TEAM, Way.CHANNEL) in row:
        yield TEAM
    people = dict.fromkeys(
        person
        for rule in row
        if rule.way is Way.DM and rule.who in _FIND
        for person in _FIND[rule.who](session, event, now)
    )
    for person in people:
        recipient = to_person(person)
        if recipient in (str(actor), *event.knows, *event.announce):
            continue
        if not _has_left(session, person):
            yield recipient


def _owner(session: AccountSession, event: Event, _now: datetime) -> Iterable[str]:
    return _of_key(session, event, lambda key: key.owner)


def _backup_owner(session: AccountSession, event: Event, _now: datetime) -> Iterable[str]:
    return _of_key(session, event, lambda key: key.backup_owner)


def _of_key(
    session: AccountSession, event: Event, person: Callable[[Key], str | None]
) -> Iterable[str]:
    key = session.get(Key, event.key_id) if event.key_id else None
    found = person(key) if key is not None else None
    return [found] if found else []


def _former_owners(_session: AccountSession, event: Event, _now: datetime) -> Iterable[str]:
    before: Mapping[str, Any] = event.data.get("from") or {}
    return [str(before[name]) for name in ("owner", "backup_owner") if before.get(name)]


def _holders(session: AccountSession, event: Event, now: datetime) -> Iterable[str]:
    """Return the people who were sent a token that has worked until now."""
    found = session.exec(
        select(Delivery.recipient)
        .join(Secret, col(Secret.id) == col(Delivery.secret_id))
        .where(
            Delivery.account_id == session.account_id,
            Delivery.key_id == event.key_id,
            col(Delivery.sent_at).is_not(None),
            or_(col(Secret.ends_at).is_(None), col(Secret.ends_at) >= now),
        )
        .order_by(col(Delivery.created_at))
    )
    actors = (Actor.read(recipient) for recipient in found)
    return [actor.id for actor in actors if actor.kind == "person"]


def _requester(_session: AccountSession, event: Event, _now: datetime) -> Iterable[str]:
    return [str(event.data["requester"])] if event.data.get("requester") else []


_FIND: Mapping[Audience, Callable[[AccountSession, Event, datetime], Iterable[str]]] = {
    Audience.OWNER: _owner,
    Audience.BACKUP_OWNER: _backup_owner,
    Audience.FORMER_OWNER: _former_owners,
    Audience.HOLDER: _holders,
    Audience.REQUESTER: _requester,
}


def _has_left(session: AccountSession, user_id: str) -> bool:
    someone = session.get(Departure, (session.account_id, user_id))
    if someone is not None and someone.departed_at is not None:
        return True
    leaving = select(Offboarding.id).where(
        Offboarding.account_id == session.account_id,
        Offboarding.person == user_id,
        Offboarding.state == "open",
    )
    return session.exec(leaving.limit(1)).first() is not None
