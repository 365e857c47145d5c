"""Tokens found in messages, as a feature."""

from __future__ import annotations

from bot.framework.feature import Feature
from bot.leaks import live

FEATURE = Feature(name="leaks", live={"leak": live.render})
