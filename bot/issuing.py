"""Making a key after the acknowledgement: an empty message, the token into it, then the key works.

A crash between any two steps leaves a pending key, which never verifies; bot.following ends it and
redraws its message.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from bot.blocks import answers, new_key
from bot.blocks import token as token_blocks
from bot.blocks.parts import View
from bot.context import Context
from bot.refs import Ref
from bot.slack import Posted
from bot.slack_errors import SlackError
from keys import deliveries
from keys.errors import KeysError, StorageUnavailable
from keys.service import Reservation
from keys.values import Actor, KeyView, State
from storage import writing

logger = logging.getLogger("bot")

# How long Slack may take for a token, in seconds. A person who has waited so long is better told.
DELIVERY = 30.0
# Longer, so that nobody gives a key up while its token is on its way; and no longer than needed,
# because whoever waits for a key that a crash has taken hears of it when this has passed.
LEASE = timedelta(seconds=DELIVERY + 15)


def issue(context: Context, reservation: Reservation, user_id: str, view_id: str) -> None:
    """Delivers the token and makes the key work; if that fails, gives the key up and says why.

    Args:
        user_id: who asked for the key and gets its token.
        view_id: the modal that shows the outcome.
    """
    placed: list[Posted] = []
    try:
        key = _deliver(context, reservation, user_id, placed)
    except Exception as error:
        logger.exception("the token of %s was not delivered", reservation.key.id)
        why = _reason(error)
        key = _give_up(context, reservation, placed, why)
        if key.state is not State.ACTIVE:
            _show(context, view_id, new_key.not_made(why), user_id, why)
            return
    _show(context, view_id, new_key.made(key), user_id, "")


def _deliver(
    context: Context, reservation: Reservation, user_id: str, placed: list[Posted]
) -> KeyView:
    key, slack = reservation.key, context.slack.within(DELIVERY)
    envelope = token_blocks.envelope(key.name)
    message = slack.dm(user_id, envelope["text"], envelope["blocks"])
    placed.append(message)
    with writing(context.engine) as session:
        deliveries.place(
            session, context.account_id, reservation.delivery_id, message.channel, message.ts
        )
    ref = Ref(context.clock.now(), delivery=reservation.delivery_id)
    filled = token_blocks.token(
        key, reservation.token.reveal(), context.token_minutes, context.api_url, ref
    )
    slack.update(message, filled["text"], filled["blocks"])
    with writing(context.engine) as session:
        key = context.service.activate(
            session,
            context.account_id,
            reservation.delivery_id,
            Actor.person(user_id),
            timedelta(minutes=context.token_minutes),
        )
    context.nudge()
    return key


def _reason(error: Exception) -> str:
    if isinstance(error, SlackError | KeysError):
        return f"The token could not be delivered to you. {error} No key was made."
    if isinstance(error, StorageUnavailable):
        return "The database did not answer, so no key was made. Please try again in a minute."
    return "Something went wrong while the key was made, so it does not work. Please try again."


def _give_up(context: Context, reservation: Reservation, placed: list[Posted], why: str) -> KeyView:
    """Returns the key as it stands then; it is active if only the answer of activating it was lost.

    What cannot be done now is done by bot.following: the key stays pending until its lease ends.
    """
    try:
        with writing(context.engine) as session:
            key = context.service.abandon(
                session, context.account_id, reservation.key.id, why, tell=False
            ).key
    except StorageUnavailable:
        logger.exception("%s is given up later", reservation.key.id)
        return reservation.key
    if key.state is not State.ACTIVE and placed:
        _redraw(context, reservation, placed[0])
    return key


def _redraw(context: Context, reservation: Reservation, message: Posted) -> None:
    abandoned = token_blocks.abandoned(reservation.key.name)
    try:
        context.slack.update(message, abandoned["text"], abandoned["blocks"])
        with writing(context.engine) as session:
            by, now = Actor.system("issuing"), context.clock.now()
            deliveries.removed(session, context.account_id, reservation.delivery_id, by, now)
    except (SlackError, StorageUnavailable):
        logger.exception("the message of %s is redrawn later", reservation.key.id)


def _show(context: Context, view_id: str, view: View, user_id: str, why: str) -> None:
    try:
        context.slack.update_view(view_id, view)
    except SlackError as error:
        # Most people close the modal at once; the message with the token says the same.
        logger.info("the modal was not redrawn: %s", error.code)
        if why:
            _say(context, user_id, why)


def _say(context: Context, user_id: str, why: str) -> None:
    message = answers.told(why)
    try:
        context.slack.dm(user_id, message["text"], message["blocks"])
    except SlackError:
        logger.exception("%s was not told that no key was made", user_id)
