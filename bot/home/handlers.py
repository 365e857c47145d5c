"""App Home: drawn when a person opens it, redrawn when they choose or when keys change."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime

from bot.authorization.admins import DenialReason, Denied, Person
from bot.framework.context import Context
from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.framework.slack_event import SlackEvent
from bot.home import state
from bot.home import view as blocks
from bot.home.state import HomeState, HomeView
from bot.slack_api.errors import SlackError, StaleView
from bot.ui import ids
from bot.ui.blocks import View
from bot.ui.payloads import ActionPayload
from keys.changes.authorization import admins, members, system
from keys.credentials.tokens import redact
from keys.search import search as finding
from keys.search.filters import KeyFilter
from keys.search.search import Found
from keys.usage import usage

logger = logging.getLogger("bot")

# The same moment every time, or no two drawings would ever look the same. What a button of Home
# leads to asks again, so the button itself need not grow old.
_ALWAYS = datetime.fromtimestamp(0, UTC)


router = Router()


@router.event("app_home_opened", allow=system)
def opened(report: SlackEvent) -> None:
    """Draw the Home of the person who opened it."""
    context, event = report.context, report.event
    if event.get("tab") != "home":
        return
    user_id = str(event["user"])
    with context.writing() as session:
        home = state.open_(session, user_id, context.clock.now())
    render(context, home, forced=True)


@router.action(ids.HOME_SHELF, allow=admins)
def choose_filter(interaction: Interaction) -> None:
    """Show the keys of another filter."""
    chosen = (interaction.action.get("selected_option") or {}).get("value")
    # Only a forged press sends what is no filter; it shows all keys.
    key_filter = KeyFilter(chosen) if chosen in list(KeyFilter) else KeyFilter.ALL
    _choose(interaction, shelf=key_filter)


@router.action(ids.HOME_SEARCH, allow=admins)
def search(interaction: Interaction) -> None:
    """Show the keys that match; of a pasted token its hint remains, which finds it too."""
    query = _without_token(interaction.context, str(interaction.action.get("value") or ""))
    _choose(interaction, searched_in=str(interaction.action.get("block_id") or ""), query=query)


def _without_token(context: Context, text: str) -> str:
    if redact(text) == text:
        return text
    with context.reading() as session:
        found = finding.find(session, text, revoked=True)
    return found.key.hint if isinstance(found, Found) else redact(text)


# Admins turn the pages of all keys, every other member those of the keys that they own (`_view`).
@router.action(ids.HOME_BACK, allow=members)
def turn_back(interaction: Interaction) -> None:
    """Show the page before."""
    _choose(interaction, before=interaction.payload.cursor)


@router.action(ids.HOME_ON, allow=members)
def turn_on(interaction: Interaction) -> None:
    """Show the page after."""
    _choose(interaction, after=interaction.payload.cursor)


def _choose(interaction: Interaction, *, searched_in: str = "", **changes: str) -> None:
    interaction.acknowledge()
    context, now = interaction.context, interaction.context.clock.now()
    with context.writing() as session:
        home = state.choose(session, interaction.person.user_id, now, **changes)
    render(context, home, forced=True, searched_in=searched_in)


def follow(context: Context) -> bool:
    """Redraw one Home that keys have changed under; False if there is none."""
    now = context.clock.now()
    with context.reading() as session:
        newest = state.is_stale(session, now)
    if not newest:
        return False
    with context.writing() as session:
        home = state.claim_stale(session, now, newest)
    if home is None:
        return False
    try:
        render(context, home, forced=False)
    except SlackError as error:
        # It is claimed for some seconds, and tried again then.
        logger.warning("the Home of %s was not redrawn: %s", home.user_id, error)
    return True


def render(context: Context, home: HomeView, *, forced: bool, searched_in: str = "") -> None:
    """Publish a Home.

    Args:
        forced: also if nothing has changed in it: the person who opened it may have lost it.
        searched_in: the block_id of the box in which the person just searched, if they did.

    Raises:
        SlackError: if it could not be published.
    """
    # What was read last is published over what stood there then. If another bot was faster, it is
    # read again, and published over what stands there now.
    for hash_ in (home.view_hash, ""):
        with context.reading() as session:
            seen = state.newest(session)
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
        state.published(session, home.user_id, view_hash, rendered, seen)


def _view(context: Context, home: HomeView, searched_in: str) -> View:
    person = Person(home.user_id)
    allowed = context.admins.check(person)
    ref = ActionPayload(_ALWAYS)
    if isinstance(allowed, Denied):
        if allowed.why is not DenialReason.NOT_AN_ADMIN:
            return blocks.for_others(allowed.reason)
        mine = HomeState(shelf=KeyFilter.MINE, after=home.state.after, before=home.state.before)
        return blocks.for_owner(_page(context, home.user_id, mine), ref)
    page = replace(_page(context, home.user_id, home.state), searched_in=searched_in)
    return blocks.for_admin(page, ref)


def _page(context: Context, user_id: str, state: HomeState) -> blocks.Page:
    now, key_filter = context.clock.now(), KeyFilter(state.shelf)
    with context.reading() as session:
        page = finding.page(
            session, state.query, before=state.before or None, after=state.after or None,
            key_filter=(key_filter, user_id, now),
        )  # fmt: skip
        if not page.keys and (state.before or state.after):
            page = finding.page(session, state.query, key_filter=(key_filter, user_id, now))
        uses = usage.by_day(session, [key.id for key in page.keys], now.date())
    return blocks.Page(
        keys=page.keys,
        total=page.total,
        first=page.before + 1,
        uses=uses,
        query=state.query,
        key_filter=key_filter,
        back=page.keys[0].id if page.has_previous and page.keys else None,
        on=page.keys[-1].id if page.has_next and page.keys else None,
    )
