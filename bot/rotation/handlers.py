"""Rotating a key from Slack: the modal, the new token on its way, and the end of the old one."""

from __future__ import annotations

from datetime import timedelta

from pydantic import ValidationError

from bot.authorization.admins import Denied, Person
from bot.framework.context import Context
from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.rotation import views
from bot.token_delivery.deliver import show_outcome
from bot.token_delivery.rotate import rotate_and_deliver, rotation_of
from bot.ui import form_values, ids, replies
from bot.ui.blocks import View
from keys.base.errors import DomainError, DuplicateRequest
from keys.base.ids import new_id
from keys.base.models import KeyView, State
from keys.changes.authorization import admins
from keys.changes.operation import problems
from keys.offboarding import queries as offboarding
from keys.rotation import queries
from keys.rotation.grace import GRACE_DEFAULT
from keys.rotation.operations import EndRotation, ExtendRotation, Rotate


def open_rotate(interaction: Interaction, key: KeyView) -> None:
    """Open the modal; say why instead where a key cannot be rotated."""
    if key.state is not State.ACTIVE:
        interaction.say(
            replies.domain_error(f"“{key.name}” does not work any more. Make a new key instead.")
        )
        return
    with interaction.context.reading() as session:
        under_way = queries.running(session, key.id)
    if under_way is not None and under_way.ends_at is None:
        interaction.say(
            replies.domain_error(f"A new token of “{key.name}” is being delivered already.")
        )
        return
    if under_way is not None:
        ref = interaction.ref(about=under_way.id)
        interaction.say(views.followed(under_way, interaction.context.clock.now(), ref))
        return
    interaction.acknowledge()
    with interaction.context.reading() as session:
        successor = offboarding.successor(session, key)
    recipient = successor or interaction.person.user_id
    ref = interaction.ref(key=key.id, request=new_id("req"))
    interaction.context.slack.open_view(interaction.trigger, views.rotate(key, recipient, ref))


def submitted(interaction: Interaction) -> None:
    """Rotate as the modal says."""
    context, view = interaction.context, interaction.view
    ref = interaction.payload
    recipient = form_values.person(view, ids.RECIPIENT) or interaction.person.user_id
    try:
        operation = rotation_of(context, ref.key, recipient, _grace(view), ref.request)
    except ValidationError as error:
        interaction.refuse_inputs(dict(problems(error)))
        return
    if isinstance(context.admins.check_membership(Person(recipient)), Denied):
        why = "Choose a full member of this workspace: guests and bots get no tokens."
        interaction.refuse_inputs({ids.RECIPIENT: why})
        return
    interaction.show(views.in_progress(context.key(ref.key)))
    caller = interaction.caller(operation.allow)
    try:
        why = rotate_and_deliver(context, caller, operation, recipient)
    except DuplicateRequest:
        why = ""
    except DomainError as error:
        why = str(error)
    outcome = views.not_done(why) if why else _outcome(context, operation, recipient)
    show_outcome(context, str(view["id"]), outcome, interaction.person.user_id, why)


def _grace(view: View) -> timedelta:
    chosen = form_values.value(view, ids.GRACE, "selected_option") or {}
    return timedelta(seconds=int(chosen.get("value", GRACE_DEFAULT.total_seconds())))


def _outcome(context: Context, operation: Rotate, recipient: str) -> View:
    with context.reading() as session:
        rotation = queries.of_request(session, operation.idempotency_key)
    if rotation.started_at is None:
        return views.offered(rotation.key, recipient)
    return views.done(rotation, recipient)


def end_now(interaction: Interaction) -> None:
    """End the old token at once; the message about the rotation shows it."""
    interaction.acknowledge()
    interaction.execute(EndRotation(rotation=interaction.payload.about), wait=0)


def extend(interaction: Interaction) -> None:
    """Have the old token work for another day."""
    interaction.acknowledge()
    interaction.execute(ExtendRotation(rotation=interaction.payload.about), wait=0)


def pressed(interaction: Interaction) -> None:
    """Open the modal for the key whose button was pressed."""
    open_rotate(interaction, interaction.key)


router = Router()
router.action(ids.ROTATE, allow=admins)(pressed)
router.choice(ids.DO_ROTATE, allow=admins)(pressed)
router.view(ids.ROTATE_MODAL, allow=admins)(submitted)
router.action(ids.ROTATION_END, allow=admins)(end_now)
router.action(ids.ROTATION_EXTEND, allow=admins)(extend)
