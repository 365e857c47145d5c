"""The message about a token that was posted: it follows whether the token still works."""

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

# What changes a key redraws the message; this is for an end that was moved otherwise.
_AGAIN = timedelta(hours=1)


def render(session: AccountSession, services: Services, live: LiveMessage) -> RenderedMessage:
    """Render it with buttons while the token works; what ends the token redraws it."""
    key = search.get(session, live.subject.split(":", 1)[0])
    now = services.clock.now()
    token = detection.token_status(session, str(live.data["secret"]), now)
    rendered = views.for_team(
        views.Seen(key, token, str(live.data["channel"]), str(live.data["person"])),
        now,
        ActionPayload(live.created_at, key=key.id),
    )
    if not token.works:
        return RenderedMessage(rendered, None)
    return RenderedMessage(rendered, min(now + _AGAIN, token.ends_at or now + _AGAIN))
