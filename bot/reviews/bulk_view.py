"""The modal in which an admin reviews many keys: a page of checkboxes, and one key by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.reviews import item_view, words
from bot.ui import ids, inputs
from bot.ui.blocks import (
    LAST_MINUTE,
    Block,
    Element,
    View,
    actions,
    button,
    clip,
    context,
    escape,
    modal,
    mrkdwn,
    owner_of,
    pagination_buttons,
    plain,
    plain_user_text,
    section,
)
from bot.ui.payloads import OPTION_MAX, ActionPayload
from keys.base.models import KeyView
from keys.reviews.models import ReviewItem, ReviewView, Stage
from keys.reviews.pages import ReviewPage

PAGE_MAX = 20
TITLE = "Review API keys"
_BOXES_MAX = 10  # in one group (Slack, checkboxes element)
_OPTION_TEXT_MAX = 75  # an option's text and its description (Slack, option object)


@dataclass(frozen=True, slots=True)
class Result:
    """What was done with the page before.

    Attributes:
        text: in a sentence of our own words.
        kept: the ids of the keys that were kept, for [Undo].
        cursor: where the page before began; [Undo] shows it again.
    """

    text: str
    kept: Sequence[str] = ()
    cursor: str = ""


def kept(count: int, selected: int) -> str:
    """Return what was done when `count` of the selected keys were kept."""
    if not selected:
        return "No key was selected, so nothing changed."
    text = f"You kept {words.keys(count)}."
    before = selected - count
    return f"{text} {words.keys(before)} had a decision before." if before else text


def undone(count: int) -> str:
    """Return what was done when the decisions to keep keys were undone."""
    return f"{words.have(count)} no decision again."


def review(
    audit: ReviewView,
    page: ReviewPage,
    ref: ActionPayload,
    today: Callable[[datetime], date],
    result: Result | None = None,
) -> View:
    """Render the modal.

    Args:
        ref: the payload of all buttons, with the review's id. The modal's own cursor is where this
            page begins and where the next one does.
        today: returns the team's date at a time.
        result: what was done just before.
    """
    ref = replace(ref, do=item_view.TEAM)
    blocks = [_result(result, ref)] if result else []
    if audit.stage is not Stage.OPEN:
        return _closed([*blocks, section("The audit is over.")])
    if not page.items:
        done = "Every key has a decision. The audit ends now."
        return _closed([*blocks, section(done)])
    blocks += [_head(page), *_groups(page, ref, today), _one(page, ref)]
    pages = pagination_buttons(
        ref,
        (ids.AUDIT_PAGE_PREVIOUS, page.previous_cursor),
        (ids.AUDIT_PAGE_NEXT, page.next_cursor),
    )
    if pages:
        blocks.append(actions(*pages))
    next_ref = replace(ref, cursor=f"{page.here},{page.next_cursor or ''}")
    return modal(
        TITLE, ids.AUDIT_REVIEW_MODAL, blocks, submit="Keep selected", close="Close", ref=next_ref
    )


def _closed(blocks: list[Block]) -> View:
    return modal(TITLE, ids.AUDIT_REVIEW_MODAL, blocks, close="Close")


def _result(result: Result, ref: ActionPayload) -> Block:
    block = section(result.text)
    if result.kept:
        undo = replace(ref, key=",".join(result.kept), cursor=result.cursor)
        block["accessory"] = button("Undo", ids.AUDIT_UNDO, undo)
    return block


def _head(page: ReviewPage) -> Block:
    left = f"{words.have(page.left)} no decision."
    if page.suggested:
        count = page.suggested_left
        keep = f"the {count:,} that are" if count > 1 else "the one that is"
        selected = "They are" if count > 1 else "It is"
        return section(f"*Keep {keep} used and owned?* {selected} selected. {left}")
    return section(f"*{left}* None on this page is selected: check each of them.")


def _groups(page: ReviewPage, ref: ActionPayload, today: Callable[[datetime], date]) -> list[Block]:
    """Render the checkboxes: suggested keys and others in groups of their own, ten in each."""
    suggested = [item for item in page.items if item.key.id in page.suggested]
    others = [item for item in page.items if item.key.id not in page.suggested]
    groups: list[Block] = []
    first = page.before + 1
    now = today(ref.at)
    for items, label in ((suggested, "Suggestion: keep"), (others, "To check")):
        for start in range(0, len(items), _BOXES_MAX):
            some = items[start : start + _BOXES_MAX]
            name = f"{label} ({first:,} to {first + len(some) - 1:,} of {page.left:,})"
            groups.append(_boxes(len(groups), name, some, now, today, ticked=items is suggested))
            first += len(some)
    # Other boxes than before must show their own ticks.
    return inputs.showing(f"{page.here}-{int(ref.at.timestamp())}", groups)


def _boxes(
    number: int,
    label: str,
    items: Sequence[ReviewItem],
    now: date,
    today: Callable[[datetime], date],
    *,
    ticked: bool,
) -> Block:
    options = [
        {
            "text": _short(item.key.name),
            "description": mrkdwn(clip(facts(item.key, now, today), _OPTION_TEXT_MAX)),
            "value": item.key.id,
        }
        for item in items
    ]
    element: Element = {"type": "checkboxes", "action_id": ids.VALUE, "options": options}
    if ticked:
        element["initial_options"] = options
    return inputs.labelled(f"{ids.KEPT}{number}", label, element, optional=True)


def facts(key: KeyView, now: date, today: Callable[[datetime], date]) -> str:
    """Return what matters of a key in one line: owner, last use, end and scopes."""

    def day(at: datetime) -> str:
        on = today(at)
        year = f", {on.year}" if on.year != now.year else ""
        return f"{on:%b} {on.day}{year}"

    used = f"used {day(key.last_used_at)}" if key.last_used_at else "no use seen"
    ends = f"expires {day(key.expires_at - LAST_MINUTE)}" if key.expires_at else "no expiry date"
    return " · ".join((owner_of(key), used, ends, escape(", ".join(key.scopes)) or "no scopes"))


def _short(name: str) -> Element:
    """Render a user's words as the text of an option; what makes them harmless counts too."""
    for length in range(_OPTION_TEXT_MAX, 0, -1):
        text = plain_user_text(clip(name, length))
        if len(text["text"]) <= _OPTION_TEXT_MAX:
            return text
    return plain("?")


def _one(page: ReviewPage, ref: ActionPayload) -> Block:
    options = [
        {
            "text": _short(item.key.name),
            "value": ActionPayload(ref.at, key=item.key.id, about=ref.about).encode(OPTION_MAX),
        }
        for item in page.items
    ]
    block = section("*Rotate or revoke one, or ask its owner*")
    # Of this page: a menu that shows other keys must not keep the old choice.
    block["block_id"] = ids.versioned(ids.AUDIT_ONE, f"{page.here}-{int(ref.at.timestamp())}")
    block["accessory"] = {
        "type": "static_select",
        "action_id": ids.AUDIT_ONE,
        "placeholder": plain("Choose a key"),
        "options": options,
    }
    return block


def one(audit: ReviewView, item: ReviewItem, now: datetime, ref: ActionPayload) -> View:
    """Render the modal about one key, above the page: its facts, and the buttons or the decision.

    Args:
        ref: the payload of the buttons, with the review's id.
    """
    blocks = item_view.in_list(
        item, item_view.ONE, now, replace(ref, key=item.key.id), audit.stage is Stage.OPEN
    )
    if item.decision is None and item.key.owner is None:
        blocks.append(context("It has no owner to ask. Choose one with Edit in the menu."))
    return modal(TITLE, ids.RESULT_MODAL, blocks, close="Back")
