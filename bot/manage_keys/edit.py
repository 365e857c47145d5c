"""Edit a key: the modal, and saving what was changed."""

from __future__ import annotations

from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.manage_keys import edit_view
from bot.ui import form_values, ids, replies
from bot.ui.blocks import View
from keys.base.actors import Actor
from keys.base.errors import EditConflict
from keys.base.models import KeyView, State
from keys.changes.authorization import admins
from keys.lifecycle.update import KeyUpdate, version
from keys.operations import Update
from keys.search import search

# The attribute of a key that a field with another name changes.
_ATTRIBUTES = {"last_day": "expires_at"}
router = Router()


@router.action(ids.EDIT, allow=admins)
@router.choice(ids.DO_EDIT, allow=admins)
def pressed(interaction: Interaction) -> None:
    """Open the modal for the key that the payload names."""
    open_edit(interaction, interaction.key)


def open_edit(interaction: Interaction, key: KeyView) -> None:
    """Open the modal; if the key cannot be edited, say why."""
    if key.state is not State.ACTIVE:
        interaction.say(
            replies.domain_error(f"“{key.name}” was revoked and can no longer be edited.")
        )
        return
    interaction.acknowledge()
    interaction.open(_modal(interaction, key.id))


def _modal(interaction: Interaction, key_id: str, changed_by: Actor | None = None) -> View:
    context = interaction.context
    with context.reading() as session:
        key = search.get(session, key_id)
        current_version = version(session, key_id)
    last_day = context.policy.last_day(key.expires_at) if key.expires_at else None
    latest = context.policy.latest_expiry(context.clock.now())
    ref = interaction.ref(key=key_id, cursor=str(current_version))
    return edit_view.edit(key, last_day, latest, ref, changed_by=changed_by)


@router.view(ids.EDIT_MODAL, allow=admins)
def submitted(interaction: Interaction) -> None:
    """Save what was filled in, or show an error at each refused input."""
    payload, view, before = interaction.payload, interaction.view, interaction.key

    def update() -> Update:
        return Update(
            key=payload.key,
            scopes=form_values.chosen(view, ids.SCOPES),
            owner=form_values.person(view, ids.OWNER),
            backup_owner=form_values.person(view, ids.BACKUP_OWNER),
            note=form_values.text(view, ids.NOTE),
            networks=form_values.text(view, ids.NETWORKS),
            rate_limit=form_values.text(view, ids.RATE),
            last_day=form_values.day(view, ids.LAST_DAY),
            version=int(payload.cursor or 0),
        )

    try:
        outcome = interaction.submit(update)
    except EditConflict as error:
        interaction.show(_modal(interaction, payload.key, changed_by=error.actor))
        return
    if outcome is not None:
        changed = changed_fields(before, outcome.value)
        interaction.show(edit_view.saved(outcome.value, changed, outcome.propagation))


def changed_fields(before: KeyView, after: KeyView) -> list[str]:
    """Return the fields of KeyUpdate in which two states of a key differ."""

    def differs(name: str) -> bool:
        attribute = _ATTRIBUTES.get(name, name)
        return bool(getattr(before, attribute) != getattr(after, attribute))

    return [name for name in KeyUpdate.model_fields if differs(name)]
