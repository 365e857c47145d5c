"""Taking each request once, whichever of several bots it reaches."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlmodel import Session, col

from storage.tables import ProcessedRequest

# Slack's signatures are good for five minutes; clocks may differ by as much.
KEPT = timedelta(minutes=15)


def claim_once(session: Session, id_: str, now: datetime) -> bool:
    """Whether a request comes for the first time; from now on it has come.

    Args:
        id_: names the request, in at most 80 characters.
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
    """Delete what could not be replayed any more."""
    session.connection().execute(
        delete(ProcessedRequest).where(col(ProcessedRequest.at) < now - KEPT)
    )
