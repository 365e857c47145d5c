"""A revocation that some gateway is slow to confirm: said, and followed to its end."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from bot.blocks import revoke
from bot.live.drawing import Drawing
from keys import finding, gateways
from keys.live import Live
from keys.service import KeyService
from keys.spreading import Spread

_AGAIN = timedelta(seconds=2)


def draw(session: Session, service: KeyService, live: Live) -> Drawing:
    """Nothing if all gateways confirmed before anybody had to be told."""
    now = service.clock.now()
    seen = gateways.look(session, live.subject, now)
    if seen.by_all and not live.may_stand:
        return Drawing(None, None)
    key = finding.get(session, live.account_id, live.data["key"])
    spread = Spread(len(seen.running), seen.waiting, (now - live.created_at).total_seconds())
    return Drawing(revoke.followed(key, spread), None if seen.by_all else now + _AGAIN)
