"""Two years of audits: two bots on one database, clocks that change, and bots that die anywhere.

Whatever happens, each audit begins once, its lists and its end are posted once, and each decision
is taken once, by whoever was first.
"""

from __future__ import annotations

import json
import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from bot.authorization.admins import Admins, SlackAdmins, Workspace
from bot.framework.context import Context
from bot.reviews import jobs
from bot.slack_api.client import SlackClient
from keys.base.actors import Actor
from keys.base.policy import AuditRules, Policy
from keys.changes import audit_log
from keys.changes.change import within
from keys.reviews import lifecycle, queries
from keys.reviews.models import Decision, Stage
from sandbox.sandbox import Sandbox
from storage import reading, writing
from storage.tables import Event, Review
from tests.bot.fake_slack import FakeTime
from tests.bot.test_listeners_practice import MANIFEST, practice_calls
from tests.bot.working import worker_of
from tests.databases import fresh_on
from tests.keys.conftest import Domain, open_application_at

SEED = int(os.environ.get("AUDIT_SEED", random.SystemRandom().randrange(10**6)))
PLACES = (
    ("sqlite", "Europe/Berlin"), ("postgresql", "Europe/Berlin"), ("postgresql", "America/Chicago"),
)  # fmt: skip
OWNERS = ("alice", "bob", "carol", "dora")
KEYS = 9
QUIET, LATE = timedelta(days=4), timedelta(hours=5)


class Died(BaseException):
    """Stands for `kill -9`: nothing in the program may catch it."""


class SlackTime:
    """The practice Slack's clock: the house's own."""

    def __init__(self, house: Domain) -> None:
        self._house = house

    def now(self) -> float:
        return self._house.clock.now().timestamp()

    def real_seconds_until(self, moment: float) -> float | None:
        return None

    def on_move(self, callback: Callable[[], None]) -> None:
        """Nothing in this practice Slack waits for a time."""


class Bot:
    """A bot; with `dies_at`, it dies before or after so many calls of Slack."""

    def __init__(self, team: Team, dies_at: float) -> None:
        self._left = dies_at
        calls = practice_calls(team.slack)

        def attempt(method: str, args: dict[str, Any], **how: Any) -> dict[str, Any]:
            self._dies_here()
            answer: dict[str, Any] = calls(method, args, **how)
            self._dies_here()
            return answer

        time, house = FakeTime(), team.house
        slack = SlackClient(
            attempt,
            sleep=time.sleep,
            monotonic=time.monotonic,
            puts=lambda address, content, _: self._put(team, address, content),
        )
        context = Context(
            services=replace(house.service, policy=team.policy),
            slack=slack,
            admins=Admins(slack, SlackAdmins(), Workspace(team.slack.team_id), house.clock),
            channel="#api-keys",
            token_minutes=15,
            api_url="http://127.0.0.1:8321",
        )
        self._following = worker_of(context, jobs=jobs.JOBS)

    def _dies_here(self) -> None:
        self._left -= 0.5
        if self._left <= 0:
            raise Died

    def _put(self, team: Team, address: str, content: bytes) -> int:
        self._dies_here()
        with team.slack.workspace.change():
            taken = team.slack.workspace.files.receive(address.rpartition("/")[2], content)
        self._dies_here()
        return 200 if taken else 400

    def runs(self) -> bool:
        """Rounds until nothing is due; False if it died."""
        try:
            for _ in range(500):
                if not self._following.run_once():
                    return True
        except Died:
            return False
        raise AssertionError("there is always something due")


class Team:
    """A team with keys, on a database and in a practice Slack."""

    def __init__(self, house: Domain, zone: str) -> None:
        self.house = house
        self.slack = Sandbox(MANIFEST, clock=SlackTime(house))
        for name in OWNERS:
            self.slack.add_person(name, role="admin" if name in ("alice", "bob") else "member")
        self.slack.add_channel("api-keys", members=list(OWNERS))
        self.slack.invite_app("api-keys")
        self.policy = Policy(timezone=ZoneInfo(zone), audits=AuditRules())
        self.people = {name: self.slack.person(name).id for name in OWNERS}
        self.random = random.Random(SEED)  # noqa: S311  (no secret)
        self.keys = [
            house.issue(f"Key {n}", owner=self.people[OWNERS[n % len(OWNERS)]])[0].id
            for n in range(KEYS)
        ]
        self.bots = [Bot(self, 1e9), Bot(self, 1e9)]

    def both_run(self, *, mortal: bool) -> None:
        """Both bots run at the same time; whoever dies is started anew."""
        if mortal:
            self.bots = [Bot(self, self.random.randrange(1, 60) / 2) for _ in range(2)]
        alive: dict[int, bool] = {}

        def run(number: int) -> None:
            alive[number] = self.bots[number].runs()

        threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert set(alive) == {0, 1}, "a bot hangs"
        self.bots = [
            bot if alive[number] else Bot(self, 1e9) for number, bot in enumerate(self.bots)
        ]

    def decides(self, audit_id: str, key_id: str) -> None:
        """Two admins press at once."""

        def keep(name: str) -> None:
            actor = Actor.person(self.people[name])
            with writing(self.house.engine, self.house.account) as session:
                lifecycle.keep(
                    within(self.house.service, session, actor),
                    audit_id,
                    key_id,
                )

        threads = [threading.Thread(target=keep, args=(name,)) for name in ("alice", "bob")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

    def open_audit(self) -> str | None:
        with reading(self.house.engine, self.house.account) as session:
            found = queries.newest(session)
        return found.id if found and found.stage is Stage.OPEN else None

    def posted(self, words: str, place: str = "api-keys") -> int:
        """How many messages with these words stand in a channel, or in somebody's direct one."""
        if place in OWNERS:
            messages = self.slack.person(place).dm.messages
        else:
            channel = self.slack.workspace.channel_named(place)
            assert channel is not None
            messages = self.slack.workspace.messages_for(self.people["alice"], channel.id)
        return sum(words in message.text for message in messages)


@pytest.fixture(params=PLACES, ids=lambda place: f"{place[0]}-{place[1].rpartition('/')[2]}")
def team(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Team]:
    database, zone = request.param
    if database == "sqlite":
        yield from at_work(f"sqlite:///{tmp_path / 'keys.db'}", zone)
    else:
        with fresh_on(request.getfixturevalue("postgresql")) as url:
            yield from at_work(url, zone)


def at_work(url: str, zone: str) -> Iterator[Team]:
    house = open_application_at(url)
    made = Team(house, zone)
    yield made
    made.slack.close()
    house.close()


def moments(zone: str, years: int = 2) -> list[datetime]:
    """Around each moment of the schedule, and in between: ascending."""
    found = []
    for year in (2027, 2028)[:years]:
        for month in (1, 4, 7, 10):
            first = datetime(year, month, 1, 9, tzinfo=ZoneInfo(zone))
            due = first + timedelta(days=(7 - first.weekday()) % 7)
            found += [
                (due - timedelta(minutes=5)),
                due,
                due + LATE,
                *(due + n * QUIET for n in range(1, 7)),
            ]
    return [moment.astimezone(UTC) for moment in found]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_each_audit_once_for_two_years_although_bots_die(team: Team) -> None:
    zone = str(team.policy.timezone)
    house, begun, kept = team.house, [], Counter[str]()
    for number, moment in enumerate(moments(zone)):
        house.clock.move(moment - house.clock.now())
        team.both_run(mortal=True)
        # Whatever a dead bot held is free again after its lease.
        house.clock.move(timedelta(minutes=2))
        team.both_run(mortal=False)
        audit_id = team.open_audit()
        if audit_id is None:
            continue
        if audit_id not in begun:
            assert number % 9 == 1, f"it began at {moment}, seed {SEED}"
            begun.append(audit_id)
        for key_id in team.random.sample(team.keys, 2):
            team.decides(audit_id, key_id)
    house.clock.move(timedelta(days=30))
    for _ in range(3):
        team.both_run(mortal=False)
        house.clock.move(timedelta(minutes=2))
    assert len(begun) == 8, SEED
    with reading(house.engine, house.account) as session:
        rows = session.exec(select(Review)).all()
        events = session.exec(select(Event)).all()
        assert audit_log.verify_chain(session) is None
    assert sorted(row.id for row in rows) == sorted(begun)
    local = {
        datetime.fromisoformat(row.period).astimezone(ZoneInfo(zone)).strftime("%a %H:%M")
        for row in rows
    }
    assert local == {"Mon 09:00"}
    for event in events:
        if event.kind == "audit.kept":
            kept[f"{json.loads(event.data)['audit']}:{event.key_id}"] += 1
    assert set(kept.values()) == {1}, "none is taken twice"
    for audit_id in begun:
        with reading(house.engine, house.account) as session:
            audit = queries.get(session, audit_id)
        decided = sum(1 for place in kept if place.startswith(audit_id))
        assert audit.decided.get(Decision.KEPT, 0) == decided, "none is lost"
        assert audit.stage is Stage.FINISHED
    assert team.posted("Time to go through the API keys.") == 8, SEED
    assert team.posted("The audit of the API keys is over.") == 8, SEED
    with reading(house.engine) as session:
        rounds = {
            json.loads(event.data)["audit"]: 0 for event in events if event.kind == "audit.started"
        }
    assert len(rounds) == 8
    for name in OWNERS:
        lists = team.posted("Time to go through your API keys.", name)
        assert 8 <= lists <= 24, (name, SEED)
        assert lists == _asked_for(team, name), (name, SEED)


def _asked_for(team: Team, name: str) -> int:
    """How many lists somebody was to get."""
    from storage.tables import LiveMessageRow

    with reading(team.house.engine) as session:
        found = session.exec(
            select(LiveMessageRow).where(
                LiveMessageRow.kind == queries.MESSAGE_KIND,
                LiveMessageRow.recipient == f"person:{team.people[name]}",
            )
        ).all()
    return len(found)
