"""Tokens of ours that stand where they do not belong, such as in a message.

Only a full match counts: the form, the checksum, and the digest of the secret. A public id alone,
which is in logs and proves nothing, raises no alarm. The team is told of a token that works; one
that does not work any more is noted, and nobody but its poster needs to hear of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from keys.base.actors import Actor
from keys.base.models import KeyView, State
from keys.base.rows import view
from keys.changes import audit_log, live_messages, outbox
from keys.changes.change import Change
from keys.changes.services import Services
from keys.credentials.tokens import Token, whole_in
from keys.lifecycle.revoke import revoke_key
from storage import AccountSession
from storage.tables import Key, Secret

MESSAGE_KIND = "leak"
REASON = "its token was seen in a message"
# More in one message are a list of keys, and the first ones say enough.
MOST = 20
_FINDER = Actor.system("leaks")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a token was seen.

    Attributes:
        channel, message: ids of the channel and of the message in it.
        person: the id of whoever posted it; empty for a program.
    """

    channel: str
    message: str
    person: str


@dataclass(frozen=True, slots=True)
class LeakedToken:
    """A token that was seen for the first time at its place.

    Attributes:
        key: as it stands afterwards.
        worked: whether the token opened something when it was seen.
    """

    key: KeyView
    worked: bool


@dataclass(frozen=True, slots=True)
class TokenStatus:
    """How a token that was seen stands now.

    Attributes:
        hint: by which people recognise it.
        works: whether it still opens something.
        ends_at: when it stops working by itself, or did; None for never.
    """

    hint: str
    works: bool
    ends_at: datetime | None


def tokens_in(texts: Iterable[str]) -> list[Token]:
    """Every token in these texts, each once, in their order, of any prefix; the checksum fits.

    A text without one costs a single search.
    """
    found: dict[str, Token] = {}
    for text in texts:
        for token in whole_in(text):
            found.setdefault(token.public_id, token)
    return list(found.values())[:MOST]


def leaked_tokens(
    change: Change,
    tokens: Iterable[Token],
    place: Place,
    *,
    revoke: bool,
) -> list[LeakedToken]:
    """Notes which tokens of this account were seen at a place, and has the team told of those
    that work: once for each token and place, however often the place is looked at.

    Args:
        revoke: whether keys whose tokens work are revoked at once.

    Returns:
        Those that were not noted before at this place.
    """
    now = change.now
    known = list(_known(change, tokens))
    new = [
        (secret, key, is_working(secret, key, now))
        for secret, key in known
        if _note(change.session, secret, key, place, now)
    ]
    for secret, key, worked in new:
        if worked:
            data = {"channel": place.channel, "person": place.person, "secret": secret.id}
            subject = f"{key.id}:{secret.id}:{place.channel}:{place.message}"
            live_messages.add(change.session, MESSAGE_KIND, subject, outbox.TEAM, now, data=data)
    for _, key, worked in new:
        if worked and revoke:
            revoke_key(change.acting_as(_FINDER), key.id, REASON)
    return [LeakedToken(view(change.session, key), worked) for _, key, worked in new]


def _known(change: Change, tokens: Iterable[Token]) -> Iterator[tuple[Secret, Key]]:
    """Those of which the whole secret is right."""
    for token in tokens:
        found = change.session.exec(
            select(Secret, Key)
            .join(Key, col(Key.id) == col(Secret.key_id))
            .where(Secret.public_id == token.public_id, Key.account_id == change.session.account_id)
        ).first()
        if found is not None and _right(change.services, token, found[0]):
            yield found


def _right(service: Services, token: Token, secret: Secret) -> bool:
    known = secret.algorithm == "hmac" and secret.pepper_version in service.peppers.by_version
    return known and service.peppers.matches(token, secret.pepper_version, secret.digest)


def _note(session: AccountSession, secret: Secret, key: Key, place: Place, now: datetime) -> bool:
    """Whether it was not noted before."""
    data = {"secret": secret.id, "channel": place.channel, "message": place.message}
    if audit_log.has(session, key.id, "token.seen", data):
        return False
    audit_log.append(session, now, "token.seen", _FINDER, key.id, data)
    return True


def is_working(secret: Secret, key: Key, now: datetime) -> bool:
    """Whether a secret opens anything now."""
    end = _end(secret, key)
    over = end is not None and end <= now
    return key.state == State.ACTIVE and not secret.pending and not over


def _end(secret: Secret, key: Key) -> datetime | None:
    ends = [end for end in (secret.ends_at, key.expires_at) if end is not None]
    return min(ends) if ends else None


def standing(session: AccountSession, secret_id: str, now: datetime) -> TokenStatus:
    """How a secret stands now; one that is not there works for nobody."""
    secret = session.get(Secret, secret_id)
    if secret is None or secret.account_id != session.account_id:
        return TokenStatus("", works=False, ends_at=None)
    key = session.get_one(Key, secret.key_id)
    return TokenStatus(secret.hint, is_working(secret, key, now), _end(secret, key))
