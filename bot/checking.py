"""Finding out what is wrong with a token that an admin pastes into a modal."""

from __future__ import annotations

from bot import filled_in
from bot.blocks import check as blocks
from bot.blocks import ids
from bot.turn import Turn
from keys import diagnosis
from storage import reading


def open_check(turn: Turn) -> None:
    """Opens the modal."""
    turn.acknowledge()
    turn.context.slack.open_view(turn.trigger, blocks.ask(turn.ref()))


def checked(turn: Turn) -> None:
    """Answers in the modal. The token goes no further than this."""
    context = turn.context
    pasted = filled_in.text(turn.view, ids.PASTED)
    with reading(context.engine) as session:
        found = diagnosis.diagnose(context.service, session, context.account_id, pasted)
    turn.show(blocks.answer(found, turn.ref()))
