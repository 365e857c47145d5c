"""Replay protection: each request is processed once, whichever bot it reaches."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlmodel import Session, col

from storage.tables import ProcessedRequest

# Slack's signatures are valid for five minutes, and clocks may differ by as much.
KEPT = timedelta(minutes=15)


def claim_once(session: Session, id_: str, now: datetime) -> bool:
    """Record a request; return False if it was recorded before.

    Args:
        id_: the id of the request, at most 80 characters.
    """
    postgresql = session.get_bind().dialect.name == "postgresql"
    insert = (insert_on_postgresql if postgresql else insert_on_sqlite)(ProcessedRequest)
    added = session.connection().execute(
        insert.values(id=id_, at=now)
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(col(ProcessedRequest.id))
    )
    return added.first() is not None


def purge(session: Session, now: datetime) -> None:
    """Delete requests that are too old to be replayed."""
    session.connection().execute(
        delete(ProcessedRequest).where(col(ProcessedRequest.at) < now - KEPT)
    )
