"""Detecting leaked tokens: ours, in places where they do not belong, such as a message.

Only a full match counts: format, checksum and the digest of the secret. A public id alone, which
appears in logs and proves nothing, raises no alarm. The team is told about a token that works, and
about one that would work again if its expired key were extended. Any other is recorded, and only
the person who posted it is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from keys.base.models import State
from keys.base.stored_data import read_data
from keys.credentials.tokens import Token, whole_in
from keys.leaks.events import MESSAGE_KIND
from storage import AccountSession
from storage.tables import Key, LiveMessageRow, Secret

# A message with more tokens is a list of keys, and the first ones are enough to raise the alarm.
MOST = 20


@dataclass(frozen=True, slots=True)
class TokenStatus:
    """The current status of a leaked token.

    Attributes:
        hint: a short form that people recognize it by.
        works: whether it works.
        ends_at: when it stops working, or did; None for never.
        can_return: whether it does not work, and would again if its key were extended.
    """

    hint: str
    works: bool
    ends_at: datetime | None
    can_return: bool = False


def tokens_in(texts: Iterable[str]) -> list[Token]:
    """Return each token in these texts once, in order: any prefix, with a valid checksum.

    A text without one costs a single search.
    """
    found: dict[str, Token] = {}
    for text in texts:
        for token in whole_in(text):
            found.setdefault(token.public_id, token)
    return list(found.values())[:MOST]


def is_working(secret: Secret, key: Key, now: datetime) -> bool:
    """Return whether a secret works now."""
    end = _end(secret, key)
    over = end is not None and end <= now
    return key.state == State.ACTIVE and not secret.pending and not over


def can_return(secret: Secret, key: Key, now: datetime) -> bool:
    """Return whether a secret only stopped working because its key has expired."""
    is_replaced = secret.ends_at is not None and secret.ends_at <= now
    is_usable = key.state == State.ACTIVE and not secret.pending and not is_replaced
    return is_usable and not is_working(secret, key, now)


def _end(secret: Secret, key: Key) -> datetime | None:
    ends = [end for end in (secret.ends_at, key.expires_at) if end is not None]
    return min(ends) if ends else None


def leaked_keys(session: AccountSession, now: datetime) -> set[str]:
    """Return the ids of keys with a token that was found in a message, and works."""
    alarms = session.exec(
        select(LiveMessageRow.data).where(
            LiveMessageRow.account_id == session.account_id,
            LiveMessageRow.kind == MESSAGE_KIND,
            col(LiveMessageRow.closed_at).is_(None),
        )
    )
    secrets = {str(read_data(data).get("secret", "")) for data in alarms}
    found = session.exec(
        select(Secret, Key)
        .join(Key, col(Key.id) == col(Secret.key_id))
        .where(Secret.account_id == session.account_id, col(Secret.id).in_(secrets))
    )
    return {key.id for secret, key in found if is_working(secret, key, now)}


def token_status(session: AccountSession, secret_id: str, now: datetime) -> TokenStatus:
    """Return the status of a secret; one that does not exist does not work."""
    secret = session.get(Secret, secret_id)
    if secret is None or secret.account_id != session.account_id:
        return TokenStatus("", works=False, ends_at=None)
    key = session.get_one(Key, secret.key_id)
    return TokenStatus(
        secret.hint,
        is_working(secret, key, now),
        _end(secret, key),
        can_return(secret, key, now),
    )
