"""Reminders of expiring keys: 30, 7 and 1 days before the expiry, and at the expiry.

Each reminder is a separate live message to the team, the owner and the backup owner. It is added
once (keys.changes.live_messages), so it is neither lost nor repeated, whichever bots are running. A
missed reminder is sent late, unless a later one has become due in the meantime.
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
# After a longer downtime, keys that have expired long ago are not announced.
TOLD_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder of one key's expiry.

    Attributes:
        days: how many days before the expiry it is sent; 0 at the expiry.
    """

    key_id: str
    expires_at: int
    days: int

    @property
    def subject(self) -> str:
        """The subject of its live message, which makes it unique."""
        return f"{self.key_id}:{self.expires_at}:{self.days}"

    @classmethod
    def read(cls, subject: str) -> Reminder:
        """Parse a `subject`."""
        key_id, expires_at, days = subject.rsplit(":", 2)
        return cls(key_id, int(expires_at), int(days))


def stage(expires_at: datetime, now: datetime) -> int | None:
    """Return the latest reminder that is due, in days before the expiry; None before the first."""
    if expires_at <= now:
        return EXPIRED
    due = [days for days in STAGES if expires_at - timedelta(days=days) <= now]
    return min(due) if due else None


def next_stage(expires_at: datetime, now: datetime) -> datetime:
    """Return when the next reminder is due; the expiry itself after the last one."""
    moments = (expires_at - timedelta(days=days) for days in (*STAGES, EXPIRED))
    return min((at for at in moments if at > now), default=expires_at)


def run_due(session: AccountSession, now: datetime) -> int:
    """Add every reminder that is due.

    Returns:
        How many messages were added.
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
    # The person who has just set the date needs no reminder.
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
