"""What each user's App Home shows, so that it can be rendered again when keys change.

A Home is stale as soon as the audit log has a newer entry than the Home was rendered with. Only
Homes that were opened within a day are refreshed: no one looks at the others, and opening one
renders it again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta

from sqlmodel import col, func, or_, select

from keys.credentials.tokens import redact
from keys.search.filters import KeyFilter
from keys.search.sorting import Sort, default_sort
from storage import AccountSession
from storage.tables import Event, Home

REFRESH_WINDOW = timedelta(days=1)
# Many changes in a row, such as an import, are rendered together.
REDRAW_INTERVAL = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class HomeState:
    """What a user has chosen to see.

    Attributes:
        query: the words searched for.
        shelf: the filter.
        sort: what the keys are sorted by; empty for what the filter has by default.
        after, before: the key after or before which the page begins or ends.
    """

    query: str = ""
    shelf: str = KeyFilter.ALL
    after: str = ""
    before: str = ""
    sort: str = ""

    @property
    def key_filter(self) -> KeyFilter:
        """The filter; all keys if another version wrote one that this one does not know."""
        return KeyFilter(self.shelf) if self.shelf in list(KeyFilter) else KeyFilter.ALL

    @property
    def sorted_by(self) -> Sort:
        """What the keys are sorted by."""
        return Sort(self.sort) if self.sort in list(Sort) else default_sort(self.key_filter)


@dataclass(frozen=True, slots=True)
class HomeView:
    """One user's Home.

    Attributes:
        view_hash: Slack's view hash, sent with the next update; empty at first.
        rendered_hash: the hash of what it shows.
    """

    user_id: str
    state: HomeState
    view_hash: str
    rendered_hash: str


def record_opened(session: AccountSession, user_id: str, now: datetime) -> HomeView:
    """Record that a user opened their Home."""
    row = session.get(Home, (session.account_id, user_id))
    if row is None:
        row = Home(
            account_id=session.account_id, user_id=user_id, state=_text(HomeState()), opened_at=now
        )
    row.opened_at = now
    session.add(row)
    session.flush()
    return _view(row)


def update_state(session: AccountSession, user_id: str, now: datetime, **changes: str) -> HomeView:
    """Record what a user wants to see; search, filter and order stay unless they are given.

    A token that was pasted is redacted.
    """
    before = record_opened(session, user_id, now)
    kept = replace(before.state, after="", before="")
    state = replace(kept, **changes)
    state = replace(state, query=redact(state.query))
    row = session.get_one(Home, (session.account_id, user_id))
    row.state = _text(state)
    session.add(row)
    return replace(before, state=state)


def published(
    session: AccountSession, user_id: str, view_hash: str, rendered_hash: str, last_seq: int
) -> None:
    """Record what a Home shows now.

    Args:
        last_seq: the sequence number of the newest audit log entry when it was rendered.
    """
    row = session.get_one(Home, (session.account_id, user_id))
    row.view_hash, row.rendered_hash, row.last_seq = view_hash, rendered_hash, last_seq
    session.add(row)


def claim_stale(session: AccountSession, now: datetime, newest: int) -> HomeView | None:
    """Claim a stale Home; no other process gets it for some seconds.

    Args:
        newest: the sequence number of the newest audit log entry.
    """
    row = session.exec(
        select(Home)
        .where(
            Home.account_id == session.account_id,
            col(Home.opened_at) > now - REFRESH_WINDOW,
            col(Home.last_seq) < newest,
            or_(col(Home.claimed_until).is_(None), col(Home.claimed_until) <= now),
        )
        .order_by(col(Home.opened_at).desc())
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    row.claimed_until = now + REDRAW_INTERVAL
    session.add(row)
    return _view(row)


def newest_if_stale(session: AccountSession, now: datetime) -> int | None:
    """Return the sequence number of the newest audit log entry if a Home is older than it."""
    rendered = session.exec(
        select(Home.last_seq).where(
            Home.account_id == session.account_id,
            col(Home.opened_at) > now - REFRESH_WINDOW,
            or_(col(Home.claimed_until).is_(None), col(Home.claimed_until) <= now),
        )
    ).all()
    newest_seq = newest(session)
    return newest_seq if any(rendered_seq < newest_seq for rendered_seq in rendered) else None


def newest(session: AccountSession) -> int:
    """Return the sequence number of the newest audit log entry; 0 if there is none."""
    last = session.exec(
        select(func.max(Event.seq)).where(Event.account_id == session.account_id)
    ).one()
    return int(last or 0)


def _text(state: HomeState) -> str:
    # The version before knows no order: it can read what has none.
    given = {name: value for name, value in asdict(state).items() if value or name != "sort"}
    return json.dumps(given, ensure_ascii=False)


def _view(row: Home) -> HomeView:
    known = {field.name for field in fields(HomeState)}
    stored = {name: value for name, value in json.loads(row.state).items() if name in known}
    return HomeView(row.user_id, HomeState(**stored), row.view_hash, row.rendered_hash)
