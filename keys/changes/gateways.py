"""Running gateways, and the changes that each has confirmed.

A change to a key can set a fence in its transaction: a marker in the sequence of changes that each
gateway confirms once it has applied everything before it. So the person who revokes a key learns
that it is refused everywhere, not just that it should be.

A gateway that is cut off from the database stops accepting cached keys
(gateway.cache.verdict_cache). One that stays silent has to be looked into, but is not a hole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, delete, update
from sqlmodel import Session, col, select

from keys.base.ids import new_id
from storage.tables import ChangeRow, Confirmation, Gateway
from storage.triggers import KEPT

# Seconds between two heartbeats of a gateway.
BEAT_SECONDS = 1.0
# How long a gateway trusts its cache without proof that it has missed no change.
LEASE_SECONDS = 2
# A gateway without a heartbeat for this long counts as stopped and is no longer reported.
GONE_AFTER = timedelta(minutes=1)
# A user may still be waiting for these.
_NEWEST = 200
_CONFIRMATIONS_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The gateways that have confirmed a fence.

    Attributes:
        running: the names of all running gateways.
        waiting: the names of those that have not confirmed it.
    """

    running: tuple[str, ...]
    waiting: tuple[str, ...]

    @property
    def by_all(self) -> bool:
        """Whether every gateway has confirmed."""
        return not self.waiting


def announce(
    session: Session, gateway_id: str, name: str, now: datetime, *, replaces: str = ""
) -> None:
    """Record that a gateway has started.

    Another gateway of the same name keeps running: machines are cloned, and clusters name alike.

    Args:
        replaces: what the ids of gateways begin with that certainly have ended; empty if that is
            known of none.
    """
    if replaces:
        session.execute(
            update(Gateway)
            .where(
                col(Gateway.id).startswith(replaces, autoescape=True),
                col(Gateway.id) != gateway_id,
                col(Gateway.stopped_at).is_(None),
            )
            .values(stopped_at=now)
        )
    session.add(Gateway(id=gateway_id, name=name, started_at=now, seen_at=now))


def heartbeat(
    session: Session, gateway_id: str, now: datetime, last: datetime | None = None
) -> bool:
    """Record a gateway's heartbeat.

    Args:
        last: when its last one was. Another time in the row means that the database was restored,
            or that a copy of the same process reports under the same id.

    Returns:
        False if it is not registered as it was; then it has to announce itself under another id.
    """
    mine = [col(Gateway.id) == gateway_id, col(Gateway.stopped_at).is_(None)]
    if last is not None:
        mine.append(col(Gateway.seen_at) == last)
    found = session.execute(update(Gateway).where(*mine).values(seen_at=now))
    return bool(cast("CursorResult[Any]", found).rowcount)


def confirm(session: Session, gateway_id: str, fences: Sequence[str], now: datetime) -> None:
    """Record that a gateway has applied every change before these fences."""
    known = set(
        session.exec(
            select(Confirmation.fence).where(
                Confirmation.gateway_id == gateway_id, col(Confirmation.fence).in_(fences)
            )
        )
    )
    session.add_all(
        Confirmation(fence=fence, gateway_id=gateway_id, at=now)
        for fence in dict.fromkeys(fences)
        if fence not in known
    )


def newest_fences(session: Session) -> list[str]:
    """Return the fences that were set last.

    A gateway that starts, or that has lost its feed, confirms them once it has applied everything
    up to now: they may have been set while it did not listen.
    """
    newest = (
        select(ChangeRow.fence)
        .where(col(ChangeRow.fence).is_not(None))
        .order_by(col(ChangeRow.id).desc())
        .limit(_NEWEST)
    )
    return [fence for fence in session.exec(newest) if fence is not None]


def stopped(session: Session, gateway_id: str, now: datetime) -> None:
    """Record that a gateway has stopped, so that no change waits for it."""
    session.execute(update(Gateway).where(col(Gateway.id) == gateway_id).values(stopped_at=now))


def purge(session: Session, now: datetime) -> None:
    """Delete old changes, confirmations and gateways."""
    newest = select(ChangeRow.id).order_by(col(ChangeRow.id).desc()).limit(1)
    if (last := session.exec(newest).first()) is not None:
        session.execute(delete(ChangeRow).where(col(ChangeRow.id) <= last - KEPT))
    old = now - _CONFIRMATIONS_KEPT
    session.execute(delete(Confirmation).where(col(Confirmation.at) < old))
    session.execute(delete(Gateway).where(col(Gateway.seen_at) < old))


def new_fence() -> str:
    """Return the name of a fence to be set later."""
    return new_id("fnc")


def set_fence(session: Session, fence: str) -> None:
    """Set a fence after this transaction's changes."""
    session.flush()
    session.add(ChangeRow(fence=fence))
    session.flush()


def look(session: Session, fence: str, now: datetime) -> Confirmed:
    """Return which gateways have confirmed a fence."""
    running = session.exec(
        select(Gateway.id, Gateway.name)
        .where(col(Gateway.stopped_at).is_(None), col(Gateway.seen_at) > now - GONE_AFTER)
        .order_by(col(Gateway.name))
    ).all()
    passed = set(
        session.exec(select(Confirmation.gateway_id).where(Confirmation.fence == fence)).all()
    )
    return Confirmed(
        running=tuple(name for _, name in running),
        waiting=tuple(name for id_, name in running if id_ not in passed),
    )
