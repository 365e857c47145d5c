"""The live message about a revocation that a gateway is slow to confirm."""

from __future__ import annotations

from datetime import timedelta

from bot.framework.rendered import RenderedMessage
from bot.manage_keys import revoke_view
from keys.changes import gateways
from keys.changes.live_messages import LiveMessage
from keys.changes.propagation import Propagation
from keys.changes.services import Services
from keys.search import search
from storage import AccountSession

_AGAIN = timedelta(seconds=2)


def render(session: AccountSession, services: Services, live: LiveMessage) -> RenderedMessage:
    """Render the message; none if all gateways confirmed before one was posted."""
    now = services.clock.now()
    confirmed = gateways.look(session, live.subject, now)
    if confirmed.by_all and not live.may_be_posted_already:
        return RenderedMessage(None, None)
    key = search.get(session, live.data["key"])
    propagation = Propagation(
        len(confirmed.running), confirmed.waiting, (now - live.created_at).total_seconds()
    )
    return RenderedMessage(
        revoke_view.followed(key, propagation), None if confirmed.by_all else now + _AGAIN
    )
