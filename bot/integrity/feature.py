"""Register the verification of the database."""

from __future__ import annotations

from bot.framework.feature import Feature
from bot.integrity import jobs
from bot.integrity.announcements import ANNOUNCEMENTS

FEATURE = Feature(
    name="integrity",
    announcements=ANNOUNCEMENTS,
    jobs=[jobs.ANCHORING, jobs.RESEALING, jobs.VERIFICATION],
)
