"""Services: the database, clock, rules and hooks that an account's operations need."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from keys.base.policy import Policy
from keys.changes.membership import AskMembership
from keys.credentials.peppers import Peppers
from keys.integrity.anchor import AnchorFile
from runtime.clock import Clock
from storage import AccountSession, reading, seals, writing

if TYPE_CHECKING:
    from keys.changes.change import Change
    from keys.changes.events import Event

# Subscribers are called in the transaction of the change that recorded the event.
Subscriber = Callable[["Change", Any], None]
Subscribers = Mapping[type["Event"], Sequence[Subscriber]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One account's database, clock and rules.

    Attributes:
        account_id: the account; all reads and writes are limited to it.
        prefix: the prefix of new tokens.
        anchors: the audit logs' newest entries outside the database; None for no such file.
        policy: the team's rules for its keys.
        subscribers: called when an event is recorded (keys.operations.SUBSCRIBERS).
        wake: called after the commit of a change that recorded an event, so that the worker
            delivers its messages at once.
        sleep: waits between two polls of a change's propagation; takes seconds.
        membership: asks Slack who is a full member; None where there is no Slack to ask.
    """

    engine: Engine
    account_id: str
    clock: Clock
    peppers: Peppers
    prefix: str
    subscribers: Subscribers
    policy: Policy = field(default_factory=Policy)
    anchors: AnchorFile | None = None
    wake: Callable[[], None] = field(default=lambda: None)
    sleep: Callable[[float], None] = field(default=time.sleep)
    membership: AskMembership | None = None

    def __post_init__(self) -> None:
        seals.bind(self.engine, self.peppers)

    def reading(self) -> AbstractContextManager[AccountSession]:
        """Open a read-only transaction. Raises StorageUnavailable."""
        return reading(self.engine, self.account_id)

    def writing(self) -> AbstractContextManager[AccountSession]:
        """Open a transaction that is committed at its end. Raises StorageUnavailable."""
        return writing(self.engine, self.account_id)
