"""The list of keys in a review: the team's, and an owner's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.reviews import item_view, summary_view, words
from bot.ui import ids
from bot.ui.blocks import (
    DAY,
    Block,
    Element,
    Message,
    actions,
    context,
    date,
    header,
    message,
    name_of,
    pagination_buttons,
    person,
    section,
    sentence,
)
from bot.ui.payloads import ActionPayload
from keys.reviews.models import ReviewItem, ReviewView, Stage

# A message holds 50 blocks, and each key takes four of them.
ITEMS_MAX = 6
LATEST_MAX = 3


@dataclass(frozen=True, slots=True)
class ReviewListView:
    """The content of a list.

    Attributes:
        items: the page's keys, at most six.
        left: how many keys are undecided.
        skip: how many of them come before the page.
        latest: the latest decisions, newest first.
        of: `item_view.TEAM`, or `item_view.MINE` for an owner's own keys.
        replaced: whether there is a newer list below.
    """

    audit: ReviewView
    items: Sequence[ReviewItem]
    left: int
    skip: int
    latest: Sequence[ReviewItem]
    of: str
    now: datetime
    replaced: bool = False


def board(listing: ReviewListView, ref: ActionPayload) -> Message:
    """Render the message with the list.

    Args:
        ref: the payload of all buttons: the review's id, and the list's subject as its query.
    """
    audit = listing.audit
    if listing.of == item_view.MINE:
        return _mine(listing, ref)
    blocks = [header("Audit of the API keys"), *summary_view.progress(audit)]
    if audit.stage is Stage.OPEN:
        blocks += _latest(listing.latest)
        blocks += _list(listing, ref)
    return message(*blocks)


def _mine(listing: ReviewListView, ref: ActionPayload) -> Message:
    audit = listing.audit
    if listing.replaced:
        return message(context("There is a newer list of your keys below."))
    if audit.stage is not Stage.OPEN:
        return message(section("The audit of the API keys is over. Thank you."))
    if not listing.left:
        return message(section("You have decided about all your API keys. Thank you."))
    head = (
        f"*Which of your API keys are still needed?* Please decide by "
        f"{date(audit.deadline_at, DAY)}."
    )
    return message(section(head), *_list(listing, ref))


def _latest(latest: Sequence[ReviewItem]) -> list[Block]:
    if not latest:
        return []
    pieces: list[Element | str] = []
    for item in latest:
        if item.by is None or item.decision is None:
            continue
        pieces += ["" if not pieces else "; ", person(item.by)]
        pieces += [f" {words.DECIDED[item.decision]} ", name_of(item.key)]
    pieces = [piece for piece in pieces if piece != ""]
    return [sentence("Latest: ", *pieces, ".")] if pieces else []


def _list(listing: ReviewListView, ref: ActionPayload) -> list[Block]:
    if not listing.items:
        return []
    blocks: list[Block] = [{"type": "divider"}]
    for item in listing.items:
        blocks += item_view.in_list(
            item, listing.of, listing.now, replace(ref, key=item.key.id, query="")
        )
    return blocks + _pager(listing, ref)


def _pager(listing: ReviewListView, ref: ActionPayload) -> list[Block]:
    last = listing.skip + len(listing.items)
    blocks = [context(f"{listing.skip + 1:,} to {last:,} of {listing.left:,} left")]
    before = str(max(0, listing.skip - ITEMS_MAX))
    elements = pagination_buttons(
        replace(ref, do=listing.of),
        (ids.AUDIT_PREVIOUS_PAGE, before if listing.skip else None),
        (ids.AUDIT_NEXT_PAGE, str(last) if last < listing.left else None),
    )
    return [*blocks, actions(*elements)] if elements else blocks
