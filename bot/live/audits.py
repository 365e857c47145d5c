"""The audit's lists: the team's, with all keys, and each owner's with theirs."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from bot.blocks import audit as blocks
from bot.live.drawing import Drawing
from bot.refs import Ref
from keys import audit_views
from keys.audit_views import AuditView, Stage
from keys.live import Live
from keys.notices import TEAM
from keys.service import KeyService
from keys.values import Actor

# Whatever is decided touches them; this is for “not used for 91 days”.
_AGAIN = timedelta(hours=12)


def draw(session: Session, service: KeyService, live: Live) -> Drawing:
    """A list as it stands; its subject is the audit and the round of reminders it came with."""
    audit_id, _, turn = live.subject.partition(":")
    audit = audit_views.get(session, live.account_id, audit_id)
    for_team = live.audience == TEAM
    owner = None if for_team else Actor.read(live.audience).id
    skip = int(live.data.get("skip", 0))
    items, left = audit_views.items(
        session, live.account_id, audit_id, owner=owner, skip=skip, most=blocks.ITEMS_MAX
    )
    replaced = not for_team and int(turn) < audit.reminders and _has_newer(session, live, audit)
    board = blocks.Board(
        audit=audit,
        items=items,
        left=left,
        skip=min(skip, max(left - 1, 0) // blocks.ITEMS_MAX * blocks.ITEMS_MAX),
        latest=audit_views.latest(session, live.account_id, audit_id, blocks.LATEST_MAX),
        of=blocks.TEAM if for_team else blocks.MINE,
        now=service.clock.now(),
        replaced=replaced,
    )
    drawn = blocks.board(board, Ref(live.created_at, about=audit_id, query=live.subject))
    over = audit.stage is not Stage.OPEN or replaced
    return Drawing(drawn, None if over else service.clock.now() + _AGAIN)


def _has_newer(session: Session, live: Live, audit: AuditView) -> bool:
    newer = f"{audit.id}:{audit.reminders}"
    return audit_views.has_list(session, live.account_id, newer, live.audience)


def draw_question(session: Session, service: KeyService, live: Live) -> Drawing:
    """The question to a key's owner."""
    audit_id, _, key_id = live.subject.partition(":")
    audit = audit_views.get(session, live.account_id, audit_id)
    item = audit_views.item(session, live.account_id, audit_id, key_id)
    by = Actor.read(str(live.data["by"])) if "by" in live.data else None
    drawn = blocks.asks_owner(audit, item, by, Ref(live.created_at, about=audit_id))
    over = item.decision is not None or audit.stage is not Stage.OPEN
    return Drawing(drawn, None if over else service.clock.now() + _AGAIN)
