"""The secrets of a key: made with their token, which is kept nowhere."""

from __future__ import annotations

from keys.base.ids import new_id
from keys.changes.change import Change
from keys.credentials.tokens import Token, make
from storage.tables import Key, Secret


def add_secret(
    change: Change, key: Key, *, token: Token | None = None, pending: bool = True
) -> tuple[Secret, Token]:
    """Make a secret for a key.

    Args:
        token: its token, where that was made before; a new one otherwise.
        pending: whether it verifies for nobody until that is taken from it.

    Returns:
        The secret, and its token: the only copy there is.
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
    """Give a secret that does not work yet another token; the previous one never works."""
    services, token = change.services, make(change.services.prefix)
    secret.public_id, secret.hint = token.public_id, token.hint
    secret.pepper_version = services.peppers.current
    secret.digest = services.peppers.digest(token, secret.pepper_version)
    change.session.add(secret)
    change.session.flush()
    return token
