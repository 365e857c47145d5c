"""The secrets of a key; their tokens are not stored."""

from __future__ import annotations

from keys.base.ids import new_id
from keys.changes.change import Change
from keys.credentials.tokens import Token, make
from storage.tables import Key, Secret


def add_secret(
    change: Change, key: Key, *, token: Token | None = None, pending: bool = True
) -> tuple[Secret, Token]:
    """Add a secret to a key.

    Args:
        token: its token, if that exists already; a new one otherwise.
        pending: whether it is refused until its token has been delivered.

    Returns:
        The secret, and its token: the only copy.
    """
    services = change.services
    token = token or make(services.prefix)
    version = services.peppers.current
    secret = Secret(
        id=new_id("sec"),
        account_id=key.account_id,
        key_id=key.id,
        public_id=token.public_id,
        digest=services.peppers.digest(token, version),
        pepper_version=version,
        hint=token.hint,
        created_at=change.now,
        pending=pending,
    )
    change.session.add(secret)
    change.session.flush()
    return secret, token


def replace_token(change: Change, secret: Secret) -> Token:
    """Replace the token of a pending secret; the previous one never works."""
    services, token = change.services, make(change.services.prefix)
    secret.public_id, secret.hint = token.public_id, token.hint
    secret.pepper_version = services.peppers.current
    secret.digest = services.peppers.digest(token, secret.pepper_version)
    change.session.add(secret)
    change.session.flush()
    return token
