"""Revealing a token: it is made when its person asks to see it, and shown to them alone.

Until they say that they have it, each look makes a new token, and the former one never works. So
nothing that works was ever in a message, in a log or in the database, and a look that was
interrupted costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, select

from keys.base.actors import Actor
from keys.base.errors import InvalidState, KeyNotFound
from keys.base.models import KeyView, State
from keys.base.policy import DeliveryWay
from keys.base.rows import view
from keys.changes.change import Change
from keys.credentials.tokens import Token
from keys.lifecycle.create import activate_key
from keys.lifecycle.rows import index_key
from keys.lifecycle.secrets import replace_token
from keys.rotation import rotations
from keys.rotation.rotations import Stage
from storage import AccountSession
from storage.tables import Delivery, Key, Rotation, Secret

# Whoever has not come for a token after so long has forgotten it, or never wanted it.
CLAIMED_WITHIN = timedelta(hours=24)
NOT_TAKEN = "nobody took its token within 24 hours"


@dataclass(frozen=True, slots=True)
class RevealedToken:
    """A token to be shown now: the only copy there is.

    Attributes:
        public_id: names this very token when its person says that they have it.
        rotated: whether it replaces another one of the key.
    """

    key: KeyView
    token: Token
    rotated: bool

    @property
    def public_id(self) -> str:
        """Names this very token; it is no secret."""
        return self.token.public_id


def reveal(
    change: Change,
    delivery_id: str,
) -> RevealedToken:
    """Makes the token that will be shown now. What was shown before never works.

    Raises:
        KeyNotFound: if the account has no such delivery, or it is meant for somebody else.
        InvalidState: if its time is over, or the person has it already.
    """
    delivery = _delivery(change.session, delivery_id, change.actor)
    key = change.load(delivery.key_id)
    rotation = _rotation(change.session, delivery_id)
    _refuse_unless_waiting(delivery, key, rotation)
    secret = change.session.get_one(Secret, delivery.secret_id)
    token = replace_token(change, secret)
    if rotation is None:
        index_key(change, key, token.hint)
    data = {"name": key.name, "recipient": delivery.recipient}
    change.append("token.shown", key.id, data)
    return RevealedToken(view(change.session, key), token, rotation is not None)


def claim(
    change: Change,
    delivery_id: str,
    public_id: str,
) -> KeyView:
    """Makes the token work that its person says to have. A second time changes nothing.

    Args:
        public_id: of the token that they were shown.

    Raises:
        KeyNotFound: if the account has no such delivery, or it is meant for somebody else.
        InvalidState: if its time is over, or another token was shown since.
        DeliveryExpired: if the key was given up or revoked in the meantime.
    """
    delivery = _delivery(change.session, delivery_id, change.actor)
    secret = change.session.get_one(Secret, delivery.secret_id)
    key = change.load(delivery.key_id)
    if secret.public_id != public_id:
        raise InvalidState(
            "Another token was shown since, and only the one that was shown last can work. "
            "Please have it shown once more."
        )
    if delivery.sent_at is not None:
        return view(change.session, key)
    rotation = _rotation(change.session, delivery_id)
    _refuse_unless_waiting(delivery, key, rotation)
    if rotation is None:
        return activate_key(change, delivery_id, None)
    return rotations.start(change, delivery_id, None).key


def _refuse_unless_waiting(delivery: Delivery, key: Key, rotation: Rotation | None) -> None:
    if delivery.sent_at is not None:
        raise InvalidState(
            f"You have the token of “{key.name}” already, and it cannot be shown again. If it is "
            "lost, ask an admin to rotate the key."
        )
    waiting = key.state == State.PENDING if rotation is None else rotation.state == Stage.PENDING
    if not waiting or (rotation is not None and key.state != State.ACTIVE):
        raise InvalidState(
            f"The time to take the token of “{key.name}” is over. Ask an admin for another one."
        )


def _delivery(session: AccountSession, delivery_id: str, actor: Actor) -> Delivery:
    delivery = session.get(Delivery, delivery_id)
    if (
        delivery is None
        or delivery.account_id != session.account_id
        or delivery.recipient != str(actor)
        or delivery.method != DeliveryWay.REVEAL
    ):
        raise KeyNotFound("This token is meant for another person.")
    return delivery


def _rotation(session: Session, delivery_id: str) -> Rotation | None:
    return session.exec(select(Rotation).where(Rotation.delivery_id == delivery_id)).first()
