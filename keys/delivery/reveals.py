"""Revealing a token: it is made when its recipient asks to see it, and shown only to them.

Until they claim it, every reveal makes a new token, and the previous one never works. So no working
token was ever in a message, a log or the database, and an interrupted reveal does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass

from keys.base.errors import InvalidState, KeyNotFound
from keys.base.models import KeyView
from keys.base.policy import DeliveryWay
from keys.base.rows import view
from keys.changes.change import Change
from keys.credentials.tokens import Token
from keys.delivery.completion import complete
from keys.delivery.deliveries import DeliveryState, Purpose, purpose_and_state, row
from keys.delivery.events import TokenShown
from keys.lifecycle.rows import index_key
from keys.lifecycle.secrets import replace_token
from storage import AccountSession, seals
from storage.tables import Delivery, Key, Secret


@dataclass(frozen=True, slots=True)
class RevealedToken:
    """A token to show now: the only copy."""

    key: KeyView
    token: Token
    purpose: Purpose

    @property
    def public_id(self) -> str:
        """The token's public id, which is not a secret."""
        return self.token.public_id


def reveal(change: Change, delivery_id: str) -> RevealedToken:
    """Make a token to show now. An earlier revealed token never works.

    Raises:
        KeyNotFound: if the account has no such token to reveal.
        InvalidState: if its deadline has passed, or it was claimed.
    """
    session, delivery = change.session, _to_reveal(change.session, delivery_id)
    key = change.load(delivery.key_id)
    purpose = _refuse_unless_pending(session, delivery, key)
    token = replace_token(change, session.get_one(Secret, delivery.secret_id))
    if purpose is Purpose.NEW:
        index_key(change, key, token.hint)
    change.record(TokenShown(key, delivery))
    return RevealedToken(view(session, key), token, purpose)


def claim(change: Change, delivery_id: str, public_id: str) -> KeyView:
    """Activate a token its recipient has received. Idempotent.

    Args:
        public_id: the public id of the token that they were shown.

    Raises:
        KeyNotFound: if the account has no such token to reveal.
        InvalidState: if its deadline has passed, or a newer token was shown.
        DeliveryExpired: if the token was cancelled or the key revoked in the meantime.
    """
    session, delivery = change.session, _to_reveal(change.session, delivery_id)
    secret = session.get_one(Secret, delivery.secret_id)
    key = change.load(delivery.key_id)
    if secret.public_id != public_id:
        raise InvalidState(
            "A newer token was shown since, and only the newest one can work. Show the token again."
        )
    if delivery.sent_at is not None:
        return view(session, key)
    _refuse_unless_pending(session, delivery, key)
    return complete(change, delivery_id, None)


def _refuse_unless_pending(session: AccountSession, delivery: Delivery, key: Key) -> Purpose:
    purpose, state = purpose_and_state(session, delivery, key)
    if delivery.sent_at is not None:
        raise InvalidState(
            f"You already have the token of “{key.name}”, so it cannot be shown again. "
            "If you lost it, ask an admin to rotate the key."
        )
    if state is not DeliveryState.PENDING:
        raise InvalidState(
            f"The token of “{key.name}” was not collected in time. Ask an admin for another one."
        )
    return purpose


def _to_reveal(session: AccountSession, delivery_id: str) -> Delivery:
    """Return the row of a delivery. Raises KeyNotFound, Tampered."""
    delivery = row(session, delivery_id)
    seals.require_genuine(session, delivery)
    if delivery.method != DeliveryWay.REVEAL:
        raise KeyNotFound("This token was sent in a message, so it cannot be shown again.")
    return delivery
