"""The live message about a leaked token: it shows whether the token still works."""

from __future__ import annotations

from datetime import timedelta

from bot.framework.rendered import RenderedMessage
from bot.leaks import views
from bot.ui.payloads import ActionPayload
from keys.changes.live_messages import LiveMessage
from keys.changes.services import Services
from keys.leaks import detection
from keys.search import search
from storage import AccountSession

# A change of the key marks it stale; this is for an expiry that was moved in another way.
_AGAIN = timedelta(hours=1)
_EXPIRED_AGAIN = timedelta(days=30)


def render(session: AccountSession, services: Services, live: LiveMessage) -> RenderedMessage:
    """Render it, with buttons while the token works."""
    key = search.get(session, live.subject.split(":", 1)[0])
    now = services.clock.now()
    token = detection.token_status(session, str(live.data["secret"]), now)
    rendered = views.for_team(
        views.Leak(
            key,
            token,
            str(live.data["channel"]),
            str(live.data["person"]),
            # Rows of an earlier version have neither.
            str(live.data.get("link", "")),
            tuple(map(str, live.data.get("admins", ()))),
        ),
        now,
        ActionPayload(live.created_at, key=key.id),
    )
    if not token.works:
        return RenderedMessage(rendered, now + _EXPIRED_AGAIN if token.can_return else None)
    return RenderedMessage(rendered, min(now + _AGAIN, token.ends_at or now + _AGAIN))
