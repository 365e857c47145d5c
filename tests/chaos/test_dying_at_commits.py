"""The bot is killed before and after every commit of what an admin does, one after the other.

tests/e2e/test_crash.py kills at what passes between the bot and Slack; this is the other side.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from bot.manage_keys.revoke_view import QUESTION
from keys.base.actors import Actor
from keys.base.models import State
from keys.base.policy import AuditRules
from keys.changes.change import change
from keys.lifecycle.revoke import revoke_key
from keys.reviews import lifecycle, progress
from tests.chaos.test_dying_in_an_audit import BOARD, chooses_key
from tests.e2e.harness.program import CHANNEL, eventually
from tests.e2e.test_crash import SETTLED, World, makes, revokes, rotates, world

__all__ = ["world"]

pytestmark = [pytest.mark.sockets, pytest.mark.chaos, pytest.mark.timeout(900)]

DYING = Path(__file__).parent / "dying"
# So long somebody waits for what a dead bot will not do.
PATIENCE = 2.0
ME = Actor.operator("test")

Act = Callable[[World, str], None]


def ready(world: World, act: Act, name: str) -> str:
    """What has to be there before."""
    if act is not makes:
        world.aftermath.has_a_key(name)
    if act in (keeps, revokes_in_an_audit):
        has_an_audit_of(world, name)
    return name


def has_an_audit_of(world: World, name: str) -> None:
    """Begins an audit of this key alone."""
    services = world.aftermath.application.services(world.aftermath.account)
    for key_id, other in world.aftermath.active():
        if other != name:
            with change(services, ME) as revoked:
                revoke_key(revoked, key_id)
    with change(services, ME) as begun:
        # One that is open has come to its end by that.
        progress.run_due(begun.acting_as(Actor.system("test")), AuditRules())
        lifecycle.begin(begun, f"asked:{name}", AuditRules())


def keeps(world: World, name: str) -> None:
    """Alice keeps the key, as far as she comes."""
    if _chooses(world, name):
        world.alice.presses("Keep")


def revokes_in_an_audit(world: World, name: str) -> None:
    """Alice revokes the key in the audit, as far as she comes."""
    if _chooses(world, name):
        world.alice.presses("Revoke")
        if comes(world, lambda: QUESTION in world.alice.screen()):
            world.alice.presses("Revoke", on=QUESTION)


def comes(world: World, what: Callable[[], bool]) -> bool:
    """Whether it does, while the bot lives."""
    eventually(lambda: what() or world.trap.is_over, "an answer, or death")
    return what()


def _chooses(world: World, name: str) -> bool:
    """Open the modal about the key, in the audit's window; False if the bot died before."""
    world.alice.reloads().goes_to(CHANNEL)
    stands = comes(world, lambda: "[Review keys]" in world.alice.screen().rpartition(BOARD)[2])
    return stands and chooses_key(world.alice, partial(comes, world), name)


@pytest.mark.parametrize("act", [makes, revokes, rotates, keeps, revokes_in_an_audit])
def test_whenever_it_dies_at_a_commit(act: Act, world: World, tmp_path: Path) -> None:
    at_work = tmp_path / "dying"
    at_work.mkdir()
    dies = {"PYTHONPATH": str(DYING), "DIES_IN": str(at_work)}

    name = ready(world, act, "Undisturbed, nightly")
    with world.bot("undisturbed", more=dies) as program:
        (at_work / "armed").write_text("never")
        act(world, name)
        world.aftermath.settles(SETTLED)
        program.stop()
    commits = len((at_work / "commits").read_text())
    assert commits >= 3, "too few commits were seen"

    killed = 0
    for number in range(1, commits + 1):
        for side in ("before", "after"):
            (at_work / "armed").unlink()
            name = ready(world, act, f"Program {number:02} {side}, nightly")
            when = f"{name}, killed {side} commit {number} of {commits}"
            with world.bot(name, more=dies) as program:
                (at_work / "armed").write_text(f"{number} {side}")
                act(world, name)
                killed += world.trap.dies_by_itself(PATIENCE)
            world.aftermath.holds(when)
            world.alice.reloads()
    # Where nobody died nothing was tried; the last commits do not come at each time.
    assert killed >= commits, f"{killed} of {2 * commits}"
    world.aftermath.lets_claims_end()
    with world.bot("the last") as program:
        world.aftermath.settles(SETTLED)
        world.aftermath.holds_in_the_end("in the end")
        lost = world.aftermath.names(State.ABANDONED)
        assert bool(lost) is (act is makes)
        program.stop()
