"""The modal for editing a key, and its result."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot.ui import ids, inputs
from bot.ui.blocks import (
    Block,
    View,
    context,
    modal,
    name_of,
    person,
    result_modal,
    sentence,
    text_element,
)
from bot.ui.payloads import ActionPayload
from keys.base.actors import Actor
from keys.base.models import KeyView
from keys.changes.propagation import Propagation, describe

_TITLE = "Edit API key"
RATE_MAX = 40
NETWORKS_TEXT_MAX = 1_000


def edit(
    key: KeyView,
    last_day: date | None,
    latest: date | None,
    ref: ActionPayload,
    *,
    changed_by: Actor | None = None,
) -> View:
    """Render the modal with the key's present values.

    Args:
        last_day: the last day on which the key works.
        latest: the latest day that the team allows.
        ref: the payload that names the key and its version.
        changed_by: who else changed the key while the modal was open.
    """
    blocks: list[Block] = []
    if changed_by is not None:
        blocks.append(
            sentence(
                person(changed_by), " changed this key in the meantime, so your changes were not "
                "saved. These are its current values.",
            )
        )  # fmt: skip
    form = [
        sentence("What ", name_of(key), " may do, and who owns it."),
        inputs.scopes(key.scopes),
        inputs.person(ids.OWNER, "Owner", key.owner, hint="The person who owns the key."),
        inputs.person(
            ids.BACKUP_OWNER,
            "Backup owner",
            key.backup_owner,
            hint="The person to ask when the owner is away.",
            optional=True,
        ),
        inputs.note(key.note),
        inputs.text(
            ids.NETWORKS,
            "Allowed networks",
            "\n".join(key.networks),
            most=NETWORKS_TEXT_MAX,
            hint="One per line, such as 10.1.0.0/16. Leave empty to allow any.",
            multiline=True,
        ),
        inputs.text(
            ids.RATE,
            "Rate limit",
            key.rate_limit,
            most=RATE_MAX,
            hint="Such as 100/minute. Leave empty for no limit.",
        ),
        inputs.last_day(last_day, latest),
    ]
    # After a change by another admin the fields have to show it: Slack would keep what this admin
    # had entered, and the next Save would overwrite the change.
    blocks += form if changed_by is None else inputs.showing(ref.cursor, form)
    return modal(_TITLE, ids.EDIT_MODAL, blocks, submit="Save", ref=ref)


def saved(key: KeyView, changed: Sequence[str], propagation: Propagation | None) -> View:
    """Render the result.

    Args:
        changed: the fields of KeyUpdate that were changed.
        propagation: how many gateways have confirmed it; None if there was nothing to confirm.
    """
    if not changed:
        return _result(sentence("Nothing to save: ", name_of(key), " already has these values."))
    names = " and ".join(inputs.FIELD_NAMES[name] for name in changed)
    verb = "were" if len(changed) > 1 or changed[0] in ("scopes", "networks") else "was"
    blocks = [sentence("Saved: ", text_element(names), " of ", name_of(key), f" {verb} changed.")]
    if propagation is not None:
        blocks.append(context(describe(propagation)))
    return _result(*blocks)


def _result(*blocks: Block) -> View:
    return result_modal(_TITLE, blocks)
