"""Revoking a key after the question was answered: do it, say how far it has come, and watch on."""

from __future__ import annotations

import logging

from bot.blocks import revoke
from bot.turn import Turn
from keys import spreading
from keys.errors import StorageUnavailable
from keys.gateways import GONE_AFTER
from keys.spreading import Spread
from storage import writing

logger = logging.getLogger("bot")

# Long enough for gateways, which take milliseconds, and short enough for the person who waits.
FIRST_LOOK = 1.0
# Afterwards a gateway that stays silent is taken for stopped, and nobody waits for it any more.
LAST_LOOK = GONE_AFTER.total_seconds() + 5


def carry_out(turn: Turn, key_id: str) -> None:
    """Revokes the key and redraws the question; of two presses the second finds it done.

    The message says how many gateways have confirmed. If one has not, it is watched, and the
    message is redrawn when it has, or when it must have stopped.
    """
    context = turn.context
    with writing(context.engine) as session:
        outcome = context.service.revoke(session, context.account_id, key_id, turn.actor)
    since = context.clock.monotonic()
    if outcome.fence is None:
        turn.say(revoke.already_revoked(outcome.key), replace=True)
        return
    context.nudge()
    spread = _watch(turn, outcome.fence, since, FIRST_LOOK)
    turn.say(revoke.revoked(outcome.key, spread), replace=True)
    if spread is not None and not spread.everywhere:
        last = _watch(turn, outcome.fence, since, LAST_LOOK)
        turn.say(revoke.revoked(outcome.key, last, watching=False), replace=True)


def _watch(turn: Turn, fence: str, since: float, seconds: float) -> Spread | None:
    """How far it has come; None if that cannot be found out. The key is revoked in any case."""
    context = turn.context
    try:
        return spreading.watch(
            context.engine,
            context.clock,
            fence,
            for_seconds=seconds,
            since=since,
            sleep=context.sleep,
        )
    except StorageUnavailable:
        logger.exception("gateways could not be asked for what they have applied")
        return None
