"""The settings that only the bot needs."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings

from settings.settings import CONFIG


def _starts(prefix: str, where: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(prefix):
            raise ValueError(f"must begin with {prefix}; Slack shows it under {where}")
        return value

    return AfterValidator(check)


def _admins(text: str) -> str:
    pattern = r"slack-admins|usergroup:S[A-Z0-9]+|users:([UW][A-Z0-9]+(,\s*[UW][A-Z0-9]+)*)?"
    if not re.fullmatch(pattern, text):
        raise ValueError("must be slack-admins, usergroup:S… or users:U…,U…")
    return text


class SlackSettings(BaseSettings):
    """What only the bot needs."""

    model_config = CONFIG

    bot_token: Annotated[
        SecretStr, Field(alias="SLACK_BOT_TOKEN"), _starts("xoxb-", "OAuth & Permissions")
    ]
    """The bot's token, `xoxb-…`."""

    app_token: Annotated[
        SecretStr, Field(alias="SLACK_APP_TOKEN"), _starts("xapp-", "Basic Information")
    ]
    """The token for Socket Mode, `xapp-…`."""

    api_url: Annotated[str, Field(alias="SLACK_API_URL", pattern="^https?://.*/$")] = (
        "https://slack.com/api/"
    )
    """Slack's Web API, or anything that talks like it; ends with a slash."""

    admins: Annotated[str, Field(alias="APIKEYS_ADMINS"), AfterValidator(_admins)] = "slack-admins"
    """Who may create, rename and revoke: `slack-admins`, `usergroup:S…` or `users:U…,U…`."""

    channel: Annotated[str, Field(alias="APIKEYS_CHANNEL", min_length=2)]
    """The channel in which the team is told what was done, such as `#api-keys`."""

    token_minutes: Annotated[int, Field(alias="APIKEYS_TOKEN_MINUTES", ge=1, le=1440)] = 15
    """After how many minutes a token removes itself from its direct message."""

    example_url: Annotated[str, Field(alias="APIKEYS_API_URL", pattern="^https?://")] = (
        "https://api.example.com/"
    )
    """Where your API is, for the example that people are shown beside a new token."""
