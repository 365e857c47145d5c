"""The settings that only the bot needs."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings

from settings.settings import CONFIG, address


def _starts(prefix: str, where: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        # What may be missing altogether is looked at with the whole.
        if text and not text.startswith(prefix):
            raise ValueError(f"must begin with {prefix}; Slack shows it under {where}")
        return value

    return AfterValidator(check)


def _admins(text: str) -> str:
    pattern = r"slack-admins|usergroup:S[A-Z0-9]+|users:([UW][A-Z0-9]+(,\s*[UW][A-Z0-9]+)*)?"
    if not re.fullmatch(pattern, text):
        raise ValueError("must be slack-admins, usergroup:S… or users:U…,U…")
    return text


def _listen(text: str) -> str:
    return address(text) if text else text


class SlackSettings(BaseSettings):
    """What only the bot needs."""

    model_config = CONFIG

    bot_token: Annotated[
        SecretStr, Field(alias="SLACK_BOT_TOKEN"), _starts("xoxb-", "OAuth & Permissions")
    ]
    """The bot's token, `xoxb-…`."""

    app_token: Annotated[
        SecretStr, Field(alias="SLACK_APP_TOKEN"), _starts("xapp-", "Basic Information")
    ] = SecretStr("")
    """The token for Socket Mode, `xapp-…`; not needed with `APIKEYS_SLACK_LISTEN`."""

    listen: Annotated[str, Field(alias="APIKEYS_SLACK_LISTEN"), AfterValidator(_listen)] = ""
    """Address and port for Slack's requests over signed HTTP; without it, Socket Mode is used."""

    signing_secret: Annotated[SecretStr, Field(alias="SLACK_SIGNING_SECRET")] = SecretStr("")
    """What Slack signs its requests with; needed with `APIKEYS_SLACK_LISTEN`."""

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

    @model_validator(mode="after")
    def _one_way_to_hear_of_slack(self) -> Self:
        if not self.listen and not self.app_token.get_secret_value():
            raise ValueError(
                "SLACK_APP_TOKEN: it is missing. Slack shows it under Basic Information; over HTTP "
                "instead of Socket Mode, set APIKEYS_SLACK_LISTEN and SLACK_SIGNING_SECRET"
            )
        if self.listen and not self.signing_secret.get_secret_value():
            raise ValueError(
                "SLACK_SIGNING_SECRET: it is missing. Slack shows it under Basic Information, and "
                "APIKEYS_SLACK_LISTEN needs it"
            )
        return self
