"""The live message about a leaver: it shows their keys until every key is handled."""

from __future__ import annotations

from datetime import timedelta

from bot.framework.rendered import RenderedMessage
from bot.offboarding import views
from bot.ui.payloads import ActionPayload
from keys.changes.live_messages import LiveMessage
from keys.changes.services import Services
from keys.offboarding import queries
from keys.offboarding.models import Stage
from storage import AccountSession

# Every change of a key marks it stale; this is for “last used”, which is shown by the day.
_AGAIN = timedelta(hours=1)


def render(session: AccountSession, services: Services, live: LiveMessage) -> RenderedMessage:
    """Render the offboarding."""
    found = queries.get(session, live.subject)
    rendered = views.for_team(found, ActionPayload(live.created_at, about=found.id))
    return RenderedMessage(
        rendered, services.clock.now() + _AGAIN if found.stage is Stage.OPEN else None
    )
