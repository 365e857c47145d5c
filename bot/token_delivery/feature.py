"""Register the delivery and removal of tokens."""

from __future__ import annotations

from bot.framework.feature import Feature
from bot.token_delivery import handlers, jobs
from bot.token_delivery.announcements import ANNOUNCEMENTS

FEATURE = Feature(
    name="token_delivery",
    routers=[handlers.router],
    announcements=ANNOUNCEMENTS,
    urgent=[
        lambda context: jobs.cancel_expired(context.services),
        lambda context: jobs.remove_a_token(context.services, context.slack),
    ],
)
