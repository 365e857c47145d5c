"""Create a key: the modal, the advice on a poor name, and the delivery of the token."""

from __future__ import annotations

from bot.framework.context import Context
from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.manage_keys import create_view, issue
from bot.token_delivery.deliver import delivery_deadline
from bot.ui import form_values, ids
from bot.ui.blocks import View
from keys.base.errors import DuplicateRequest
from keys.base.ids import new_id
from keys.base.models import State
from keys.changes.authorization import admins
from keys.inputs.names import advice_on
from keys.operations import Create

router = Router()


@router.action(ids.NEW, allow=admins)
def open_new(interaction: Interaction, name: str = "") -> None:
    """Open the modal for a new key."""
    interaction.acknowledge()
    policy, now = interaction.context.policy, interaction.context.clock.now()
    draft = create_view.Draft(
        owner=interaction.person.user_id,
        name=name,
        last_day=policy.default_expiry(now),
        latest=policy.latest_expiry(now),
    )
    view = create_view.new_key(draft, interaction.ref(request=new_id("req")))
    interaction.context.slack.open_view(interaction.trigger, view)


@router.view(ids.NEW_MODAL, allow=admins)
def create(interaction: Interaction) -> None:
    """Create a key and deliver its token; refusals are shown in the modal."""
    context, view = interaction.context, interaction.view
    wanted = interaction.read(lambda: _operation(interaction))
    if wanted is None:
        return
    if (advice := advice_on(wanted.name)) and not form_values.chosen(view, ids.ANYWAY):
        interaction.show(create_view.new_key(_draft(context, wanted, advice), interaction.payload))
        return
    try:
        outcome = interaction.submit(lambda: wanted)
    except DuplicateRequest as error:
        interaction.show(_submitted_before(interaction, error.key_id))
        return
    if outcome is not None:
        pending = outcome.value
        interaction.show(create_view.in_progress(pending.key.name))
        issue.issue(context, pending, interaction.person.user_id, str(view["id"]))


def _operation(interaction: Interaction) -> Create:
    context, view = interaction.context, interaction.view
    return Create(
        name=form_values.text(view, ids.NAME),
        scopes=form_values.chosen(view, ids.SCOPES),
        owner=form_values.person(view, ids.OWNER) or interaction.person.user_id,
        note=form_values.text(view, ids.NOTE),
        last_day=form_values.day(view, ids.LAST_DAY),
        idempotency_key=interaction.payload.request,
        recipient=interaction.actor,
        deadline=delivery_deadline(context),
        method=context.policy.delivery,
    )


def _draft(context: Context, wanted: Create, advice: str) -> create_view.Draft:
    """Return the form as it was filled in, with advice on the name."""
    return create_view.Draft(
        wanted.owner or "",
        wanted.name,
        wanted.scopes,
        wanted.note,
        advice,
        wanted.last_day,
        context.policy.latest_expiry(context.clock.now()),
    )


def _submitted_before(interaction: Interaction, key_id: str) -> View:
    key = interaction.context.key(key_id)
    if key.state is State.PENDING:
        return create_view.in_progress(key.name)
    if key.state is State.ABANDONED:
        return create_view.creation_failed(
            "This form was submitted before, and creating the key failed. Please start again."
        )
    return create_view.already_submitted(key)
