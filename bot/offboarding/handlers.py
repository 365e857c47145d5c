"""Somebody leaves: how the bot learns of it, and what is done with their keys, from Slack down.

All keys at once are done one by one in the background (`work`), so that a crash stops nothing and
several bots can share it.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from bot.authorization.admins import Denied, Person, Why
from bot.framework.context import Context
from bot.framework.interaction import Turn
from bot.offboarding import views
from bot.rotation import handlers
from bot.slack_api.backoff import LEASE
from bot.slack_api.errors import PersonUnknown, SlackError
from bot.ui import form_values, ids, replies
from bot.ui.payloads import Ref
from keys.base.errors import AlreadyRequested, KeysError
from keys.base.models import KeyView
from keys.jobs import periodic
from keys.lifecycle import update
from keys.offboarding import departures, offboarding
from keys.offboarding.departures import Left
from keys.offboarding.offboarding import OffboardingView, Wish, Work
from keys.rotation.rotations import GRACE_DEFAULT
from keys.search import search

logger = logging.getLogger("bot")

# Slack is asked about so many people at a time, and not more often than that.
_ASKED_AT_ONCE = 20
_ASKING = timedelta(minutes=1)
_NOBODY = "Choose a full member of this workspace: guests and bots cannot answer for a key."
_GONE = {Why.DEACTIVATED: Left.DEACTIVATED, Why.GUEST: Left.GUEST}


def asked(turn: Turn, mentioned: tuple[str, ...]) -> None:
    """Begins, or asks who leaves."""
    if len(mentioned) > 1:
        turn.say(replies.told("Name one person at a time."))
    elif mentioned:
        turn.say(_begin(turn, mentioned[0]))
    else:
        turn.acknowledge()
        turn.context.slack.open_view(turn.trigger, views.ask(turn.ref()))


def submitted(turn: Turn) -> None:
    """Begins with whoever was chosen."""
    chosen = form_values.person(turn.view, ids.PERSON)
    if chosen is None:
        turn.refuse_inputs({ids.PERSON: "Choose who leaves."})
        return
    turn.say(_begin(turn, chosen))


def _begin(turn: Turn, person: str) -> dict[str, Any]:
    context = turn.context
    with context.writing() as session:
        begun = offboarding.begin(context.service, session, person, turn.actor)
    context.nudge()
    return views.begun(person) if begun else views.nothing(person)


def keep(turn: Turn) -> None:
    """Notes that a key stays as it is."""
    turn.acknowledge()
    context, ref = turn.context, _pressed(turn)
    with context.writing() as session:
        offboarding.keep(context.service, session, ref.about, ref.key, turn.actor)
    context.nudge()


def close(turn: Turn) -> None:
    """Ends it, whatever is left."""
    turn.acknowledge()
    context = turn.context
    with context.writing() as session:
        offboarding.close(context.service, session, _pressed(turn).about, turn.actor)
    context.nudge()


def rotate_all(turn: Turn) -> None:
    """Has every key rotated."""
    _want(turn, Wish.ROTATE)


def revoke_all(turn: Turn) -> None:
    """Has every key revoked."""
    _want(turn, Wish.REVOKE)


def _want(turn: Turn, wish: Wish) -> None:
    turn.acknowledge()
    context = turn.context
    with context.writing() as session:
        offboarding.want(
            context.service, session, _pressed(turn).about, wish, turn.actor,
            turn.person.user_id,
        )  # fmt: skip
    context.nudge()


def open_hand_over(turn: Turn) -> None:
    """Asks for the new owner of a key, or of all of them."""
    ref = _pressed(turn)
    found = _get(turn.context, ref.about)
    key = _key(turn.context, ref.key) if ref.key else None
    count = sum(item.owns for item in found.open_items)
    turn.acknowledge()
    view = views.hand_over(key, count, turn.ref(about=ref.about, key=ref.key))
    turn.context.slack.open_view(turn.trigger, view)


def handed_over(turn: Turn) -> None:
    """Hands over, or says at the field why not."""
    context, ref = turn.context, Ref.decode(turn.view.get("private_metadata"))
    found, chosen = _get(context, ref.about), form_values.person(turn.view, ids.PERSON) or ""
    if why := _unfit(context, found, chosen):
        turn.refuse_inputs({ids.PERSON: why})
        return
    service = context.service
    with context.writing() as session:
        if ref.key:
            update.hand_over(service, session, ref.key, turn.actor, found.person, chosen)
        else:
            count = offboarding.want(service, session, found.id, Wish.HAND_OVER, turn.actor, chosen)
    turn.show(views.handed_over(chosen, 1) if ref.key else views.under_way(count))
    context.nudge()


def _unfit(context: Context, found: OffboardingView, chosen: str) -> str:
    if not chosen:
        return "Choose the new owner."
    if chosen == found.person:
        return "That is the person who leaves. Choose somebody else."
    belongs = context.admins.belongs(Person(chosen))
    return _NOBODY if isinstance(belongs, Denied) else ""


def work(context: Context) -> bool:
    """Does what was asked of all keys with one of them; False if there is nothing to do."""
    now = context.clock.now()
    with context.reading() as session:
        if not offboarding.is_work_waiting(session):
            return False
    with context.writing() as session:
        job = offboarding.claim_work(session, now, LEASE)
    if job is None:
        return False
    allowed = context.admins.check(Person(job.by.id))
    if isinstance(allowed, Denied) and allowed.why is Why.NO_ANSWER:
        # Its lease runs out, and it is tried again.
        return True
    problem = "Whoever asked for this is no admin any more." if not allowed else _do(context, job)
    with context.writing() as session:
        offboarding.work_done(session, job, context.clock.now(), problem)
    return True


def _do(context: Context, job: Work) -> str:
    """Why it was not done, in a sentence; empty if it was."""
    service = context.service
    try:
        if job.wish is Wish.ROTATE:
            return _rotate(context, job)
        with context.writing() as session:
            if job.wish is Wish.REVOKE:
                service.revoke(session, job.key_id, job.by, reason="offboarding", announce=False)
            else:
                update.hand_over(service, session, job.key_id, job.by, job.person, job.recipient)
    except KeysError as error:
        return str(error)
    return ""


def _rotate(context: Context, job: Work) -> str:
    with context.reading() as session:
        key = search.get(session, job.key_id)
        heir = offboarding.heir(session, key)
    recipient = heir if heir and context.admins.belongs(Person(heir)) else job.recipient
    # The same however often it is tried, and another one if it is asked for anew.
    request = f"{job.key_id}:{job.asked_at.timestamp():.3f}"
    try:
        return handlers.rotate(context, job.key_id, job.by, recipient, GRACE_DEFAULT, request)
    except AlreadyRequested:
        return ""


def changed(context: Context, event: dict[str, Any]) -> None:
    """Takes what Slack reports of a person: most of it has nothing to do with keys."""
    user = event.get("user")
    if isinstance(user, dict) and user.get("id"):
        _take(context, user)


def ask_about_people(context: Context) -> bool:
    """Asks Slack about some of those whom it was not asked about today, for what events missed.

    Returns:
        False if there is nobody, or it was asked a moment ago.
    """
    now = context.clock.now()
    with context.reading() as session:
        if not periodic.is_due(session, "people", _ASKING, now):
            return False
    with context.writing() as session:
        if not periodic.claim(session, "people", _ASKING, now):
            return False
        due = departures.claim_to_ask_about(session, now, _ASKED_AT_ONCE)
    for user_id in due:
        try:
            _take(context, context.slack.user_info(user_id))
        except PersonUnknown:
            logger.warning("Slack does not know %s, who has to do with keys", user_id)
        except SlackError as error:
            logger.warning("Slack did not tell about %s: %s", user_id, error.code)
            with context.writing() as session:
                departures.ask_again(session, user_id)
    return bool(due)


def _take(context: Context, user: dict[str, Any]) -> None:
    why, person = context.admins.no_member(user), str(user["id"])
    if why is not None and why not in _GONE:
        # Bots, people of other workspaces, and whoever Slack says too little about.
        return
    left = _GONE.get(why) if why is not None else None
    with context.reading() as session:
        if left is None and not departures.is_gone(session, person):
            return
    with context.writing() as session:
        if offboarding.noticed(context.service, session, person, left):
            context.nudge()


def _pressed(turn: Turn) -> Ref:
    return Ref.decode(turn.action.get("value"))


def _get(context: Context, offboarding_id: str) -> OffboardingView:
    with context.reading() as session:
        return offboarding.get(session, offboarding_id)


def _key(context: Context, key_id: str) -> KeyView:
    with context.reading() as session:
        return search.get(session, key_id)
