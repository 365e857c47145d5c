"""Somebody leaves: how the bot learns of it, and what is done with their keys, from Slack down.

All keys at once are done one by one in the background (`work`), so that a crash stops nothing and
several bots can share it.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from bot.authorization.admins import DenialReason, Denied, Person
from bot.framework.context import Context
from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.offboarding import views
from bot.rotation import handlers
from bot.slack_api.backoff import LEASE
from bot.slack_api.errors import PersonUnknown, SlackError
from bot.ui import form_values, ids, replies
from keys.base.errors import DomainError, DuplicateRequest
from keys.base.models import KeyView
from keys.changes.authorization import Caller, Role, admins
from keys.changes.operation import Operation, execute
from keys.jobs import periodic
from keys.offboarding import departures, offboarding
from keys.offboarding.departures import DepartureReason
from keys.offboarding.offboarding import BulkAction, BulkItem, OffboardingView
from keys.operations import (
    CloseOffboarding,
    KeepKey,
    RecordDeparture,
    RequestBulkAction,
    Revoke,
    StartOffboarding,
    Transfer,
)
from keys.rotation.grace import GRACE_DEFAULT

logger = logging.getLogger("bot")

# Slack is asked about so many people at a time, and not more often than that.
_ASKED_AT_ONCE = 20
_ASKING = timedelta(minutes=1)
_GONE = {
    DenialReason.DEACTIVATED: DepartureReason.DEACTIVATED,
    DenialReason.GUEST: DepartureReason.GUEST,
}


def asked(interaction: Interaction, mentioned: tuple[str, ...]) -> None:
    """Begins, or asks who leaves."""
    if len(mentioned) > 1:
        interaction.say(replies.domain_error("Name one person at a time."))
    elif mentioned:
        interaction.say(_begin(interaction, mentioned[0]))
    else:
        interaction.acknowledge()
        interaction.context.slack.open_view(interaction.trigger, views.ask(interaction.ref()))


def submitted(interaction: Interaction) -> None:
    """Begins with whoever was chosen."""
    chosen = form_values.person(interaction.view, ids.PERSON)
    if chosen is None:
        interaction.refuse_inputs({ids.PERSON: "Choose who leaves."})
        return
    interaction.say(_begin(interaction, chosen))


def _begin(interaction: Interaction, person: str) -> dict[str, Any]:
    begun = interaction.execute(StartOffboarding(person=person)).value
    return views.begun(person) if begun else views.nothing(person)


def keep(interaction: Interaction) -> None:
    """Notes that a key stays as it is."""
    interaction.acknowledge()
    ref = interaction.payload
    interaction.execute(KeepKey(offboarding=ref.about, key=ref.key))


def close(interaction: Interaction) -> None:
    """Ends it, whatever is left."""
    interaction.acknowledge()
    interaction.execute(CloseOffboarding(offboarding=interaction.payload.about))


def rotate_all(interaction: Interaction) -> None:
    """Has every key rotated."""
    _want(interaction, BulkAction.ROTATE)


def revoke_all(interaction: Interaction) -> None:
    """Has every key revoked."""
    _want(interaction, BulkAction.REVOKE)


def _want(interaction: Interaction, action: BulkAction) -> None:
    interaction.acknowledge()
    interaction.execute(
        RequestBulkAction(
            offboarding=interaction.payload.about,
            action=action,
            recipient=interaction.person.user_id,
        )
    )


def open_hand_over(interaction: Interaction) -> None:
    """Asks for the new owner of a key, or of all of them."""
    ref = interaction.payload
    found = _get(interaction.context, ref.about)
    key = interaction.context.key(ref.key) if ref.key else None
    count = sum(item.owns for item in found.open_items)
    interaction.acknowledge()
    view = views.transfer_modal(key, count, interaction.ref(about=ref.about, key=ref.key))
    interaction.context.slack.open_view(interaction.trigger, view)


def ownership_transferred(interaction: Interaction) -> None:
    """Hands over, or says at the field why not."""
    context, ref = (
        interaction.context,
        interaction.payload,
    )
    found, chosen = _get(context, ref.about), form_values.person(interaction.view, ids.PERSON) or ""
    if why := _unfit(context, found, chosen):
        interaction.refuse_inputs({ids.PERSON: why})
        return
    if ref.key:
        interaction.execute(Transfer(key=ref.key, before=found.person, after=chosen))
        interaction.show(views.ownership_transferred(chosen, 1))
        return
    bulk = RequestBulkAction(offboarding=found.id, action=BulkAction.HAND_OVER, recipient=chosen)
    interaction.show(views.under_way(interaction.execute(bulk).value))


def _unfit(context: Context, found: OffboardingView, chosen: str) -> str:
    if not chosen:
        return "Choose the new owner."
    if chosen == found.person:
        return "That is the person who leaves. Choose another person."
    belongs = context.admins.check_membership(Person(chosen))
    return replies.OWNER_IS_NO_MEMBER if isinstance(belongs, Denied) else ""


def work(context: Context) -> bool:
    """Does what was asked of all keys with one of them; False if there is nothing to do."""
    now = context.clock.now()
    with context.reading() as session:
        if not offboarding.is_work_waiting(session):
            return False
    with context.writing() as session:
        job = offboarding.claim_bulk_item(session, now, LEASE)
    if job is None:
        return False
    allowed = context.admins.check(Person(job.by.id))
    if isinstance(allowed, Denied) and allowed.why is DenialReason.NO_ANSWER:
        # Its lease runs out, and it is tried again.
        return True
    problem = (
        "The person who asked for this is no longer an admin." if not allowed else _do(context, job)
    )
    with context.writing() as session:
        offboarding.complete_bulk_item(session, job, context.clock.now(), problem)
    return True


def _do(context: Context, job: BulkItem) -> str:
    """Why it was not done, in a sentence; empty if it was."""
    # Asked a moment ago, and not in the transaction: they are an admin.
    caller = Caller(job.by, frozenset({Role.ADMIN}))
    try:
        if job.action is BulkAction.ROTATE:
            return _rotate(context, caller, job)
        operation: Operation[KeyView]
        if job.action is BulkAction.REVOKE:
            # The message of the offboarding tells of all of them.
            operation = Revoke(key=job.key_id, reason="offboarding", announce=False)
        else:
            operation = Transfer(key=job.key_id, before=job.person, after=job.recipient)
        execute(context.services, caller, operation, wait=0)
    except DomainError as error:
        return str(error)
    return ""


def _rotate(context: Context, caller: Caller, job: BulkItem) -> str:
    key = context.key(job.key_id)
    with context.reading() as session:
        successor = offboarding.successor(session, key)
    recipient = (
        successor
        if successor and context.admins.check_membership(Person(successor))
        else job.recipient
    )
    # The same however often it is tried, and another one if it is asked for anew.
    request = f"{job.key_id}:{job.asked_at.timestamp():.3f}"
    try:
        operation = handlers.rotate_operation(
            context, job.key_id, recipient, GRACE_DEFAULT, request
        )
        return handlers.rotate(context, caller, operation, recipient)
    except DuplicateRequest:
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
    why, person = context.admins.membership_problem(user), str(user["id"])
    if why is not None and why not in _GONE:
        # Bots, people of other workspaces, and whoever Slack says too little about.
        return
    left = _GONE.get(why) if why is not None else None
    with context.reading() as session:
        if left is None and not departures.is_gone(session, person):
            return
    execute(
        context.services, Caller.system("slack"), RecordDeparture(person=person, left=left), wait=0
    )


def _get(context: Context, offboarding_id: str) -> OffboardingView:
    with context.reading() as session:
        return offboarding.get(session, offboarding_id)


router = Router()
router.action(ids.OFFBOARD, allow=admins)(lambda interaction: asked(interaction, ()))
router.view(ids.OFFBOARD_MODAL, allow=admins)(submitted)
router.action(ids.OFFBOARD_KEEP, allow=admins)(keep)
router.action(ids.OFFBOARD_HAND_OVER, allow=admins)(open_hand_over)
router.action(ids.OFFBOARD_HAND_OVER_ALL, allow=admins)(open_hand_over)
router.view(ids.HAND_OVER_MODAL, allow=admins)(ownership_transferred)
router.action(ids.OFFBOARD_ROTATE_ALL, allow=admins)(rotate_all)
router.action(ids.OFFBOARD_REVOKE_ALL, allow=admins)(revoke_all)
router.action(ids.OFFBOARD_CLOSE, allow=admins)(close)
