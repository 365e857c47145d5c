"""What people submit: their modals."""

from __future__ import annotations

from datetime import date

from bot.browse_keys import pages
from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.manage_keys import create_view, edit, issue, rename_view
from bot.token_delivery.deliver import delivery_deadline
from bot.ui import form_values, ids
from bot.ui.blocks import View
from bot.ui.payloads import ActionPayload
from keys.base.errors import (
    DuplicateRequest,
    InvalidExpiry,
    InvalidName,
    InvalidScopes,
    NoteTooLong,
)
from keys.base.models import KeyRequest, State
from keys.changes.authorization import admins
from keys.changes.change import within
from keys.inputs.names import advice_on
from keys.lifecycle.create import create_pending_key
from keys.lifecycle.rename import rename_key


def create(interaction: Interaction) -> None:
    """Makes a key: refusals come in the modal, then the token is delivered."""
    context, user_id = interaction.context, interaction.person.user_id
    if errors := form_values.with_token(interaction.view, ids.NAME, ids.NOTE):
        interaction.refuse_inputs(errors)
        return
    last_day = form_values.day(interaction.view, ids.LAST_DAY)
    try:
        request = _request(interaction, last_day)
    except InvalidExpiry as error:
        _refuse(interaction, ids.LAST_DAY, str(error))
        return
    advice = advice_on(request.name)
    if request.name.strip() and advice and not _insists(interaction):
        owner = request.owner or user_id
        draft = create_view.Draft(
            owner,
            request.name,
            request.scopes,
            request.note,
            advice,
            last_day,
            context.policy.latest_expiry(context.clock.now()),
        )
        interaction.show(create_view.new_key(draft, _ref(interaction)))
        return
    try:
        with context.writing() as session:
            reservation = create_pending_key(
                within(context.services, session, interaction.actor),
                request,
                interaction.actor,
                delivery_deadline(context),
                context.policy.delivery,
            )
    except InvalidName as error:
        _refuse(interaction, ids.NAME, str(error))
    except InvalidScopes as error:
        _refuse(interaction, ids.SCOPES, str(error))
    except NoteTooLong as error:
        _refuse(interaction, ids.NOTE, str(error))
    except DuplicateRequest as error:
        interaction.show(_made_before(interaction, error.key_id))
    else:
        interaction.show(create_view.in_progress(reservation.key.name))
        issue.issue(context, reservation, user_id, str(interaction.view["id"]))


def _made_before(interaction: Interaction, key_id: str) -> View:
    key = pages.get(interaction, key_id)
    if key.state is State.PENDING:
        return create_view.in_progress(key.name)
    if key.state is State.ABANDONED:
        return create_view.not_made(
            "This was submitted before and did not work. Please start anew."
        )
    return create_view.already_asked(key)


def rename(interaction: Interaction) -> None:
    """Gives the key its new name, or says in the modal why not."""
    context, ref, name = (
        interaction.context,
        _ref(interaction),
        form_values.text(interaction.view, ids.NAME),
    )
    key = pages.get(interaction, ref.key)
    if errors := form_values.with_token(interaction.view, ids.NAME):
        interaction.refuse_inputs(errors)
        return
    advice = advice_on(name)
    if name.strip() and name != key.name and advice and not _insists(interaction):
        interaction.show(rename_view.rename(key, ref, name, advice))
        return
    try:
        with context.writing() as session:
            outcome = rename_key(
                within(context.services, session, interaction.actor),
                ref.key,
                name,
            )
    except InvalidName as error:
        _refuse(interaction, ids.NAME, str(error))
    else:
        interaction.show(rename_view.renamed(outcome.key, key.name))


def _request(interaction: Interaction, last_day: date | None) -> KeyRequest:
    view, policy, now = (
        interaction.view,
        interaction.context.policy,
        interaction.context.clock.now(),
    )
    return KeyRequest(
        name=form_values.text(view, ids.NAME),
        scopes=form_values.chosen(view, ids.SCOPES),
        owner=form_values.person(view, ids.OWNER) or interaction.person.user_id,
        idempotency_key=_ref(interaction).request,
        note=form_values.text(view, ids.NOTE),
        expires_at=policy.check_expiry(last_day, now),
    )


def _ref(interaction: Interaction) -> ActionPayload:
    return ActionPayload.decode(interaction.view.get("private_metadata"))


def _insists(interaction: Interaction) -> bool:
    return bool(form_values.chosen(interaction.view, ids.ANYWAY))


def _refuse(interaction: Interaction, block_id: str, why: str) -> None:
    interaction.refuse_inputs({block_id: why})


def _pressed(interaction: Interaction) -> str:
    return ActionPayload.decode(interaction.action.get("value")).key


router = Router()
router.action(ids.NEW, allow=admins)(pages.open_new)
router.view(ids.NEW_MODAL, allow=admins)(create)
router.action(ids.RENAME, allow=admins)(
    lambda interaction: pages.open_rename(
        interaction, pages.get(interaction, _pressed(interaction))
    )
)
router.action(ids.EDIT, allow=admins)(
    lambda interaction: edit.open_edit(interaction, pages.get(interaction, _pressed(interaction)))
)
router.view(ids.RENAME_MODAL, allow=admins)(rename)
router.view(ids.EDIT_MODAL, allow=admins)(edit.submitted)
router.view(ids.EXTEND_MODAL, allow=admins)(edit.extend_submitted)
router.action(ids.EXTEND, allow=admins)(edit.open_extend)
router.action(ids.LET_EXPIRE, allow=admins)(edit.let_expire)
