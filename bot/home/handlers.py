"""Render App Home when a user opens it, chooses what to see, or when keys change."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from bot.authorization.admins import DenialReason, Denied, Person
from bot.framework.context import Context, HomeNotice
from bot.framework.interaction import Interaction
from bot.framework.owner_search import find_owners
from bot.framework.router import Router
from bot.framework.slack_event import SlackEvent
from bot.home import state
from bot.home import view as blocks
from bot.home.state import HomeState, HomeView
from bot.slack_api.errors import SlackError, StaleView
from bot.ui import ids
from bot.ui.blocks import Block, View
from bot.ui.key_rows import Reader
from bot.ui.payloads import ActionPayload
from keys.changes.authorization import admins, members, system
from keys.credentials.tokens import redact
from keys.offboarding import departures
from keys.search import search as finding
from keys.search.due import due_reasons
from keys.search.filters import KeyFilter
from keys.search.search import Found
from keys.search.sorting import Sort
from keys.usage import usage
from runtime.display import without_hidden

logger = logging.getLogger("bot")

# A fixed time, so that an unchanged Home has the same hash. Its buttons need not expire, since a
# press or what it opens asks again.
_BUTTON_TIME = datetime.fromtimestamp(0, UTC)


router = Router()


@router.event("app_home_opened", allow=system)
def opened(report: SlackEvent) -> None:
    """Render the Home of the user who opened it."""
    context, event = report.context, report.event
    if event.get("tab") != "home":
        return
    user_id = str(event["user"])
    with context.writing() as session:
        home = state.record_opened(session, user_id, context.clock.now())
    render(context, home, forced=True)


@router.action(ids.HOME_FILTER, allow=admins)
def choose_filter(interaction: Interaction) -> None:
    """Show the keys that match another filter."""
    chosen = (interaction.action.get("selected_option") or {}).get("value")
    # Only a forged press sends an unknown filter; it shows all keys.
    key_filter = KeyFilter(chosen) if chosen in list(KeyFilter) else KeyFilter.ALL
    _update(interaction, shelf=key_filter, sort="")


def _show_counted(interaction: Interaction) -> None:
    """Show the keys that a number in the summary counts: all of them, so without a search."""
    name = str(interaction.action.get("action_id")).removeprefix(ids.HOME_COUNT)
    _update(interaction, shelf=KeyFilter(name), sort="", query="")


for _filter in (KeyFilter.ALL, *blocks.COUNTS):
    router.action(f"{ids.HOME_COUNT}{_filter}", allow=admins)(_show_counted)


@router.action(ids.HOME_SORT, allow=admins)
def choose_sort(interaction: Interaction) -> None:
    """Sort the keys in another order."""
    chosen = (interaction.action.get("selected_option") or {}).get("value")
    _update(interaction, sort=chosen if chosen in list(Sort) else Sort.NAME)


@router.action(ids.HOME_SEARCH, allow=admins)
def search(interaction: Interaction) -> None:
    """Show the keys that match; a pasted token is replaced by its hint, which finds it too."""
    typed = without_hidden(str(interaction.action.get("value") or ""))
    query = _without_token(interaction.context, typed)
    _update(interaction, searched_in=str(interaction.action.get("block_id") or ""), query=query)


def _without_token(context: Context, text: str) -> str:
    if redact(text) == text:
        return text
    with context.reading() as session:
        found = finding.find(session, text, revoked=True)
    return found.key.hint if isinstance(found, Found) else redact(text)


# Admins page through all keys, other members through the keys that they own (`_view`).
@router.action(ids.HOME_PREVIOUS_PAGE, allow=members)
def previous_page(interaction: Interaction) -> None:
    """Show the previous page."""
    _update(interaction, before=interaction.payload.cursor)


@router.action(ids.HOME_NEXT_PAGE, allow=members)
def next_page(interaction: Interaction) -> None:
    """Show the next page."""
    _update(interaction, after=interaction.payload.cursor)


def _update(interaction: Interaction, *, searched_in: str = "", **changes: str) -> None:
    interaction.acknowledge()
    context, now = interaction.context, interaction.context.clock.now()
    with context.writing() as session:
        home = state.update_state(session, interaction.person.user_id, now, **changes)
    render(context, home, forced=True, searched_in=searched_in)


def refresh(context: Context) -> bool:
    """Render one stale Home again; False if there is none."""
    now = context.clock.now()
    with context.reading() as session:
        newest = state.newest_if_stale(session, now)
    if newest is None:
        return False
    with context.writing() as session:
        home = state.claim_stale(session, now, newest)
    if home is None:
        return False
    try:
        render(context, home, forced=False)
    except SlackError as error:
        # Its claim ends in some seconds, and it is tried again.
        logger.warning("the Home of %s was not redrawn: %s", home.user_id, error)
    return True


def render(context: Context, home: HomeView, *, forced: bool, searched_in: str = "") -> None:
    """Publish a Home.

    Args:
        forced: publish it even if nothing has changed, such as when it was opened.
        searched_in: the block_id of the box that the user just searched in, if they did.

    Raises:
        SlackError: if it could not be published.
    """
    # The update is sent with the hash of the view that it replaces. If another process was faster,
    # the keys are read again, and the update replaces whatever is there.
    for hash_ in (home.view_hash, ""):
        with context.reading() as session:
            newest_seq = state.newest(session)
        view = _view(context, home, searched_in)
        rendered = hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest()
        view_hash = home.view_hash
        if not forced and rendered == home.rendered_hash:
            break
        try:
            answer = context.slack.publish_home(home.user_id, view, hash_ or None)
        except StaleView:
            continue
        view_hash = str(answer.get("hash") or "")
        break
    with context.writing() as session:
        state.published(session, home.user_id, view_hash, rendered, newest_seq)


def _view(context: Context, home: HomeView, searched_in: str) -> View:
    person = Person(home.user_id)
    allowed = context.admins.check(person)
    ref = ActionPayload(_BUTTON_TIME)
    if isinstance(allowed, Denied):
        if allowed.why is not DenialReason.NOT_AN_ADMIN:
            return blocks.for_others(allowed.reason)
        mine = HomeState(shelf=KeyFilter.MINE, after=home.state.after, before=home.state.before)
        policy = context.policy
        reader = Reader(home.user_id, may_rotate=policy.owner_rotate, may_check=policy.owner_check)
        page = _page(context, home.user_id, mine)
        notices = _notices(context, context.member_notices, home.user_id, ref)
        return blocks.for_owner(page, ref, reader, context.admins.names(), notices)
    page = replace(_page(context, home.user_id, home.state), searched_in=searched_in)
    return blocks.for_admin(page, ref, _notices(context, context.home_notices, home.user_id, ref))


def _notices(
    context: Context, notices: Sequence[HomeNotice], user_id: str, ref: ActionPayload
) -> list[Block]:
    with context.reading() as session:
        return [block for notice in notices for block in notice(session, context, user_id, ref)]


def _page(context: Context, user_id: str, state: HomeState) -> blocks.Page:
    now, key_filter = context.clock.now(), state.key_filter
    named = find_owners(context, state.query)
    with context.reading() as session:
        search_page = partial(
            finding.page, session, state.query, sort=state.sorted_by, owners=named.by_word,
            key_filter=(key_filter, user_id, now),
        )  # fmt: skip
        page = search_page(before=state.before or None, after=state.after or None)
        if not page.keys and (state.before or state.after):
            page = search_page()
        uses = usage.by_day(session, [key.id for key in page.keys], now.date())
        gone = departures.gone_among(session, [key.owner for key in page.keys if key.owner])
        counts = finding.count_by_filter(session, user_id, now)
    return blocks.Page(
        keys=page.keys,
        total=page.total,
        first=page.before + 1,
        uses=uses,
        query=state.query,
        key_filter=key_filter,
        sort=state.sorted_by,
        counts=counts,
        due={key.id: due_reasons(key, gone, now) for key in page.keys},
        owners_unknown=not named.is_complete,
        previous_cursor=page.previous_cursor,
        next_cursor=page.next_cursor,
    )
