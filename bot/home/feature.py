"""Register App Home."""

from __future__ import annotations

from bot.framework.feature import Feature
from bot.home import handlers

FEATURE = Feature(name="home", routers=[handlers.router], jobs=[handlers.refresh])
