"""Which gateways run, and how far each has followed the changes.

A change of a key can set a fence in its transaction: a marker in the sequence of changes that each
gateway confirms once it has applied everything before it. So the person who revoked a key can
be told that it is refused everywhere, and not just that it should be.

A gateway that was cut off from the database lets nobody in on what it remembers
(gateway.cache.verdict_cache), so one that stays silent is a reason to look, and no hole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from keys.base.ids import new_id
from storage.tables import ChangeRow, Confirmation, Gateway
from storage.triggers import KEPT

# How often a gateway says that it is there, in seconds.
BEAT_SECONDS = 1.0
# For how long a gateway believes what it remembers without proof that it missed no change.
LEASE_SECONDS = 2
# One that was silent for so long counts as stopped and is no longer reported.
GONE_AFTER = timedelta(minutes=1)
_CONFIRMATIONS_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """How many gateways have passed a fence.

    Attributes:
        running: the names of all gateways that run.
        waiting: the names of those that have not confirmed.
    """

    running: tuple[str, ...]
    waiting: tuple[str, ...]

    @property
    def by_all(self) -> bool:
        """Whether nobody is waited for."""
        return not self.waiting


def announce(session: Session, gateway_id: str, name: str, now: datetime) -> None:
    """Record that a gateway begins; whatever ran under its name before is over."""
    session.execute(
        update(Gateway)
        .where(col(Gateway.name) == name, col(Gateway.stopped_at).is_(None))
        .values(stopped_at=now)
    )
    session.add(Gateway(id=gateway_id, name=name, started_at=now, seen_at=now))


def heartbeat(session: Session, gateway_id: str, now: datetime) -> None:
    """Record that a gateway is there."""
    session.execute(update(Gateway).where(col(Gateway.id) == gateway_id).values(seen_at=now))


def confirm(session: Session, gateway_id: str, fences: Sequence[str], now: datetime) -> None:
    """Record that a gateway has applied every change up to these fences."""
    session.add_all(Confirmation(fence=f, gateway_id=gateway_id, at=now) for f in fences)
    heartbeat(session, gateway_id, now)


def stopped(session: Session, gateway_id: str, now: datetime) -> None:
    """Record that a gateway has ended; nobody waits for it any more."""
    session.execute(update(Gateway).where(col(Gateway.id) == gateway_id).values(stopped_at=now))


def purge(session: Session, now: datetime) -> None:
    """Throw away what nobody will ask for: old changes, confirmations and gateways."""
    newest = select(ChangeRow.id).order_by(col(ChangeRow.id).desc()).limit(1)
    if (last := session.exec(newest).first()) is not None:
        session.execute(delete(ChangeRow).where(col(ChangeRow.id) <= last - KEPT))
    old = now - _CONFIRMATIONS_KEPT
    session.execute(delete(Confirmation).where(col(Confirmation.at) < old))
    session.execute(delete(Gateway).where(col(Gateway.seen_at) < old))


def new_fence() -> str:
    """The name of a fence that is still to be set."""
    return new_id("fnc")


def set_fence(session: Session, fence: str) -> None:
    """Set a fence after the changes of this transaction."""
    session.flush()
    session.add(ChangeRow(fence=fence))
    session.flush()


def look(session: Session, fence: str, now: datetime) -> Confirmed:
    """Who has passed the fence by now."""
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
