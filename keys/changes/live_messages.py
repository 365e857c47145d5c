"""Live messages: Slack messages that are updated until their subject reaches its final state.

A row holds a message's kind, subject and recipient, where it was posted and when it is due again.
It is added in the transaction of the change, and claimed by the bot that renders it, so it survives
a crash and several bots can share the work. There is one message for each kind, subject and
recipient, however often it is requested.

A message is posted at least once: if the bot crashes after posting it and before recording where,
it may be posted again. After that it is only updated, and only if its content has changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, update
from sqlmodel import Session, col, func, or_, select

from keys.base.ids import new_id
from keys.base.stored_data import read_data
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
        """Whether it was posted, or may have been."""
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
    """Add a message; False if there is one already, which stays as it is.

    Args:
        due_at: when to render it first; now if not given.
        data: what its renderer needs: ids, never a token.
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
    """Mark every message about a subject as stale, so that it is rendered again."""
    _change_open(session, col(LiveMessageRow.subject) == subject, due_at=now)


def mark_stale_by_prefix(session: AccountSession, prefix: str, now: datetime) -> None:
    """Mark every message as stale whose subject begins with this prefix."""
    which = col(LiveMessageRow.subject).startswith(prefix, autoescape=True)
    _change_open(session, which, due_at=now)


def mark_stale_all(session: AccountSession, subject: str, now: datetime) -> None:
    """Mark every message about a subject as stale; a trailing colon makes it a prefix."""
    mark_matching = mark_stale_by_prefix if subject.endswith(":") else mark_stale
    mark_matching(session, subject, now)


def redraw(session: AccountSession, channel_id: str, message: str, now: datetime) -> bool:
    """Have one message rendered again, even if its content has not changed or is final.

    Args:
        channel_id, message: where it was posted.

    Returns:
        Whether it is a live message.
    """
    marked = session.execute(
        update(LiveMessageRow)
        .where(
            col(LiveMessageRow.account_id) == session.account_id,
            col(LiveMessageRow.channel_id) == channel_id,
            col(LiveMessageRow.message) == message,
        )
        .values(due_at=now, closed_at=None, rendered_hash=""),
        execution_options={"synchronize_session": False},
    )
    return bool(marked.rowcount)  # type: ignore[attr-defined]


def set_data(
    session: AccountSession,
    kind: str,
    subject: str,
    recipient: str,
    data: Mapping[str, Any],
    now: datetime,
) -> None:
    """Change the data that a message is rendered from, and mark it as stale."""
    _change_open(
        session,
        col(LiveMessageRow.kind) == kind,
        col(LiveMessageRow.subject) == subject,
        col(LiveMessageRow.recipient) == recipient,
        data=json.dumps(data, ensure_ascii=False, sort_keys=True),
        due_at=now,
    )


def _change_open(session: AccountSession, *which: ColumnElement[bool], **values: Any) -> None:
    """Change those of the account's messages that are not final."""
    session.execute(
        update(LiveMessageRow)
        .where(
            col(LiveMessageRow.account_id) == session.account_id,
            col(LiveMessageRow.closed_at).is_(None),
            *which,
        )
        .values(**values),
        execution_options={"synchronize_session": False},
    )


def claim(
    session: AccountSession, now: datetime, claim_ttl: timedelta, *, but_for: str = ""
) -> LiveMessage | None:
    """Claim the message that has waited longest; no other bot gets it until the claim expires.

    Args:
        but_for: a recipient whose messages have to wait.
    """
    row = session.exec(
        select(LiveMessageRow)
        .where(
            LiveMessageRow.account_id == session.account_id,
            col(LiveMessageRow.closed_at).is_(None),
            col(LiveMessageRow.due_at) <= now,
            LiveMessageRow.recipient != but_for,
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


def make_due(session: AccountSession, recipient: str, now: datetime) -> None:
    """Have a recipient's messages that Slack did not accept tried now."""
    refused = col(LiveMessageRow.attempts) > 0
    _change_open(session, col(LiveMessageRow.recipient) == recipient, refused, due_at=now)


def is_told(session: Session, live: LiveMessage, recipient: str) -> bool:
    """Return whether this recipient has a message of the same kind and subject."""
    found = select(LiveMessageRow.id).where(
        LiveMessageRow.account_id == live.account_id,
        LiveMessageRow.kind == live.kind,
        LiveMessageRow.subject == live.subject,
        LiveMessageRow.recipient == recipient,
    )
    return session.exec(found).first() is not None


def recipients(session: AccountSession, kind: str, subject: str) -> list[str]:
    """Return who has a message of this kind about a subject, or is about to get it."""
    found = select(LiveMessageRow.recipient).where(
        LiveMessageRow.account_id == session.account_id,
        LiveMessageRow.kind == kind,
        LiveMessageRow.subject == subject,
    )
    return list(session.exec(found.order_by(col(LiveMessageRow.created_at))))


def posting(session: Session, live: LiveMessage, now: datetime) -> None:
    """Record that the message is about to be posted; commit this before posting it.

    The first such time is kept until the message's place is known: an earlier attempt may have
    posted it, so messages since then are searched for it.
    """
    first = func.coalesce(col(LiveMessageRow.posting_at), now)
    session.execute(
        update(LiveMessageRow).where(col(LiveMessageRow.id) == live.id).values(posting_at=first),
        execution_options={"synchronize_session": False},
    )


def posted(session: Session, live: LiveMessage, channel_id: str, message: str) -> None:
    """Record where the message was posted."""
    session.execute(
        update(LiveMessageRow)
        .where(col(LiveMessageRow.id) == live.id)
        .values(channel_id=channel_id, message=message, posting_at=None),
        execution_options={"synchronize_session": False},
    )


def rendered(
    session: Session, live: LiveMessage, fingerprint: str, now: datetime, again: datetime | None
) -> None:
    """Record that the message was rendered, and when to render it again; None ends it.

    If its subject has changed since it was claimed, it is due again at once, whatever `again` is.
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
    """Release a claimed message: Slack did not accept it now.

    Args:
        outcome_unknown: whether Slack may have posted it nevertheless.
    """
    # A message that was posted before is being replaced, and keeps its time until its successor is
    # posted; so does one that an earlier attempt may have posted.
    marked = outcome_unknown or live.channel_id is not None or live.posting_at is not None
    known: dict[str, Any] = {} if marked else {"posting_at": None}
    session.execute(
        update(LiveMessageRow)
        .where(col(LiveMessageRow.id) == live.id)
        .values(due_at=at, claimed_until=None, attempts=live.attempts + 1, **known),
        execution_options={"synchronize_session": False},
    )


def lost(session: Session, live: LiveMessage) -> None:
    """Record that the message was deleted, so that it is posted again."""
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
        data=read_data(row.data),
        channel_id=row.channel_id,
        message=row.message,
        rendered_hash=row.rendered_hash,
        created_at=row.created_at,
        due_at=row.due_at,
        attempts=row.attempts,
        posting_at=row.posting_at,
    )
