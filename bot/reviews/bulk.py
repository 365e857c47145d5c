"""Handle the modal in which an admin reviews many keys; each admin has their own page."""

from __future__ import annotations

from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.reviews import bulk_view
from bot.reviews.bulk_view import Result
from bot.ui import ids
from bot.ui.blocks import View
from keys.changes.authorization import admins
from keys.operations import KeepKeysInReview, UndoKeeps
from keys.reviews import pages, queries
from keys.reviews.models import ReviewItem

# The choice that undoes what the modal did (Interaction.choose).
UNDO = "undo_keeps"


def open_review(interaction: Interaction) -> None:
    """Open the modal at its first page."""
    view = _page(interaction, "")
    interaction.acknowledge()
    interaction.open(view)


def turn_page(interaction: Interaction) -> None:
    """Show another page in the same modal; what was selected is not kept."""
    _update(interaction, _page(interaction, interaction.payload.cursor))


def keep_selected(interaction: Interaction) -> None:
    """Keep the selected keys, and show the next page with what was done."""
    ref, selected = interaction.payload, _selected(interaction.view)
    kept = []
    if selected:
        operation = KeepKeysInReview(review=ref.about, keys=selected)
        kept = [item.key.id for item in interaction.execute(operation).value]
    here, _, next_cursor = ref.cursor.partition(",")
    result = Result(bulk_view.kept(len(kept), len(selected)), kept, here)
    interaction.show(_page(interaction, next_cursor if selected else here, result))


def undo(interaction: Interaction) -> None:
    """Undo what the modal did just before, and show the page again."""
    ref = interaction.payload
    operation = UndoKeeps(review=ref.about, keys=tuple(ref.key.split(",")))
    count = interaction.execute(operation).value
    _update(interaction, _page(interaction, ref.cursor, Result(bulk_view.undone(count))))


def choose_one(interaction: Interaction) -> None:
    """Open the modal about one key above the page."""
    ref = interaction.payload
    with interaction.context.reading() as session:
        item = queries.item(session, ref.about, ref.key)
    interaction.acknowledge()
    interaction.open(_one(interaction, item))


def show_one(interaction: Interaction, item: ReviewItem) -> None:
    """Show the decision in the modal about one key."""
    _update(interaction, _one(interaction, item))


def _one(interaction: Interaction, item: ReviewItem) -> View:
    context, about = interaction.context, interaction.payload.about
    with context.reading() as session:
        audit = queries.get(session, about)
    return bulk_view.one(audit, item, context.clock.now(), interaction.ref(about=about))


def _page(interaction: Interaction, cursor: str, result: Result | None = None) -> View:
    context, about = interaction.context, interaction.payload.about
    with context.reading() as session:
        audit = queries.get(session, about)
        page = pages.page(session, about, cursor, most=bulk_view.PAGE_MAX)
    ref = interaction.ref(about=about)
    return bulk_view.review(audit, page, ref, context.policy.today, result)


def _selected(view: View) -> tuple[str, ...]:
    """Return the ids of the keys whose boxes are ticked, in all groups."""
    return tuple(
        str(option["value"])
        for block_id, elements in view["state"]["values"].items()
        if block_id.startswith(ids.KEPT)
        for option in elements.get(ids.VALUE, {}).get("selected_options") or ()
    )


def _update(interaction: Interaction, view: View) -> None:
    interaction.acknowledge()
    interaction.context.slack.update_view(str(interaction.view["id"]), view)


router = Router()
router.action(ids.AUDIT_REVIEW, allow=admins)(open_review)
router.action(ids.AUDIT_PAGE_PREVIOUS, allow=admins)(turn_page)
router.action(ids.AUDIT_PAGE_NEXT, allow=admins)(turn_page)
router.action(ids.AUDIT_ONE, allow=admins)(choose_one)
router.view(ids.AUDIT_REVIEW_MODAL, allow=admins)(keep_selected)
router.choice(UNDO, allow=admins)(undo)
