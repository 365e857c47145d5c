"""Register the list, details, check, export and help of keys."""

from __future__ import annotations

from bot.browse_keys import handlers
from bot.framework.feature import Feature

FEATURE = Feature(name="browse_keys", routers=[handlers.router])
