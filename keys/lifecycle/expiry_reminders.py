"""Reminding people of keys that expire: 30, 7 and 1 days before, and when it has happened.

Each reminder is a live message of its own, to the team, the owner and the backup owner. It is asked
for once (keys.changes.live_messages), so it is neither lost nor said twice, whatever bots run or do
not run at the hour; one that was missed is made up for, unless a later one has become due in the
meantime.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, select

from keys.base.models import State
from keys.changes import live_messages, outbox
from storage import AccountSession
from storage.tables import Key

MESSAGE_KIND = "expiry"
STAGES = (30, 7, 1)
EXPIRED = 0
# A bot that was away for longer than this does not tell of what has expired long ago.
TOLD_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Reminder:
    """What a reminder is about.

    Attributes:
        days: which one it is, by how many days before the end; 0 for the end itself.
    """

    key_id: str
    expires_at: int
    days: int

    @property
    def subject(self) -> str:
        """Names it, so that it is asked for once."""
        return f"{self.key_id}:{self.expires_at}:{self.days}"

    @classmethod
    def read(cls, subject: str) -> Reminder:
        """Read what `subject` wrote."""
        key_id, expires_at, days = subject.rsplit(":", 2)
        return cls(key_id, int(expires_at), int(days))


def stage(expires_at: datetime, now: datetime) -> int | None:
    """Which reminder is the latest that is due; None before the first."""
    if expires_at <= now:
        return EXPIRED
    due = [days for days in STAGES if expires_at - timedelta(days=days) <= now]
    return min(due) if due else None


def next_stage(expires_at: datetime, now: datetime) -> datetime:
    """When the next reminder is due; the end itself after the last one."""
    moments = (expires_at - timedelta(days=days) for days in (*STAGES, EXPIRED))
    return min((at for at in moments if at > now), default=expires_at)


def run_due(session: AccountSession, now: datetime) -> int:
    """Ask for every reminder that is due.

    Returns:
        How many messages were asked for.
    """
    keys = session.exec(
        select(Key).where(
            Key.account_id == session.account_id,
            Key.state == State.ACTIVE,
            col(Key.expires_at) <= now + timedelta(days=max(STAGES)),
            col(Key.expires_at) > now - TOLD_WITHIN,
        )
    )
    return sum(_remind(session, key, now) for key in keys.all())


def _remind(session: AccountSession, key: Key, now: datetime) -> int:
    if key.expires_at is None:
        return 0
    days = stage(key.expires_at, now)
    if days is None or (days != EXPIRED and key.expiry_accepted_by is not None):
        return 0
    # The person who set the date a moment ago knows it.
    known_since = key.expiry_set_at or key.activated_at or key.created_at
    if key.expires_at - timedelta(days=days) <= known_since:
        return 0
    reminder = Reminder(key.id, int(key.expires_at.timestamp()), days)
    return sum(
        live_messages.add(session, MESSAGE_KIND, reminder.subject, recipient, now)
        for recipient in _audiences(key)
    )


def _audiences(key: Key) -> Iterable[str]:
    people = [person for person in (key.owner, key.backup_owner) if person]
    return (outbox.TEAM, *dict.fromkeys(outbox.to_person(person) for person in people))
