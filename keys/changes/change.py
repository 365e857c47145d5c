"""A change: one transaction of one account, and the one place where what follows it is served."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from keys.base.actors import Actor
from keys.base.errors import KeyNotFound
from keys.changes import audit_log, gateways, live_messages, outbox
from keys.changes.events import Event
from keys.changes.services import Services
from storage import AccountSession
from storage.tables import Key


@dataclass(slots=True)
class Effects:
    """What a change has brought about so far.

    Attributes:
        events: how many were recorded.
        due: whether there is anything for the worker to hear of.
        fence: what gateways confirm once they know of the change (keys.changes.gateways), set when
            it ends, behind everything in it; None if they need not.
    """

    events: int = 0
    due: bool = False
    fence: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One transaction of one account; what is recorded is announced, propagated and woken for.

    Attributes:
        actor: who makes it, as the audit log names them.
        now: the moment of the change; one for all that it does.
    """

    services: Services
    session: AccountSession
    actor: Actor
    now: datetime
    effects: Effects = field(default_factory=Effects)

    def acting_as(self, actor: Actor) -> Change:
        """The same change with another actor, for a part of it that a timer does, for example."""
        return replace(self, actor=actor)

    def record(self, event: Event) -> None:
        """Record an event, and everything that follows from it, in this transaction."""
        entry = audit_log.append(
            self.session, self.now, event.kind, self.actor, event.key_id, event.data
        )
        self.effects.events += 1
        followers = self.services.subscribers.get(type(event), ())
        self.effects.due |= bool(event.announce or event.stale or event.live or followers)
        if event.propagates and self.effects.fence is None:
            self.effects.fence = gateways.new_fence()
        for recipient, data in event.announce.items():
            outbox.add(self.session, entry, recipient, data)
        for stale in event.stale:
            live_messages.mark_stale_all(self.session, stale, self.now)
        for follow in followers:
            follow(self, event)
        for new in event.live:
            subject = new.subject if new.subject is not None else self.effects.fence
            if subject is None:
                raise ValueError(f"{event.kind} sets no fence for a live message to follow")
            live_messages.add(
                self.session, new.kind, subject, new.recipient, self.now,
                due_at=self.now + new.due_in, data=new.data,
            )  # fmt: skip

    def record_all(self, events: Sequence[Event]) -> None:
        """Record many events of which only the audit log hears, in few statements.

        Raises:
            ValueError: if something else follows from one of them; `record` serves that.
        """
        for event in events:
            followers = self.services.subscribers.get(type(event))
            if event.announce or event.stale or event.live or event.propagates or followers:
                raise ValueError(f"{event.kind} is not for the audit log alone")
        entries = ((event.kind, event.key_id, event.data) for event in events)
        audit_log.append_all(self.session, self.now, self.actor, entries)
        self.effects.events += len(events)

    def mark_stale(self, subject: str) -> None:
        """Have live messages rendered again after something that the audit log does not keep."""
        live_messages.mark_stale_all(self.session, subject, self.now)
        self.effects.due = True

    def load(self, key_id: str) -> Key:
        """A key's row. Raises KeyNotFound if the account has no such key."""
        key = self.session.get(Key, key_id)
        if key is None or key.account_id != self.session.account_id:
            raise KeyNotFound("There is no such key.")
        return key


@contextmanager
def change(services: Services, actor: Actor) -> Iterator[Change]:
    """Open a change; it is committed when the block ends, and undone if it raises.

    Other changes of the account wait until it has ended. The worker that delivers what was recorded
    is woken after the commit, and never before.

    Raises:
        StorageUnavailable: if the database cannot be reached, or stayed busy.
    """
    with services.writing() as session:
        audit_log.lock(session)
        made = Change(services, session, actor, services.clock.now())
        yield made
        if made.effects.fence is not None:
            gateways.set_fence(session, made.effects.fence)
    if made.effects.due:
        services.wake()
