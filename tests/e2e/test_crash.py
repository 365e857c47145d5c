"""The bot is killed fifty times, while keys are made and revoked; what must hold, holds.

Each time it is killed at another thing that passes between it and Slack: as that begins, or when
it is done but the bot does not know yet, or some milliseconds later, between its own steps. The
order is random; `CRASH_SEED=… pytest tests/e2e/test_crash.py` repeats one.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from bot.manage_keys.revoke_view import QUESTION
from bot.token_delivery.deliver import LEASE
from keys.base.ids import new_id
from keys.base.models import State
from sandbox.sandbox import Sandbox
from tests.e2e.harness.crashing import Aftermath, Moment, Trap
from tests.e2e.harness.program import (
    CHANNEL,
    MANIFEST,
    Program,
    eventually,
    free_port,
    slack_settings,
)

pytestmark = [pytest.mark.sockets, pytest.mark.crash, pytest.mark.timeout(600)]

KILLS = 25  # of each kind
SETTLED = LEASE.total_seconds() + 30


class World:
    """A practice Slack with an admin, a gateway that nobody kills, and bots that are."""

    def __init__(self, slack: Sandbox, gateway: str, folder: Path, trap: Trap) -> None:
        self.trap = trap
        self.slack = slack
        self.alice = slack.person("alice").goes_to(CHANNEL)
        self.aftermath = Aftermath(slack, self.alice, gateway, folder / "home")
        self._folder = folder
        self._settings = slack_settings(slack) | {"APIKEYS_HOME": str(folder / "home")}

    @contextmanager
    def bot(
        self, name: str, moment: Moment | None = None, more: Mapping[str, str] | None = None
    ) -> Iterator[Program]:
        """A bot that has connected, and is killed at that moment if there is one.

        Args:
            more: what its environment has beside the settings.
        """
        settings = {**self._settings, **(more or {})}
        with Program(self._folder / name, settings, only="slack") as program:
            program.waits_until_it_says("The bot is connected to Slack")
            self.trap.set(program, moment)
            yield program
            if moment is not None:
                self.trap.springs_by_now()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    listen = f"127.0.0.1:{free_port()}"
    settings = {"APIKEYS_GATEWAY_LISTEN": listen, "APIKEYS_HOME": str(tmp_path / "home")}
    with (
        Sandbox(MANIFEST) as slack,
        Program(tmp_path / "gateway", settings, only="gateway") as gateway,
    ):
        slack.add_person("alice", role="admin")
        slack.add_channel("api-keys", members=["alice"])
        slack.invite_app(CHANNEL)
        gateway.waits_until_it_says("The gateway listens")
        made = World(slack, f"http://{listen}", tmp_path, Trap(slack, monkeypatch))
        yield made
        made.aftermath.close()
        gateway.stop()


def makes(world: World, name: str) -> None:
    """Alice makes a key, as far as she comes."""
    world.alice.types(f"/apikeys new {name}")

    def opened() -> bool:
        # What an earlier one came to may still stand there until this one has opened.
        return world.alice.modal is not None and world.alice.modal.title == "New API key"

    eventually(lambda: opened() or world.trap.is_over, "the modal")
    if opened():
        world.alice.submits()


def revokes(world: World, name: str) -> None:
    """Alice revokes a key, as far as she comes."""
    world.alice.types(f"/apikeys revoke {name}")
    eventually(lambda: QUESTION in world.alice.screen() or world.trap.is_over, "question")
    if QUESTION in world.alice.screen():
        world.alice.presses("Revoke")


def rotates(world: World, name: str) -> None:
    """Alice rotates a key, as far as she comes."""
    world.alice.types(f"/apikeys rotate {name}")

    def opened() -> bool:
        return world.alice.modal is not None and world.alice.modal.title == "Rotate API key"

    eventually(lambda: opened() or world.trap.is_over, "the modal")
    if opened():
        world.alice.submits()


def moments(passes: int, seed: str) -> list[Moment]:
    """One at each thing that passes, in random order; where there are few, several."""
    chance = random.Random(seed)  # noqa: S311  (chance that can be repeated, not a secret)
    counts = [1 + number % passes for number in range(KILLS)]
    chance.shuffle(counts)
    return [Moment(count, chance.choice((0, chance.uniform(0, 0.03)))) for count in counts]


@pytest.mark.parametrize("act", [makes, revokes, pytest.param(rotates, marks=pytest.mark.chaos)])
def test_whenever_it_dies(act: Callable[[World, str], None], world: World) -> None:
    seed = os.environ.get("CRASH_SEED") or new_id("seed")
    aftermath = world.aftermath

    def ready(name: str) -> str:
        if act is not makes:
            aftermath.has_a_key(name)
        return name

    name = ready("Undisturbed, nightly")
    with world.bot("undisturbed") as program:
        act(world, name)
        aftermath.settles(SETTLED)
        passes = world.trap.passed
        program.stop()
    for number, moment in enumerate(moments(passes, seed)):
        name = ready(f"Program {number:02}, nightly")
        with world.bot(f"bot {number:02}", moment):
            act(world, name)
        aftermath.holds(f"{name}, killed at {moment} of {passes}, CRASH_SEED={seed}")
        world.alice.reloads()
    aftermath.lets_claims_end()
    with world.bot("the last") as program:
        aftermath.settles(SETTLED)
        aftermath.holds_in_the_end(f"in the end, CRASH_SEED={seed}")
        lost = aftermath.names(State.ABANDONED)
        assert bool(lost) is (act is makes)
        for given_up in lost[:1]:
            makes(world, given_up)
            eventually(partial(aftermath.works, given_up), given_up)
        program.stop()
