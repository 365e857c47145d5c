"""What every operation on an account's keys stands on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from keys.base.policy import Policy
from keys.credentials.peppers import Peppers
from runtime.clock import Clock
from storage import AccountSession, reading, writing

if TYPE_CHECKING:
    from keys.changes.change import Change
    from keys.changes.events import Event

# Called in the transaction of the change that recorded the event.
Subscriber = Callable[["Change", Any], None]
Subscribers = Mapping[type["Event"], Sequence[Subscriber]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One account's database, clock and rules.

    Attributes:
        account_id: the account; everything that is read and changed is its own.
        prefix: what new tokens begin with.
        policy: what the team has decided about its keys.
        subscribers: what else changes when an event is recorded (keys.operations.SUBSCRIBERS).
        wake: called after the commit of a change that recorded an event, so that the
            worker delivers what follows from it at once.
        sleep: waits between two looks at how far a change has come, in seconds.
    """

    engine: Engine
    account_id: str
    clock: Clock
    peppers: Peppers
    prefix: str
    subscribers: Subscribers
    policy: Policy = field(default_factory=Policy)
    wake: Callable[[], None] = field(default=lambda: None)
    sleep: Callable[[float], None] = field(default=time.sleep)

    def reading(self) -> AbstractContextManager[AccountSession]:
        """A transaction that changes nothing. Raises StorageUnavailable."""
        return reading(self.engine, self.account_id)

    def writing(self) -> AbstractContextManager[AccountSession]:
        """A transaction that is committed at its end. Raises StorageUnavailable."""
        return writing(self.engine, self.account_id)
