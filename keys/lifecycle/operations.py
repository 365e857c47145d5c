"""What can be done with one key: create, rename, update, limit, expire, transfer, revoke."""

from __future__ import annotations

from datetime import timedelta

from keys.base.actors import Actor
from keys.base.models import KeyRequest, KeyView
from keys.base.policy import DeliveryWay
from keys.changes.authorization import admins
from keys.changes.change import Change
from keys.changes.operation import Operation
from keys.inputs.fields import (
    BackupOwner,
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


class Create(Operation[PendingKey], name="create", allow=admins):
    """Make a key that works once its token has reached its recipient.

    Attributes:
        last_day: the last day on which it works, in the team's time zone; None for no end.
        idempotency_key: names this very request, so that asking twice makes one key.
        recipient: who is sent the token.
        deadline: how long the delivery may take before the key is cancelled.
    """

    name: Name
    scopes: Scopes
    owner: Owner = None
    backup_owner: BackupOwner = None
    note: Note = ""
    last_day: LastDay = None
    idempotency_key: str
    recipient: Actor
    deadline: timedelta
    method: DeliveryWay = DeliveryWay.DM

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
    """Give a key another name; its token stays the same."""

    key: KeyRef
    name: Name

    def run(self, change: Change) -> KeyView:
        """Rename the key. Raises KeyNotFound, KeyRevoked, NameTaken."""
        return rename_key(change, self.key, self.name)


class Update(KeyUpdate, Operation[KeyView], name="update", allow=admins):
    """Change what a key may do, who owns it and when it expires.

    Attributes:
        version: the key's version when its values were shown (keys.lifecycle.update.version).
    """

    key: KeyRef
    version: int

    def run(self, change: Change) -> KeyView:
        """Update the key. Raises KeyNotFound, KeyRevoked, InvalidExpiry, EditConflict."""
        return edit_key(change, self.key, self, self.version)


class Limit(Operation[KeyView], name="limit", allow=admins):
    """Hold a key to a rate and to networks; empty ones take the limit away."""

    key: KeyRef
    rate_limit: RateLimit
    networks: Networks

    def run(self, change: Change) -> KeyView:
        """Set the limits. Raises KeyNotFound, KeyRevoked."""
        return limit_key(change, self.key, rate_limit=self.rate_limit, networks=self.networks)


class SetExpiry(Operation[KeyView], name="set_expiry", allow=admins):
    """Have a key expire on another day; one that has expired works again."""

    key: KeyRef
    last_day: LastDay

    def run(self, change: Change) -> KeyView:
        """Set the date. Raises KeyNotFound, KeyRevoked, InvalidExpiry."""
        return set_expiry(change, self.key, self.last_day)


class AcceptExpiry(Operation[KeyView], name="accept_expiry", allow=admins):
    """Record that a key may expire, so that nobody is reminded any more."""

    key: KeyRef

    def run(self, change: Change) -> KeyView:
        """Accept it. Raises KeyNotFound, KeyRevoked, InvalidState."""
        return let_expire(change, self.key)


class Transfer(Operation[KeyView], name="transfer", allow=admins):
    """Make one person the owner, or the backup owner, where another one was."""

    key: KeyRef
    before: str
    after: NewOwner

    def run(self, change: Change) -> KeyView:
        """Transfer the key. Raises KeyNotFound, KeyRevoked, InvalidState."""
        return transfer_ownership(change, self.key, self.before, self.after)


class Revoke(Operation[KeyView], name="revoke", allow=admins):
    """Revoke a key for good. A second time changes nothing and is no error.

    Attributes:
        announce: whether the team is told; not where another message tells of many keys.
    """

    key: KeyRef
    reason: Reason = ""
    announce: bool = True

    def run(self, change: Change) -> KeyView:
        """Revoke the key. Raises KeyNotFound."""
        return revoke_key(change, self.key, self.reason, announce=self.announce)
