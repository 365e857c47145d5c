"""Creating a key, in two steps: its token has to reach the recipient in between.

    create ──→ pending ──(the token was delivered)──→ activate ──→ active ──→ revoke
                  └──(it was not, or its deadline passed)──→ cancel

A pending key never verifies, so a crash in between leaves no working key without a holder.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, select

from keys.base.actors import Actor
from keys.base.errors import DeliveryExpired, DuplicateRequest, KeyNotFound
from keys.base.ids import new_id
from keys.base.models import KeyRequest, KeyView, State
from keys.base.policy import DeliveryWay
from keys.base.rows import view
from keys.changes.change import Change
from keys.credentials.tokens import Token, make
from keys.inputs.names import fold
from keys.lifecycle.events import KeyActivated, KeyCancelled, KeyCreated
from keys.lifecycle.rows import claim_name, move, search_text
from keys.lifecycle.secrets import add_secret
from storage import AccountSession
from storage.tables import AccessRequest, Delivery, Key, Secret


@dataclass(frozen=True, slots=True)
class PendingKey:
    """A key whose token has to be delivered, and the token: the only copy."""

    key: KeyView
    token: Token
    delivery_id: str


def create_pending_key(
    change: Change,
    request: KeyRequest,
    recipient: Actor,
    delivery_deadline: timedelta,
    method: DeliveryWay = DeliveryWay.DM,
) -> PendingKey:
    """Create a key that does not work yet, and its token.

    Args:
        recipient: the person the token is delivered to.
        delivery_deadline: how long the delivery may take before the key is cancelled.
        method: how the token is delivered.

    Raises:
        DuplicateRequest: if this request was processed before.
        NameTaken: with a sentence for the user.
    """
    session = change.session
    _refuse_a_repetition(session, request)
    claim_name(session, request.name)
    key_id, token = new_id("key"), make(change.services.prefix)
    key = Key(
        id=key_id,
        account_id=session.account_id,
        state=State.PENDING,
        name=request.name,
        name_folded=fold(request.name),
        search=search_text(request.name, request.note, token.hint, key_id),
        scopes=" ".join(request.scopes),
        owner=request.owner,
        creator=str(change.actor),
        note=request.note,
        idempotency_key=request.idempotency_key,
        created_at=change.now,
        pending_until=change.now + delivery_deadline,
        expires_at=request.expires_at,
        backup_owner=request.backup_owner,
    )
    session.add(key)
    session.flush()
    secret, _ = add_secret(change, key, token=token, pending=False)
    delivery = add_delivery(change, secret, recipient, method)
    change.record(KeyCreated(key, recipient))
    return PendingKey(view(session, key), token, delivery.id)


def activate_key(change: Change, delivery_id: str, remove_after: timedelta | None) -> KeyView:
    """Activate a key whose token has reached its recipient.

    Args:
        remove_after: how long the token may stay in its message; None if there is nothing to
            remove, as on a terminal.

    Raises:
        DeliveryExpired: if the key was cancelled or revoked in the meantime.
    """
    session = change.session
    delivery = session.get(Delivery, delivery_id)
    if delivery is None or delivery.account_id != session.account_id:
        raise KeyNotFound("There is no such key.")
    values = {"state": State.ACTIVE, "activated_at": change.now, "pending_until": None}
    if not move(change, delivery.key_id, (State.PENDING,), values):
        raise DeliveryExpired(
            "The token was not delivered in time, so the key was cancelled. The token does not "
            "work. Create a new key."
        )
    complete_delivery(change, delivery_id, remove_after)
    key = change.load(delivery.key_id)
    in_channel = not _was_requested(session, key.id)
    change.record(KeyActivated(key, delivery.recipient, in_channel=in_channel))
    return view(session, key)


def cancel_key(
    change: Change, key_id: str, reason: str, *, tell: bool, recipient_left: bool = False
) -> None:
    """Cancel a pending key; its token never works. Any other key is left alone.

    Args:
        reason: why, in a few words, for the audit log.
        tell: whether the recipient and the person who created it get separate messages, because
            neither is waiting for a reply.
        recipient_left: whether the recipient may not have the token; then only the person who
            created the key is told.
    """
    values = {"state": State.ABANDONED, "pending_until": None}
    moved = move(change, key_id, (State.PENDING,), values)
    key = change.load(key_id)
    if moved:
        recipients = _end_deliveries(change, key)
        people = [Actor.read(key.creator), *([] if recipient_left else recipients)]
        issuing = change.acting_as(Actor.system("issuing"))
        issuing.record(KeyCancelled(key, reason, people if tell else ()))


def expired_pending(session: AccountSession, now: datetime) -> list[str]:
    """Return the ids of pending keys past their delivery deadline, as after a crash."""
    return list(
        session.exec(
            select(Key.id).where(
                Key.account_id == session.account_id,
                Key.state == State.PENDING,
                col(Key.pending_until) <= now,
            )
        )
    )


def add_delivery(change: Change, secret: Secret, recipient: Actor, method: DeliveryWay) -> Delivery:
    """Add a delivery for a secret's token.

    Args:
        recipient: the person it is delivered to.
        method: how it is delivered.
    """
    delivery = Delivery(
        id=new_id("dlv"),
        account_id=secret.account_id,
        key_id=secret.key_id,
        secret_id=secret.id,
        recipient=str(recipient),
        created_at=change.now,
        method=method,
    )
    change.session.add(delivery)
    change.session.flush()
    return delivery


def complete_delivery(change: Change, delivery_id: str, remove_after: timedelta | None) -> None:
    """Record that a token has reached its recipient, and when to remove it from its message."""
    delivery = change.session.get_one(Delivery, delivery_id)
    delivery.sent_at = change.now
    if remove_after is None:
        delivery.removed_at = change.now
    else:
        delivery.remove_at = change.now + remove_after
    change.session.add(delivery)


def _was_requested(session: AccountSession, key_id: str) -> bool:
    """Return whether an access request led to a key; the message about it shows the approval."""
    found = select(AccessRequest.id).where(
        AccessRequest.account_id == session.account_id, AccessRequest.key_id == key_id
    )
    return session.exec(found).first() is not None


def _refuse_a_repetition(session: AccountSession, request: KeyRequest) -> None:
    made = select(Key.id).where(
        Key.account_id == session.account_id, Key.idempotency_key == request.idempotency_key
    )
    if key_id := session.exec(made).first():
        raise DuplicateRequest(key_id)


def _end_deliveries(change: Change, key: Key) -> list[Actor]:
    """Have the messages of a cancelled key's deliveries updated; return their recipients."""
    recipients = []
    for delivery in change.session.exec(select(Delivery).where(Delivery.key_id == key.id)):
        recipients.append(Actor.read(delivery.recipient))
        if delivery.channel_id is not None:
            delivery.remove_at = change.now
            change.session.add(delivery)
    return recipients
