"""The settings for dates of expiry, which hold in Slack and at a shell."""

from __future__ import annotations

from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator
from pydantic_settings import BaseSettings

from settings.base import CONFIG


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("must be a time zone’s name, such as Europe/Berlin or UTC") from None
    return name


class TeamSettings(BaseSettings):
    """What new keys are held to, in Slack and at a shell."""

    model_config = CONFIG

    expiry_days: Annotated[int, Field(alias="APIKEYS_EXPIRY_DAYS", ge=0, le=3650)] = 0
    """After how many days a new key expires if nobody says otherwise; 0 for never."""

    expiry_max_days: Annotated[int, Field(alias="APIKEYS_EXPIRY_MAX_DAYS", ge=0, le=3650)] = 0
    """After how many days every new key expires at the latest; 0 for no limit."""

    timezone: Annotated[str, Field(alias="APIKEYS_TIMEZONE"), AfterValidator(_timezone)] = "UTC"
    """The time zone in which dates begin and end, and schedules are meant, such as
    `Europe/Berlin`."""

    kept_days: Annotated[int, Field(alias="APIKEYS_KEPT_DAYS", ge=31, le=3650)] = 90
    """For how many days the counts of each key's uses, and messages that were sent, are kept. The
    audit log and the evidence of audits are kept for ever."""

    @model_validator(mode="after")
    def _proposed_within_the_limit(self) -> Self:
        if self.expiry_max_days and self.expiry_days > self.expiry_max_days:
            raise ValueError("APIKEYS_EXPIRY_DAYS: it is later than APIKEYS_EXPIRY_MAX_DAYS allows")
        return self
