"""Finding out what is wrong with a token that an admin pastes into a modal."""

from __future__ import annotations

from bot.browse_keys import check_view
from bot.framework.interaction import Turn
from bot.ui import form_values, ids
from keys.search import diagnosis


def open_check(turn: Turn) -> None:
    """Opens the modal."""
    turn.acknowledge()
    turn.context.slack.open_view(turn.trigger, check_view.ask(turn.ref()))


def checked(turn: Turn) -> None:
    """Answers in the modal. The token goes no further than this."""
    context = turn.context
    pasted = form_values.text(turn.view, ids.PASTED)
    with context.reading() as session:
        found = diagnosis.diagnose(context.service, session, pasted)
    turn.show(check_view.answer(found, turn.ref()))
