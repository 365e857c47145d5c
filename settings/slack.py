"""The settings that only the bot needs."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from settings.base import CONFIG, address
from settings.channel import read_channel
from settings.command import DEFAULT_COMMAND, read_command
from settings.team import TeamSettings


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


def _may_install(text: str) -> str:
    if not re.fullmatch(r"anybody|([TE][A-Z0-9]+(,\s*[TE][A-Z0-9]+)*)?", text):
        raise ValueError("must be ids of workspaces and organisations, T…,E…, or anybody")
    return text


def _listen(text: str) -> str:
    return address(text) if text else text


class SlackSettings(TeamSettings):
    """What only the bot needs."""

    model_config = CONFIG

    bot_token: Annotated[
        SecretStr, Field(alias="SLACK_BOT_TOKEN"), _starts("xoxb-", "OAuth & Permissions")
    ] = SecretStr("")
    """The bot's token, `xoxb-…`; not needed where many workspaces install the app."""

    app_token: Annotated[
        SecretStr, Field(alias="SLACK_APP_TOKEN"), _starts("xapp-", "Basic Information")
    ] = SecretStr("")
    """The token for Socket Mode, `xapp-…`; not needed with `APIKEYS_SLACK_LISTEN`."""

    listen: Annotated[str, Field(alias="APIKEYS_SLACK_LISTEN"), AfterValidator(_listen)] = ""
    """Address and port for Slack's requests over signed HTTP; without it, Socket Mode is used."""

    bot_listen: Annotated[str, Field(alias="APIKEYS_BOT_LISTEN"), AfterValidator(_listen)] = ""
    """Address and port at which the bot tells how it is: `/healthz`, `/readyz`, `/metrics`."""

    signing_secret: Annotated[SecretStr, Field(alias="SLACK_SIGNING_SECRET")] = SecretStr("")
    """What Slack signs its requests with; needed with `APIKEYS_SLACK_LISTEN`."""

    client_id: Annotated[str, Field(alias="SLACK_CLIENT_ID")] = ""
    """The app's client id. With it, many workspaces are served, each after it has installed the
    app in a browser; without it, the one that `SLACK_BOT_TOKEN` is for."""

    client_secret: Annotated[SecretStr, Field(alias="SLACK_CLIENT_SECRET")] = SecretStr("")
    """The app's client secret; needed with `SLACK_CLIENT_ID`."""

    public_url: Annotated[str, Field(alias="APIKEYS_PUBLIC_URL", pattern="^(https?://.*)?$")] = ""
    """Where browsers and Slack reach what listens at `APIKEYS_SLACK_LISTEN`, such as
    `https://keys.example.com`; needed with `SLACK_CLIENT_ID`."""

    may_install: Annotated[
        str, Field(alias="APIKEYS_MAY_INSTALL"), AfterValidator(_may_install)
    ] = ""
    """Which workspaces and organisations may install the app with `SLACK_CLIENT_ID`: their ids,
    `T…,E…`, or `anybody`. Those that have installed it before may always do so again."""

    seal_key: Annotated[SecretStr, Field(alias="APIKEYS_SEAL_KEY")] = SecretStr("")
    """The secret under which bot tokens are sealed in the database: 32 random bytes in base64, or
    several with their versions, `1:…,2:…`; needed with `SLACK_CLIENT_ID`."""

    authorize_url: Annotated[str, Field(alias="SLACK_AUTHORIZE_URL", pattern="^https?://")] = (
        "https://slack.com/oauth/v2/authorize"
    )
    """Where people agree to an installation; Slack's own, or anything that talks like it."""

    api_url: Annotated[str, Field(alias="SLACK_API_URL", pattern="^https?://.*/$")] = (
        "https://slack.com/api/"
    )
    """Slack's Web API, or anything that talks like it; ends with a slash."""

    admins: Annotated[str, Field(alias="APIKEYS_ADMINS"), AfterValidator(_admins)] = "slack-admins"
    """Who may create, rename and revoke: `slack-admins`, `usergroup:S…` or `users:U…,U…`."""

    channel: Annotated[str, Field(alias="APIKEYS_CHANNEL"), AfterValidator(read_channel)]
    """The channel in which the team is told what was done: its name, such as `#api-keys`, its id,
    or a link to it."""

    command: Annotated[str, Field(alias="APIKEYS_COMMAND"), AfterValidator(read_command)] = (
        DEFAULT_COMMAND
    )
    """The slash command's name; `apikeys manifest --command` prints the manifest with it."""

    token_minutes: Annotated[int, Field(alias="APIKEYS_TOKEN_MINUTES", ge=1, le=1440)] = 15
    """After how many minutes a token removes itself from its direct message."""

    example_url: Annotated[str, Field(alias="APIKEYS_API_URL", pattern="^https?://")] = (
        "https://api.example.com/"
    )
    """Where your API is, for the example that people are shown beside a new token."""

    delivery: Annotated[Literal["dm", "reveal"], Field(alias="APIKEYS_DELIVERY")] = "dm"
    """How a token reaches its person: `dm` puts it into a direct message for some minutes; with
    `reveal` it is made when the person presses a button, and never becomes a message."""

    leaked: Annotated[Literal["ask", "revoke"], Field(alias="APIKEYS_LEAKED")] = "ask"
    """What happens when a token is seen in a channel: people are asked, or its key is revoked."""

    owner_check: Annotated[bool, Field(alias="APIKEYS_OWNER_CHECK")] = True
    """Whether owners who are not admins may check the tokens of their own keys."""

    owner_rotate: Annotated[bool, Field(alias="APIKEYS_OWNER_ROTATE")] = False
    """Whether owners who are not admins may rotate their own keys, and get the new token."""

    audit_schedule: Annotated[str, Field(alias="APIKEYS_AUDIT_SCHEDULE")] = "0 9 * 1,4,7,10 MON#1"
    """When an audit of all keys begins by itself, in cron's way; empty for never. The default is
    the first Monday of each quarter at 9."""

    audit_days: Annotated[int, Field(alias="APIKEYS_AUDIT_DAYS", ge=5, le=90)] = 21
    """How many days there are to go through the keys."""

    audit_unanswered: Annotated[
        Literal["remind", "revoke"], Field(alias="APIKEYS_AUDIT_UNANSWERED")
    ] = "remind"
    """What becomes of keys about which nobody decides: they stay, after reminders, or they are
    revoked after a notice."""

    audit_notice_days: Annotated[int, Field(alias="APIKEYS_AUDIT_NOTICE_DAYS", ge=1, le=90)] = 7
    """How many days before that the notice is given."""

    digest_schedule: Annotated[str, Field(alias="APIKEYS_DIGEST_SCHEDULE")] = ""
    """When a digest is posted, in cron's way, such as `0 9 * * MON`; empty for never."""

    @property
    def many(self) -> bool:
        """Whether many workspaces are served."""
        return bool(self.client_id)

    @model_validator(mode="after")
    def _one_workspace_or_many(self) -> Self:
        if not self.many:
            if not self.bot_token.get_secret_value():
                raise ValueError(
                    "SLACK_BOT_TOKEN: it is missing. Slack shows it under OAuth & Permissions"
                )
            return self
        required = {
            "SLACK_CLIENT_SECRET": self.client_secret.get_secret_value(),
            "APIKEYS_PUBLIC_URL": self.public_url,
            "APIKEYS_SEAL_KEY": self.seal_key.get_secret_value(),
            "APIKEYS_SLACK_LISTEN": self.listen,
        }
        for name, value in required.items():
            if not value:
                raise ValueError(f"{name}: it is missing, and SLACK_CLIENT_ID needs it")
        if self.bot_token.get_secret_value():
            raise ValueError(
                "SLACK_BOT_TOKEN: it is for one workspace, and SLACK_CLIENT_ID for many. Remove one"
            )
        if self.admins != "slack-admins":
            raise ValueError(
                "APIKEYS_ADMINS: with SLACK_CLIENT_ID it must be slack-admins, since people and "
                "groups have other ids in each workspace"
            )
        if not self.channel.startswith("#"):
            raise ValueError(
                "APIKEYS_CHANNEL: with SLACK_CLIENT_ID it must be a name such as #api-keys, since "
                "a channel has another id in each workspace"
            )
        return self

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
