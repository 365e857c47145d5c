"""Killing the bot at a chosen moment, and what must hold afterwards."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlmodel import SQLModel, col, select

from bot.token_delivery import views
from cli.bootstrap.application import open_application
from keys.base import accounts
from keys.base.actors import Actor
from keys.base.ids import new_id
from keys.base.models import KeyRequest, State
from keys.changes.change import change
from keys.lifecycle.create import activate_key, create_pending_key
from sandbox.sandbox import Sandbox
from sandbox.users.user import User
from settings import Settings
from storage import reading, writing
from storage.tables import Delivery, Key, OutboxRow, Secret
from tests.e2e.harness.program import Program, asks, database_settings, eventually
from tests.keys.chain import verify_chain

TOKEN = re.compile(r"\bak_([0-9A-Za-z]{12})_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}\b")


@dataclass(frozen=True)
class Moment:
    """When to kill.

    Attributes:
        passes: at which of the things that pass between the app and Slack, counted from 1; each
            call and each delivery passes twice, as it begins and when it is done.
        later: so many seconds after that.
    """

    passes: int
    later: float


class Trap:
    """Counts what passes between the app and Slack, and kills the program when its moment comes."""

    def __init__(self, slack: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.passed = 0
        self.sprung = threading.Event()
        self._slack = slack
        self._lock = threading.Lock()
        self._moment: Moment | None = None
        self._program: Program | None = None
        for name in ("begin", "finish"):
            watched = self._watched(getattr(slack.traffic, name))
            monkeypatch.setattr(slack.traffic, name, watched)

    def set(self, program: Program, moment: Moment | None) -> None:
        """Begins to count for this program; without a moment it is only counted."""
        with self._lock:
            self.passed, self._moment, self._program = 0, moment, program
            self.sprung.clear()

    @property
    def is_over(self) -> bool:
        """Whether the program is dead, or as good as that."""
        return self.sprung.is_set() or (self._program is not None and not self._program.alive)

    def springs_by_now(self, within: float = 1.0) -> None:
        """Kills if the moment has not come; returns when Slack has done what it was asked."""
        if not self.sprung.wait(within):
            self._spring()
        self._settles()

    def dies_by_itself(self, within: float) -> bool:
        """Whether the program does; if not, it is killed. Returns when Slack has done its part."""
        try:
            eventually(lambda: self.is_over, within=within)
        except AssertionError:
            self._spring()
            return False
        finally:
            self._settles()
        return True

    def _settles(self) -> None:
        def settled() -> bool:
            self._slack.faults.time_out()  # the dead acknowledge nothing
            return all(entry.seconds is not None for entry in self._slack.traffic.entries())

        eventually(settled)

    def _watched(self, note: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any) -> Any:
            noted = note(*args)
            with self._lock:
                self.passed += 1
                moment = self._moment
                due = moment is not None and self.passed == moment.passes
            if due and moment is not None:
                self._spring_in(moment.later)
            return noted

        return watched

    def _spring_in(self, seconds: float) -> None:
        if seconds:
            threading.Timer(seconds, self._spring).start()
        else:
            self._spring()

    def _spring(self) -> None:
        if self._program is not None:
            self._program.kill()
        self.sprung.set()
        # Whoever waits for an answer to what is on its way to the dead need not wait for long.
        threading.Thread(target=self._settles, name="settles").start()


class Aftermath:
    """What is in the database, what people see, what the gateway says, and how they must agree."""

    def __init__(self, slack: Sandbox, alice: User, gateway: str, home: Path) -> None:
        self._slack, self._alice, self._gateway = slack, alice, gateway
        self.application = open_application(
            Settings.model_validate({"APIKEYS_HOME": home} | database_settings(home))
        )
        self._seen: set[str] = set()
        with writing(self.application.engine) as session:
            self.account = accounts.the_only(session, self.application.clock.now())

    @property
    def engine(self) -> Engine:
        """The database."""
        return self.application.engine

    def close(self) -> None:
        """Lets go of the database."""
        self.application.close()

    def has_a_key(self, name: str) -> None:
        """Makes a key, and keeps its token as its person would."""
        services, me = self.application.services(self.account), Actor.operator("test")
        request = KeyRequest(name, ("read",), None, new_id("req"))
        with change(services, me) as issued:
            made = create_pending_key(issued, request, me, timedelta(minutes=1))
            activate_key(issued, made.delivery_id, None)
        self._seen.add(made.token.reveal())

    def names(self, state: State) -> list[str]:
        """The names of the keys in this state."""
        return [key.name for key, _ in self._keys() if key.state == state]

    def active(self) -> list[tuple[str, str]]:
        """The ids and names of the keys that work."""
        return [(key.id, key.name) for key, _ in self._keys() if key.state == State.ACTIVE]

    def works(self, name: str) -> bool:
        """Whether there is an active key of this name."""
        return name in self.names(State.ACTIVE)

    def holds(self, when: str) -> None:
        """What must be so at every moment, even while no bot runs."""
        before = set(self._seen)
        self._seen |= {found[0] for found in TOKEN.finditer(self._alice.dm.text)}
        keys = self._keys()
        working = self._working(keys)
        assert working <= {_public_id(token) for token in self._seen}, f"an unseen token, {when}"
        for token in self._seen - before:
            self._opens(token, _public_id(token) in working, when)
        screen = self._alice.screen()
        for key, secret in keys:
            if key.state == State.ACTIVE:
                revoked = _is_said_to_be_revoked(key.name, secret.hint, screen)
                assert not revoked, f"{key.name}, {when}"
        with reading(self.application.engine, self.account) as session:
            assert verify_chain(session) is None, when

    def lets_claims_end(self) -> None:
        """Have the time be over for which dead bots had claimed anything."""
        now = self.application.clock.now()
        with writing(self.application.engine) as session:
            for table in SQLModel.metadata.sorted_tables:
                for column in {"claimed_until", "pending_until"}.intersection(table.c.keys()):
                    session.execute(
                        update(table).where(table.c[column] > now).values({column: now})
                    )

    def settles(self, within: float) -> None:
        """Waits until a running bot has done all that is due."""
        eventually(lambda: not self._open(), "all is settled", within)

    def holds_in_the_end(self, when: str) -> None:
        """What must be so once a bot runs again and has done what was due."""
        self.holds(when)
        keys = self._keys()
        working = self._working(keys)
        for token in self._seen:
            self._opens(token, _public_id(token) in working, when)
        screen = self._alice.screen()
        for key, _ in keys:
            for words in _OWED[State(key.state)]:
                assert words.format(name=key.name) in screen, f"{words}: {key.name}, {when}"
        for message, name in self._messages_of_abandoned_keys():
            found = self._slack.workspace.find_message(*message)
            assert found is not None
            assert found.text == views.not_created(name)["text"], f"{name}, {when}"

    def _working(self, keys: list[tuple[Key, Secret]]) -> set[str]:
        """The public ids of the tokens that work now."""
        now = self.application.clock.now()
        return {
            secret.public_id
            for key, secret in keys
            if key.state == State.ACTIVE
            and not secret.pending
            and (secret.ends_at is None or secret.ends_at > now)
        }

    def _opens(self, token: str, works: bool, when: str) -> None:
        assert asks(self._gateway, token) == (204 if works else 401), f"{_public_id(token)}, {when}"

    def _keys(self) -> list[tuple[Key, Secret]]:
        with reading(self.application.engine) as session:
            found = session.exec(
                select(Key, Secret).where(Secret.key_id == Key.id).order_by(col(Key.created_at))
            )
            return [(key, secret) for key, secret in found]

    def _open(self) -> bool:
        """Whether anything is still to be done, now or soon."""
        now = self.application.clock.now()
        pending = select(Key.id).where(Key.state == State.PENDING)
        unsaid = select(OutboxRow.id).where(col(OutboxRow.closed_at).is_(None))
        shown = select(Delivery.id).where(
            col(Delivery.removed_at).is_(None), col(Delivery.remove_at) <= now
        )
        with reading(self.application.engine) as session:
            return any(session.exec(query).first() for query in (pending, unsaid, shown))

    def _messages_of_abandoned_keys(self) -> list[tuple[tuple[str, str], str]]:
        with reading(self.application.engine) as session:
            found = session.exec(
                select(Delivery, Key).where(Delivery.key_id == Key.id, Key.state == State.ABANDONED)
            )
            return [
                ((delivery.channel_id, delivery.message), key.name)
                for delivery, key in found
                if delivery.channel_id and delivery.message
            ]


# What everybody must have been told at least once about a key in such a state.
_OWED = {
    State.ACTIVE: ("created the key {name}",),
    State.REVOKED: ("created the key {name}", "revoked the key {name}"),
    State.ABANDONED: ("Creating {name} was interrupted",),
    State.PENDING: (),
}


def _is_said_to_be_revoked(name: str, hint: str, screen: str) -> bool:
    told = (f"Revoked {name}", f"{name} was already revoked", f"revoked the key {name}")
    return any(words in screen for words in (*told, f"{hint} is refused"))


def _public_id(token: str) -> str:
    found = TOKEN.fullmatch(token)
    assert found is not None
    return found[1]
