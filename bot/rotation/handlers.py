"""Rotating a key from Slack: the modal, the new token on its way, and the end of the old one."""

from __future__ import annotations

import logging
from datetime import timedelta

from bot.authorization.admins import Denied, Person
from bot.framework.context import Context
from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.manage_keys.issue import say
from bot.rotation import views
from bot.slack_api.errors import SlackError
from bot.token_delivery.deliver import TokenDelivery, deliver_token, delivery_deadline
from bot.ui import form_values, ids, replies
from bot.ui.blocks import View
from bot.ui.payloads import ActionPayload
from keys.base.actors import Actor
from keys.base.errors import DomainError, DuplicateRequest
from keys.base.ids import new_id
from keys.base.models import KeyView, State
from keys.changes.authorization import Caller, Role, admins
from keys.changes.operation import Operation, execute
from keys.delivery.outcome import Purpose
from keys.lifecycle.create import PendingKey
from keys.offboarding import offboarding
from keys.operations import EndRotation, ExtendRotation, Rotate
from keys.rotation import rotations
from keys.rotation.rotations import GRACE_DEFAULT, GRACES
from keys.search import search

logger = logging.getLogger("bot")


def open_rotate(interaction: Interaction, key: KeyView) -> None:
    """Opens the modal; a key that cannot be rotated says why instead."""
    if key.state is not State.ACTIVE:
        interaction.say(
            replies.domain_error(f"“{key.name}” does not work any more. Make a new key instead.")
        )
        return
    with interaction.context.reading() as session:
        under_way = rotations.running(session, key.id)
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
    """Rotates as the modal says."""
    context, ref = (
        interaction.context,
        interaction.payload,
    )
    chosen = form_values.value(interaction.view, ids.GRACE, "selected_option") or {}
    grace = timedelta(seconds=int(chosen.get("value", GRACE_DEFAULT.total_seconds())))
    recipient = form_values.person(interaction.view, ids.RECIPIENT) or interaction.person.user_id
    if grace not in GRACES:
        interaction.refuse_inputs({ids.GRACE: "Choose one of these."})
        return
    if isinstance(context.admins.check_membership(Person(recipient)), Denied):
        why = "Choose a full member of this workspace: guests and bots get no tokens."
        interaction.refuse_inputs({ids.RECIPIENT: why})
        return
    with context.reading() as session:
        key = search.get(session, ref.key)
    interaction.show(views.in_progress(key))
    _show(
        context,
        str(interaction.view["id"]),
        _carry_out(interaction, key, recipient, grace, ref),
        interaction,
    )


def _carry_out(
    interaction: Interaction, key: KeyView, recipient: str, grace: timedelta, ref: ActionPayload
) -> View:
    context = interaction.context
    try:
        operation = Rotate(
            key=key.id,
            recipient=Actor.person(recipient),
            grace=grace,
            idempotency_key=ref.request,
            deadline=delivery_deadline(context),
            method=context.policy.delivery,
        )
        why = rotate(context, interaction.caller(Role.ADMIN), operation, recipient)
    except DuplicateRequest:
        why = ""
    except DomainError as error:
        why = str(error)
    if why:
        return views.not_done(why)
    with context.reading() as session:
        rotation = rotations.of_request(session, ref.request)
    if rotation.started_at is None:
        return views.offered(rotation.key, recipient)
    return views.done(rotation, recipient)


def rotate(
    context: Context, caller: Caller, operation: Operation[PendingKey], recipient: str
) -> str:
    """Rotate a key and deliver the new token.

    Args:
        operation: begins the rotation.
        recipient: the id of the person who gets the token.

    Returns:
        Why nothing was rotated, in a sentence for people; empty if it was, or, with `reveal`, if
        the person has a button for the new token.

    Raises:
        DomainError: if the key cannot be rotated.
    """
    pending = execute(context.services, caller, operation).value
    delivery = TokenDelivery.of(Purpose.ROTATION, pending, recipient, caller.actor)
    why = deliver_token(context, delivery)
    return f"{why} The old token keeps working as before." if why else ""


def _show(context: Context, view_id: str, view: View, interaction: Interaction) -> None:
    try:
        context.slack.update_view(view_id, view)
    except SlackError as error:
        # Closed at once; a success is told by the messages that follow it.
        logger.info("the modal was not redrawn: %s", error.code)
        if view["title"]["text"] == "Not rotated":
            say(context, interaction.person.user_id, str(view["blocks"][0]["text"]["text"]))


def end_now(interaction: Interaction) -> None:
    """Ends the old token at once, and says how many gateways know."""
    interaction.acknowledge()
    interaction.execute(EndRotation(rotation=interaction.payload.about))


def extend(interaction: Interaction) -> None:
    """Lets the old token go on for another day."""
    interaction.acknowledge()
    interaction.execute(ExtendRotation(rotation=interaction.payload.about))


def pressed(interaction: Interaction) -> None:
    """Open the modal for the key whose button was pressed."""
    key_id = interaction.payload.key
    with interaction.context.reading() as session:
        key = search.get(session, key_id)
    open_rotate(interaction, key)


router = Router()
router.action(ids.ROTATE, allow=admins)(pressed)
router.view(ids.ROTATE_MODAL, allow=admins)(submitted)
router.action(ids.ROTATION_END, allow=admins)(end_now)
router.action(ids.ROTATION_EXTEND, allow=admins)(extend)
