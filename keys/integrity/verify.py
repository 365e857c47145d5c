"""Verify a whole database: triggers, every seal, every entry of the audit log, and that they agree.

It reads in batches, each in a snapshot of its own, so it holds no writer up. It is an iterator, so
that a job can do a little of it at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Engine, inspect

from keys.integrity.anchor import Anchor
from keys.integrity.findings import Finding, Step
from keys.integrity.schema import verify_schema
from keys.integrity.walk import Walk
from storage import reading
from storage.seals import SEALED, Sealer
from storage.tables import Event, Key, Secret

_OWN_WAY = frozenset({Key, Secret, Event})


def count(engine: Engine) -> int:
    """Return how many rows there are to verify, for a progress bar."""
    with reading(engine) as session:
        connection = session.connection()
        counts = (
            connection.exec_driver_sql(f"SELECT count(*) FROM {sealed.name}").scalar_one()  # noqa: S608
            for sealed in SEALED.values()
        )
        return sum(counts)


def verify_small(
    engine: Engine, sealer: Sealer, anchors: Mapping[str, Anchor], most: int = 50_000
) -> list[Finding] | None:
    """Return every finding; None if there are more rows than can be verified in some seconds."""
    if count(engine) > most:
        return None
    return [one for step in verify(engine, sealer, anchors=anchors) for one in step.findings]


def verify(
    engine: Engine,
    sealer: Sealer,
    account_id: str | None = None,
    anchors: Mapping[str, Anchor] | None = None,
) -> Iterator[Step]:
    """Verify a database, one batch for each step.

    Args:
        account_id: the account to verify; None for all of them.
        anchors: the entries that the audit logs must have, by account.
    """
    yield Step(0, tuple(verify_schema(engine, account_id)))
    walk = Walk(engine, sealer, account_id)
    for table, sealed in SEALED.items():
        if table not in _OWN_WAY:
            yield from walk.rows(sealed, _primary_key(table))
    yield from walk.keys()
    yield from walk.entries(anchors or {})
    yield Step(0, tuple(walk.missing()))


def _primary_key(table: type[Any]) -> tuple[str, ...]:
    return tuple(column.name for column in inspect(table).local_table.primary_key.columns)
