"""Departures: which people with keys have left, according to Slack.

Slack's events can get lost, so each of these people is also looked up once a day. Only people with
keys are: a few dozen in a workspace of ten thousand.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import CompoundSelect, union
from sqlmodel import col, select

from keys.base.actors import Actor
from keys.base.models import State
from keys.changes import audit_log
from storage import AccountSession
from storage.tables import Delivery, Departure, Key

ASKED_EVERY = timedelta(days=1)


class DepartureReason(StrEnum):
    """Why a person counts as having left."""

    DEACTIVATED = "deactivated"
    GUEST = "guest"


def get(session: AccountSession, user_id: str) -> Departure | None:
    """Return a person's row, if there is one."""
    return session.get(Departure, (session.account_id, user_id))


def is_gone(session: AccountSession, user_id: str) -> bool:
    """Return whether a person has left and not come back."""
    someone = get(session, user_id)
    return someone is not None and someone.departed_at is not None


def gone_among(session: AccountSession, people: Iterable[str]) -> set[str]:
    """Return those of these people who have left and not come back."""
    found = session.exec(
        select(Departure.user_id).where(
            Departure.account_id == session.account_id,
            col(Departure.user_id).in_(set(people)),
            col(Departure.departed_at).is_not(None),
        )
    )
    return set(found)


def note(
    session: AccountSession, user_id: str, left: DepartureReason | None, now: datetime
) -> bool:
    """Record whether a person has left; False if that was recorded before.

    Args:
        left: None if they are a full member.
    """
    someone = get(session, user_id)
    if left is None and (someone is None or someone.departed_at is None):
        return False
    if someone is not None and left is not None and someone.why == left:
        return False
    audit_log.lock(session)
    someone = someone or Departure(account_id=session.account_id, user_id=user_id)
    if left is None:
        someone.departed_at, someone.why, someone.returned_at = None, "", now
    else:
        someone.departed_at, someone.why = someone.departed_at or now, left
    session.add(someone)
    session.flush()
    return True


def claim_to_ask_about(session: AccountSession, now: datetime, most: int) -> list[str]:
    """Claim people who were not looked up for a day; no other bot looks them up for another day.

    Args:
        most: how many to claim at most.
    """
    audit_log.lock(session)
    asked = select(Departure.user_id).where(
        Departure.account_id == session.account_id, col(Departure.asked_at) > now - ASKED_EVERY
    )
    fresh = set(session.exec(asked))
    due = sorted(_with_keys(session) - fresh)[:most]
    for user_id in due:
        someone = get(session, user_id)
        someone = someone or Departure(account_id=session.account_id, user_id=user_id)
        someone.asked_at = now
        session.add(someone)
    session.flush()
    return due


def ask_again(session: AccountSession, user_id: str) -> None:
    """Release a claimed person whose look-up failed, so that it is repeated."""
    someone = get(session, user_id)
    if someone is not None:
        someone.asked_at = None
        session.add(someone)


def _with_keys(
    session: AccountSession,
) -> set[str]:
    """Return every owner, backup owner, creator and recipient of a working key, and all leavers."""
    mine = (col(Key.account_id) == session.account_id, col(Key.state) == State.ACTIVE)
    found: CompoundSelect[Any] = union(
        select(col(Key.owner)).where(*mine),
        select(col(Key.backup_owner)).where(*mine),
        select(col(Key.creator)).where(*mine),
        select(col(Delivery.recipient))
        .join(Key, col(Key.id) == col(Delivery.key_id))
        .where(*mine, col(Delivery.sent_at).is_not(None)),
        select(col(Departure.user_id)).where(
            col(Departure.account_id) == session.account_id, col(Departure.departed_at).is_not(None)
        ),
    )
    return {user_id for (text,) in session.execute(found) if (user_id := _user_id(text))}


def _user_id(text: str | None) -> str:
    if not text or ":" not in text:
        return text or ""
    actor = Actor.read(text)
    return actor.id if actor.kind == "person" else ""
