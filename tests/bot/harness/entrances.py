"""The entrances to the operations, each driven with one value for one field."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, TypeAlias, TypeVar
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text
from sqlmodel import col, select

from bot.app import build
from bot.ui import ids
from bot.ui.payloads import ActionPayload
from keys.base.actors import Actor
from keys.base.policy import Policy
from keys.changes.authorization import Caller, Role
from keys.operations import Approve, Ask, Operation, StartReview, execute
from storage import open_engine, reading
from storage.tables import AccessRequest, Event, Key, Offboarding, OutboxRow, ReviewKey
from tests.bot.harness.listening import PEOPLE, Bench, buttons
from tests.cli.commands.shell import Shell
from tests.keys.conftest import ALICE, LEASE

TIMEZONE = "Europe/Berlin"
T = TypeVar("T")
_DIFFERENT = ("key_id", "recipient", "count")
_numbers = itertools.count(1)
# Why it was refused, if it was; the row that keeps the value, and the column.
Done: TypeAlias = tuple[str, Any, str]
# The column that keeps a field, the input and the option that take it, where they have other names.
_COLUMNS = {"last_day": "expires_at"}
_INPUTS = {"rate_limit": ids.RATE}
_OPTIONS = {"rate_limit": "rate", "last_day": "expires"}
_STATES = {
    "owner": "selected_user",
    "backup_owner": "selected_user",
    "person": "selected_user",
    "last_day": "selected_date",
}


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt.

    Attributes:
        refusal: the sentence that the user read; empty if the value was accepted.
        stored: what was stored of the field.
        events: the kind and data of each new entry in the audit log.
        announced: the kind, recipient and data of each new message in the outbox.
    """

    refusal: str
    stored: str
    events: Sequence[tuple[str, Any]]
    announced: Sequence[tuple[str, str, Any]]


class Entrance(ABC):
    """One entrance; a method of an operation's name tries it."""

    # Operations that this entrance offers, with the fields that a user can fill in.
    offers: ClassVar[Mapping[str, Sequence[str]]]

    def attempt(self, operation: str, field: str, value: str) -> Outcome:
        """Do the operation with this value; its other fields have good ones."""
        refusal, row, column = getattr(self, f"do_{operation}")(field, value)
        before = self._before
        with reading(self.engine()) as session:
            events = session.exec(
                select(Event).where(col(Event.id) > before).order_by(col(Event.id))
            ).all()
            rows = session.exec(select(OutboxRow).where(col(OutboxRow.event_id) > before)).all()
            return Outcome(
                refusal,
                "" if refusal else _text(getattr(session.exec(row).one(), column)),
                [(event.kind, _comparable(event.data)) for event in events],
                [(row.kind, row.recipient, _comparable(row.data)) for row in rows],
            )

    @abstractmethod
    def engine(self) -> Engine:
        """Return the database that the entrance writes to."""

    @abstractmethod
    def close(self) -> None:
        """Let go of everything."""

    def _prepared(self) -> None:
        """Note how long the audit log is before the attempt itself."""
        with reading(self.engine()) as session:
            newest = session.exec(select(Event.id).order_by(col(Event.id).desc())).first()
        self._before = newest or 0


class Slack(Entrance):
    """Modals and buttons, through Bolt; the team is in Berlin."""

    offers: ClassVar[Mapping[str, Sequence[str]]] = {
        "create": ("name", "scopes", "owner", "note", "last_day"),
        "rename": ("name",),
        "update": (
            "scopes", "owner", "backup_owner", "note", "networks", "rate_limit", "last_day",
        ),
        "set_expiry": ("last_day",),
        "request": ("name", "scopes", "reason", "last_day"),
        "approve_with_changes": ("scopes", "last_day"),
        "deny": ("reason",),
        "keep_in_review": ("reason",),
        "start_offboarding": ("person",),
    }  # fmt: skip

    def __init__(self, folder: Path) -> None:
        self.bench = Bench(folder)
        self.domain = self.bench.domain
        policy = Policy(timezone=ZoneInfo(TIMEZONE))
        services = replace(self.bench.context.services, policy=policy)
        self.bench.context = replace(self.bench.context, services=services)
        self.bench.app.listener_runner.listener_executor.shutdown()
        self.bench.app = build(self.bench.context, "xoxb-1", bot_id="B1", bot_user_id="U0BOT")
        self._under_review: list[tuple[str, str]] = []

    def engine(self) -> Engine:
        return self.domain.engine

    def close(self) -> None:
        self.bench.app.listener_runner.listener_executor.shutdown()
        self.domain.close()

    def do_create(self, field: str, value: str) -> Done:
        self.bench.types("new")
        given = {"name": _fresh_name(), "scopes": "read"} | {field: value}
        return self._submit(field, given), _newest_row(Key), _column(field)

    def do_rename(self, field: str, value: str) -> Done:
        key = self._key()
        self.bench.types(f"rename {key}")
        return self._submit(field, {field: value}), _key(key), field

    def do_update(self, field: str, value: str) -> Done:
        key, given = self._key(), {"scopes": "read", "owner": "U0ALICE"} | {field: value}
        self.bench.types(f"edit {key}")
        return self._submit(field, given), _key(key), _column(field)

    def do_set_expiry(self, field: str, value: str) -> Done:
        key = self._key()
        self._press(ids.EXTEND, key=key)
        return self._submit(field, {field: value}), _key(key), _column(field)

    def do_request(self, field: str, value: str) -> Done:
        # One person may only have so many open requests, and make so many a day.
        requester = f"U0R{next(_numbers)}"
        given = {"name": _fresh_name(), "scopes": "read", "reason": "For invoices"} | {field: value}
        with mock.patch.dict(PEOPLE, {requester: PEOPLE["U0BOB"] | {"id": requester}}):
            self.bench.types("request", requester)
            refusal = self._submit(field, given, requester)
            if field == "last_day" and not refusal:
                # The key that is approved has it, as everywhere.
                with reading(self.engine()) as session:
                    asked = session.exec(_newest_row(AccessRequest)).one().id
                self._execute(ALICE, Role.ADMIN, Approve(request=asked, deadline=LEASE))
                return "", _newest_row(Key), _column(field)
        return refusal, _newest_row(AccessRequest), field

    def do_approve_with_changes(self, field: str, value: str) -> Done:
        requester = f"U0R{next(_numbers)}"
        ask = Ask(
            name=_fresh_name(), scopes=("write",), reason="Why", idempotency_key=f"s_{requester}"
        )
        with mock.patch.dict(PEOPLE, {requester: PEOPLE["U0BOB"] | {"id": requester}}):
            request = self._execute(Actor.person(requester), Role.MEMBER, ask)
            self._press(ids.REQUEST_CHANGE, about=request.id)
            refusal = self._submit(field, {"scopes": "read"} | {field: value})
        return refusal, _newest_row(Key), _column(field)

    def _execute(self, actor: Actor, role: Role, operation: Operation[T]) -> T:
        caller = Caller(actor, frozenset({role}))
        return execute(self.bench.context.services, caller, operation).value

    def do_deny(self, field: str, value: str) -> Done:
        number = next(_numbers)
        member = Caller(Actor.person(f"U0M{number}"), frozenset({Role.MEMBER}))
        ask = Ask(
            name=_fresh_name(), scopes=("read",), reason="Why", idempotency_key=f"sub_{number}"
        )
        self._press(ids.REQUEST_DENY, about=execute(self.domain.services, member, ask).value.id)
        refusal = self._submit(field, {field: value})
        return refusal, _newest_row(AccessRequest), "decision_reason"

    def do_keep_in_review(self, field: str, value: str) -> Done:
        if not self._under_review:
            keys = [self._key() for _ in range(60)]
            start = StartReview(period="asked:1")
            review = execute(self.domain.services, Caller.operator("test"), start).value
            self._under_review = [(review, key) for key in keys]
        review, key = self._under_review.pop()
        self._press(ids.AUDIT_MENU, about=review, key=key, do=ids.DO_KEEP)
        row = select(ReviewKey).where(ReviewKey.audit_id == review, ReviewKey.key_id == key)
        return self._submit(field, {field: value}), row, field

    def do_start_offboarding(self, field: str, value: str) -> Done:
        self.domain.issue(_fresh_name(), owner=value)
        self.bench.types("offboard")
        refusal = self._submit(field, {field: value})
        if not refusal:
            # Nothing starts before the admin has answered the question.
            self._press(ids.OFFBOARD_START, about=value)
        return refusal, _newest_row(Offboarding), field

    def do_revoke(self, field: str, value: str) -> Done:
        """No reason can be given at the button."""
        key = self._key()
        asked = self.bench.types(f"revoke {key}")
        self._prepared()
        self.bench.presses(buttons(asked["blocks"])[ids.REVOKE_CONFIRMED])
        return "", _key(key), "revoked_reason"

    def do_export(self, field: str, value: str) -> Done:
        self._prepared()
        self.bench.types(f"export {value}")
        return "", _newest_row(Event), "kind"

    def _key(self) -> str:
        key, _ = self.domain.issue(_fresh_name(), owner="U0ALICE")
        return key.id

    def _press(self, action: str, **about: str) -> None:
        payload = ActionPayload(at=self.domain.clock.now(), **about).encode()
        self.bench.presses({"action_id": action, "type": "button", "value": payload})

    def _submit(self, field: str, given: dict[str, str], user: str = "U0ALICE") -> str:
        view = self.bench.last("views.open")["view"]
        states = {_INPUTS.get(name, name): _state(name, value) for name, value in given.items()}
        self._prepared()
        errors = self.bench.submits(view, user, **states).get("errors", {})
        block = _INPUTS.get(field, field)
        assert set(errors) <= {block}, errors
        return str(errors.get(block, ""))


class CommandLine(Entrance):
    """An operator's shell; the team is in Berlin."""

    offers: ClassVar[Mapping[str, Sequence[str]]] = {
        "create": ("name", "scopes", "owner", "note", "last_day"),
        "limit": ("networks", "rate_limit"),
        "set_expiry": ("last_day",),
        "revoke": ("reason",),
        "import": ("name", "scopes", "owner", "note"),
    }

    def __init__(self, folder: Path) -> None:
        self.shell = Shell(folder)
        self.shell.settings["APIKEYS_TIMEZONE"] = TIMEZONE
        self.shell.new("Held to limits")
        (database,) = folder.rglob("*.db")
        self._engine = open_engine(f"sqlite:///{database}")

    def engine(self) -> Engine:
        return self._engine

    def close(self) -> None:
        self._engine.dispose()

    def do_create(self, field: str, value: str) -> Done:
        given = {"name": _fresh_name(), "scopes": "read"} | {field: value}
        return self._run("new", given.pop("name"), given), _newest_row(Key), _column(field)

    def do_limit(self, field: str, value: str) -> Done:
        return self._run("limit", "Held to limits", {field: value}), _named("Held to limits"), field

    def do_set_expiry(self, field: str, value: str) -> Done:
        name = _fresh_name()
        self.shell.new(name, "--owner", "U0ALICE")
        return self._run("expire", name, {}, then=value), _named(name), _column(field)

    def do_revoke(self, field: str, value: str) -> Done:
        name = _fresh_name()
        self.shell.new(name, "--owner", "U0ALICE")
        given = {field: value} if value else {}
        return self._run("revoke", name, given, "--yes"), _named(name), "revoked_reason"

    def do_import(self, field: str, value: str) -> Done:
        name = _fresh_name()
        line = {"name": name, "scopes": "read", "hash": hashlib.sha256(name.encode()).hexdigest()}
        column = _COLUMNS.get(field, field)
        self._prepared()
        done = self.shell.run("import", "-", typed=json.dumps([line | {column: value}]))
        refusal = done.stderr.removeprefix("entry 1: ").strip()
        assert bool(refusal) is (done.returncode != 0), done.stderr
        return refusal, _newest_row(Key), column

    def do_export(self, field: str, value: str) -> Done:
        """In Slack revoked keys are always among them."""
        self._prepared()
        done = self.shell.run("export", "--revoked", "--format", value)
        return done.stderr.strip(), _newest_row(Event), "kind"

    def _run(
        self, command: str, name: str, given: Mapping[str, str], *flags: str, then: str = ""
    ) -> str:
        options = [f"--{_OPTIONS.get(field, field)}={value}" for field, value in given.items()]
        self._prepared()
        words = [name, then] if then else [name]
        done = self.shell.run("keys", command, *options, *flags, "--", *words)
        if done.returncode == 0:
            return ""
        assert done.stderr.startswith("Error: "), done.stderr
        return done.stderr.removeprefix("Error: ").strip()


def _fresh_name() -> str:
    return f"Program {next(_numbers)}, production"


def _state(field: str, value: str) -> dict[str, Any]:
    """Return what Slack sends of an input in which this stands."""
    if field == "scopes":
        return {"selected_options": [{"value": one} for one in value.split(",") if one]}
    return {_STATES.get(field, "value"): value}


def _column(field: str) -> str:
    return _COLUMNS.get(field, field)


def _key(key_id: str) -> Any:
    return select(Key).where(Key.id == key_id)


def _named(name: str) -> Any:
    return select(Key).where(Key.name == name)


def _newest_row(table: type[Any]) -> Any:
    return select(table).order_by(text("rowid DESC")).limit(1)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else value or ""


def _comparable(data: str) -> Any:
    """Return it without what differs by nature: ids, recipients, and numbers of names and keys."""
    found = json.loads(re.sub(r"Program \d+", "Program", data))
    return {name: value for name, value in found.items() if name not in _DIFFERENT}


@contextmanager
def opened(folders: pytest.TempPathFactory) -> Iterator[dict[type[Entrance], Entrance]]:
    """Each entrance, with a database of its own, for as long as the block lasts."""
    entrances: dict[type[Entrance], Entrance] = {
        Slack: Slack(folders.mktemp("slack")),
        CommandLine: CommandLine(folders.mktemp("shell")),
    }
    yield entrances
    for entrance in entrances.values():
        entrance.close()
