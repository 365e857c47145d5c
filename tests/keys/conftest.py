"""A domain for each test: a database, a clock that stands still, services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine

from keys.base import accounts
from keys.base.actors import Actor
from keys.base.models import KeyRequest, KeyView
from keys.changes.authorization import Caller, Role
from keys.changes.change import Change, change
from keys.changes.operation import Operation, Outcome, execute
from keys.changes.services import Services
from keys.credentials.peppers import Peppers
from keys.credentials.tokens import Token
from keys.lifecycle.create import PendingKey, activate_key, create_pending_key
from keys.operations import SUBSCRIBERS, Rename, Revoke
from runtime.clock import HeldClock
from storage import AccountSession, writing
from tests.databases import open_migrated
from tests.keys.stored_verifier import StoredVerifier

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ALICE, BOB = Actor.person("U0ALICE"), Actor.person("U0BOB")
SYSTEM = Actor.system("test")
LEASE = timedelta(minutes=1)
_numbers = count(1)
T = TypeVar("T")


@dataclass
class Domain:
    """What the tests of the domain stand on."""

    engine: Engine
    clock: HeldClock
    services: Services
    verifier: StoredVerifier
    account: str

    def close(self) -> None:
        """Lets go of the database."""
        self.verifier.close()
        self.engine.dispose()

    def write(self, work: Callable[[AccountSession], Any]) -> Any:
        """Does the work in one writing transaction."""
        with writing(self.engine, self.account) as session:
            return work(session)

    def request(self, name: str, **changes: Any) -> KeyRequest:
        values: dict[str, Any] = {
            "scopes": ("read",),
            "owner": ALICE.id,
            "idempotency_key": f"req_{next(_numbers)}",
        }
        return KeyRequest(name, **(values | changes))

    def change(self, actor: Actor) -> AbstractContextManager[Change]:
        """A change by this actor, committed when the block ends."""
        return change(self.services, actor)

    def reserve(self, name: str = "Zapier, production", **changes: Any) -> PendingKey:
        request = self.request(name, **changes)
        with self.change(ALICE) as change:
            return create_pending_key(change, request, ALICE, LEASE)

    def issue(self, name: str = "Zapier, production", **changes: Any) -> tuple[KeyView, Token]:
        made = self.reserve(name, **changes)
        with self.change(ALICE) as change:
            key = activate_key(change, made.delivery_id, timedelta(minutes=15))
        return key, made.token

    def revoke(self, key_id: str, actor: Actor = ALICE) -> Outcome[KeyView]:
        return self._execute(actor, Revoke(key=key_id))

    def rename(self, key_id: str, name: str) -> Outcome[KeyView]:
        return self._execute(ALICE, Rename(key=key_id, name=name))

    def _execute(self, actor: Actor, operation: Operation[T]) -> Outcome[T]:
        return execute(self.services, Caller(actor, frozenset({Role.ADMIN})), operation, wait=0)


def open_test_application(folder: Path) -> Domain:
    """A new domain in this folder."""
    return open_application_at(f"sqlite:///{folder / 'keys.db'}")


def open_application_at(url: str) -> Domain:
    """A new domain on this database."""
    engine = open_migrated(url)
    clock, peppers = HeldClock(NOON), Peppers({1: b"p" * 32})
    with writing(engine) as session:
        account = accounts.connect(session, "T0ACME", "Acme", NOON)
    services = Services(
        engine=engine,
        account_id=account,
        clock=clock,
        peppers=peppers,
        prefix="ak",
        subscribers=SUBSCRIBERS,
    )
    return Domain(engine, clock, services, StoredVerifier(engine, peppers, clock), account)


@pytest.fixture
def domain(database_url: str) -> Iterator[Domain]:
    opened = open_application_at(database_url)
    yield opened
    opened.close()
