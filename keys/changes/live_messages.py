"""Live messages: what stands in Slack follows a thing's state until that comes to its end.

A row holds what a message is about (its kind and subject), its audience, where it was posted and
when it is due again. It is added in the transaction of the change that it is about, and claimed by
the bot that renders it, so it survives a crash and several bots can share the work. There is one
message for each kind, subject and audience, however often it is asked for.

A message is posted at least once: if the bot dies between posting it and noting where, it is
posted again. From then on it is only redrawn, and only if it would look different.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, update
from sqlmodel import Session, col, func, or_, select

from keys.base.ids import new_id
from storage import AccountSession
from storage.tables import LiveMessageRow


@dataclass(frozen=True, slots=True)
class LiveMessage:
    """A claimed live message.

    Attributes:
        subject: the id of what it is about.
        recipient: `team`, or a person as `person:U…`.
        channel_id, message: where it was posted; None until then.
        rendered_hash: a hash of its content when it was last rendered; empty until then.
        due_at: when it was due to be rendered; a later change sets another time.
        attempts: how many times in a row Slack did not accept it.
        posting_at: when posting was first attempted, as long as the outcome is unknown.
    """

    id: str
    account_id: str
    kind: str
    subject: str
    recipient: str
    data: dict[str, Any]
    channel_id: str | None
    message: str | None
    rendered_hash: str
    created_at: datetime
    due_at: datetime
    attempts: int
    posting_at: datetime | None

    @property
    def may_be_posted_already(self) -> bool:
        """Whether people may see it: it was posted, or it is not known that it was not."""
        return self.channel_id is not None or self.posting_at is not None


def add(
    session: AccountSession,
    kind: str,
    subject: str,
    recipient: str,
    now: datetime,
    *,
    due_at: datetime | None = None,
    data: Mapping[str, Any] | None = None,
) -> bool:
    """Ask for a message; False if it had been asked for before, which then changes nothing.

    Args:
        due_at: when it is to be drawn first; at once if not given.
        data: more that rendering it needs: ids, never a token.
    """
    found = select(LiveMessageRow.id).where(
        LiveMessageRow.account_id == session.account_id,
        LiveMessageRow.kind == kind,
        LiveMessageRow.subject == subject,
        LiveMessageRow.recipient == recipient,
    )
    if session.exec(found).first() is not None:
        return False
    session.add(
        LiveMessageRow(
            id=new_id("msg"),
            account_id=session.account_id,
            kind=kind,
            subject=subject,
            recipient=recipient,
            data=json.dumps(data or {}, ensure_ascii=False, sort_keys=True),
            created_at=now,
            due_at=due_at or now,
        )
    )
    session.flush()
    return True


def mark_stale(session: AccountSession, subject: str, now: datetime) -> None:
    """Mark every message about this subject stale, so that it is rendered again."""
    session.execute(
        update(LiveMessageRow)
        .where(
            col(LiveMessageRow.account_id) == session.account_id,
            col(LiveMessageRow.subject) == subject,
            col(LiveMessageRow.closed_at).is_(None),
        )
        .values(due_at=now),
        execution_options={"synchronize_session": False},
    )


def mark_stale_by_prefix(session: AccountSession, prefix: str, now: datetime) -> None:
    """The same for every subject that begins with this."""
    session.execute(
        update(LiveMessageRow)
        .where(
            col(LiveMessageRow.account_id) == session.account_id,
            col(LiveMessageRow.subject).startswith(prefix, autoescape=True),
            col(LiveMessageRow.closed_at).is_(None),
        )
        .values(due_at=now),
        execution_options={"synchronize_session": False},
    )


def mark_stale_all(session: AccountSession, subject: str, now: datetime) -> None:
    """Have every message about a subject rendered again; a colon at its end takes all below it."""
    mark_matching = mark_stale_by_prefix if subject.endswith(":") else mark_stale
    mark_matching(session, subject, now)


def set_data(
    session: AccountSession,
    kind: str,
    subject: str,
    recipient: str,
    data: Mapping[str, Any],
    now: datetime,
) -> None:
    """Change the data from which a message is rendered, and mark it stale."""
    session.execute(
        update(LiveMessageRow)
        .where(
            col(LiveMessageRow.account_id) == session.account_id,
            col(LiveMessageRow.kind) == kind,
            col(LiveMessageRow.subject) == subject,
            col(LiveMessageRow.recipient) == recipient,
            col(LiveMessageRow.closed_at).is_(None),
        )
        .values(data=json.dumps(data, ensure_ascii=False, sort_keys=True), due_at=now),
        execution_options={"synchronize_session": False},
    )


def claim(session: AccountSession, now: datetime, claim_ttl: timedelta) -> LiveMessage | None:
    """Take the message that waits longest; nobody else gets it until the lease is over."""
    row = session.exec(
        select(LiveMessageRow)
        .where(
            LiveMessageRow.account_id == session.account_id,
            col(LiveMessageRow.closed_at).is_(None),
            col(LiveMessageRow.due_at) <= now,
            or_(
                col(LiveMessageRow.claimed_until).is_(None),
                col(LiveMessageRow.claimed_until) <= now,
            ),
        )
        .order_by(col(LiveMessageRow.due_at), col(LiveMessageRow.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    row.claimed_until = now + claim_ttl
    session.add(row)
    return _view(row)


def is_told(session: Session, live: LiveMessage, recipient: str) -> bool:
    """Whether the same is told to this audience too, by a message of its own."""
    found = select(LiveMessageRow.id).where(
        LiveMessageRow.account_id == live.account_id,
        LiveMessageRow.kind == live.kind,
        LiveMessageRow.subject == live.subject,
        LiveMessageRow.recipient == recipient,
    )
    return session.exec(found).first() is not None


def posting(session: Session, live: LiveMessage, now: datetime) -> None:
    """Record that the message is about to be posted; to be committed before it is.

    The first such time stays until it is known where the message stands: an earlier attempt may
    have posted it, and it is looked for from then on.
    """
    first = func.coalesce(col(LiveMessageRow.posting_at), now)
    session.execute(
        update(LiveMessageRow).where(col(LiveMessageRow.id) == live.id).values(posting_at=first),
        execution_options={"synchronize_session": False},
    )


def posted(session: Session, live: LiveMessage, channel_id: str, message: str) -> None:
    """Record where the message stands."""
    session.execute(
        update(LiveMessageRow)
        .where(col(LiveMessageRow.id) == live.id)
        .values(channel_id=channel_id, message=message, posting_at=None),
        execution_options={"synchronize_session": False},
    )


def rendered(
    session: Session, live: LiveMessage, fingerprint: str, now: datetime, again: datetime | None
) -> None:
    """Record what the message says now, and when to look again; None ends it.

    If its subject has changed since it was claimed, it is looked at again at once, whatever
    `again` says.
    """
    unchanged = col(LiveMessageRow.due_at) == live.due_at
    end: dict[str, Any] = {"closed_at": case((unchanged, now), else_=None)}
    if again is not None:
        end = {"due_at": case((unchanged, again), else_=col(LiveMessageRow.due_at))}
    session.execute(
        update(LiveMessageRow)
        .where(col(LiveMessageRow.id) == live.id)
        .values(rendered_hash=fingerprint, claimed_until=None, attempts=0, **end),
        execution_options={"synchronize_session": False},
    )


def retry(
    session: Session, live: LiveMessage, at: datetime, *, outcome_unknown: bool = False
) -> None:
    """Give a claimed message back: Slack could not take it now.

    Args:
        outcome_unknown: whether Slack may have taken it all the same.
    """
    # One that stood there is being replaced, and stays marked until another one does; so does one
    # that an earlier attempt may have posted, whatever has come of this one.
    marked = outcome_unknown or live.channel_id is not None or live.posting_at is not None
    known: dict[str, Any] = {} if marked else {"posting_at": None}
    session.execute(
        update(LiveMessageRow)
        .where(col(LiveMessageRow.id) == live.id)
        .values(due_at=at, claimed_until=None, attempts=live.attempts + 1, **known),
        execution_options={"synchronize_session": False},
    )


def lost(session: Session, live: LiveMessage) -> None:
    """Record that the message was deleted: the next time, it is posted again."""
    session.execute(
        update(LiveMessageRow)
        .where(col(LiveMessageRow.id) == live.id)
        .values(channel_id=None, message=None, rendered_hash="", claimed_until=None),
        execution_options={"synchronize_session": False},
    )


def _view(row: LiveMessageRow) -> LiveMessage:
    return LiveMessage(
        id=row.id,
        account_id=row.account_id,
        kind=row.kind,
        subject=row.subject,
        recipient=row.recipient,
        data=json.loads(row.data),
        channel_id=row.channel_id,
        message=row.message,
        rendered_hash=row.rendered_hash,
        created_at=row.created_at,
        due_at=row.due_at,
        attempts=row.attempts,
        posting_at=row.posting_at,
    )
