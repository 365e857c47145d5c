"""Two workspaces in one installation: nothing of one can be seen or changed from the other.

An admin of the one sends whatever could be pressed, submitted or typed, with ids of the other's
things, as somebody would who has learned them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table
from sqlmodel import SQLModel

from bot.ui import ids
from keys.base import accounts
from keys.base.actors import Actor
from keys.base.policy import AuditRules
from keys.changes.authorization import Caller, Role
from keys.offboarding.start import start_offboarding
from keys.operations import Ask, execute
from keys.reviews import lifecycle
from keys.search import search
from storage import reading, writing
from tests.bot.harness.listening import Bench
from tests.bot.home.test_handlers import presses as presses_in_home
from tests.bot.reviews.reviewing import follow
from tests.keys.conftest import NOON, Domain
from tests.keys.rotation.test_rotations import rotate
from tests.manifest.test_code import registered_ids

FAR = Actor.person("U0FAR")
# Stands in every name, note and reason of the other workspace, and nowhere else.
MARK = "Umbrella"
REGISTERED = registered_ids()
ACTIONS, MODALS = REGISTERED["action"], REGISTERED["view"]
DOINGS = sorted(value for name, value in vars(ids).items() if name.startswith("DO_"))
COMMANDS = ("show", "revoke", "rename", "edit", "rotate", "list", "list all", "check", "offboard")


@dataclass
class World:
    """The bench of the one workspace, and the ids of what the other has."""

    bench: Bench
    theirs: Domain
    things: list[str]
    looked_at: dict[str, list[str]] = field(default_factory=dict)

    def changed(self) -> bool:
        """Whether anything of the other workspace has changed since this was last asked."""
        before, self.looked_at = self.looked_at, self.rows()
        return self.looked_at != before

    def rows(self) -> dict[str, list[str]]:
        """Everything that belongs to the other workspace."""
        found = {}
        # It is asked 300 times, so without making objects of the rows.
        with self.theirs.engine.connect() as connection:
            for table in _tables():
                theirs = table.select().where(table.c.account_id == self.theirs.account)
                found[table.name] = sorted(map(repr, connection.execute(theirs)))
        return found

    def seen(self) -> str:
        """Everything that was said in the one workspace."""
        calls = [args for _, args in self.bench.calls.asked]
        return json.dumps([calls, self.bench.answers], default=str)


def _tables() -> list[Table]:
    """The tables whose rows belong to an account."""
    return [table for table in SQLModel.metadata.sorted_tables if "account_id" in table.c]


def _populate(theirs: Domain) -> list[str]:
    """One of everything that there is."""
    plain, _ = theirs.issue(f"{MARK} plain", owner=FAR.id, note=f"{MARK} note")
    rotating, _ = theirs.issue(f"{MARK} rotating", owner=FAR.id)
    gone, _ = theirs.issue(f"{MARK} gone", owner=FAR.id)
    theirs.revoke(gone.id, FAR)
    pending = theirs.reserve(f"{MARK} pending", owner=FAR.id)
    rotation, _ = rotate(theirs, rotating.id)

    wanted = Ask(
        name=f"{MARK} wanted", scopes=("read",), reason=f"{MARK} reason", idempotency_key="s1"
    )
    asked = execute(theirs.services, Caller(FAR, frozenset({Role.MEMBER})), wanted).value

    with theirs.change(FAR) as change:
        leaver = start_offboarding(change, FAR.id)
        audit = lifecycle.begin(change, "2026-10-05", AuditRules())
    assert leaver is not None
    return [
        plain.id, rotating.id, gone.id, pending.key.id, pending.delivery_id, rotation, asked.id,
        leaver, audit,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("apart")
    bench = Bench(folder)
    for method in ("views.push", "views.publish"):
        bench.calls.replies[method] = [{"view": {"id": "V9", "hash": "h1"}}]
    with writing(bench.domain.engine) as session:
        other = accounts.of_many(session, "T0FAR", MARK, NOON)
    services = replace(bench.domain.services, account_id=other)
    theirs = replace(bench.domain, account=other, services=services)
    bench.domain.issue("Zapier, production")
    made = World(bench, theirs, _populate(theirs))
    assert made.changed()
    yield made
    bench.app.listener_runner.listener_executor.shutdown()
    bench.domain.close()


def test_there_is_something_of_every_kind_to_be_found(world: World) -> None:
    filled = {name for name, rows in world.rows().items() if rows}
    empty = {table.name for table in _tables()} - filled
    # What no workspace of this test has: nobody has opened Home there, or has installed the app.
    assert empty <= {"homes", "installations", "chores", "people", "team_channels"}
    assert len(filled) >= 11
    assert MARK in json.dumps(world.rows())


def refs(things: list[str]) -> st.SearchStrategy[str]:
    """References to the other's things, in whichever part of them."""
    thing = st.sampled_from(["", *things])
    parts = dict.fromkeys(("key", "delivery", "request", "about", "cursor"), thing)
    return st.fixed_dictionaries(
        {
            "do": st.sampled_from(["", *DOINGS]),
            "query": st.sampled_from(["", MARK.lower()]),
            **parts,
        }
    ).map(
        lambda given: json.dumps(
            {"v": 1, "at": int(NOON.timestamp()), **{k: v for k, v in given.items() if v}}
        )
    )


@pytest.mark.slow
@settings(
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_nothing_of_another_workspace_can_be_seen_or_changed(world: World, data: Any) -> None:
    bench = world.bench
    user = data.draw(st.sampled_from(["U0ALICE", "U0ALICE", "U0BOB", "U0FAR"]))
    ref = data.draw(refs(world.things))
    text = data.draw(st.sampled_from([MARK.lower(), *world.things]))
    match data.draw(st.sampled_from(["press", "submit", "type", "home"])):
        case "press":
            bench.presses(_pressed(data.draw(st.sampled_from(ACTIONS)), ref, text), user)
        case "submit":
            callback = data.draw(st.sampled_from(MODALS))
            view = {"type": "modal", "callback_id": callback, "private_metadata": ref}
            bench.submits({**view, "blocks": [], "hash": "h"}, user, **_filled_in(text))
        case "type":
            command = data.draw(st.sampled_from(COMMANDS))
            bench.types(f"{command} {text}", user)
        case "home":
            presses_in_home(bench, _pressed(data.draw(st.sampled_from(ACTIONS)), ref, text), user)
    assert not world.changed()
    assert MARK not in world.seen()


def _filled_in(text: str) -> dict[str, Any]:
    """Something in every input that there is."""
    person = {"selected_user": "U0ALICE"}
    scopes = {"selected_options": [{"value": "read"}]}
    return {
        ids.NAME: {"value": "Zapier, staging"}, ids.NOTE: {"value": "For invoices"},
        ids.REASON: {"value": "Still needed"}, ids.SCOPES: scopes, ids.OWNER: person,
        ids.PERSON: {"selected_user": "U0FAR"}, ids.RECIPIENT: person, ids.PASTED: {"value": text},
        ids.GRACE: {"selected_option": {"value": "86400"}},
    }  # fmt: skip


def _pressed(action: str, ref: str, text: str) -> dict[str, Any]:
    return {
        "action_id": action, "value": ref if "search" not in action else text,
        "selected_option": {"value": ref}, "selected_user": "U0FAR",
    }  # fmt: skip


def test_what_has_to_follow_in_one_workspace_leaves_the_other_alone(world: World) -> None:
    world.bench.domain.clock.move(timedelta(days=400))
    follow(world.bench)
    assert not world.changed()
    assert MARK not in world.seen()
    with reading(world.theirs.engine, world.bench.domain.account) as session:
        assert not search.page(session, MARK, size=10).keys
    with reading(world.theirs.engine, world.theirs.account) as session:
        assert search.page(session, MARK, size=10).keys
