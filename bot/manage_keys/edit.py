"""Editing, extending, and letting expire: from Slack to the domain and back."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from bot.authorization.admins import Person
from bot.expiry import views
from bot.framework.interaction import Turn
from bot.manage_keys import edit_view
from bot.manage_keys.revoke import watched
from bot.ui import form_values, ids, replies
from bot.ui.blocks import View
from bot.ui.payloads import Ref
from keys.base.errors import (
    ChangedMeanwhile,
    ExpiryRefused,
    LimitsRefused,
    NoteTooLong,
    ScopesRefused,
    TokenInText,
)
from keys.base.models import Actor, KeyView, State
from keys.inputs.limits import check_networks, check_rate
from keys.lifecycle import update
from keys.lifecycle.update import Wanted
from keys.search import search

logger = logging.getLogger("bot")

# What is proposed where the team has no rule of its own.
_PROPOSED = timedelta(days=90)
_NO_MEMBER = "Choose a full member of this workspace: guests and bots cannot answer for a key."


def open_edit(turn: Turn, key: KeyView) -> None:
    """Opens the modal; a key that cannot be changed says why instead."""
    if key.state is not State.ACTIVE:
        turn.say(replies.told(f"“{key.name}” was revoked, so nothing about it can be changed."))
        return
    turn.acknowledge()
    turn.context.slack.open_view(turn.trigger, _modal(turn, key.id))


def _modal(turn: Turn, key_id: str, changed_by: Actor | None = None) -> View:
    context = turn.context
    with context.reading() as session:
        key = search.get(session, key_id)
        seen = update.version(session, key_id)
    last_day = context.policy.last_day(key.expires_at) if key.expires_at else None
    latest = context.policy.latest_expiry(context.clock.now())
    ref = turn.ref(key=key_id, cursor=str(seen))
    return edit_view.edit(key, last_day, latest, ref, changed_by=changed_by)


def submitted(turn: Turn) -> None:
    """Saves what was filled in, or says at its field why not."""
    context, view = turn.context, turn.view
    ref = Ref.decode(view.get("private_metadata"))
    with context.reading() as session:
        before = search.get(session, ref.key)
    wanted = _wanted(view)
    errors = form_values.with_token(view, ids.NOTE) or _errors(turn, before, wanted)
    if errors:
        turn.refuse_inputs(errors)
        return
    try:
        with context.writing() as session:
            outcome = update.edit(
                context.service, session, ref.key, turn.actor, wanted,
                context.policy, int(ref.cursor or 0),
            )  # fmt: skip
    except ChangedMeanwhile as error:
        turn.show(_modal(turn, ref.key, changed_by=error.actor))
    except ScopesRefused as error:
        turn.refuse_inputs({ids.SCOPES: str(error)})
    except NoteTooLong as error:
        turn.refuse_inputs({ids.NOTE: str(error)})
    except ExpiryRefused as error:
        turn.refuse_inputs({ids.LAST_DAY: str(error)})
    else:
        context.nudge()
        changed = _changed(before, outcome.key)
        turn.show(edit_view.saved(outcome.key, changed, watched(context, outcome.fence)))


def _wanted(view: View) -> Wanted:
    return Wanted(
        scopes=form_values.chosen(view, ids.SCOPES),
        owner=form_values.person(view, ids.OWNER),
        backup_owner=form_values.person(view, ids.BACKUP_OWNER),
        note=form_values.text(view, ids.NOTE),
        networks=tuple(form_values.text(view, ids.NETWORKS).replace(",", " ").split()),
        rate_limit=form_values.text(view, ids.RATE),
        last_day=form_values.day(view, ids.LAST_DAY),
    )


def _errors(turn: Turn, before: KeyView, wanted: Wanted) -> dict[str, str]:
    errors = {}
    try:
        check_rate(wanted.rate_limit)
    except LimitsRefused as error:
        errors[ids.RATE] = str(error)
    try:
        check_networks(wanted.networks)
    except (LimitsRefused, TokenInText) as error:
        errors[ids.NETWORKS] = str(error)
    for block_id, person, was in (
        (ids.OWNER, wanted.owner, before.owner),
        (ids.BACKUP_OWNER, wanted.backup_owner, before.backup_owner),
    ):
        if person and person != was and not turn.context.admins.belongs(Person(person)):
            errors[block_id] = _NO_MEMBER
    return errors


def _changed(before: KeyView, after: KeyView) -> Sequence[str]:
    names = ("scopes", "owner", "backup_owner", "note", "networks", "rate_limit", "expires_at")
    return [name for name in names if getattr(before, name) != getattr(after, name)]


def open_extend(turn: Turn) -> None:
    """Opens the modal for another date."""
    context = turn.context
    key = _pressed(turn)
    if key.state is not State.ACTIVE:
        turn.say(replies.told(f"“{key.name}” was revoked, so it cannot be extended."))
        return
    turn.acknowledge()
    now, policy = context.clock.now(), context.policy
    proposed = policy.default_expiry(now) or policy.today(now) + _PROPOSED
    view = views.extend(key, proposed, policy.latest_expiry(now), turn.ref(key=key.id))
    context.slack.open_view(turn.trigger, view)


def extend_submitted(turn: Turn) -> None:
    """Gives the key another date of expiry."""
    context, ref = turn.context, Ref.decode(turn.view.get("private_metadata"))
    day = form_values.day(turn.view, ids.LAST_DAY)
    try:
        with context.writing() as session:
            outcome = update.set_expiry(
                context.service, session, ref.key, turn.actor, day,
                context.policy,
            )  # fmt: skip
    except ExpiryRefused as error:
        turn.refuse_inputs({ids.LAST_DAY: str(error)})
        return
    context.nudge()
    turn.show(views.extended(outcome.key))


def let_expire(turn: Turn) -> None:
    """Notes that the key may expire; its reminders say so from then on."""
    turn.acknowledge()
    context, ref = turn.context, Ref.decode(turn.action.get("value"))
    with context.writing() as session:
        update.let_expire(context.service, session, ref.key, turn.actor)
    context.nudge()


def _pressed(turn: Turn) -> KeyView:
    ref = Ref.decode(turn.action.get("value"))
    with turn.context.reading() as session:
        return search.get(session, ref.key)
