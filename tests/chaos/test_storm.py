"""A storm: several admins at work while Slack, the sockets, the bots and the database misbehave.

`CHAOS_SEED=… make chaos` repeats a run as far as chance is concerned.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
import pytest
from sqlmodel import Session, col, select

from keys.base.ids import new_id
from keys.base.models import State
from sandbox.sandbox import Sandbox
from sandbox.users.user import User
from storage import StorageUnavailable, open_engine, reading
from storage.tables import Key, OutboxRow
from tests.chaos.invariants import Invariants
from tests.e2e.harness.clocks import clock_of, may_be_wrong
from tests.e2e.harness.program import (
    CHANNEL,
    MANIFEST,
    PEPPER,
    Program,
    eventually,
    free_port,
    slack_settings,
)
from tests.postgresql import Postgresql, may_mount

pytestmark = [pytest.mark.sockets, pytest.mark.chaos, pytest.mark.timeout(900)]

PEOPLE = ["alice", "bob", "carol"]
# A disk of so many megabytes, and a server that needs little of it.
_ROOM = 160
_SMALL = {"max_wal_size": "48MB", "min_wal_size": "32MB", "wal_recycle": "off"}
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "12"))
# So many keys come through in a storm, at least.
ENOUGH = ROUNDS // 3
# How long somebody looks at something that does not come before they begin anew.
PATIENCE = 4.0
METHODS = (
    "chat.postMessage", "chat.update", "users.info", "views.open", "views.update",
    "conversations.open", "conversations.history",
)  # fmt: skip


class Storm:
    """Two bots and a gateway on a PostgreSQL server, and whatever happens to them."""

    def __init__(self, folder: Path, stack: ExitStack, seed: str) -> None:
        self.chance = random.Random(seed)  # noqa: S311  (chance that can be repeated, not a secret)
        self._small_disk = may_mount()
        self.server = stack.enter_context(
            Postgresql(_SMALL, room=_ROOM) if self._small_disk else Postgresql()
        )
        self._full = False
        self._clocks: list[Path] = []
        url = self.server.create("storm")
        self.slack = stack.enter_context(Sandbox(MANIFEST))
        for name in PEOPLE:
            self.slack.add_person(name, role="admin")
        self.slack.add_channel("api-keys", members=PEOPLE)
        self.slack.invite_app(CHANNEL)
        listen = f"127.0.0.1:{free_port()}"
        self._folder, self._stack, self._started = folder, stack, 0
        self._settings = slack_settings(self.slack) | {
            "DATABASE_URL": url, "APIKEYS_PEPPER": PEPPER, "APIKEYS_GATEWAY_LISTEN": listen,
        }  # fmt: skip
        self.engine = open_engine(url)
        stack.callback(self.engine.dispose)
        gateway = self._starts("gateway")
        gateway.waits_until_it_says("The gateway listens")
        self.bots = [self._bot(), self._bot()]
        self.holds = Invariants(self.slack, PEOPLE, f"http://{listen}")
        self.keys = 0

    def _starts(self, only: str) -> Program:
        self._started += 1
        folder = self._folder / f"{only}-{self._started}"
        settings = self._settings | self._clock_of(f"{only}-{self._started}")
        return self._stack.enter_context(Program(folder, settings, only=only))

    def _clock_of(self, name: str) -> dict[str, str]:
        """Has a program read its machine's time from a file, where that is possible here."""
        if not may_be_wrong():
            return {}
        clock = self._folder / f"{name}.clock"
        self._clocks.append(clock)
        return clock_of(clock)

    def _bot(self) -> Program:
        bot = self._starts("slack")
        bot.waits_until_it_says("The bot is connected")
        return bot

    def look(self, check: Callable[[Session], None]) -> None:
        """Checks, if the database can be read."""
        try:
            with reading(self.engine) as session:
                check(session)
        except StorageUnavailable:
            return

    # What goes wrong

    def misbehaves(self) -> str:
        """One thing; says which."""
        self._has_room_again()
        faults, method = self.slack.faults, self.chance.choice(METHODS)
        kinds: dict[str, Callable[[], None]] = {
            "429": lambda: faults.rate_limit(method, retry_after=1, times=2),
            "500": lambda: faults.fail(method, times=2),
            "500 after it was done": lambda: faults.fail(method, after=True),
            "slow": lambda: faults.slow(method, seconds=self.chance.uniform(0.5, 3)),
            "no answer": lambda: faults.slow(method, seconds=10),
            "a delivery twice": faults.double_next_delivery,
            "a delivery lost": faults.drop_next_delivery,
            "a socket closed": lambda: faults.disconnect("refresh_requested"),
            "sockets silent": lambda: faults.stall_socket(),
            "a bot killed": self._kills,
            "the database restarted": self._restarts,
            "a deadlock": self._locks_the_other_way_round,
        }
        if may_be_wrong():
            kinds["a clock set wrong"] = self._sets_a_clock
        if self._small_disk:
            kinds["the database's disk full"] = self._fills_the_disk
        kind = self.chance.choice(sorted(kinds))
        kinds[kind]()
        return f"{kind} ({method})" if kind[0].isdigit() or kind == "slow" else kind

    def _kills(self) -> None:
        victim = self.chance.randrange(len(self.bots))
        self.bots[victim].kill()
        self.bots[victim] = self._bot()

    def _restarts(self) -> None:
        self.server.stop()
        self.server.start()

    def _locks_the_other_way_round(self) -> None:
        """Somebody's statements lock a key and then its account; the program's do the opposite."""
        with (
            suppress(psycopg.Error),
            psycopg.connect(self.server.url("storm"), connect_timeout=2) as them,
        ):
            for _ in range(4):
                with suppress(psycopg.errors.DeadlockDetected), them.transaction():
                    them.execute("SELECT id FROM keys FOR UPDATE")
                    time.sleep(self.chance.uniform(0.1, 0.5))
                    them.execute("SELECT id FROM accounts FOR UPDATE")

    def _sets_a_clock(self) -> None:
        wrong = self.chance.choice(("+2m", "-2m", "+1h", "-1h", "+2d", "+0"))
        self.chance.choice(self._clocks[-6:]).write_text(wrong)

    def _fills_the_disk(self) -> None:
        self.server.fills_up()
        self._full = True

    def _has_room_again(self) -> None:
        if self._full:
            self.server.has_room_again()
            self._full = False

    # What people do

    def works(self, name: str) -> None:
        """Somebody does something, as far as they come."""
        person = self.slack.person(name).reloads().goes_to(CHANNEL)
        act = self.chance.choice(["make", "make", "revoke"])
        mine = self._theirs(name)
        if act == "make" or not mine:
            self.keys += 1
            self._makes(person, f"{name.title()} program, {self.keys}")
        else:
            self._revokes(person, self.chance.choice(mine))

    def _theirs(self, name: str) -> list[str]:
        try:
            with reading(self.engine) as session:
                found = session.exec(
                    select(Key.name).where(
                        Key.state == State.ACTIVE, col(Key.name).startswith(f"{name.title()} ")
                    )
                )
                return sorted(found)
        except StorageUnavailable:
            return []

    def _makes(self, person: User, key: str) -> None:
        person.types(f"/apikeys new {key}")
        if comes(lambda: person.modal is not None and person.modal.title == "New API key"):
            person.submits()
            comes(lambda: "works now" in person.screen())

    def _revokes(self, person: User, key: str) -> None:
        person.types(f"/apikeys revoke {key}")
        if comes(lambda: "Are you sure you want to revoke" in person.screen()):
            person.presses("Revoke")
            comes(lambda: "is refused from now on" in person.screen())

    def came_through(self) -> int:
        """How many keys were made and handed over, whatever became of them since."""
        made = select(Key.id).where(col(Key.state).in_([State.ACTIVE, State.REVOKED]))
        try:
            with reading(self.engine) as session:
                return len(session.exec(made).all())
        except StorageUnavailable:
            return 0

    def calms_down(self) -> None:
        """Nothing goes wrong any more; returns when all that was due is done."""
        self._has_room_again()
        for clock in self._clocks:
            clock.write_text("+0")
        self.slack.faults.clear()
        self.slack.faults.stall_socket(False)
        eventually(lambda: not self._due(), "all is settled", within=240)

    def _due(self) -> bool:
        with reading(self.engine) as session:
            unsaid = select(OutboxRow.id).where(col(OutboxRow.closed_at).is_(None))
            pending = select(Key.id).where(Key.state == State.PENDING)
            return any(session.exec(query).first() for query in (unsaid, pending))


def comes(condition: Callable[[], bool]) -> bool:
    """Whether it does, while somebody is patient."""
    try:
        eventually(condition, within=PATIENCE)
    except AssertionError:
        return False
    return True


@pytest.fixture
def seed() -> str:
    return os.environ.get("CHAOS_SEED") or new_id("seed")


@pytest.fixture
def storm(tmp_path: Path, seed: str) -> Iterator[Storm]:
    with ExitStack() as stack:
        yield Storm(tmp_path, stack, seed)


def test_what_must_hold_holds(storm: Storm, seed: str) -> None:
    happened = [f"CHAOS_SEED={seed}"]
    try:
        with ThreadPoolExecutor(len(PEOPLE)) as pool:
            # Sockets may be silent for most of a storm, which then goes on for longer.
            for number in range(3 * ROUNDS):
                if number >= ROUNDS and storm.came_through() >= ENOUGH:
                    break
                at_work = [pool.submit(storm.works, name) for name in PEOPLE]
                happened.append(storm.misbehaves())
                for each in at_work:
                    each.result()
                storm.look(storm.holds.revoked_is_revoked)
                storm.look(storm.holds.chained)
        storm.calms_down()
        with reading(storm.engine) as session:
            storm.holds.revoked_is_revoked(session)
            storm.holds.given_to_its_person(session)
            storm.holds.chained(session)
            storm.holds.announced_once(session)
            states = Counter(session.exec(select(Key.state)))
        # In the worst of storms little comes through; where nothing did, nothing was tried.
        assert states[State.ACTIVE] + states[State.REVOKED] >= ENOUGH, states
    except AssertionError as error:
        raise AssertionError(f"{error}\n" + "\n".join(happened)) from error
