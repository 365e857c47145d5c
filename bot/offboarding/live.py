"""The message about somebody who leaves: it follows their keys until each is dealt with."""

from __future__ import annotations

from datetime import timedelta

from bot.framework.rendered import RenderedMessage
from bot.offboarding import views
from bot.ui.payloads import ActionPayload
from keys.changes.live_messages import LiveMessage
from keys.changes.services import Services
from keys.offboarding import offboarding
from keys.offboarding.offboarding import Stage
from storage import AccountSession

# Whatever is done with keys touches it; this is for “last used”, which is told by the day.
_AGAIN = timedelta(hours=1)


def render(session: AccountSession, service: Services, live: LiveMessage) -> RenderedMessage:
    """As it stands."""
    found = offboarding.get(session, live.subject)
    rendered = views.for_team(found, ActionPayload(live.created_at, about=found.id))
    return RenderedMessage(
        rendered, service.clock.now() + _AGAIN if found.stage is Stage.OPEN else None
    )
