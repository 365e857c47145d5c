"""Reminders of expiring keys: 30, 7 and 1 days before the expiry, and at the expiry.

Each reminder is a live message to the team, the owner and the backup owner. It is added once
(keys.changes.live_messages), so it is neither lost nor repeated, whichever bots are running. A
missed reminder is sent late, unless a later one has become due in the meantime.

Keys that expire at the same moment, such as those of one import, share one message for each
recipient if there are more than three of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import col, select

from keys.base.models import State
from keys.changes import live_messages, outbox
from keys.changes.events import about_expiry
from storage import AccountSession
from storage.tables import Key

MESSAGE_KIND = "expiry"
SHARED_KIND = "expiries"
# As many messages in a row are read one by one.
SINGLE_MOST = 3
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


@dataclass(frozen=True, slots=True)
class SharedReminder:
    """A reminder of several keys that expire at the same moment; the message's data names them.

    Attributes:
        days: as in `Reminder`.
    """

    expires_at: int
    days: int

    @property
    def subject(self) -> str:
        """The subject of its live message, which makes it unique."""
        return f"{about_expiry(self.expires_at)}{self.days}"

    @classmethod
    def read(cls, subject: str) -> SharedReminder:
        """Parse a `subject`."""
        _, expires_at, days = subject.split(":")
        return cls(int(expires_at), int(days))


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
    keys = (
        select(Key)
        .where(
            Key.account_id == session.account_id,
            Key.state == State.ACTIVE,
            col(Key.expires_at) <= now + timedelta(days=max(STAGES)),
            col(Key.expires_at) > now - TOLD_WITHIN,
        )
        .order_by(col(Key.name_folded), col(Key.id))
    )
    together: dict[tuple[str, Reminder], list[str]] = defaultdict(list)
    for key in session.exec(keys).all():
        if reminder := _due(key, now):
            for recipient in _audiences(key):
                together[recipient, replace(reminder, key_id="")].append(key.id)
    return sum(
        _add(session, recipient, reminder, key_ids, now)
        for (recipient, reminder), key_ids in together.items()
    )


def _due(key: Key, now: datetime) -> Reminder | None:
    if key.expires_at is None:
        return None
    days = stage(key.expires_at, now)
    if days is None or (days != EXPIRED and key.expiry_accepted_by is not None):
        return None
    # The person who has just set the date needs no reminder.
    known_since = key.expiry_set_at or key.activated_at or key.created_at
    if key.expires_at - timedelta(days=days) <= known_since:
        return None
    return Reminder(key.id, int(key.expires_at.timestamp()), days)


def _add(
    session: AccountSession, recipient: str, of: Reminder, key_ids: Sequence[str], now: datetime
) -> int:
    """Add the reminders of keys that expire together; return how many messages that are."""
    shared = SharedReminder(of.expires_at, of.days)
    if recipient in live_messages.recipients(session, SHARED_KIND, shared.subject):
        return 0
    subjects = [replace(of, key_id=key_id).subject for key_id in key_ids]
    # A version before may have begun to remind of each of them.
    if len(key_ids) > SINGLE_MOST and not any(
        recipient in live_messages.recipients(session, MESSAGE_KIND, subject)
        for subject in subjects
    ):
        data = {"keys": list(key_ids)}
        return live_messages.add(session, SHARED_KIND, shared.subject, recipient, now, data=data)
    return sum(
        live_messages.add(session, MESSAGE_KIND, subject, recipient, now) for subject in subjects
    )


def _audiences(key: Key) -> Iterable[str]:
    people = [person for person in (key.owner, key.backup_owner) if person]
    return (outbox.TEAM, *dict.fromkeys(outbox.to_person(person) for person in people))
