"""Operations on one key: create, rename, update, limit, expire, transfer, revoke."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from keys.base.actors import Actor
from keys.base.models import KeyRequest, KeyView
from keys.base.policy import DeliveryWay
from keys.changes.authorization import Caller, admins
from keys.changes.change import Change
from keys.changes.membership import ChosenPerson
from keys.changes.operation import Operation
from keys.inputs.fields import (
    BackupOwner,
    Id,
    KeyRef,
    LastDay,
    Name,
    Networks,
    NewOwner,
    Note,
    Owner,
    RateLimit,
    Reason,
    Scopes,
)
from keys.lifecycle.create import PendingKey, create_pending_key
from keys.lifecycle.rename import rename_key
from keys.lifecycle.revoke import revoke_key
from keys.lifecycle.update import (
    KeyUpdate,
    edit_key,
    let_expire,
    limit_key,
    set_expiry,
    transfer_ownership,
)
from storage import AccountSession
from storage.tables import Key


class Create(Operation[PendingKey], name="create", allow=admins):
    """Create a key; it works once its token has reached the recipient.

    Attributes:
        last_day: its last day, in the team's time zone; None for no expiry date.
        idempotency_key: identifies the request, so that a retry does not create a second key.
        recipient: the person the token is delivered to.
        deadline: how long the delivery may take before the key is cancelled.
    """

    name: Name
    scopes: Scopes
    owner: Owner = None
    backup_owner: BackupOwner = None
    note: Note = ""
    last_day: LastDay = None
    idempotency_key: Id
    recipient: Actor
    deadline: timedelta
    method: DeliveryWay = DeliveryWay.DM

    def people(self, caller: Caller, session: AccountSession) -> Iterator[ChosenPerson]:
        """Yield the owners, and the recipient of the token."""
        yield from _owners(self.owner, self.backup_owner)
        yield ChosenPerson.recipient(self.recipient)

    def run(self, change: Change) -> PendingKey:
        """Create the key. Raises NameTaken, InvalidExpiry, DuplicateRequest."""
        request = KeyRequest(
            name=self.name,
            scopes=self.scopes,
            owner=self.owner,
            idempotency_key=self.idempotency_key,
            note=self.note,
            expires_at=change.services.policy.check_expiry(self.last_day, change.now),
            backup_owner=self.backup_owner,
        )
        return create_pending_key(change, request, self.recipient, self.deadline, self.method)


class Rename(Operation[KeyView], name="rename", allow=admins):
    """Rename a key; its token stays the same."""

    key: KeyRef
    name: Name

    def run(self, change: Change) -> KeyView:
        """Rename the key. Raises KeyNotFound, KeyRevoked, NameTaken."""
        return rename_key(change, self.key, self.name)


class Update(KeyUpdate, Operation[KeyView], name="update", allow=admins):
    """Update a key's scopes, owners, note, limits and expiry date.

    Attributes:
        version: the key's version when its values were shown (keys.lifecycle.update.version).
    """

    key: KeyRef
    version: int

    def people(self, caller: Caller, session: AccountSession) -> Iterator[ChosenPerson]:
        """Yield the new owners; an owner who has left may stay while the rest is edited."""
        key = session.get(Key, self.key)
        if key is not None and key.account_id == session.account_id:
            yield from _owners(self.owner, self.backup_owner, key.owner, key.backup_owner)

    def run(self, change: Change) -> KeyView:
        """Update the key. Raises KeyNotFound, KeyRevoked, InvalidExpiry, EditConflict."""
        return edit_key(change, self.key, self, self.version)


class Limit(Operation[KeyView], name="limit", allow=admins):
    """Set a key's rate limit and allowed networks; empty removes them."""

    key: KeyRef
    rate_limit: RateLimit
    networks: Networks

    def run(self, change: Change) -> KeyView:
        """Set the limits. Raises KeyNotFound, KeyRevoked."""
        return limit_key(change, self.key, rate_limit=self.rate_limit, networks=self.networks)


class SetExpiry(Operation[KeyView], name="set_expiry", allow=admins):
    """Change a key's expiry date; reactivates an expired key."""

    key: KeyRef
    last_day: LastDay

    def run(self, change: Change) -> KeyView:
        """Set the date. Raises KeyNotFound, KeyRevoked, InvalidExpiry."""
        return set_expiry(change, self.key, self.last_day)


class AcceptExpiry(Operation[KeyView], name="accept_expiry", allow=admins):
    """Accept that a key will expire; no more reminders are sent."""

    key: KeyRef

    def run(self, change: Change) -> KeyView:
        """Accept it. Raises KeyNotFound, KeyRevoked, InvalidState."""
        return let_expire(change, self.key)


class Transfer(Operation[KeyView], name="transfer", allow=admins):
    """Replace one person with another as owner or backup owner.

    Attributes:
        announce: whether the team is told; False if another message covers it.
    """

    key: KeyRef
    before: Id
    after: NewOwner
    announce: bool = True

    def people(self, caller: Caller, session: AccountSession) -> Iterator[ChosenPerson]:
        """Yield the new owner."""
        yield ChosenPerson.owner(self.after, "after")

    def run(self, change: Change) -> KeyView:
        """Transfer the key. Raises KeyNotFound, KeyRevoked, InvalidState."""
        return transfer_ownership(change, self.key, self.before, self.after, announce=self.announce)


class Revoke(Operation[KeyView], name="revoke", allow=admins):
    """Revoke a key permanently. Idempotent.

    Attributes:
        announce: whether the team is told; False if another message covers several keys.
    """

    key: KeyRef
    reason: Reason = ""
    announce: bool = True

    def run(self, change: Change) -> KeyView:
        """Revoke the key. Raises KeyNotFound."""
        return revoke_key(change, self.key, self.reason, announce=self.announce)


def _owners(owner: str | None, backup: str | None, *before: str | None) -> Iterator[ChosenPerson]:
    """Yield the owner and the backup owner, except for those who were one before."""
    for user_id, field in ((owner, "owner"), (backup, "backup_owner")):
        if user_id and user_id not in before:
            yield ChosenPerson.owner(user_id, field)
