"""Changes: one transaction of one account, in which events are recorded with their effects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from keys.base.actors import Actor
from keys.base.errors import KeyNotFound
from keys.changes import audiences, audit_log, gateways, live_messages, outbox
from keys.changes.events import Event
from keys.changes.services import Services
from storage import AccountSession
from storage.tables import Key


@dataclass(slots=True)
class Effects:
    """The effects of a change so far.

    Attributes:
        events: how many events were recorded.
        due: whether to wake the worker after the commit.
        fence: the fence that gateways confirm (keys.changes.gateways), set when the change ends,
            after everything in it; None if they need not.
    """

    events: int = 0
    due: bool = False
    fence: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One transaction of one account; recorded events are announced and propagated.

    Attributes:
        actor: the user or process that makes the change, as in the audit log.
        now: the time of the change; the same for everything in it.
    """

    services: Services
    session: AccountSession
    actor: Actor
    now: datetime
    effects: Effects = field(default_factory=Effects)

    def acting_as(self, actor: Actor) -> Change:
        """Return this change with another actor, such as the system for what a timer does."""
        return replace(self, actor=actor)

    def record(self, event: Event) -> None:
        """Record an event with all of its effects, in this transaction."""
        entry = audit_log.append(
            self.session, self.now, event.kind, self.actor, event.key_id, event.data
        )
        self.effects.events += 1
        followers = self.services.subscribers.get(type(event), ())
        self.effects.due |= bool(
            event.news is not None or event.announce or event.stale or event.live or followers
        )
        if event.propagates and self.effects.fence is None:
            self.effects.fence = gateways.new_fence()
        for recipient, data in event.announce.items():
            outbox.add(self.session, entry, recipient, data)
        for stale in event.stale:
            live_messages.mark_stale_all(self.session, stale, self.now)
        for follow in followers:
            follow(self, event)
        if event.news is not None:
            for recipient in audiences.recipients(self.session, event, self.actor, self.now):
                outbox.add(self.session, entry, recipient, event.news)
        for new in event.live:
            subject = new.subject if new.subject is not None else self.effects.fence
            if subject is None:
                raise ValueError(f"{event.kind} sets no fence for a live message to follow")
            live_messages.add(
                self.session, new.kind, subject, new.recipient, self.now,
                due_at=self.now + new.due_in, data=new.data,
            )  # fmt: skip

    def record_all(self, events: Sequence[Event]) -> None:
        """Record many events that only go to the audit log, in few statements.

        Raises:
            ValueError: if one of them has other effects; use `record` for it.
        """
        for event in events:
            followers = self.services.subscribers.get(type(event))
            notifies = event.news is not None or event.announce or event.stale or event.live
            if notifies or event.propagates or followers:
                raise ValueError(f"{event.kind} does more than add to the audit log")
        entries = ((event.kind, event.key_id, event.data) for event in events)
        audit_log.append_all(self.session, self.now, self.actor, entries)
        self.effects.events += len(events)

    def mark_stale(self, subject: str) -> None:
        """Mark live messages as stale after something that is not in the audit log."""
        live_messages.mark_stale_all(self.session, subject, self.now)
        self.effects.due = True

    def redraw(self, channel_id: str, message: str) -> None:
        """Have the live message that was posted there rendered again, if there is one."""
        if live_messages.redraw(self.session, channel_id, message, self.now):
            self.effects.due = True

    def load(self, key_id: str) -> Key:
        """Return a key's row. Raises KeyNotFound if the account has no such key."""
        key = self.session.get(Key, key_id)
        if key is None or key.account_id != self.session.account_id:
            raise KeyNotFound("There is no such key.")
        return key


@contextmanager
def change(services: Services, actor: Actor) -> Iterator[Change]:
    """Open a change; it is committed when the block ends, and rolled back if it raises.

    Other changes of the account wait until it ends. The worker that delivers its messages is woken
    after the commit, never before.

    Raises:
        StorageUnavailable: if the database cannot be reached, or stayed busy.
    """
    with services.writing() as session:
        audit_log.lock(session)
        made = Change(services, session, actor, services.clock.now())
        yield made
        session.flush()
        audit_log.require_recorded(session)
        if made.effects.fence is not None:
            gateways.set_fence(session, made.effects.fence)
    if made.effects.due:
        services.wake()
