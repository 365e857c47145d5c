"""Somebody leaves: what has to be done about the keys that they have to do with.

Three things tie a person to a key, and they are not the same: they made it, they answer for it, or
they were sent its token, which they may still have. Whether a key is dealt with is not noted by
whoever deals with it but read from the key itself, so it counts wherever it was done:

    revoked, expired   nobody can use it any more
    kept               an admin said that it stays as it is
    rotated            every token that the person was sent has ended, or has a set end
    handed over        the person answers for it no more, and was never sent its token

A key that they only made has none of these marks, so it is dealt with once it was rotated since, or
an admin has said that it stays. An offboarding is finished when every key is dealt with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import update
from sqlmodel import Session, col, exists, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from keys.base.actors import Actor
from keys.base.errors import InvalidState, KeyNotFound
from keys.base.ids import new_id
from keys.base.models import KeyView, State
from keys.base.rows import views
from keys.changes import audit_log, live_messages, outbox
from keys.changes.change import Change
from keys.offboarding import departures
from keys.offboarding.departures import DepartureReason
from storage import AccountSession
from storage.tables import Delivery, Event, Key, Offboarding, OffboardingKey, Secret

MESSAGE_KIND = "offboarding"
ASKED = "asked"
_CHANGES = ("key.rotated", "key.edited", "key.revoked")


class Stage(StrEnum):
    """Where an offboarding is."""

    OPEN = "open"
    FINISHED = "finished"
    CLOSED = "closed"


class Result(StrEnum):
    """What became of a key."""

    REVOKED = "revoked"
    EXPIRED = "expired"
    KEPT = "kept"
    ROTATED = "rotated"
    HANDED_OVER = "handed_over"


class BulkAction(StrEnum):
    """What can be done with all keys at once."""

    ROTATE = "rotate"
    REVOKE = "revoke"
    HAND_OVER = "hand_over"


@dataclass(frozen=True, slots=True)
class KeyRelation:
    """What a person has to do with a key."""

    created: bool
    owned: bool
    sent: bool


@dataclass(frozen=True, slots=True)
class OffboardingItem:
    """One key of a leaver.

    Attributes:
        ties: what they had to do with it when they left.
        knows: they were sent a token of it that works and has no set end.
        owns: they still answer for it, as its owner or its backup owner.
        result: None as long as it is not dealt with.
        wish: what is about to be done with it, since it was asked of all keys at once.
        problem: why that came to nothing, in a sentence; empty if it did not.
    """

    key: KeyView
    relations: KeyRelation
    knows: bool
    owns: bool
    result: Result | None
    by: Actor | None
    at: datetime | None
    action: BulkAction | None
    problem: str


@dataclass(frozen=True, slots=True)
class OffboardingView:
    """An offboarding as it stands.

    Attributes:
        person: the id of whoever leaves.
        why: `asked`, `deactivated` or `guest`.
        returned: they are a full member again.
        items: the doubtful ones first.
    """

    id: str
    person: str
    why: str
    stage: Stage
    started_by: Actor
    created_at: datetime
    ended_at: datetime | None
    ended_by: Actor | None
    returned: bool
    items: Sequence[OffboardingItem]

    @property
    def open_items(self) -> list[OffboardingItem]:
        """The keys that are not dealt with."""
        return [item for item in self.items if item.result is None]


@dataclass(frozen=True, slots=True)
class BulkItem:
    """What has to be done with one key of many.

    Attributes:
        recipient: for whom: the new owner, or who gets a new token if nobody else is left.
        asked_at: names this very wish, together with the rest.
    """

    offboarding_id: str
    key_id: str
    person: str
    action: BulkAction
    by: Actor
    recipient: str
    asked_at: datetime


def begin(
    change: Change,
    person: str,
    why: str = ASKED,
) -> str | None:
    """Begins to deal with the keys of somebody who leaves.

    Args:
        person: their id.
        why: `asked` by an admin, or what Slack says: `deactivated`, `guest`.

    Returns:
        The offboarding's id, also if it was under way before; None if they have nothing to do with
        any key, or, unless an admin asks, with none that was not dealt with before.
    """
    now = change.now
    if (row := _open(change.session, person)) is not None:
        if row.why == ASKED != why:
            row.why = why
            change.session.add(row)
            live_messages.mark_stale(change.session, row.id, now)
        return row.id
    relations = _unsettled_ties(change.session, person, why)
    if not relations:
        return None
    row = Offboarding(
        id=new_id("off"),
        account_id=change.session.account_id,
        person=person,
        why=why,
        state=Stage.OPEN,
        started_by=str(change.actor),
        created_at=now,
    )
    change.session.add(row)
    change.session.flush()
    _add(change.session, row, relations)
    data = {"offboarding": row.id, "person": person, "why": why, "keys": len(relations)}
    change.append("offboarding.started", None, data)
    live_messages.add(change.session, MESSAGE_KIND, row.id, outbox.TEAM, now)
    return row.id


def record_departure(change: Change, person: str, left: DepartureReason | None) -> str | None:
    """Takes what Slack says of a person: they have left, or are a full member.

    Args:
        left: None if they are a full member.

    Returns:
        The id of the offboarding that this has begun, or has changed; None if there is none.
    """
    now = change.now
    news = departures.note(change.session, person, left, now)
    if left is not None:
        return begin(change.acting_as(Actor.system("slack")), person, left)
    row = _open(change.session, person) if news else None
    if row is not None:
        live_messages.mark_stale(change.session, row.id, now)
    return row.id if row is not None else None


def keep(
    change: Change,
    offboarding_id: str,
    key_id: str,
) -> None:
    """Notes that a key stays as it is. A second time changes nothing.

    Raises:
        KeyNotFound: if the account has no such offboarding, or it has no such key.
    """
    row = _row(change.session, offboarding_id)
    item = change.session.get(OffboardingKey, (row.id, key_id))
    if item is None:
        raise KeyNotFound("This key has nothing to do with the person who leaves.")
    if row.state != Stage.OPEN or item.outcome:
        return
    now = change.now
    item.outcome, item.outcome_by, item.outcome_at = Result.KEPT, str(change.actor), now
    item.action, item.problem = "", ""
    change.session.add(item)
    change.session.flush()
    data = {"offboarding": row.id, "person": row.person}
    change.append("offboarding.kept", key_id, data)
    live_messages.mark_stale(change.session, row.id, now)


def close(
    change: Change,
    offboarding_id: str,
) -> bool:
    """Ends an offboarding that is not needed; False if it is not open any more.

    Raises:
        KeyNotFound: if the account has no such offboarding.
    """
    row = _row(change.session, offboarding_id)
    if row.state != Stage.OPEN:
        return False
    _end(change.session, row, Stage.CLOSED, "offboarding.closed", change.actor, change.now)
    return True


def request_bulk_action(
    change: Change,
    offboarding_id: str,
    action: BulkAction,
    recipient: str,
) -> int:
    """Asks for the same thing to be done with every key that is not dealt with.

    It is done one by one, by whichever bot comes to it (`claim_bulk_item`).

    Args:
        recipient: the new owner, or who gets a new token where nobody else is left.

    Returns:
        With how many keys.

    Raises:
        KeyNotFound: if the account has no such offboarding.
        InvalidState: if they would be handed over to whoever leaves.
    """
    row = _row(change.session, offboarding_id)
    if recipient == row.person:
        raise InvalidState("That is the person who leaves. Choose another person.")
    if row.state != Stage.OPEN:
        return 0
    now, count = change.now, 0
    for item in _items(change.session, row):
        if item.result is None and (action is not BulkAction.HAND_OVER or item.owns):
            found = change.session.get_one(OffboardingKey, (row.id, item.key.id))
            found.action, found.action_requested_by, found.action_recipient = (
                action,
                str(change.actor),
                recipient,
            )
            found.action_requested_at, found.claimed_until, found.problem = now, None, ""
            change.session.add(found)
            count += 1
    change.session.flush()
    data = {"offboarding": row.id, "person": row.person, "wish": action, "keys": count}
    change.append("offboarding.asked", None, data)
    live_messages.mark_stale(change.session, row.id, now)
    return count


def claim_bulk_item(
    session: AccountSession, now: datetime, claim_ttl: timedelta
) -> BulkItem | None:
    """Takes one key with which something has to be done; nobody else gets it during the lease."""
    found = session.exec(
        select(OffboardingKey, Offboarding)
        .join(Offboarding, col(Offboarding.id) == col(OffboardingKey.offboarding_id))
        .where(
            OffboardingKey.account_id == session.account_id,
            OffboardingKey.action != "",
            Offboarding.state == Stage.OPEN,
            or_(
                col(OffboardingKey.claimed_until).is_(None),
                col(OffboardingKey.claimed_until) <= now,
            ),
        )
        .order_by(col(OffboardingKey.action_requested_at), col(OffboardingKey.key_id))
        .limit(1)
        .with_for_update(of=OffboardingKey, skip_locked=True)
    ).first()
    if found is None:
        return None
    item, row = found
    item.claimed_until = now + claim_ttl
    session.add(item)
    return BulkItem(
        offboarding_id=row.id,
        key_id=item.key_id,
        person=row.person,
        action=BulkAction(item.action),
        by=Actor.read(item.action_requested_by or ""),
        recipient=item.action_recipient or "",
        asked_at=item.action_requested_at or now,
    )


def complete_bulk_item(
    session: AccountSession, work: BulkItem, now: datetime, problem: str
) -> None:
    """Notes that it was done, or why not, in a sentence."""
    session.execute(
        update(OffboardingKey)
        .where(
            col(OffboardingKey.offboarding_id) == work.offboarding_id,
            col(OffboardingKey.key_id) == work.key_id,
        )
        .values(action="", claimed_until=None, problem=problem),
        execution_options={"synchronize_session": False},
    )
    live_messages.mark_stale(session, work.offboarding_id, now)


def leaves(session: AccountSession, person: str) -> bool:
    """Whether somebody has left, or is about to."""
    return departures.is_gone(session, person) or _open(session, person) is not None


def successor(session: AccountSession, key: KeyView) -> str | None:
    """Who is to have a key's next token: the owner, or the backup owner where the owner leaves.

    None if both leave, or there is neither.
    """
    candidates = (key.owner, key.backup_owner)
    return next((p for p in candidates if p and not leaves(session, p)), None)


def is_work_waiting(
    session: AccountSession,
) -> bool:
    """Whether there is anything for `claim_bulk_item`, now or when somebody's lease is over."""
    found = select(OffboardingKey.key_id).where(
        OffboardingKey.account_id == session.account_id, OffboardingKey.action != ""
    )
    return session.exec(found.limit(1)).first() is not None


def has_due_work(session: AccountSession, now: datetime) -> bool:
    """Whether anything has become of keys since `run_due` looked at an open offboarding last."""
    return session.exec(_with_news(session.account_id, now).limit(1)).first() is not None


def run_due(change: Change) -> int:
    """Notes what has become of the keys of leavers, wherever that was, and what is finished.

    Returns:
        How many offboardings were looked at.
    """
    now = change.now
    newest = change.session.exec(
        select(func.max(Event.seq)).where(Event.account_id == change.session.account_id)
    ).one()
    rows = change.session.exec(_with_news(change.session.account_id, now)).all()
    for row in rows:
        _look(change.session, row, now)
        row.last_seq = newest or 0
        change.session.add(row)
        live_messages.mark_stale(change.session, row.id, now)
    return len(rows)


def _with_news(account_id: str, now: datetime) -> SelectOfScalar[Offboarding]:
    """Whatever is done with a key is in the record; only that it expires is not."""
    newest = select(func.max(Event.seq)).where(Event.account_id == account_id).scalar_subquery()
    expired = exists(
        select(OffboardingKey.key_id)
        .join(Key, col(Key.id) == col(OffboardingKey.key_id))
        .where(
            col(OffboardingKey.offboarding_id) == col(Offboarding.id),
            col(OffboardingKey.outcome) == "",
            col(Key.expires_at) <= now,
        )
    )
    return select(Offboarding).where(
        Offboarding.account_id == account_id,
        Offboarding.state == Stage.OPEN,
        or_(col(Offboarding.last_seq) < newest, expired),
    )


def _look(session: AccountSession, row: Offboarding, now: datetime) -> None:
    relations = _unsettled_ties(session, row.person, row.why)
    known = set(
        session.exec(select(OffboardingKey.key_id).where(OffboardingKey.offboarding_id == row.id))
    )
    _add(session, row, {key: tie for key, tie in relations.items() if key not in known})
    for item in _items(session, row):
        found = session.get_one(OffboardingKey, (row.id, item.key.id))
        result = _result(session, row, item, found, now)
        if result == (found.outcome or None):
            continue
        by, at = _by(session, row, item, result)
        found.outcome = result or ""
        found.outcome_by, found.outcome_at = (str(by), at or now) if result else (None, None)
        if result:
            found.action, found.problem = "", ""
        session.add(found)
    session.flush()
    left = select(OffboardingKey.key_id).where(
        OffboardingKey.offboarding_id == row.id, OffboardingKey.outcome == ""
    )
    if session.exec(left.limit(1)).first() is None:
        _end(session, row, Stage.FINISHED, "offboarding.finished", Actor.system("keys"), now)


def _result(
    session: Session, row: Offboarding, item: OffboardingItem, found: OffboardingKey, now: datetime
) -> Result | None:
    if item.key.state is not State.ACTIVE:
        return Result.REVOKED
    if item.key.expired(now):
        return Result.EXPIRED
    if found.outcome == Result.KEPT:
        return Result.KEPT
    if item.knows or item.owns:
        return None
    if found.sent:
        return Result.ROTATED
    if found.owned:
        return Result.HANDED_OVER
    rotated = select(Event.id).where(
        Event.account_id == row.account_id,
        Event.key_id == item.key.id,
        Event.kind == "key.rotated",
        col(Event.at) >= row.created_at,
    )
    return Result.ROTATED if session.exec(rotated.limit(1)).first() is not None else None


def _by(
    session: Session, row: Offboarding, item: OffboardingItem, result: Result | None
) -> tuple[Actor, datetime | None]:
    if result in (None, Result.EXPIRED):
        return Actor.system("timer"), item.key.expires_at
    last = session.exec(
        select(Event)
        .where(
            Event.account_id == row.account_id,
            Event.key_id == item.key.id,
            col(Event.kind).in_(_CHANGES),
        )
        .order_by(col(Event.seq).desc())
        .limit(1)
    ).first()
    return (Actor.read(last.actor), last.at) if last else (Actor.system("keys"), None)


def get(session: AccountSession, offboarding_id: str) -> OffboardingView:
    """One offboarding. Raises KeyNotFound if the account has no such."""
    row = _row(session, offboarding_id)
    someone = departures.get(session, row.person)
    returned = (
        row.why != ASKED
        and someone is not None
        and someone.departed_at is None
        and someone.returned_at is not None
    )
    return OffboardingView(
        id=row.id,
        person=row.person,
        why=row.why,
        stage=Stage(row.state),
        started_by=Actor.read(row.started_by),
        created_at=row.created_at,
        ended_at=row.ended_at,
        ended_by=Actor.read(row.ended_by) if row.ended_by else None,
        returned=returned,
        items=_items(session, row),
    )


def _items(session: AccountSession, row: Offboarding) -> list[OffboardingItem]:
    pairs = session.exec(
        select(OffboardingKey, Key)
        .join(Key, col(Key.id) == col(OffboardingKey.key_id))
        .where(OffboardingKey.offboarding_id == row.id)
    ).all()
    shown = {key.id: key for key in views(session, [key for _, key in pairs])}
    known = _known(session, row.person)
    items = [
        OffboardingItem(
            key=shown[key.id],
            relations=KeyRelation(found.created, found.owned, found.sent),
            knows=key.id in known,
            owns=row.person in (key.owner, key.backup_owner),
            result=Result(found.outcome) if found.outcome else None,
            by=Actor.read(found.outcome_by) if found.outcome_by else None,
            at=found.outcome_at,
            action=BulkAction(found.action) if found.action else None,
            problem=found.problem,
        )
        for found, key in pairs
    ]
    return sorted(items, key=lambda i: (not i.knows, not i.owns, i.key.name.casefold(), i.key.id))


def _ties(session: AccountSession, person: str) -> dict[str, KeyRelation]:
    """The keys that work and that this person has to do with."""
    maker = str(Actor.person(person))
    rows = session.exec(
        select(Key).where(
            Key.account_id == session.account_id,
            Key.state == State.ACTIVE,
            or_(col(Key.owner) == person, col(Key.backup_owner) == person, Key.creator == maker),
        )
    ).all()
    known = _known(session, person)
    found = {
        key.id: KeyRelation(
            key.creator == maker, person in (key.owner, key.backup_owner), key.id in known
        )
        for key in rows
    }
    return found | {key: KeyRelation(False, False, True) for key in known if key not in found}


def _known(session: AccountSession, person: str) -> set[str]:
    """The keys of which this person was sent a token that works and has no set end."""
    return set(
        session.exec(
            select(Delivery.key_id)
            .join(Secret, col(Secret.id) == col(Delivery.secret_id))
            .join(Key, col(Key.id) == col(Delivery.key_id))
            .where(
                Delivery.account_id == session.account_id,
                Delivery.recipient == str(Actor.person(person)),
                col(Delivery.sent_at).is_not(None),
                col(Secret.ends_at).is_(None),
                col(Secret.pending).is_(False),
                Key.state == State.ACTIVE,
            )
        )
    )


def _unsettled_ties(session: AccountSession, person: str, why: str) -> dict[str, KeyRelation]:
    """The ties; unless an admin asks, without what was decided since this person was here last."""
    relations = _ties(session, person)
    if why == ASKED or not relations:
        return relations
    someone = departures.get(session, person)
    since = someone.returned_at if someone is not None else None
    settled = session.exec(
        select(OffboardingKey)
        .join(Offboarding, col(Offboarding.id) == col(OffboardingKey.offboarding_id))
        .where(
            Offboarding.account_id == session.account_id,
            Offboarding.person == person,
            *((col(Offboarding.created_at) > since,) if since is not None else ()),
        )
    ).all()
    kept = {item.key_id for item in settled if item.outcome == Result.KEPT}
    seen = {item.key_id for item in settled}
    return {
        key: tie
        for key, tie in relations.items()
        if key not in kept and (tie.owned or tie.sent or key not in seen)
    }


def _add(session: Session, row: Offboarding, relations: dict[str, KeyRelation]) -> None:
    for key_id, tie in relations.items():
        session.add(
            OffboardingKey(
                offboarding_id=row.id,
                key_id=key_id,
                account_id=row.account_id,
                created=tie.created,
                owned=tie.owned,
                sent=tie.sent,
            )
        )
    session.flush()


def _end(
    session: AccountSession, row: Offboarding, stage: Stage, kind: str, actor: Actor, now: datetime
) -> None:
    row.state, row.ended_at, row.ended_by = stage, now, str(actor)
    session.add(row)
    session.flush()
    session.execute(
        update(OffboardingKey)
        .where(col(OffboardingKey.offboarding_id) == row.id)
        .values(action="", claimed_until=None),
        execution_options={"synchronize_session": "fetch"},
    )
    counts = session.exec(
        select(OffboardingKey.outcome, func.count())
        .where(OffboardingKey.offboarding_id == row.id)
        .group_by(OffboardingKey.outcome)
    ).all()
    data = {
        "offboarding": row.id,
        "person": row.person,
        "keys": {outcome or "left": count for outcome, count in counts},
    }
    event = audit_log.append(session, now, kind, actor, None, data)
    live_messages.mark_stale(session, row.id, now)
    if stage is Stage.FINISHED:
        outbox.add(session, event, outbox.TEAM, data)


def _open(session: AccountSession, person: str) -> Offboarding | None:
    return session.exec(
        select(Offboarding).where(
            Offboarding.account_id == session.account_id,
            Offboarding.person == person,
            Offboarding.state == Stage.OPEN,
        )
    ).first()


def _row(session: AccountSession, offboarding_id: str) -> Offboarding:
    row = session.get(Offboarding, offboarding_id)
    if row is None or row.account_id != session.account_id:
        raise KeyNotFound("There is no such offboarding.")
    return row
