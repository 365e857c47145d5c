"""More than a year of audits: two bots on one database, clocks that change, bots that die anywhere.

Whatever happens, each audit begins once, its lists and its end are posted once, and each decision
is taken once, by the first who decides.
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
from keys.reviews import lifecycle, queries
from keys.reviews.models import Decision, Stage
from sandbox.sandbox import Sandbox
from storage import reading
from storage.tables import Event, LiveMessageRow, Review
from tests.bot.harness.fake_slack import FakeTime
from tests.bot.harness.working import worker_of
from tests.bot.test_listeners_practice import MANIFEST, practice_calls
from tests.databases import fresh_on
from tests.keys.chain import verify_chain
from tests.keys.conftest import Domain, open_application_at

SEED = int(os.environ.get("AUDIT_SEED", random.SystemRandom().randrange(10**6)))
PLACES = (
    ("sqlite", "Europe/Berlin"), ("postgresql", "Europe/Berlin"), ("postgresql", "America/Chicago"),
)  # fmt: skip
OWNERS = ("alice", "bob", "carol", "dora")
KEYS = 9
# From one winter to the next, with both changes of the clocks in between.
QUARTERS = ((2027, 1), (2027, 4), (2027, 7), (2027, 10), (2028, 1))
# What is looked at of an audit: before it is due, then, a little later, after the first and the
# last reminder, the escalation, and the end.
LOOKS = (
    timedelta(minutes=-5), timedelta(), timedelta(hours=5), timedelta(days=8), timedelta(days=18),
    timedelta(days=20, hours=1), timedelta(days=22),
)  # fmt: skip


class Died(BaseException):
    """Stands for `kill -9`: nothing in the program may catch it."""


class SlackTime:
    """The practice Slack's clock: the domain's."""

    def __init__(self, domain: Domain) -> None:
        self._house = domain

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

        time, domain = FakeTime(), team.domain
        slack = SlackClient(
            attempt,
            sleep=time.sleep,
            monotonic=time.monotonic,
            puts=lambda address, content, _: self._put(team, address, content),
        )
        context = Context(
            services=replace(domain.services, policy=team.policy),
            slack=slack,
            admins=Admins(slack, SlackAdmins(), Workspace(team.slack.team_id), domain.clock),
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

    def __init__(self, domain: Domain, zone: str) -> None:
        self.domain = domain
        self.slack = Sandbox(MANIFEST, clock=SlackTime(domain))
        for name in OWNERS:
            self.slack.add_person(name, role="admin" if name in ("alice", "bob") else "member")
        self.slack.add_channel("api-keys", members=list(OWNERS))
        self.slack.invite_app("api-keys")
        self.policy = Policy(timezone=ZoneInfo(zone), audits=AuditRules())
        self.people = {name: self.slack.person(name).id for name in OWNERS}
        self.random = random.Random(SEED)  # noqa: S311  (no secret)
        self.keys = [
            domain.issue(f"Key {n}", owner=self.people[OWNERS[n % len(OWNERS)]])[0].id
            for n in range(KEYS)
        ]
        self.bots = [Bot(self, 1e9), Bot(self, 1e9)]

    def both_run(self, *, mortal: bool) -> None:
        """Both bots run at the same time; one that dies is started again.

        One that was to die and has survived may still die in the next run, over what the other
        left behind.
        """
        if mortal:
            self.bots = [Bot(self, self.random.randrange(1, 40) / 2) for _ in range(2)]
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
            with self.domain.change(actor) as change:
                lifecycle.keep(change, audit_id, key_id)

        threads = [threading.Thread(target=keep, args=(name,)) for name in ("alice", "bob")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

    def open_audit(self) -> str | None:
        with reading(self.domain.engine, self.domain.account) as session:
            found = queries.newest(session)
        return found.id if found and found.stage is Stage.OPEN else None

    def posted(self, *words: str, place: str = "api-keys") -> int:
        """How many messages with any of these words are in a channel, or an owner's direct one."""
        if place in OWNERS:
            messages = self.slack.person(place).dm.messages
        else:
            channel = self.slack.workspace.channel_named(place)
            assert channel is not None
            messages = self.slack.workspace.messages_for(self.people["alice"], channel.id)
        return sum(any(one in message.text for one in words) for message in messages)


@pytest.fixture(params=PLACES, ids=lambda place: f"{place[0]}-{place[1].rpartition('/')[2]}")
def team(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Team]:
    database, zone = request.param
    if database == "sqlite":
        yield from at_work(f"sqlite:///{tmp_path / 'keys.db'}", zone)
    else:
        with fresh_on(request.getfixturevalue("postgresql")) as url:
            yield from at_work(url, zone)


def at_work(url: str, zone: str) -> Iterator[Team]:
    domain = open_application_at(url)
    made = Team(domain, zone)
    yield made
    made.slack.close()
    domain.close()


def moments(zone: str) -> list[datetime]:
    """Around each moment of the schedule, and in between: ascending."""
    found = []
    for year, month in QUARTERS:
        first = datetime(year, month, 1, 9, tzinfo=ZoneInfo(zone))
        due = first + timedelta(days=(7 - first.weekday()) % 7)
        found += [due + look for look in LOOKS]
    return [moment.astimezone(UTC) for moment in found]


@pytest.mark.usefixtures("no_picture")
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_each_audit_once_for_a_year_although_bots_die(team: Team) -> None:
    zone = str(team.policy.timezone)
    domain, begun, kept = team.domain, [], Counter[str]()
    for number, moment in enumerate(moments(zone)):
        domain.clock.move(moment - domain.clock.now())
        team.both_run(mortal=True)
        # Whatever a dead bot held is free again after its lease.
        domain.clock.move(timedelta(minutes=2))
        team.both_run(mortal=False)
        audit_id = team.open_audit()
        if audit_id is None:
            continue
        if audit_id not in begun:
            assert number % len(LOOKS) == 1, f"it began at {moment}, seed {SEED}"
            begun.append(audit_id)
        for key_id in team.random.sample(team.keys, 2):
            team.decides(audit_id, key_id)
    domain.clock.move(timedelta(days=30))
    for _ in range(3):
        team.both_run(mortal=False)
        domain.clock.move(timedelta(minutes=2))
    assert len(begun) == len(QUARTERS), SEED
    with reading(domain.engine, domain.account) as session:
        rows = session.exec(select(Review)).all()
        events = session.exec(select(Event)).all()
        assert verify_chain(session) is None
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
        with reading(domain.engine, domain.account) as session:
            audit = queries.get(session, audit_id)
        decided = sum(1 for place in kept if place.startswith(audit_id))
        assert audit.decided.get(Decision.KEPT, 0) == decided, "none is lost"
        assert audit.stage is Stage.FINISHED
    assert team.posted("Audit of the API keys") == len(QUARTERS), SEED
    assert team.posted(" keys is over: ", " key is over: ") == len(QUARTERS), SEED
    started = {json.loads(event.data)["audit"] for event in events if event.kind == "audit.started"}
    assert started == set(begun)
    for name in OWNERS:
        lists = team.posted(*_LISTS, place=name)
        assert len(QUARTERS) <= lists <= 3 * len(QUARTERS), (name, SEED)
        assert lists == _asked_for(team, name), (name, SEED)


# An owner's list in each of its states.
_LISTS = (
    "Which of your API keys are still needed?",
    "All your API keys have a decision.",
    "There is a newer list of your keys below.",
    "The audit of the API keys is over. Nothing is left",
)


def _asked_for(team: Team, name: str) -> int:
    """How many lists an owner was to get."""
    with reading(team.domain.engine) as session:
        found = session.exec(
            select(LiveMessageRow).where(
                LiveMessageRow.kind == queries.MESSAGE_KIND,
                LiveMessageRow.recipient == f"person:{team.people[name]}",
            )
        ).all()
    return len(found)
