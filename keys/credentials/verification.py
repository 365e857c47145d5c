"""Verifying presented tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from keys.base.models import State
from keys.credentials import digests
from keys.credentials.algorithms import Algorithm
from keys.credentials.peppers import Peppers
from keys.credentials.tokens import Token
from storage.seals import stored_time
from storage.secret_lookup import SecretRow


class Reason(StrEnum):
    """Why a token was refused. For the operator's log only.

    With `seal`, a row was changed by something other than this program; with `record`, the audit
    log has a later change of the key than its row; with `account`, the key is not of the account
    that is asked for.
    """

    MISSING = "missing"
    SURROUNDED = "surrounded"
    MALFORMED = "malformed"
    CHECKSUM = "checksum"
    UNKNOWN = "unknown"
    DIGEST = "digest"
    PEPPER = "pepper"
    SEAL = "seal"
    RECORD = "record"
    ACCOUNT = "account"
    PENDING = "pending"
    ABANDONED = "abandoned"
    REVOKED = "revoked"
    EXPIRED = "expired"
    ENDED = "ended"


class Verified(NamedTuple):
    """The token is right, and its key works now.

    Attributes:
        ends_at: when this token expires: at the key's expiry or at the end of a rotation's grace
            period; None for never.
        rate_limit: the key's rate limit, such as `100/minute`; empty for none.
        networks: the networks it may be used from, in CIDR notation; empty for anywhere.
    """

    account_id: str
    key_id: str
    secret_id: str
    name: str
    owner: str | None
    scopes: frozenset[str]
    expires_at: datetime | None
    ends_at: datetime | None = None
    rate_limit: str = ""
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The token was refused; `key_id` is only set if the secret was right."""

    reason: Reason
    key_id: str | None = None


Answer = Verified | Refused


MAY_BE_FOREIGN = frozenset({Reason.MALFORMED, Reason.CHECKSUM})
"""Flaws of a text that may still be an imported key."""

_NO_DIGEST = bytes(32)
# There are only a few combinations, and a copy for each key would fill a gateway's memory.
_SCOPES: dict[str, frozenset[str]] = {}


def evaluate(token: Token, row: SecretRow | None, peppers: Peppers, now: datetime) -> Answer:
    """Decide on a token by the row of its secret.

    Args:
        row: the secret with the token's public id; None if there is none.
    """
    if row is None:
        # The same work as for a known id, so that timing does not reveal which ids exist.
        peppers.matches(token, peppers.current, _NO_DIGEST)
        return Refused(Reason.UNKNOWN)
    # The secret is checked before the state: only its holder may learn anything about the key.
    if row.pepper_version not in peppers.by_version:
        return Refused(Reason.PEPPER)
    if row.algorithm != Algorithm.HMAC:
        return Refused(Reason.DIGEST)
    if not peppers.matches(token, row.pepper_version, row.digest):
        return Refused(Reason.DIGEST)
    return _by_state(row, peppers, now)


def evaluate_foreign(
    key: bytes, flaw: Reason, rows: Mapping[bytes, SecretRow], peppers: Peppers, now: datetime
) -> tuple[Answer, SecretRow | None]:
    """Decide on a text that is not a token of ours, but may be an imported key.

    Args:
        key: the text; see keys.credentials.digests.foreign_key.
        flaw: why it is not a token of ours; the reason if it is not an imported key either.
        rows: the secrets with one of its digests, by digest.

    Returns:
        The answer, and the secret that it is based on.
    """
    for digest in digests.candidates(key, peppers):
        row = rows.get(digest)
        if row is not None and digests.matches(
            row.algorithm, row.pepper_version, row.digest, key, peppers
        ):
            return _by_state(row, peppers, now), row
    return Refused(flaw), None


def of_account(answer: Answer, account_id: str) -> Answer:
    """Return an answer, or a refusal if its key is not of this account; empty for any."""
    if account_id and isinstance(answer, Verified) and answer.account_id != account_id:
        return Refused(Reason.ACCOUNT, answer.key_id)
    return answer


def _by_state(row: SecretRow, peppers: Peppers, now: datetime) -> Answer:
    if reason := _tampering(row, peppers):
        return Refused(reason, row.key_id)
    expires_at = None if row.expires_at is None else stored_time(row.expires_at)
    ends_at = None if row.ends_at is None else stored_time(row.ends_at)
    if reason := _reason_against(row, expires_at, ends_at, now):
        return Refused(reason, row.key_id)
    return Verified(
        row.account_id,
        row.key_id,
        row.secret_id,
        row.name,
        row.owner,
        _scopes(row.scopes),
        expires_at,
        _earlier(expires_at, ends_at),
        row.rate_limit,
        tuple(row.networks.split()),
    )


def _tampering(row: SecretRow, peppers: Peppers) -> Reason | None:
    """Return why the row cannot be believed; None if it can."""
    if not peppers.is_genuine(row.content, row.seal):
        return Reason.SEAL
    revisions = (row.key_revision, row.revision, row.recorded_revision)
    return (
        Reason.RECORD if was_put_back(row.state, revisions, is_ended=bool(row.is_ended)) else None
    )


def was_put_back(state: str, revisions: tuple[int, int, int], *, is_ended: bool) -> bool:
    """Return whether rows are not those that the audit log says were written last.

    Args:
        state: the key's.
        revisions: those of the key's row and of the secret's, and the newest in the audit log.
        is_ended: whether the audit log has an entry that the key was revoked or cancelled.
    """
    of_key, of_secret, recorded = revisions
    return not of_key == of_secret == recorded or (is_ended and state == State.ACTIVE)


def _reason_against(
    row: SecretRow, expires_at: datetime | None, ends_at: datetime | None, now: datetime
) -> Reason | None:
    if row.state != State.ACTIVE:
        return Reason(row.state)
    if expires_at is not None and expires_at <= now:
        return Reason.EXPIRED
    if ends_at is not None and ends_at <= now:
        return Reason.ENDED
    # Another token of this key is in use, and this one has not been delivered yet.
    return Reason.PENDING if row.pending else None


def _scopes(text: str) -> frozenset[str]:
    found = _SCOPES.get(text)
    if found is None:
        found = _SCOPES[text] = frozenset(text.split())
    return found


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)
