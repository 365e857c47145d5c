"""App Home: drawn when somebody opens it, redrawn when they choose or when keys change."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.authorization.admins import Denied, Person, Why
from bot.framework.context import Context
from bot.framework.interaction import Turn
from bot.home import state
from bot.home import view as blocks
from bot.home.state import HomeView, Shown
from bot.slack_api.errors import SlackError, StaleView
from bot.ui.blocks import View
from bot.ui.payloads import Ref
from keys.credentials.tokens import redact
from keys.search import search as finding
from keys.search.filters import Shelf
from keys.search.search import Found
from keys.usage import usage

logger = logging.getLogger("bot")

# The same moment every time, or no two drawings would ever look the same. What a button of Home
# leads to asks anew, so the button itself need not grow old.
_ALWAYS = datetime.fromtimestamp(0, UTC)


def opened(context: Context, event: dict[str, Any]) -> None:
    """Draws the Home of whoever opened it."""
    if event.get("tab") != "home":
        return
    user_id = str(event["user"])
    with context.writing() as session:
        home = state.open_(session, user_id, context.clock.now())
    draw(context, home, forced=True)


def choose_shelf(turn: Turn) -> None:
    """Shows another part of the keys."""
    chosen = (turn.action.get("selected_option") or {}).get("value")
    # Whatever is none of them, and only a forged press sends that, shows all keys.
    shelf = Shelf(chosen) if chosen in list(Shelf) else Shelf.ALL
    _choose(turn, shelf=shelf)


def search(turn: Turn) -> None:
    """Shows the keys that match; of a pasted token its hint remains, which finds it too."""
    query = _without_token(turn.context, str(turn.action.get("value") or ""))
    _choose(turn, searched_in=str(turn.action.get("block_id") or ""), query=query)


def _without_token(context: Context, text: str) -> str:
    if redact(text) == text:
        return text
    with context.reading() as session:
        found = finding.find(session, text, revoked=True)
    return found.key.hint if isinstance(found, Found) else redact(text)


def turn_back(turn: Turn) -> None:
    """Shows the page before."""
    _choose(turn, before=Ref.decode(turn.action.get("value")).cursor)


def turn_on(turn: Turn) -> None:
    """Shows the page after."""
    _choose(turn, after=Ref.decode(turn.action.get("value")).cursor)


def _choose(turn: Turn, *, searched_in: str = "", **changes: str) -> None:
    turn.acknowledge()
    context, now = turn.context, turn.context.clock.now()
    with context.writing() as session:
        home = state.choose(session, turn.person.user_id, now, **changes)
    draw(context, home, forced=True, searched_in=searched_in)


def follow(context: Context) -> bool:
    """Redraws one Home that keys have changed under; False if there is none."""
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
        draw(context, home, forced=False)
    except SlackError as error:
        # It is claimed for some seconds, and tried again then.
        logger.warning("the Home of %s was not redrawn: %s", home.user_id, error)
    return True


def draw(context: Context, home: HomeView, *, forced: bool, searched_in: str = "") -> None:
    """Publishes a Home.

    Args:
        forced: also if nothing has changed in it: whoever opened it may have lost it.
        searched_in: the block_id of the box in which the person just searched, if they did.

    Raises:
        SlackError: if it could not be published.
    """
    # What was read last is published over what stood there then. If somebody was faster, it is read
    # anew, and goes over whatever stands there now.
    for hash_ in (home.view_hash, ""):
        with context.reading() as session:
            seen = state.newest(session)
        view = _view(context, home, searched_in)
        drawn = hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest()
        view_hash = home.view_hash
        if not forced and drawn == home.drawn:
            break
        try:
            answer = context.slack.publish_home(home.user_id, view, hash_ or None)
        except StaleView:
            continue
        view_hash = str(answer.get("hash") or "")
        break
    with context.writing() as session:
        state.published(session, home.user_id, view_hash, drawn, seen)


def _view(context: Context, home: HomeView, searched_in: str) -> View:
    person = Person(home.user_id)
    allowed = context.admins.check(person)
    ref = Ref(_ALWAYS)
    if isinstance(allowed, Denied):
        if allowed.why is not Why.NOT_AN_ADMIN:
            return blocks.for_others(allowed.reason)
        mine = Shown(shelf=Shelf.MINE, after=home.shown.after, before=home.shown.before)
        return blocks.for_owner(_page(context, home.user_id, mine), ref)
    page = replace(_page(context, home.user_id, home.shown), searched_in=searched_in)
    return blocks.for_admin(page, ref)


def _page(context: Context, user_id: str, shown: Shown) -> blocks.Page:
    now, shelf = context.clock.now(), Shelf(shown.shelf)
    with context.reading() as session:
        page = finding.page(
            session, shown.query, before=shown.before or None, after=shown.after or None,
            shelf=(shelf, user_id, now),
        )  # fmt: skip
        if not page.keys and (shown.before or shown.after):
            page = finding.page(session, shown.query, shelf=(shelf, user_id, now))
        uses = usage.by_day(session, [key.id for key in page.keys], now.date())
    return blocks.Page(
        keys=page.keys,
        total=page.total,
        first=page.before + 1,
        uses=uses,
        query=shown.query,
        shelf=shelf,
        back=page.keys[0].id if page.has_previous and page.keys else None,
        on=page.keys[-1].id if page.has_next and page.keys else None,
    )
