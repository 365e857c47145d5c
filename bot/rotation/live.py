"""The live message about a rotation: it shows both tokens until the old one has expired."""

from __future__ import annotations

from datetime import timedelta

from bot.framework.rendered import RenderedMessage
from bot.rotation import views
from bot.ui.payloads import ActionPayload
from keys.changes.live_messages import LiveMessage
from keys.changes.outbox import TEAM
from keys.changes.services import Services
from keys.rotation import queries
from keys.rotation.queries import Stage
from storage import AccountSession

# “Last used” is shown by the minute.
_AGAIN = timedelta(minutes=1)


def render(session: AccountSession, services: Services, live: LiveMessage) -> RenderedMessage:
    """Render it, with buttons for the team; the owner gets none, since they may not be an admin."""
    now = services.clock.now()
    rotation = queries.get(session, live.subject)
    ref = ActionPayload(live.created_at, about=rotation.id) if live.recipient == TEAM else None
    rendered = views.followed(rotation, now, ref)
    over = rotation.stage is not Stage.RUNNING or rotation.revoked
    if over or rotation.ends_at is None:
        return RenderedMessage(rendered, None)
    return RenderedMessage(
        rendered, max(min(now + _AGAIN, rotation.ends_at), now + timedelta(seconds=1))
    )
