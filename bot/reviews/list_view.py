"""The messages of a review: the team's summary, and an owner's list of keys."""

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
    button,
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
from keys.reviews.models import ReviewView, Stage
from keys.reviews.pages import OwnersPage
from keys.reviews.queries import LatestDecisions

# A message holds 50 blocks, and each key takes four of them.
ITEMS_MAX = 6
LATEST_MAX = 3


@dataclass(frozen=True, slots=True)
class ReviewListView:
    """The content of a list.

    Attributes:
        page: the page of an owner's keys, at most six; None for the team.
        latest: the latest decisions, newest first.
        replaced: whether there is a newer list below.
    """

    audit: ReviewView
    page: OwnersPage | None
    latest: Sequence[LatestDecisions]
    now: datetime
    replaced: bool = False


def board(listing: ReviewListView, ref: ActionPayload) -> Message:
    """Render the message with the list.

    Args:
        ref: the payload of all buttons: the review's id, and the list's subject as its query.
    """
    audit = listing.audit
    if listing.page is not None:
        return _mine(listing, listing.page, ref)
    blocks = [header("Audit of the API keys"), *summary_view.progress(audit)]
    if audit.stage is Stage.OPEN:
        blocks += _latest(listing.latest)
        review = replace(ref, query="")
        blocks.append(actions(button("Review keys", ids.AUDIT_REVIEW, review, style="primary")))
    return message(*blocks)


def _mine(listing: ReviewListView, page: OwnersPage, ref: ActionPayload) -> Message:
    audit = listing.audit
    if listing.replaced:
        return message(context("There is a newer list of your keys below."))
    if audit.stage is not Stage.OPEN:
        return message(section("The audit of the API keys is over. Nothing is left to decide."))
    if not page.left:
        done = section("All your API keys have a decision. Nothing is left to do.")
        return message(done, *_list(listing, page, ref))
    head = (
        "*Which of your API keys are still needed?* "
        f"Please decide {date(audit.deadline_at, DAY, before='by ')}."
    )
    return message(section(head), *_list(listing, page, ref))


def _latest(latest: Sequence[LatestDecisions]) -> list[Block]:
    if not latest:
        return []
    pieces: list[Element | str] = []
    for one in latest:
        what = name_of(one.key) if one.count == 1 else words.keys(one.count)
        pieces += ["; " if pieces else "Latest: ", person(one.by)]
        pieces += [f" {words.DECIDED[one.decision]} ", what]
    return [sentence(*pieces, ".")]


def _list(listing: ReviewListView, page: OwnersPage, ref: ActionPayload) -> list[Block]:
    if not page.items:
        return []
    blocks: list[Block] = [{"type": "divider"}]
    for item in page.items:
        blocks += item_view.in_list(
            item, item_view.MINE, listing.now, replace(ref, key=item.key.id, query="")
        )
    return blocks + _pager(page, ref)


def _pager(page: OwnersPage, ref: ActionPayload) -> list[Block]:
    text = f"{page.skip + 1:,} to {page.skip + len(page.items):,} of {page.total:,}"
    text += " left" if page.left == page.total else f", {page.left:,} left"
    # On another page, the keys that are decided by then are left out.
    next_skip = page.left_before + sum(item.decision is None for item in page.items)
    elements = pagination_buttons(
        replace(ref, do=item_view.MINE),
        (
            ids.AUDIT_PREVIOUS_PAGE,
            str(max(0, page.left_before - ITEMS_MAX)) if page.left_before else None,
        ),
        (ids.AUDIT_NEXT_PAGE, str(next_skip) if next_skip < page.left else None),
    )
    blocks = [context(text)]
    return [*blocks, actions(*elements)] if elements else blocks
