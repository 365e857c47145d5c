"""Rotate a key from Slack: the modal, delivering the new token, and revoking the old one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from bot.framework.context import Context
from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.rotation import views
from bot.token_delivery.deliver import show_outcome
from bot.token_delivery.rotate import deliver_rotation, own_rotation_of, rotation_of
from bot.ui import form_values, ids, replies
from bot.ui.blocks import View
from keys.base.errors import DomainError, DuplicateRequest
from keys.base.ids import new_id
from keys.base.models import KeyView, State
from keys.changes.authorization import admins
from keys.changes.operation import Operation
from keys.leaks import detection
from keys.lifecycle.create import PendingKey
from keys.lifecycle.ownership import own_rotation
from keys.offboarding import queries as offboarding
from keys.rotation import queries
from keys.rotation.grace import GRACE_DEFAULT
from keys.rotation.operations import EndRotation, ExtendRotation


def open_rotate(interaction: Interaction, key: KeyView) -> None:
    """Open the modal; if the key cannot be rotated, say why."""
    if key.state is not State.ACTIVE:
        interaction.say(
            replies.domain_error(f"“{key.name}” no longer works. Create a new key instead.")
        )
        return
    with interaction.context.reading() as session:
        running = queries.running(session, key.id)
    if running is not None and running.ends_at is None:
        interaction.say(
            replies.domain_error(f"A new token of “{key.name}” is already being delivered.")
        )
        return
    is_admin = bool(interaction.decide(admins))
    if running is not None:
        ref = interaction.ref(about=running.id) if is_admin else None
        interaction.say(views.followed(running, interaction.context.clock.now(), ref))
        return
    interaction.acknowledge()
    recipient = None
    with interaction.context.reading() as session:
        is_leaked = key.id in detection.leaked_keys(session, interaction.context.clock.now())
        if is_admin:
            recipient = offboarding.successor(session, key) or interaction.person.user_id
    ref = interaction.ref(key=key.id, request=new_id("req"))
    interaction.open(views.rotate(key, recipient, ref, is_leaked=is_leaked))


def submitted(interaction: Interaction) -> None:
    """Rotate the key as filled in, or show an error at each refused input."""
    context, view = interaction.context, interaction.view
    ref = interaction.payload
    recipient = interaction.person.user_id
    operation: Callable[[], Operation[PendingKey]]
    if interaction.decide(admins):
        recipient = form_values.person(view, ids.RECIPIENT) or recipient
        operation = partial(rotation_of, context, ref.key, recipient, _grace(view), ref.request)
    else:
        operation = partial(own_rotation_of, context, ref.key, _grace(view), ref.request)
    try:
        outcome = interaction.submit(operation)
    except DuplicateRequest:
        interaction.show(_result(context, ref.request, recipient))
        return
    except DomainError as error:
        interaction.show(views.not_rotated(str(error)))
        return
    if outcome is None:
        return
    interaction.show(views.in_progress(context.key(ref.key)))
    failure = deliver_rotation(context, outcome.value, recipient, interaction.actor)
    result = views.not_rotated(failure) if failure else _result(context, ref.request, recipient)
    show_outcome(context, str(view["id"]), result, interaction.person.user_id, failure)


def _grace(view: View) -> timedelta:
    chosen = form_values.value(view, ids.GRACE, "selected_option") or {}
    return timedelta(seconds=int(chosen.get("value", GRACE_DEFAULT.total_seconds())))


def _result(context: Context, request: str, recipient: str) -> View:
    with context.reading() as session:
        rotation = queries.of_request(session, request)
    if rotation.started_at is None:
        return views.reveal_pending(rotation.key, recipient)
    return views.rotated(rotation, recipient)


def end_now(interaction: Interaction) -> None:
    """Revoke the old token now; the live message shows it."""
    interaction.acknowledge()
    interaction.execute(EndRotation(rotation=interaction.payload.about), wait=0)


def extend(interaction: Interaction) -> None:
    """Extend the old token by a day."""
    interaction.acknowledge()
    interaction.execute(ExtendRotation(rotation=interaction.payload.about), wait=0)


def pressed(interaction: Interaction) -> None:
    """Open the modal for the key that the payload names."""
    open_rotate(interaction, interaction.key)


router = Router()
router.action(ids.ROTATE, allow=admins | own_rotation)(pressed)
router.choice(ids.DO_ROTATE, allow=admins | own_rotation)(pressed)
router.view(ids.ROTATE_MODAL, allow=admins | own_rotation)(submitted)
router.action(ids.ROTATION_END, allow=admins)(end_now)
router.action(ids.ROTATION_EXTEND, allow=admins)(extend)
