"""Register the leak-detection feature."""

from __future__ import annotations

from bot.framework.feature import Feature
from bot.leaks import handlers, live
from keys.leaks.events import MESSAGE_KIND

FEATURE = Feature(name="leaks", routers=[handlers.router], live={MESSAGE_KIND: live.render})
