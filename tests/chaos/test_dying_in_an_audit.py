"""The bot is killed again and again while a team goes through its keys.

Each bot lives until some thing has passed between it and Slack; the next one goes on where it was.
`CRASH_SEED=…` repeats a run as far as chance is concerned.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from sqlmodel import Session, col, select

from bot.manage_keys.revoke_view import QUESTION
from keys.base.ids import new_id
from keys.base.models import State
from sandbox.sandbox import Sandbox
from sandbox.users.user import User
from storage import reading
from storage.tables import Event, Key, Review, ReviewKey
from tests.e2e.harness.crashing import Moment
from tests.e2e.harness.program import CHANNEL, eventually
from tests.e2e.test_crash import SETTLED, World, world

__all__ = ["world"]

pytestmark = [pytest.mark.sockets, pytest.mark.chaos, pytest.mark.timeout(900)]

KILLS = 30
# So many keys an audit has at least.
AUDITED = 3
BOARD = "Audit of the API keys"
# How long somebody waits for what does not come before they begin anew.
PATIENCE = 3.0


def chooses_key(person: User, comes: Callable[[Callable[[], bool]], bool], name: str) -> bool:
    """Open the modal about one key of the audit; False if a bot died before it was there.

    Args:
        comes: waits until something is seen, or the bot has died.
    """
    person.presses("Review keys", on=BOARD)
    if not comes(lambda: person.modal is not None and name in person.screen()):
        return False
    person.chooses(name)
    return comes(lambda: person.modal is not None and "[Keep]" in person.modal.text)


class Team:
    """Alice, who goes through the keys, and what she and the database say about it."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world, self.alice, self._chance = world, world.alice, chance
        self.keys = 0

    def goes_on(self) -> None:
        """The next step of an audit, as far as she comes."""
        self.alice.reloads().goes_to(CHANNEL)
        if self._open() is None:
            self.has_keys()
            self.alice.types("/apikeys audit start")
        elif self.comes(self._stands):
            self.presses()

    def has_keys(self) -> None:
        # No more than needed: each is announced first, and a bot that only announces hears nobody.
        while len(self.world.aftermath.names(State.ACTIVE)) < AUDITED:
            self.keys += 1
            self.world.aftermath.has_a_key(f"Program {self.keys:02}, nightly")

    def presses(self) -> None:
        """A decision about the first key that is left."""
        name = self._ask(
            select(Key.name)
            .join(ReviewKey)
            .join(Review)
            .where(Review.state == "open", ReviewKey.decision == "")
            .order_by(col(ReviewKey.position))
        )
        if name is None or not chooses_key(self.alice, self.comes, name):
            return
        if self._chance.random() < 0.4:
            self.alice.presses("Revoke")
            if self.comes(lambda: QUESTION in self.alice.screen()):
                self.alice.presses("Revoke", on=QUESTION)
        else:
            self.alice.presses("Keep")

    def comes(self, what: Callable[[], bool]) -> bool:
        try:
            eventually(lambda: what() or self.world.trap.is_over, within=PATIENCE)
        except AssertionError:
            return False
        return what()

    def ends_the_audit(self) -> None:
        """With a bot that lives: each decision comes to be, though perhaps not at the first press.

        She may press on what an earlier audit left standing, or where a dead bot had not drawn yet.
        """
        while self._open() is not None:
            left, deadline = self._left(), time.monotonic() + SETTLED
            while self._left() == left and self._open() is not None:
                assert time.monotonic() < deadline, f"{left} left, she sees:\n{self.alice.screen()}"
                self.alice.reloads().goes_to(CHANNEL)
                if self.comes(self._stands):
                    self.presses()
                    self.comes(lambda left=left: self._left() < left)

    @property
    def decided(self) -> int:
        """How many decisions were taken so far."""
        with reading(self.world.aftermath.engine) as session:
            return len(session.exec(select(ReviewKey).where(ReviewKey.decision != "")).all())

    def _stands(self) -> bool:
        screen = self.alice.screen()
        return "[Review keys]" in screen.rpartition(BOARD)[2]

    def _open(self) -> str | None:
        return self._ask(select(Review.id).where(Review.state == "open"))

    def _left(self) -> int:
        undecided = select(ReviewKey.key_id).join(Review)
        with reading(self.world.aftermath.engine) as session:
            return len(
                session.exec(
                    undecided.where(Review.state == "open", ReviewKey.decision == "")
                ).all()
            )

    def _ask(self, query: object) -> str | None:
        with reading(self.world.aftermath.engine) as session:
            found: str | None = session.exec(query).first()  # type: ignore[call-overload]
            return found


def test_whenever_it_dies_in_an_audit(world: World) -> None:
    seed = os.environ.get("CRASH_SEED") or new_id("seed")
    chance = random.Random(seed)  # noqa: S311  (chance that can be repeated, not a secret)
    team = Team(world, chance)
    for number in range(KILLS):
        moment = Moment(chance.randint(1, 12), chance.choice((0, chance.uniform(0, 0.05))))
        with world.bot(f"bot {number:02}", moment):
            team.goes_on()
        world.aftermath.holds(f"bot {number}, killed at {moment}, CRASH_SEED={seed}")
    decided = team.decided
    world.aftermath.lets_claims_end()
    with world.bot("the last") as program:
        team.ends_the_audit()
        world.aftermath.settles(SETTLED)
        with reading(world.aftermath.engine) as session:
            audits = session.exec(select(Review)).all()
            # Where nothing came through, nothing was tried.
            assert decided >= 3, f"{decided} decisions, {len(audits)} audits, CRASH_SEED={seed}"
            _each_decision_was_taken_once(session, seed)
            eventually(
                partial(_posted_once, world.slack, len(audits)),
                f"CRASH_SEED={seed}",
                within=SETTLED,
            )
        world.aftermath.holds_in_the_end(f"in the end, CRASH_SEED={seed}")
        program.stop()


def _each_decision_was_taken_once(session: Session, seed: str) -> None:
    for kind in ("audit.kept", "key.revoked"):
        # An audit's entry names the audit in its data.
        taken = Counter(
            session.exec(select(Event.key_id, Event.data).where(Event.kind == kind)).all()
        )
        twice = [key_id for (key_id, _), times in taken.items() if times > 1]
        assert not twice, f"{kind} twice: {twice}, CRASH_SEED={seed}"
    undecided = session.exec(select(ReviewKey).where(ReviewKey.decision == "")).all()
    assert not undecided, f"CRASH_SEED={seed}"


def _posted_once(slack: Sandbox, audits: int) -> bool:
    channel = slack.workspace.channel_named(CHANNEL)
    assert channel is not None
    messages = slack.workspace.messages_for(slack.person("alice").id, channel.id)
    texts = [f"{message.text} {message.blocks}" for message in messages]
    boards, ends = (sum(words in text for text in texts) for words in (BOARD, "is over:"))
    assert boards <= audits, f"{boards} lists were posted for {audits} audits"
    assert ends <= audits, f"{ends} ends were posted for {audits} audits"
    return (boards, ends) == (audits, audits)
