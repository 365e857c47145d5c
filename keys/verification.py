"""Telling whether a presented text is the token of a key that works now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import Engine, Row, select
from sqlmodel import col

from keys.clock import Clock
from keys.pepper import Peppers
from keys.token import NotAToken, Token, parse
from keys.values import State
from storage import reading
from storage.tables import Key, Secret


class Reason(StrEnum):
    """Why a text was refused. For the operator's log; whoever presented it is not told."""

    MISSING = "missing"
    SURROUNDED = "surrounded"
    MALFORMED = "malformed"
    CHECKSUM = "checksum"
    UNKNOWN = "unknown"
    DIGEST = "digest"
    PEPPER = "pepper"
    PENDING = "pending"
    ABANDONED = "abandoned"
    REVOKED = "revoked"
    EXPIRED = "expired"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Verified:
    """The token is right, and its key works now."""

    account_id: str
    key_id: str
    secret_id: str
    name: str
    owner: str | None
    scopes: frozenset[str]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The text does not open anything; `key_id` is known only where the secret was right."""

    reason: Reason
    key_id: str | None = None


class Verifier(Protocol):
    """Answers for presented texts; safe to call from many threads."""

    def verify(self, presented: str) -> Verified | Refused:
        """Answers for one text.

        Raises:
            keys.errors.StorageUnavailable: if the database cannot be reached.
        """
        ...


_COLUMNS: tuple[Any, ...] = (
    col(Secret.id).label("secret_id"),
    col(Secret.digest),
    col(Secret.pepper_version),
    col(Secret.ends_at),
    col(Key.id).label("key_id"),
    col(Key.account_id),
    col(Key.state),
    col(Key.name),
    col(Key.owner),
    col(Key.scopes),
    col(Key.expires_at),
)
_NO_DIGEST = bytes(32)


class StoredVerifier:
    """Verifies against the database, by one look-up for each well-formed token."""

    def __init__(self, engine: Engine, peppers: Peppers, clock: Clock) -> None:
        self._engine = engine
        self._peppers = peppers
        self._clock = clock

    def verify(self, presented: str) -> Verified | Refused:
        """See `Verifier`."""
        try:
            token = parse(presented)
        except NotAToken as error:
            return Refused(Reason(error.flaw.value))
        with reading(self._engine) as session:
            statement = select(*_COLUMNS).join(Key, col(Key.id) == col(Secret.key_id))
            row = session.execute(
                statement.where(col(Secret.public_id) == token.public_id)
            ).one_or_none()
        return self._judge(token, row)

    def _judge(self, token: Token, row: Row[Any] | None) -> Verified | Refused:
        if row is None:
            # The same work as for a known id, so that the time taken does not tell them apart.
            self._peppers.matches(token, self._peppers.current, _NO_DIGEST)
            return Refused(Reason.UNKNOWN)
        # The secret comes before the state: only who holds it can learn anything of the key.
        if row.pepper_version not in self._peppers.by_version:
            return Refused(Reason.PEPPER)
        if not self._peppers.matches(token, row.pepper_version, row.digest):
            return Refused(Reason.DIGEST)
        if reason := self._reason_against(row):
            return Refused(reason, row.key_id)
        return Verified(
            account_id=row.account_id,
            key_id=row.key_id,
            secret_id=row.secret_id,
            name=row.name,
            owner=row.owner,
            scopes=frozenset(row.scopes.split()),
            expires_at=row.expires_at,
        )

    def _reason_against(self, row: Row[Any]) -> Reason | None:
        now = self._clock.now()
        if row.state != State.ACTIVE:
            return Reason(row.state)
        if row.expires_at is not None and row.expires_at <= now:
            return Reason.EXPIRED
        if row.ends_at is not None and row.ends_at <= now:
            return Reason.ENDED
        return None
