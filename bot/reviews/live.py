"""The live messages of a review: the team's summary, each owner's list, and questions to owners."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.framework.rendered import RenderedMessage
from bot.reviews import item_view, list_view
from bot.ui.payloads import ActionPayload
from keys.base.actors import Actor
from keys.changes.live_messages import LiveMessage
from keys.changes.outbox import TEAM
from keys.changes.services import Services
from keys.reviews import pages, queries
from keys.reviews.models import Decision, ReviewView, Stage
from storage import AccountSession

# Every decision marks them stale; this is for “not used for 91 days”.
_AGAIN = timedelta(hours=12)


def render(session: AccountSession, services: Services, live: LiveMessage) -> RenderedMessage:
    """Render a list; its subject is the review and the round of reminders it was posted in."""
    audit_id, _, round = live.subject.partition(":")
    audit = queries.get(session, audit_id)
    for_team = live.recipient == TEAM
    replaced = not for_team and int(round) < audit.reminders and _has_newer(session, live, audit)
    board = list_view.ReviewListView(
        audit=audit,
        page=None if for_team else _page(session, audit_id, live),
        latest=queries.latest(session, audit_id, list_view.LATEST_MAX),
        now=services.clock.now(),
        replaced=replaced,
    )
    rendered = list_view.board(
        board, ActionPayload(live.created_at, about=audit_id, query=live.subject)
    )
    over = audit.stage is not Stage.OPEN or replaced
    return RenderedMessage(rendered, None if over else services.clock.now() + _AGAIN)


def _page(session: AccountSession, audit_id: str, live: LiveMessage) -> pages.OwnersPage:
    """Return the page that an owner turned to, with the keys that were decided since."""
    turned_at = live.data.get("since")
    return pages.owners_page(
        session,
        audit_id,
        owner=Actor.read(live.recipient).id,
        since=datetime.fromisoformat(turned_at) if turned_at else live.created_at,
        skip=int(live.data.get("skip", 0)),
        most=list_view.ITEMS_MAX,
    )


def _has_newer(session: AccountSession, live: LiveMessage, audit: ReviewView) -> bool:
    newer = f"{audit.id}:{audit.reminders}"
    return queries.has_list(session, newer, live.recipient)


def render_question(
    session: AccountSession, services: Services, live: LiveMessage
) -> RenderedMessage:
    """Render the question to a key's owner."""
    audit_id, _, key_id = live.subject.partition(":")
    audit = queries.get(session, audit_id)
    item = queries.item(session, audit_id, key_id)
    by = Actor.read(str(live.data["by"])) if "by" in live.data else None
    rendered = item_view.asks_owner(audit, item, by, ActionPayload(live.created_at, about=audit_id))
    # A decision to keep it can be undone as long as the review is open.
    final = item.decision not in (None, Decision.KEPT)
    over = final or audit.stage is not Stage.OPEN
    return RenderedMessage(rendered, None if over else services.clock.now() + _AGAIN)
