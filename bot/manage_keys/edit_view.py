"""Editing a key: the modal and its outcome."""

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
    """The modal with the key as it stands.

    Args:
        last_day: the last day on which it works.
        latest: the latest that the team allows.
        ref: says which key, and as of when.
        changed_by: who else has changed it since it was opened first.
    """
    blocks: list[Block] = []
    if changed_by is not None:
        blocks.append(
            sentence(
                person(changed_by), " changed this key in the meantime, so nothing of yours was "
                "written. This is how it stands now.",
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
            hint="Who is asked when the owner is away.",
            optional=True,
        ),
        inputs.note(key.note),
        inputs.text(
            ids.NETWORKS,
            "Allowed networks",
            "\n".join(key.networks),
            most=NETWORKS_TEXT_MAX,
            hint="One a line, such as 10.1.0.0/16. Empty for anywhere.",
            multiline=True,
        ),
        inputs.text(
            ids.RATE,
            "Rate limit",
            key.rate_limit,
            most=RATE_MAX,
            hint="Such as 100/minute. Empty for any rate.",
        ),
        inputs.last_day(last_day, latest),
    ]
    # Redrawn after a change by another admin, the fields have to show that change: Slack would keep
    # what this admin had entered, and the next Save would write it over the change.
    blocks += form if changed_by is None else inputs.showing(ref.cursor, form)
    return modal(_TITLE, ids.EDIT_MODAL, blocks, submit="Save", ref=ref)


def saved(key: KeyView, changed: Sequence[str], propagation: Propagation | None) -> View:
    """The outcome.

    Args:
        changed: the names of what was changed.
        propagation: how many gateways know of it; None if nobody was asked.
    """
    if not changed:
        return _result(sentence("Everything about ", name_of(key), " was so already."))
    names = " and ".join(inputs.FIELD_NAMES.get(name, name) for name in changed)
    verb = "were" if len(changed) > 1 or changed[0] in ("scopes", "networks") else "was"
    blocks = [sentence("Saved: ", text_element(names), " of ", name_of(key), f" {verb} changed.")]
    if propagation is not None:
        blocks.append(context(describe(propagation)))
    return _result(*blocks)


def _result(*blocks: Block) -> View:
    return result_modal(_TITLE, blocks)
