"""Rotating a key from Slack: the modal, the new token on its way, and the end of the old one."""

from __future__ import annotations

import logging
from datetime import timedelta

from bot.authorization.admins import Denied, Person
from bot.framework.context import Context
from bot.framework.interaction import Turn
from bot.manage_keys.issue import say
from bot.rotation import views
from bot.slack_api.errors import SlackError
from bot.token_delivery.deliver import Errand, hand_over, lease
from bot.ui import form_values, ids, replies
from bot.ui.blocks import View
from bot.ui.payloads import Ref
from keys.base.errors import AlreadyRequested, KeysError
from keys.base.ids import new_id
from keys.base.models import Actor, KeyView, State
from keys.lifecycle.create import Reservation
from keys.offboarding import offboarding
from keys.rotation import rotations
from keys.rotation.rotations import GRACE_DEFAULT, GRACES
from keys.search import search

logger = logging.getLogger("bot")


def open_rotate(turn: Turn, key: KeyView) -> None:
    """Opens the modal; a key that cannot be rotated says why instead."""
    if key.state is not State.ACTIVE:
        turn.say(replies.told(f"“{key.name}” does not work any more. Make a new key instead."))
        return
    with turn.context.reading() as session:
        under_way = rotations.running(session, key.id)
    if under_way is not None and under_way.ends_at is None:
        turn.say(replies.told(f"A new token of “{key.name}” is on its way already."))
        return
    if under_way is not None:
        ref = turn.ref(about=under_way.id)
        turn.say(views.followed(under_way, turn.context.clock.now(), ref))
        return
    turn.acknowledge()
    with turn.context.reading() as session:
        heir = offboarding.heir(session, key)
    recipient = heir or turn.person.user_id
    ref = turn.ref(key=key.id, request=new_id("req"))
    turn.context.slack.open_view(turn.trigger, views.rotate(key, recipient, ref))


def submitted(turn: Turn) -> None:
    """Rotates as the modal says."""
    context, ref = turn.context, Ref.decode(turn.view.get("private_metadata"))
    chosen = form_values.value(turn.view, ids.GRACE, "selected_option") or {}
    grace = timedelta(seconds=int(chosen.get("value", GRACE_DEFAULT.total_seconds())))
    recipient = form_values.person(turn.view, ids.RECIPIENT) or turn.person.user_id
    if grace not in GRACES:
        turn.refuse_inputs({ids.GRACE: "Choose one of these."})
        return
    if isinstance(context.admins.belongs(Person(recipient)), Denied):
        why = "Choose a full member of this workspace: guests and bots get no tokens."
        turn.refuse_inputs({ids.RECIPIENT: why})
        return
    with context.reading() as session:
        key = search.get(session, ref.key)
    turn.show(views.in_progress(key))
    _show(context, str(turn.view["id"]), _carry_out(turn, key, recipient, grace, ref), turn)


def _carry_out(turn: Turn, key: KeyView, recipient: str, grace: timedelta, ref: Ref) -> View:
    context = turn.context
    try:
        why = rotate(context, key.id, turn.actor, recipient, grace, ref.request)
    except AlreadyRequested:
        why = ""
    except KeysError as error:
        why = str(error)
    if why:
        return views.not_done(why)
    with context.reading() as session:
        rotation = rotations.of_request(session, ref.request)
    if rotation.started_at is None:
        return views.offered(rotation.key, recipient)
    return views.done(rotation, recipient)


def rotate(
    context: Context,
    key_id: str,
    actor: Actor,
    recipient: str,
    grace: timedelta,
    request_id: str,
) -> str:
    """Rotates a key and hands the new token over.

    Args:
        recipient: the id of the person who gets the token.
        request_id: names this very request, so that asking twice rotates once.

    Returns:
        Why nothing was rotated, in a sentence for people; empty if it was, or, with `reveal`, if
        the person has a button for the new token.

    Raises:
        KeysError: if the key cannot be rotated.
    """
    with context.writing() as session:
        reservation = rotations.begin(
            context.service,
            session,
            key_id,
            actor,
            recipient=Actor.person(recipient),
            grace=grace,
            request_id=request_id,
            lease=lease(context),
            how=context.policy.delivery,
        )
    why = hand_over(context, _errand(context, reservation, recipient, actor))
    return f"{why} The old token goes on as before." if why else ""


def _errand(context: Context, reservation: Reservation, recipient: str, actor: Actor) -> Errand:
    service, delivery = context.service, reservation.delivery_id
    return Errand(
        key=reservation.key,
        token=reservation.token,
        delivery_id=delivery,
        recipient=recipient,
        rotated=True,
        works=lambda session: rotations.start(
            service, session, delivery, actor, context.token_lifetime
        ),
        given_up=lambda session, why: rotations.abandon(
            service, session, delivery, why, tell=False
        ),
    )


def _show(context: Context, view_id: str, view: View, turn: Turn) -> None:
    try:
        context.slack.update_view(view_id, view)
    except SlackError as error:
        # Closed at once; a success is told by the messages that follow it.
        logger.info("the modal was not redrawn: %s", error.code)
        if view["title"]["text"] == "Not rotated":
            say(context, turn.person.user_id, str(view["blocks"][0]["text"]["text"]))


def end_now(turn: Turn) -> None:
    """Ends the old token at once, and says how many gateways know."""
    turn.acknowledge()
    context, ref = turn.context, Ref.decode(turn.action.get("value"))
    with context.writing() as session:
        rotations.end_now(context.service, session, ref.about, turn.actor)
    context.nudge()


def extend(turn: Turn) -> None:
    """Lets the old token go on for another day."""
    turn.acknowledge()
    context, ref = turn.context, Ref.decode(turn.action.get("value"))
    with context.writing() as session:
        rotations.extend(context.service, session, ref.about, turn.actor)
    context.nudge()
