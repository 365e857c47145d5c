"""Handle the buttons of a reminder: extend the key, or let it expire."""

from __future__ import annotations

from datetime import timedelta

from bot.expiry import views
from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.ui import form_values, ids, replies
from keys.base.models import State
from keys.changes.authorization import admins
from keys.operations import AcceptExpiry, SetExpiry

# Proposed if the team has no policy.
_PROPOSED = timedelta(days=90)
router = Router()


@router.action(ids.EXTEND, allow=admins)
def open_extend(interaction: Interaction) -> None:
    """Open the modal for a new expiry date."""
    context, key = interaction.context, interaction.key
    if key.state is not State.ACTIVE:
        interaction.say(
            replies.domain_error(f"“{key.name}” was revoked and can no longer be extended.")
        )
        return
    interaction.acknowledge()
    now, policy = context.clock.now(), context.policy
    proposed = policy.default_expiry(now) or policy.today(now) + _PROPOSED
    ref, latest = interaction.ref(key=key.id), policy.latest_expiry(now)
    view = views.extend(key, proposed, latest, ref, is_over=key.expired(now))
    context.slack.open_view(interaction.trigger, view)


@router.view(ids.EXTEND_MODAL, allow=admins)
def extend(interaction: Interaction) -> None:
    """Set the key's expiry date, or show an error at its input."""
    payload, view = interaction.payload, interaction.view
    outcome = interaction.submit(
        lambda: SetExpiry(key=payload.key, last_day=form_values.day(view, ids.LAST_DAY))
    )
    if outcome is not None:
        interaction.show(views.extended(outcome.value))


@router.action(ids.LET_EXPIRE, allow=admins)
def let_expire(interaction: Interaction) -> None:
    """Record that the key may expire; its reminders show that."""
    interaction.acknowledge()
    interaction.execute(AcceptExpiry(key=interaction.payload.key))
