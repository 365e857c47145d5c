"""App Home: the keys that a user may see, and what they can do with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from bot.ui import ids, key_facts
from bot.ui.blocks import (
    Block,
    Element,
    View,
    actions,
    button,
    context,
    header,
    pagination_buttons,
    plain,
    plain_user_text,
    section,
)
from bot.ui.key_rows import Reader, menu, rows
from bot.ui.payloads import ActionPayload
from bot.ui.search_box import search_box
from keys.base.models import KeyView
from keys.search.due import DueReason
from keys.search.filters import KeyFilter
from keys.search.sorting import Sort

_MENUS = "home_menus"
SORTS = {
    Sort.NAME: "Sort by name",
    Sort.END: "Sort by expiry date",
    Sort.LAST_USE: "Longest unused first",
    Sort.CREATED: "Newest first",
}
# The summary's numbers by filter: the words after the number, of one key and of several.
COUNTS = {
    KeyFilter.THIS_WEEK: ("expires within a week", "expire within a week"),
    KeyFilter.EXPIRED: ("expired", "expired"),
    KeyFilter.GONE: ("whose owner has left", "whose owner has left"),
    KeyFilter.UNOWNED: ("without an owner", "without an owner"),
    KeyFilter.NEVER_USED: ("never used", "never used"),
    KeyFilter.IDLE: ("idle", "idle"),
}
FILTERS = {
    KeyFilter.ALL: "All keys",
    KeyFilter.MINE: "My keys",
    KeyFilter.THIS_WEEK: "Expiring within a week",
    KeyFilter.EXPIRING: "Expiring within 30 days",
    KeyFilter.EXPIRED: "Expired",
    KeyFilter.IDLE: "Idle for 90 days",
    KeyFilter.NEVER_USED: "Never used",
    KeyFilter.UNDATED: "Without an expiry date",
    KeyFilter.UNOWNED: "Without an owner",
    KeyFilter.GONE: "Owner has left",
}


_NO_NAMES = "Slack did not answer, so owners’ names were not searched. Try again in a minute."
_Choice = TypeVar("_Choice", KeyFilter, Sort)


@dataclass(frozen=True, slots=True)
class Page:
    """What a Home shows.

    Attributes:
        keys: at most ten.
        total: how many keys the filter and the search have.
        first: the position of the page's first key in all of them, from 1.
        uses: the uses of each key on the last 30 days, by its id, oldest first.
        counts: how many keys each filter has.
        due: why each key needs attention, by its id.
        owners_unknown: whether Slack did not tell the owners' names, by which keys are searched.
        searched_in: the block_id of the box that the query was just typed into, if it was.
        previous_cursor, next_cursor: the cursors of the neighbouring pages; None without one.
    """

    keys: Sequence[KeyView]
    total: int
    first: int
    uses: Mapping[str, Sequence[int]]
    query: str = ""
    searched_in: str = ""
    key_filter: KeyFilter = KeyFilter.ALL
    sort: Sort = Sort.NAME
    counts: Mapping[KeyFilter, int] = field(default_factory=dict)
    due: Mapping[str, Sequence[DueReason]] = field(default_factory=dict)
    owners_unknown: bool = False
    previous_cursor: str | None = None
    next_cursor: str | None = None


def for_admin(page: Page, ref: ActionPayload, notices: Sequence[Block] = ()) -> View:
    """Render all keys, with everything that an admin can do.

    Args:
        notices: what stands above it, such as what has to be decided.
    """
    blocks: list[Block] = [
        *notices,
        header("API keys"),
        actions(
            button("New key", ids.NEW, ref, style="primary"),
            button("Check a token", ids.CHECK, ref),
            button("Offboard someone", ids.OFFBOARD, ref),
            button("Audit", ids.AUDIT, ref),
            button("Export", ids.EXPORT, ref),
            button("Guide", ids.HELP, ref),
        ),
        *_summary(page, ref),
        search_box(page.query, ids.HOME_SEARCH, page.searched_in),
        *([context(_NO_NAMES)] if page.owners_unknown else []),
        _menus(page),
        *_rows(page, lambda key: menu(key, ref)),
    ]
    if not page.keys:
        blocks.append(section(_nothing(page)))
    return _home(blocks + _foot(page, ref))


def for_owner(
    page: Page,
    ref: ActionPayload,
    reader: Reader,
    admins: Sequence[str] = (),
    notices: Sequence[Block] = (),
) -> View:
    """Render the keys of a member who is not an admin.

    Args:
        admins: the names of some admins to ask.
        notices: what stands above it, such as their open requests.
    """
    buttons = [button("Ask for a key", ids.REQUEST, ref, style="primary")]
    if reader.may_check:
        buttons.append(button("Check my token", ids.CHECK, ref))
    blocks: list[Block] = [
        header("Your API keys"),
        actions(*buttons, button("Guide", ids.HELP, ref)),
        *notices,
        *_rows(page, lambda key: menu(key, ref, reader)),
    ]
    if not page.keys:
        blocks.append(section("You don't own any keys. Ask for one, and it will appear here."))
    else:
        ask = "To change or revoke one, ask an admin" + (
            f": {', '.join(admins)}." if admins else "."
        )
        # In plain text nothing in a name can be formatting.
        blocks.append({"type": "context", "elements": [plain_user_text(ask)]})
    return _home(blocks + _foot(page, ref))


def for_others(why: str) -> View:
    """Render the Home of everyone else; `why` is a sentence of our own."""
    return _home([header("API keys"), section(why)])


def _use(key: KeyView, uses: Mapping[str, Sequence[int]]) -> str:
    counts = uses.get(key.id, ())
    total = sum(counts)
    if not total:
        return ""
    times = "once" if total == 1 else f"{total:,} times"
    return f"{key_facts.sparkline(counts)} used {times} in 30 days"


def _rows(page: Page, accessory: Callable[[KeyView], Element] | None) -> list[Block]:
    return rows(
        page.keys,
        accessory,
        lambda key: page.due.get(key.id, ()),
        lambda key: _use(key, page.uses),
    )


def _summary(page: Page, ref: ActionPayload) -> list[Block]:
    """Render how many keys there are, and how many of them need attention: each number filters."""
    total = page.counts.get(KeyFilter.ALL, 0)
    if not total:
        return []
    texts = {KeyFilter.ALL: "1 key" if total == 1 else f"{total:,} keys"}
    for key_filter, (one, several) in COUNTS.items():
        if count := page.counts.get(key_filter, 0):
            texts[key_filter] = f"{count:,} {one if count == 1 else several}"
    counts = (_count(each, text, page, ref) for each, text in texts.items())
    return [{"type": "divider"}, actions(*counts)]


def _count(key_filter: KeyFilter, text: str, page: Page, ref: ActionPayload) -> Element:
    is_shown = page.key_filter is key_filter and not page.query
    element = button(f"✓ {text}" if is_shown else text, f"{ids.HOME_COUNT}{key_filter}", ref)
    spoken = f"Shown: {text}" if is_shown else f"Show {text}"
    return {**element, "accessibility_label": spoken}


def _menus(page: Page) -> Block:
    # Slack keeps what was chosen in a menu while its block_id stays the same, although a number in
    # the summary has chosen something else.
    block = actions(
        _select(ids.HOME_FILTER, FILTERS, page.key_filter),
        _select(ids.HOME_SORT, SORTS, page.sort),
    )
    return {**block, "block_id": ids.versioned(_MENUS, f"{page.key_filter}.{page.sort}")}


def _select(action: str, words: Mapping[_Choice, str], chosen: _Choice) -> Element:
    options = {each: {"text": plain(text), "value": each.value} for each, text in words.items()}
    return {
        "type": "static_select",
        "action_id": action,
        "options": list(options.values()),
        "initial_option": options[chosen],
    }


def _nothing(page: Page) -> str:
    if page.query:
        return "No key matches. Try fewer or shorter words."
    if page.key_filter is not KeyFilter.ALL:
        return "No keys match this filter."
    return "There are no keys yet. Create the first one with “New key”."


def _foot(page: Page, ref: ActionPayload) -> list[Block]:
    if not page.keys:
        return []
    last = page.first + len(page.keys) - 1
    blocks = [context(f"{page.first:,} to {last:,} of {page.total:,}")]
    elements = pagination_buttons(
        ref,
        (ids.HOME_PREVIOUS_PAGE, page.previous_cursor),
        (ids.HOME_NEXT_PAGE, page.next_cursor),
    )
    return [*blocks, actions(*elements)] if elements else blocks


def _home(blocks: Sequence[Block]) -> View:
    return {"type": "home", "blocks": list(blocks)}
