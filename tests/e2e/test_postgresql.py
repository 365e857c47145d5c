"""The real program on PostgreSQL, also by way of PgBouncer in transaction mode."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from storage import StorageUnavailable, open_engine, reading
from tests import pgbouncer
from tests.e2e.harness.at_work import World, at_work, unchanged
from tests.e2e.harness.clocks import clock_of, may_be_wrong
from tests.e2e.harness.program import CHANNEL, PEPPER, Program, free_port, slack_settings
from tests.postgresql import Postgresql

pytestmark = pytest.mark.sockets
PEOPLE = {"bob": ("Bob Brown", "admin")}


@pytest.fixture(params=["direct", "pooled"])
def world(
    request: pytest.FixtureRequest, postgresql: Postgresql, tmp_path: Path
) -> Iterator[World]:
    if request.param == "pooled" and pgbouncer.program() is None:
        pytest.skip("no PgBouncer: Debian's package of that name brings it")
    name = f"program_{request.param}"
    url = postgresql.create(name)
    with ExitStack() as stack:
        settings = {"DATABASE_URL": url, "APIKEYS_PEPPER": PEPPER}
        if request.param == "pooled":
            pooler = stack.enter_context(pgbouncer.pooled(url, free_port()))
            settings |= {"DATABASE_URL": pooler, "DATABASE_DIRECT_URL": url}
        folder = tmp_path / "program"
        yield stack.enter_context(
            at_work(folder, PEOPLE, page=False, http=False, before=unchanged, **settings)
        )


def test_a_keys_life(world: World) -> None:
    bob = world.slack.person("bob").goes_to(CHANNEL)
    tokens = [world.makes_key(f"Program {number}, nightly") for number in range(8)]
    assert [world.asks(token) for token in tokens] == [204] * 8
    for number, token in enumerate(tokens):
        bob.types(f"/apikeys revoke Program {number}, nightly")
        bob.sees("Are you sure you want to revoke", within=15).presses("Revoke")
        bob.sees("is refused from now on", within=15)
        assert world.asks(token) == 401
        bob.reloads()
    said = " ".join(message.text for message in bob.dm.messages)
    assert "did not confirm" not in said
    assert re.search(r"did not answer", bob.screen()) is None


def test_whoever_finds_no_connection_free_is_told_so(postgresql: Postgresql) -> None:
    engine = open_engine(postgresql.url(), connections=2)
    try:
        with (
            engine.connect(),
            engine.connect(),
            pytest.raises(StorageUnavailable, match="busy"),
            reading(engine) as session,
        ):
            session.connection()
    finally:
        engine.dispose()


@pytest.mark.skipif(not may_be_wrong(), reason="Debian's package libfaketime brings such a clock")
def test_bots_whose_clocks_differ_do_nothing_twice(postgresql: Postgresql, tmp_path: Path) -> None:
    """To a clock that is ahead, what somebody has just claimed would be free again."""
    settings = {"DATABASE_URL": postgresql.create("clocks_differ"), "APIKEYS_PEPPER": PEPPER}
    wrong = tmp_path / "clock"
    with at_work(tmp_path / "program", PEOPLE, page=False, **settings) as world:  # type: ignore[arg-type]
        # Nor can anybody look up what was said.
        world.slack.install.scopes -= {"channels:history", "groups:history", "im:history"}
        ahead = settings | slack_settings(world.slack) | clock_of(wrong)
        wrong.write_text("+2m")
        with Program(tmp_path / "ahead", ahead, only="slack") as other:
            other.waits_until_it_says("The bot is connected")
            world.slack.faults.slow("chat.postMessage", seconds=2.5, times=100)
            names = [f"Program {number}, nightly" for number in range(3)]
            for name in names:
                world.makes_key(name)
            bob = world.slack.person("bob").reloads().goes_to(CHANNEL)
            for name in names:
                bob.sees(f"created the key {name}", within=30)
            world.slack.faults.clear()
            world.makes_key("The last, nightly")
            bob.sees("created the key The last, nightly", within=30)
            said = [bob.screen().count(f"created the key {name}") for name in names]
            assert said == [1, 1, 1]
