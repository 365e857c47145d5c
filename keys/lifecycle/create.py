"""What may be done with keys. Each function runs in the caller's transaction and commits nothing,
so that a change, its entry in the record and the messages that follow it are one.

A key is made in two steps, because its token has to reach a person in between:

    reserve ──→ pending ──(the token was delivered)──→ activate ──→ active ──→ revoke
                   └──(it was not, or nobody came back in time)──→ abandon

A pending key never verifies, so a crash in between leaves no working key whose token nobody has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, update
from sqlmodel import Session, col, select

from keys.access_requests import subscribers
from keys.base.errors import DeliveryExpired, DuplicateRequest, KeyNotFound, KeyRevoked, NameTaken
from keys.base.ids import new_id
from keys.base.models import Actor, KeyRequest, KeyView, State
from keys.base.policy import DeliveryWay
from keys.base.rows import view
from keys.changes import audit_log, gateways, live_messages, outbox
from keys.credentials.peppers import Peppers
from keys.credentials.tokens import Token, make
from keys.inputs.limits import check_networks, check_rate
from keys.inputs.names import clean_name, clean_note, fold, refuse_token
from keys.inputs.scopes import check_scopes
from runtime.clock import Clock
from storage import AccountSession
from storage.tables.keys import Delivery, Key, Secret

# Gateways confirm within milliseconds; whatever takes longer than this is worth a message.
CONFIRMED_WITHIN = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class PendingKey:
    """A key that waits for its token to be delivered, and the token: the only copy there is."""

    key: KeyView
    token: Token
    delivery_id: str


@dataclass(frozen=True, slots=True)
class Result:
    """A key after a change.

    Attributes:
        changed: False if it had been that way before.
        fence: what gateways confirm once they know of the change (keys.changes.gateways); None
        where
            nobody waits for that.
    """

    key: KeyView
    changed: bool
    fence: str | None = None


class KeyService:
    """The operations on keys. It holds no state but what every digest needs."""

    def __init__(self, clock: Clock, peppers: Peppers, prefix: str) -> None:
        self.clock = clock
        self.peppers = peppers
        self.prefix = prefix

    def create_pending(
        self,
        session: AccountSession,
        request: KeyRequest,
        actor: Actor,
        recipient: Actor,
        delivery_deadline: timedelta,
        method: DeliveryWay = DeliveryWay.DM,
    ) -> PendingKey:
        """Makes a key that does not work yet, and its token.

        Args:
            recipient: who will be sent the token.
            lease: how long the delivery may take before the key is given up.
            how: by which way the token travels.

        Raises:
            DuplicateRequest: if this very request was carried out before.
            InvalidName, InvalidScopes, NoteTooLong, TokenInText: with a sentence for the person.
        """
        refuse_token(request.owner or "", "owner")
        refuse_token(request.backup_owner or "", "backup owner")
        audit_log.lock(session)
        self._refuse_a_repetition(session, request)
        name, scopes = clean_name(request.name), check_scopes(request.scopes)
        self._refuse_a_taken_name(session, name)
        now, token = self.clock.now(), make(self.prefix)
        key = Key(
            id=new_id("key"),
            account_id=session.account_id,
            state=State.PENDING,
            name=name,
            name_folded=fold(name),
            search="",
            scopes=" ".join(scopes),
            owner=request.owner,
            creator=str(actor),
            note=clean_note(request.note),
            idempotency_key=request.idempotency_key,
            created_at=now,
            pending_until=now + delivery_deadline,
            expires_at=request.expires_at,
            backup_owner=request.backup_owner,
        )
        key.search = search_text(key.name, key.note, token.hint, key.id)
        session.add(key)
        session.flush()
        secret = self._add_secret(session, key, token)
        delivery = Delivery(
            id=new_id("dlv"),
            account_id=session.account_id,
            key_id=key.id,
            secret_id=secret.id,
            recipient=str(recipient),
            created_at=now,
            method=method,
        )
        session.add(delivery)
        data = {"name": name, "recipient": str(recipient)}
        audit_log.append(session, now, "key.reserved", actor, key.id, data)
        return PendingKey(view(session, key), token, delivery.id)

    def activate(
        self,
        session: AccountSession,
        delivery_id: str,
        actor: Actor,
        remove_after: timedelta | None,
    ) -> KeyView:
        """Makes the key work: its token has reached its person.

        Args:
            remove_after: how long the token may stay where it was delivered; None where nothing
                has to be removed, as on a terminal.

        Raises:
            DeliveryExpired: if the key was given up or revoked in the meantime.
        """
        audit_log.lock(session)
        now = self.clock.now()
        values = {"state": State.ACTIVE, "activated_at": now, "pending_until": None}
        delivery = session.get(Delivery, delivery_id)
        if delivery is None or delivery.account_id != session.account_id:
            raise KeyNotFound("There is no such key.")
        key_id = delivery.key_id
        if not self._move(session, key_id, (State.PENDING,), values):
            raise DeliveryExpired(
                "It took too long to deliver the token, so the key was given up. Nothing works "
                "with that token. Make a new key."
            )
        self.complete_delivery(session, delivery_id, now, remove_after)
        key = _row(session, key_id)
        data = _facts(key) | {"recipient": delivery.recipient}
        event = audit_log.append(session, now, "key.issued", actor, key_id, data)
        outbox.add(session, event, outbox.TEAM, _facts(key))
        subscribers.came_to_work(session, key_id, now)
        return view(session, key)

    def cancel(self, session: AccountSession, key_id: str, reason: str, *, tell: bool) -> Result:
        """Gives a pending key up: its token never works.

        Args:
            reason: why, in a few words, for the record.
            tell: whether its people have to be told by a message of its own, because nobody is
                waiting for an answer any more.
        """
        audit_log.lock(session)
        now = self.clock.now()
        values = {"state": State.ABANDONED, "pending_until": None}
        moved = self._move(session, key_id, (State.PENDING,), values)
        key = _row(session, key_id)
        if moved:
            recipient = self._end_deliveries(session, key)
            actor, data = Actor.system("issuing"), {"name": key.name, "reason": reason}
            event = audit_log.append(session, now, "key.abandoned", actor, key_id, data)
            if tell and recipient is not None:
                outbox.add(session, event, str(recipient), _facts(key) | {"reason": reason})
            subscribers.on_key_cancelled(session, key_id, now)
        return Result(view(session, key), moved)

    def expired_pending(
        self,
        session: AccountSession,
    ) -> list[str]:
        """The ids of pending keys whose delivery took too long; whoever made them has died."""
        return list(
            session.exec(
                select(Key.id).where(
                    Key.account_id == session.account_id,
                    Key.state == State.PENDING,
                    col(Key.pending_until) <= self.clock.now(),
                )
            )
        )

    def rename(self, session: AccountSession, key_id: str, name: str, actor: Actor) -> Result:
        """Gives a key another name; its token stays the same.

        Raises:
            KeyNotFound, KeyRevoked, InvalidName, TokenInText: with a sentence for the person.
        """
        audit_log.lock(session)
        key = _row(session, key_id)
        if key.state != State.ACTIVE:
            raise KeyRevoked(f"“{key.name}” was revoked, so it keeps its name.")
        name = clean_name(name)
        if name == key.name:
            return Result(view(session, key), changed=False)
        self._refuse_a_taken_name(session, name, but_for=key_id)
        before, key.name, key.name_folded = key.name, name, fold(name)
        self.search_for(session, key, view(session, key).hint)
        data, now = {"from": before, "to": name}, self.clock.now()
        audit_log.append(session, now, "key.renamed", actor, key_id, data)
        # What stands in Slack about the key has its new name too.
        live_messages.mark_stale_by_prefix(session, f"{key_id}:", now)
        return Result(view(session, key), changed=True)

    def revoke(
        self,
        session: AccountSession,
        key_id: str,
        actor: Actor,
        reason: str = "",
        *,
        announce: bool = True,
    ) -> Result:
        """Ends a key for good. A second time changes nothing and is no error.

        Args:
            announce: whether the team is told; not where another message tells of many keys.

        Raises:
            KeyNotFound: if the account has no such key.
            NoteTooLong, TokenInText: if the reason is too long, or contains a token.
        """
        audit_log.lock(session)
        now = self.clock.now()
        values: dict[str, Any] = {
            "state": State.REVOKED,
            "revoked_at": now,
            "revoked_by": str(actor),
            "revoked_reason": clean_note(reason, "reason"),
            "pending_until": None,
        }
        changed = self._move(session, key_id, (State.ACTIVE, State.PENDING), values)
        key = _row(session, key_id)
        if changed:
            data = _facts(key) | {"reason": key.revoked_reason}
            event = audit_log.append(session, now, "key.revoked", actor, key_id, data)
            if announce:
                outbox.add(session, event, outbox.TEAM, data)
        if not changed:
            return Result(view(session, key), changed)
        subscribers.on_key_revoked(session, key_id, now, actor)
        live_messages.mark_stale_by_prefix(session, f"{key_id}:", now)
        fence = gateways.set_fence(session)
        # Whoever revoked it waits for a moment; a gateway that needs longer is followed.
        recipient = str(actor) if actor.kind == "person" else outbox.TEAM
        live_messages.add(
            session, "revocation", fence, recipient, now,
            due_at=now + CONFIRMED_WITHIN, data={"key": key_id},
        )  # fmt: skip
        return Result(view(session, key), changed, fence)

    def limit(
        self,
        session: AccountSession,
        key_id: str,
        actor: Actor,
        *,
        rate_limit: str,
        networks: Iterable[str],
    ) -> Result:
        """Holds a key to a rate and to networks; empty ones take the limit away.

        Args:
            rate_limit: such as `100/minute`.
            networks: addresses and networks in CIDR form.

        Raises:
            KeyNotFound, KeyRevoked, InvalidLimits, TokenInText: with a sentence for the person.
        """
        audit_log.lock(session)
        key = _row(session, key_id)
        if key.state != State.ACTIVE:
            raise KeyRevoked(f"“{key.name}” was revoked, so its limits do not matter any more.")
        rate, allowed = check_rate(rate_limit), check_networks(networks)
        before = (key.rate_limit, tuple(key.networks.split()))
        if before == (rate, allowed):
            return Result(view(session, key), changed=False)
        key.rate_limit, key.networks = rate, " ".join(allowed)
        session.add(key)
        session.flush()
        data = {"rate_limit": rate, "networks": list(allowed)}
        audit_log.append(session, self.clock.now(), "key.limited", actor, key_id, data)
        return Result(view(session, key), changed=True, fence=gateways.set_fence(session))

    def _move(
        self,
        session: AccountSession,
        key_id: str,
        before: tuple[State, ...],
        values: dict[str, Any],
    ) -> bool:
        """Changes the key if it is in one of these states; tells whether it was."""
        statement = (
            update(Key)
            .where(
                col(Key.id) == key_id,
                col(Key.account_id) == session.account_id,
                col(Key.state).in_(before),
            )
            .values(values)
        )
        result = session.execute(statement, execution_options={"synchronize_session": "fetch"})
        return isinstance(result, CursorResult) and result.rowcount == 1

    def _refuse_a_repetition(self, session: AccountSession, request: KeyRequest) -> None:
        made = select(Key.id).where(
            Key.account_id == session.account_id, Key.idempotency_key == request.idempotency_key
        )
        if key_id := session.exec(made).first():
            raise DuplicateRequest(key_id)

    def _refuse_a_taken_name(
        self, session: AccountSession, name: str, but_for: str | None = None
    ) -> None:
        holder = select(Key).where(
            Key.account_id == session.account_id,
            Key.name_folded == fold(name),
            col(Key.state).in_((State.PENDING, State.ACTIVE)),
            col(Key.id) != (but_for or ""),
        )
        if key := session.exec(holder).first():
            raise NameTaken(key.name, key.id)

    def row(self, session: AccountSession, key_id: str) -> Key:
        """A key's row, for the other modules of the domain. Raises KeyNotFound."""
        return _row(session, key_id)

    def complete_delivery(
        self, session: Session, delivery_id: str, now: datetime, remove_after: timedelta | None
    ) -> None:
        """Notes that a token has reached its person, and when it has to go from its message."""
        delivery = session.get_one(Delivery, delivery_id)
        delivery.sent_at = now
        if remove_after is None:
            delivery.removed_at = now
        else:
            delivery.remove_at = now + remove_after
        session.add(delivery)

    def search_for(self, session: Session, key: Key, hint: str) -> None:
        """Has the key found by its name, its note, its id and this hint."""
        key.search = search_text(key.name, key.note, hint, key.id, key.external_id)
        session.add(key)
        session.flush()

    def add_secret(self, session: Session, key: Key) -> tuple[Secret, Token]:
        """Makes another secret for a key, which verifies for nobody until that is taken from it.

        Returns:
            The secret, and its token: the only copy there is.
        """
        token = make(self.prefix)
        return self._add_secret(session, key, token, pending=True), token

    def replace_token(self, session: Session, secret: Secret) -> Token:
        """Gives a secret that does not work yet another token; the former one never works."""
        token = make(self.prefix)
        secret.public_id, secret.hint = token.public_id, token.hint
        secret.pepper_version = self.peppers.current
        secret.digest = self.peppers.digest(token, secret.pepper_version)
        session.add(secret)
        session.flush()
        return token

    def _add_secret(
        self, session: Session, key: Key, token: Token, *, pending: bool = False
    ) -> Secret:
        version = self.peppers.current
        secret = Secret(
            id=new_id("sec"),
            account_id=key.account_id,
            key_id=key.id,
            public_id=token.public_id,
            digest=self.peppers.digest(token, version),
            pepper_version=version,
            hint=token.hint,
            created_at=self.clock.now(),
            pending=pending,
        )
        session.add(secret)
        session.flush()
        return secret

    def _end_deliveries(self, session: Session, key: Key) -> Actor | None:
        """Has the messages of a key that never worked redrawn; returns who got them."""
        recipient = None
        for delivery in session.exec(select(Delivery).where(Delivery.key_id == key.id)):
            recipient = Actor.read(delivery.recipient)
            if delivery.channel_id is not None:
                delivery.remove_at = self.clock.now()
                session.add(delivery)
        return recipient


def _row(session: AccountSession, key_id: str) -> Key:
    key = session.get(Key, key_id)
    if key is None or key.account_id != session.account_id:
        raise KeyNotFound("There is no such key.")
    return key


def search_text(
    name: str, note: str, hint: str, key_id: str, external_id: str | None = None
) -> str:
    """What a key is searched in: a line each for its name, note, hint, and ids."""
    ids = key_id if external_id is None else f"{key_id} {external_id}"
    return "\n".join((fold(name), fold(note), hint.casefold(), ids.casefold()))


def _facts(key: Key) -> dict[str, Any]:
    return {"key_id": key.id, "name": key.name, "owner": key.owner, "scopes": key.scopes.split()}


__all__ = ["KeyService", "PendingKey", "Result", "search_text"]
