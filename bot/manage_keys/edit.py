"""Editing, extending, and letting expire: from Slack to the domain and back."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from bot.authorization.admins import Person
from bot.expiry import views
from bot.framework.interaction import Interaction
from bot.manage_keys import edit_view
from bot.manage_keys.revoke import watched
from bot.ui import form_values, ids, replies
from bot.ui.blocks import View
from bot.ui.payloads import ActionPayload
from keys.base.actors import Actor
from keys.base.errors import (
    EditConflict,
    InvalidExpiry,
    InvalidLimits,
    InvalidScopes,
    NoteTooLong,
    TokenInText,
)
from keys.base.models import KeyView, State
from keys.changes.change import within
from keys.inputs.limits import check_networks, check_rate
from keys.lifecycle import update
from keys.lifecycle.update import KeyUpdate
from keys.search import search

logger = logging.getLogger("bot")

# What is proposed where the team has no rule of its own.
_PROPOSED = timedelta(days=90)
_NO_MEMBER = "Choose a full member of this workspace: guests and bots cannot answer for a key."


def open_edit(interaction: Interaction, key: KeyView) -> None:
    """Opens the modal; a key that cannot be changed says why instead."""
    if key.state is not State.ACTIVE:
        interaction.say(
            replies.domain_error(f"“{key.name}” was revoked, so nothing about it can be changed.")
        )
        return
    interaction.acknowledge()
    interaction.context.slack.open_view(interaction.trigger, _modal(interaction, key.id))


def _modal(interaction: Interaction, key_id: str, changed_by: Actor | None = None) -> View:
    context = interaction.context
    with context.reading() as session:
        key = search.get(session, key_id)
        seen = update.version(session, key_id)
    last_day = context.policy.last_day(key.expires_at) if key.expires_at else None
    latest = context.policy.latest_expiry(context.clock.now())
    ref = interaction.ref(key=key_id, cursor=str(seen))
    return edit_view.edit(key, last_day, latest, ref, changed_by=changed_by)


def submitted(interaction: Interaction) -> None:
    """Saves what was filled in, or says at its field why not."""
    context, view = interaction.context, interaction.view
    ref = ActionPayload.decode(view.get("private_metadata"))
    with context.reading() as session:
        before = search.get(session, ref.key)
    wanted = _wanted(view)
    errors = form_values.with_token(view, ids.NOTE) or _errors(interaction, before, wanted)
    if errors:
        interaction.refuse_inputs(errors)
        return
    try:
        with context.writing() as session:
            outcome = update.edit_key(
                within(context.services, session, interaction.actor),
                ref.key,
                wanted,
                int(ref.cursor or 0),
            )
    except EditConflict as error:
        interaction.show(_modal(interaction, ref.key, changed_by=error.actor))
    except InvalidScopes as error:
        interaction.refuse_inputs({ids.SCOPES: str(error)})
    except NoteTooLong as error:
        interaction.refuse_inputs({ids.NOTE: str(error)})
    except InvalidExpiry as error:
        interaction.refuse_inputs({ids.LAST_DAY: str(error)})
    else:
        context.wake()
        changed = _changed(before, outcome.key)
        interaction.show(edit_view.saved(outcome.key, changed, watched(context, outcome.fence)))


def _wanted(view: View) -> KeyUpdate:
    return KeyUpdate(
        scopes=form_values.chosen(view, ids.SCOPES),
        owner=form_values.person(view, ids.OWNER),
        backup_owner=form_values.person(view, ids.BACKUP_OWNER),
        note=form_values.text(view, ids.NOTE),
        networks=tuple(form_values.text(view, ids.NETWORKS).replace(",", " ").split()),
        rate_limit=form_values.text(view, ids.RATE),
        last_day=form_values.day(view, ids.LAST_DAY),
    )


def _errors(interaction: Interaction, before: KeyView, wanted: KeyUpdate) -> dict[str, str]:
    errors = {}
    try:
        check_rate(wanted.rate_limit)
    except InvalidLimits as error:
        errors[ids.RATE] = str(error)
    try:
        check_networks(wanted.networks)
    except (InvalidLimits, TokenInText) as error:
        errors[ids.NETWORKS] = str(error)
    for block_id, person, was in (
        (ids.OWNER, wanted.owner, before.owner),
        (ids.BACKUP_OWNER, wanted.backup_owner, before.backup_owner),
    ):
        if (
            person
            and person != was
            and not interaction.context.admins.check_membership(Person(person))
        ):
            errors[block_id] = _NO_MEMBER
    return errors


def _changed(before: KeyView, after: KeyView) -> Sequence[str]:
    names = ("scopes", "owner", "backup_owner", "note", "networks", "rate_limit", "expires_at")
    return [name for name in names if getattr(before, name) != getattr(after, name)]


def open_extend(interaction: Interaction) -> None:
    """Opens the modal for another date."""
    context = interaction.context
    key = _pressed(interaction)
    if key.state is not State.ACTIVE:
        interaction.say(
            replies.domain_error(f"“{key.name}” was revoked, so it cannot be extended.")
        )
        return
    interaction.acknowledge()
    now, policy = context.clock.now(), context.policy
    proposed = policy.default_expiry(now) or policy.today(now) + _PROPOSED
    view = views.extend(key, proposed, policy.latest_expiry(now), interaction.ref(key=key.id))
    context.slack.open_view(interaction.trigger, view)


def extend_submitted(interaction: Interaction) -> None:
    """Gives the key another date of expiry."""
    context, ref = (
        interaction.context,
        ActionPayload.decode(interaction.view.get("private_metadata")),
    )
    day = form_values.day(interaction.view, ids.LAST_DAY)
    try:
        with context.writing() as session:
            outcome = update.set_expiry(
                within(context.services, session, interaction.actor),
                ref.key,
                day,
            )
    except InvalidExpiry as error:
        interaction.refuse_inputs({ids.LAST_DAY: str(error)})
        return
    context.wake()
    interaction.show(views.extended(outcome.key))


def let_expire(interaction: Interaction) -> None:
    """Notes that the key may expire; its reminders say so from then on."""
    interaction.acknowledge()
    context, ref = interaction.context, ActionPayload.decode(interaction.action.get("value"))
    with context.writing() as session:
        update.let_expire(
            within(context.services, session, interaction.actor),
            ref.key,
        )
    context.wake()


def _pressed(interaction: Interaction) -> KeyView:
    ref = ActionPayload.decode(interaction.action.get("value"))
    with interaction.context.reading() as session:
        return search.get(session, ref.key)
