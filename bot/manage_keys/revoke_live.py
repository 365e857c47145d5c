"""A revocation that some gateway is slow to confirm: said, and followed to its end."""

from __future__ import annotations

from datetime import timedelta

from bot.framework.rendered import Drawing
from bot.manage_keys import revoke_view
from keys.changes import gateways
from keys.changes.live_messages import Live
from keys.changes.propagation import Spread
from keys.lifecycle.create import KeyService
from keys.search import search
from storage import AccountSession

_AGAIN = timedelta(seconds=2)


def draw(session: AccountSession, service: KeyService, live: Live) -> Drawing:
    """Nothing if all gateways confirmed before anybody had to be told."""
    now = service.clock.now()
    seen = gateways.look(session, live.subject, now)
    if seen.by_all and not live.may_stand:
        return Drawing(None, None)
    key = search.get(session, live.data["key"])
    spread = Spread(len(seen.running), seen.waiting, (now - live.created_at).total_seconds())
    return Drawing(revoke_view.followed(key, spread), None if seen.by_all else now + _AGAIN)
