"""Two hundred admins do the same thing at the same moment."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.manage_keys.revoke_view import QUESTION
from keys.base.models import State
from sandbox.sandbox import Sandbox
from sandbox.users.user import User
from storage import open_engine, reading
from storage.tables import Event, Key, OutboxRow
from tests.e2e.harness.at_work import token_of
from tests.e2e.harness.program import (
    CHANNEL,
    MANIFEST,
    PEPPER,
    Program,
    asks,
    eventually,
    free_port,
    slack_settings,
)
from tests.postgresql import Postgresql

pytestmark = [pytest.mark.sockets, pytest.mark.chaos, pytest.mark.timeout(900)]

ADMINS = 200
SETTLED = 300.0


class Crowd:
    """The admins, and one program with both parts."""

    def __init__(self, slack: Sandbox, url: str, gateway: str) -> None:
        self.slack, self.gateway = slack, gateway
        self.engine = open_engine(url)
        self.names = [f"admin{number:03}" for number in range(ADMINS)]
        self.people = [slack.person(name).goes_to(CHANNEL) for name in self.names]

    def all_at_once(self, does: Callable[[User, int], object]) -> None:
        """Each does it in a thread of their own, at the same moment."""
        together = threading.Barrier(ADMINS)

        def work(number: int) -> None:
            together.wait()
            does(self.people[number], number)

        with ThreadPoolExecutor(ADMINS) as pool:
            for each in [pool.submit(work, number) for number in range(ADMINS)]:
                each.result()

    def states(self) -> list[tuple[str, str]]:
        with reading(self.engine) as session:
            return list(session.exec(select(Key.name, Key.state)))

    def settles(self) -> None:
        def unsaid() -> bool:
            with reading(self.engine) as session:
                open_ones = select(OutboxRow.id).where(col(OutboxRow.closed_at).is_(None))
                return session.exec(open_ones).first() is not None

        eventually(lambda: not unsaid(), "all is said", SETTLED)

    def announced(self, words: str) -> int:
        screen = self.people[0].reloads().goes_to(CHANNEL).screen()
        return len(re.findall(words, screen))

    def events(self, kind: str) -> int:
        with reading(self.engine) as session:
            return len(session.exec(select(Event.id).where(Event.kind == kind)).all())


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[Crowd]:
    listen = f"127.0.0.1:{free_port()}"
    with Postgresql() as server, Sandbox(MANIFEST) as slack:
        url = server.create("crowd")
        names = [f"admin{number:03}" for number in range(ADMINS)]
        for name in names:
            slack.add_person(name, role="admin")
        slack.add_channel("api-keys", members=names)
        slack.invite_app(CHANNEL)
        settings = slack_settings(slack) | {
            "DATABASE_URL": url, "APIKEYS_PEPPER": PEPPER, "APIKEYS_GATEWAY_LISTEN": listen,
            "APIKEYS_LOG_LEVEL": "INFO",
        }  # fmt: skip
        with Program(tmp_path / "program", settings) as program:
            program.waits_until_it_says("The bot is connected")
            made = Crowd(slack, url, f"http://{listen}")
            yield made
            made.engine.dispose()
            program.stop()


def test_one_key_is_revoked_once_whoever_presses(crowd: Crowd) -> None:
    first = crowd.people[0]
    first.types("/apikeys new Zapier, production").sees("Create key", within=15)
    first.submits().sees("works now", within=15).closes()
    token = token_of(first)

    crowd.all_at_once(lambda person, _: person.types("/apikeys revoke Zapier, production"))
    for person in crowd.people:
        person.sees(QUESTION, within=60)
    crowd.all_at_once(lambda person, _: person.presses("Revoke"))
    for person in crowd.people:
        eventually(
            lambda seer=person: re.search(
                r"is refused from now on|was already revoked", seer.screen()
            ),
            f"{person} is told",
            60,
        )
    assert asks(crowd.gateway, token) == 401
    crowd.settles()
    assert crowd.events("key.revoked") == 1
    assert crowd.announced("revoked the key Zapier, production") == 1


def test_of_one_name_there_is_one_key_and_of_many_each_its_own(crowd: Crowd) -> None:
    def opens(person: User, _: int) -> None:
        person.types("/apikeys new Zapier, production")

    crowd.all_at_once(opens)
    for person in crowd.people:
        person.sees("Create key", within=60)
    crowd.all_at_once(lambda person, _: person.submits())
    eventually(
        lambda: [state for _, state in crowd.states()] == [State.ACTIVE], "one of them has it", 120
    )
    told = sum("already" in person.screen() for person in crowd.people)
    assert told == ADMINS - 1

    def names_it(person: User, number: int) -> None:
        if person.modal is not None and person.modal.title == "New API key":
            person.fills(name=f"Program {number:03}, nightly").submits()

    crowd.all_at_once(names_it)
    eventually(
        lambda: sum(state == State.ACTIVE for _, state in crowd.states()) == ADMINS,
        "each has one", SETTLED,
    )  # fmt: skip
    crowd.settles()
    assert crowd.announced(r"created the key [^,]+, ") == ADMINS
    works = [token_of(person) for person in crowd.people]
    assert len(set(works)) == ADMINS
    assert {asks(crowd.gateway, token) for token in works} == {204}
