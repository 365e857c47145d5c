"""Delete what has served its purpose, in small steps: counts of uses, and messages that were sent.

What grows with the installation's use, and what becomes of it:

| table | grows with | kept |
|---|---|---|
| `daily_uses` | each day on which a secret is used | `APIKEYS_KEPT_DAYS` |
| `notices` | each message about a change | `APIKEYS_KEPT_DAYS` after it was sent or failed |
| `seen` | each of Slack's requests | 15 minutes (keys.jobs.replay_guard) |
| `changes` | each change of a key | the newest 10,000 |
| `confirmations`, `gateways` | each change, each start of a gateway | a day |
| `secret_uses`, `homes`, `chores`, `people` | keys, people | with them, one row each |
| `deliveries` | each token | for ever: who was sent it |
| `live_messages` | each message with buttons | for ever |
| `team_channels` | where the messages to the team go | for ever |
| `events` | each change | for ever: the audit log |
| `keys`, `secrets` | each key | for ever: so that a revoked one stays revoked |
| `access_requests`, `rotations`, `offboardings`, `offboarding_keys` | each of them | for ever |
| `audits`, `audit_keys` | each audit, each key in it | for ever: the evidence |
| `accounts`, `installations`, `peppers` | workspaces, peppers | for ever |
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col, select

from keys.usage.usage import SHOWN_DAYS
from storage.tables import DailyUse, OutboxRow, Secret

LEAST_DAYS = SHOWN_DAYS + 1
"""For how many days it has to be kept, at least: what people are shown is not deleted."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pass has come.

    Attributes:
        secret_id: the last secret whose uses were looked at.
        uses_done: whether all were.
    """

    secret_id: str = ""
    uses_done: bool = False


def purge(
    session: Session, now: datetime, kept_days: int, progress: Progress, at_most: int = 500
) -> Progress | None:
    """Delete a little of what is too old, of all accounts.

    Args:
        kept_days: for how many days it is kept.
        progress: what the last call returned; `Progress()` for a new pass.
        at_most: of how many secrets, or how many messages.

    Returns:
        Where to go on; None if nothing is left.
    """
    oldest = now - timedelta(days=kept_days)
    if not progress.uses_done:
        return _purge_uses(session, oldest, progress, at_most)
    old = (
        select(OutboxRow.id)
        .where(col(OutboxRow.closed_at) < oldest)
        .order_by(col(OutboxRow.id))
        .limit(at_most)
    )
    ids = list(session.exec(old))
    session.execute(delete(OutboxRow).where(col(OutboxRow.id).in_(ids)))
    return progress if len(ids) == at_most else None


def _purge_uses(session: Session, oldest: datetime, progress: Progress, at_most: int) -> Progress:
    batch = (
        select(Secret.id)
        .where(col(Secret.id) > progress.secret_id)
        .order_by(col(Secret.id))
        .limit(at_most)
    )
    secrets = list(session.exec(batch))
    session.execute(
        # By the primary key; the day alone would need an index, which every use would have to keep.
        delete(DailyUse).where(
            col(DailyUse.secret_id).in_(secrets), col(DailyUse.day) < oldest.date()
        )
    )
    if len(secrets) < at_most:
        return Progress(uses_done=True)
    return Progress(secrets[-1])
