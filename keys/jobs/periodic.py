"""Periodic jobs: each run is claimed by one bot."""

from __future__ import annotations

from datetime import datetime, timedelta

from keys.changes import audit_log
from storage import AccountSession
from storage.tables import PeriodicJob


def is_due(session: AccountSession, name: str, every: timedelta, now: datetime) -> bool:
    """Return whether a job may be due: a check without a lock, before claiming it."""
    found = session.get(PeriodicJob, (session.account_id, name))
    return found is None or found.done_at + every <= now


def is_scheduled_run_due(session: AccountSession, name: str, scheduled_at: datetime) -> bool:
    """Return whether a scheduled run may still have to be claimed."""
    found = session.get(PeriodicJob, (session.account_id, name))
    return found is None or found.done_at < scheduled_at


def claim_scheduled_run(
    session: AccountSession, name: str, scheduled_at: datetime
) -> datetime | None:
    """Claim a scheduled run; a caller that gets a time has to run it now.

    Returns:
        When the job last ran. None if another bot has claimed the run, and on the very first run,
        which has no previous one.
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
    """Claim a job if it is due and no other bot has claimed it; a caller that gets True runs it.

    The claim is rolled back with the transaction, so a job that fails is retried.

    Args:
        every: the interval between two runs.
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
