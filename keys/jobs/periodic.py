"""Things that are done now and then, by one bot for all."""

from __future__ import annotations

from datetime import datetime, timedelta

from keys.changes import audit_log
from storage import AccountSession
from storage.tables import PeriodicJob


def is_due(session: AccountSession, name: str, every: timedelta, now: datetime) -> bool:
    """Whether it may be time: a look that holds up nobody, before a claim."""
    found = session.get(PeriodicJob, (session.account_id, name))
    return found is None or found.done_at + every <= now


def is_scheduled_run_due(session: AccountSession, name: str, scheduled_at: datetime) -> bool:
    """Whether what is due at this moment of a schedule may still have to be done."""
    found = session.get(PeriodicJob, (session.account_id, name))
    return found is None or found.done_at < scheduled_at


def claim_scheduled_run(
    session: AccountSession, name: str, scheduled_at: datetime
) -> datetime | None:
    """Claim the run that was scheduled for this time; the caller that gets an answer does it now.

    Returns:
        When it was done before. None if another bot has claimed it, and the very first time, when
        there is nothing yet to look back to.
    """
    audit_log.lock(session)
    found = session.get(PeriodicJob, (session.account_id, name), populate_existing=True)
    before = found.done_at if found is not None else None
    if before is not None and before >= scheduled_at:
        return None
    found = found or PeriodicJob(account_id=session.account_id, name=name, done_at=scheduled_at)
    found.done_at = scheduled_at
    session.add(found)
    session.flush()
    return before


def claim(session: AccountSession, name: str, every: timedelta, now: datetime) -> bool:
    """Claim the job if it is due and no other bot does it; the caller that gets True does it now.

    The claim is undone with the transaction, so what fails is tried again.

    Args:
        every: how long it rests between two times.
    """
    if not is_due(session, name, every, now):
        return False
    audit_log.lock(session)
    found = session.get(PeriodicJob, (session.account_id, name), populate_existing=True)
    if found is None:
        session.add(PeriodicJob(account_id=session.account_id, name=name, done_at=now))
    elif found.done_at + every > now:
        return False
    else:
        found.done_at = now
        session.add(found)
    session.flush()
    return True
