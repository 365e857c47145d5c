"""Seal a database of a version that knew no seals, once, in the transaction of its migration."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import Connection, bindparam, update
from sqlmodel import col, select

from keys.base.errors import PepperError
from keys.credentials.algorithms import Algorithm
from keys.credentials.peppers import Peppers
from storage.seal_upgrades import seal_existing
from storage.tables import Account, Secret

_AT_ONCE = 5_000


def seal_database(
    peppers: Peppers,
    sealed: Callable[[int], None],
    known: Callable[[], Collection[str]] = frozenset,
) -> Callable[[Connection], None]:
    """Return what seals a database, for storage.upgrade.

    Args:
        sealed: called with the number of rows; not if there are none.
        known: returns the accounts whose rows this machine has seen sealed
            (keys.integrity.anchor); called only if there is something to seal.
    """

    def seal_rows(connection: Connection) -> None:
        if again := connection.execute(
            select(Account.id).where(col(Account.id).in_(known()))
        ).first():
            # A person who can write to the database would have their rows sealed.
            raise PepperError(
                f"The rows of {again[0]} were sealed before, and the database has lost its seals. "
                "Restore a backup. If you did restore one of an older version, on purpose, take "
                "this account out of anchor.json, and start again."
            )
        _replace_foreign_digests(connection, peppers)
        if count := seal_existing(connection, peppers):
            sealed(count)

    return seal_rows


def _replace_foreign_digests(connection: Connection, peppers: Peppers) -> None:
    """Replace the bare digests of imported keys that were never used (keys.credentials.digests)."""
    version = peppers.current
    found = connection.execute(
        select(Secret.id, Secret.algorithm, Secret.digest).where(
            col(Secret.imported), col(Secret.algorithm) != Algorithm.HMAC
        )
    ).all()
    statement = (
        update(Secret)
        .where(col(Secret.id) == bindparam("secret"))
        .values(digest=bindparam("made"), pepper_version=version)
    )
    for start in range(0, len(found), _AT_ONCE):
        connection.execute(
            statement,
            [
                {"secret": id_, "made": peppers.imported_digest(algorithm, digest, version)}
                for id_, algorithm, digest in found[start : start + _AT_ONCE]
            ],
        )
