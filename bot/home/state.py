"""What each person's App Home shows, so that it can be redrawn when keys change.

A Home is out of date as soon as the audit log has an entry that is newer than what it shows. Only
those that were opened within a day are redrawn: nobody looks at the others, and opening one draws
it again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import col, func, or_, select

from keys.credentials.tokens import redact
from keys.search.filters import KeyFilter
from storage import AccountSession
from storage.tables import Event, Home

FOLLOWED = timedelta(days=1)
# Many changes in a row, such as an import, are drawn together.
REST = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class HomeState:
    """What a person has chosen to see.

    Attributes:
        query: the words searched for.
        after, before: the key after or before which the page begins or ends.
    """

    query: str = ""
    shelf: str = KeyFilter.ALL
    after: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class HomeView:
    """One person's Home.

    Attributes:
        view_hash: what Slack wants to be told when it is redrawn; empty at first.
        rendered_hash: a fingerprint of what it shows.
    """

    user_id: str
    state: HomeState
    view_hash: str
    rendered_hash: str


def open_(session: AccountSession, user_id: str, now: datetime) -> HomeView:
    """Record that a person looks at their Home."""
    row = session.get(Home, (session.account_id, user_id))
    if row is None:
        row = Home(
            account_id=session.account_id, user_id=user_id, state=_text(HomeState()), opened_at=now
        )
    row.opened_at = now
    session.add(row)
    session.flush()
    return _view(row)


def choose(session: AccountSession, user_id: str, now: datetime, **changes: str) -> HomeView:
    """Record what a person wants to see; the search and the filter stay unless they are named.

    No token is kept, wherever one is pasted.
    """
    before = open_(session, user_id, now)
    state = replace(HomeState(query=before.state.query, shelf=before.state.shelf), **changes)
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
        last_seq: the place of the newest entry in the audit log when it was rendered.
    """
    row = session.get_one(Home, (session.account_id, user_id))
    row.view_hash, row.rendered_hash, row.last_seq = view_hash, rendered_hash, last_seq
    session.add(row)


def claim_stale(session: AccountSession, now: datetime, newest: int) -> HomeView | None:
    """Claim a Home that does not show the newest entry; nobody else gets it for some seconds.

    Args:
        newest: the place of the newest entry in the audit log.
    """
    row = session.exec(
        select(Home)
        .where(
            Home.account_id == session.account_id,
            col(Home.opened_at) > now - FOLLOWED,
            col(Home.last_seq) < newest,
            or_(col(Home.claimed_until).is_(None), col(Home.claimed_until) <= now),
        )
        .order_by(col(Home.opened_at).desc())
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    row.claimed_until = now + REST
    session.add(row)
    return _view(row)


def is_stale(session: AccountSession, now: datetime) -> int:
    """The place of the newest entry, if there is a Home that does not show it; 0 otherwise."""
    found = session.exec(
        select(Home.last_seq).where(
            Home.account_id == session.account_id,
            col(Home.opened_at) > now - FOLLOWED,
            or_(col(Home.claimed_until).is_(None), col(Home.claimed_until) <= now),
        )
    ).all()
    last = newest(session)
    return last if any(seen < last for seen in found) else 0


def newest(session: AccountSession) -> int:
    """The place of the newest entry in the audit log; 0 if there is none."""
    last = session.exec(
        select(func.max(Event.seq)).where(Event.account_id == session.account_id)
    ).one()
    return int(last or 0)


def _text(state: HomeState) -> str:
    return json.dumps(asdict(state), ensure_ascii=False)


def _view(row: Home) -> HomeView:
    return HomeView(
        row.user_id, HomeState(**json.loads(row.state)), row.view_hash, row.rendered_hash
    )
