"""The data of a workspace as plain values: accounts, channels, messages, views.

`sandbox.state.workspace` changes these under its lock; readers (the page, tests) get deep copies.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = dict[str, Any]
"""A JSON object, as it travels between Slack and an app."""

StateValues = dict[str, dict[str, Json]]
"""Values entered in inputs: block_id → action_id → value, as in Slack's `state.values`."""


class Role(StrEnum):
    """An account's role, from which the flags in `users.info` follow."""

    PRIMARY_OWNER = "primary_owner"
    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    GUEST = "guest"
    SINGLE_CHANNEL_GUEST = "single_channel_guest"
    OUTSIDER = "outsider"
    DEACTIVATED = "deactivated"
    BOT = "bot"


@dataclass
class Account:
    """An account: a person, the app's bot user, or a person of another organisation.

    `name` is the handle (``alice``), `real_name` what Slack shows. `home_team` is the team the
    account belongs to; it differs from the workspace's own for people of another organisation.
    """

    id: str
    name: str
    real_name: str
    email: str
    home_team: str
    role: Role
    updated: float
    tz: str = "Europe/London"
    tz_label: str = "Greenwich Mean Time"
    tz_offset: int = 0
    deleted: bool = False
    enterprise_id: str | None = None

    @property
    def is_bot(self) -> bool:
        return self.role is Role.BOT

    @property
    def is_outsider(self) -> bool:
        return self.role is Role.OUTSIDER


class ChannelKind(StrEnum):
    PUBLIC = "public_channel"
    PRIVATE = "private_channel"
    IM = "im"
    MPIM = "mpim"


@dataclass
class Channel:
    """A channel, or a direct message with its two people as members.

    `read_upto` holds each user's last read `ts`.
    """

    id: str
    name: str
    kind: ChannelKind
    created: float
    creator: str
    members: list[str] = field(default_factory=list)
    archived: bool = False
    shared: bool = False
    topic: str = ""
    purpose: str = ""
    read_upto: dict[str, str] = field(default_factory=dict)

    @property
    def is_direct(self) -> bool:
        return self.kind in (ChannelKind.IM, ChannelKind.MPIM)


@dataclass
class Message:
    """One message. `ephemeral_for` names the only person who sees it; None means everybody.

    `payload` holds further fields (attachments, metadata, link unfurling). `by_slack` marks
    messages by Slackbot, such as one about a command that failed. `inputs` holds what each user has
    chosen in it, by user id, and `notices` Slack's warning to a user that the app did not
    acknowledge their action. `revision` changes at every edit, which shows that a copy is stale.
    """

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    bot_id: str | None = None
    app_id: str | None = None
    thread_ts: str | None = None
    edited_ts: str | None = None
    edited_by: str | None = None
    subtype: str | None = None
    ephemeral_for: str | None = None
    by_slack: bool = False
    payload: Json = field(default_factory=dict)
    inputs: dict[str, StateValues] = field(default_factory=dict)
    notices: dict[str, str] = field(default_factory=dict)
    revision: int = 1


@dataclass
class View:
    """A modal on a user's stack, or a user's App Home.

    `body` is the view as the app sent it, with block and action ids filled in. `values` holds what
    the user has entered, `errors` what the app answered, by block_id. `notice` is Slack's warning
    in the view (the app did not acknowledge), and `waiting` is true between the submission and its
    acknowledgement.
    """

    id: str
    type: str
    user: str
    body: Json
    hash: str
    root_id: str
    previous_id: str | None = None
    values: StateValues = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    notice: str | None = None
    waiting: bool = False

    @property
    def blocks(self) -> list[Json]:
        blocks: list[Json] = self.body.get("blocks", [])
        return blocks


@dataclass
class Usergroup:
    id: str
    handle: str
    name: str
    members: list[str]
    created: float
    disabled: bool = False


@dataclass(frozen=True)
class MessageRef:
    """Refers to a message as a surface with elements."""

    channel: str
    ts: str


@dataclass(frozen=True)
class ViewRef:
    """Refers to an open modal or an App Home as a surface with elements."""

    view: str


SurfaceRef = MessageRef | ViewRef


class Flow(StrEnum):
    """The direction of an exchange: the app calls Slack, or Slack delivers to the app."""

    TO_SLACK = "to_slack"
    TO_APP = "to_app"


@dataclass
class Traffic:
    """One exchange between the app and Slack, for the page's traffic panel and for tests.

    `name` is the Web API method, or the kind of delivery (``slash_commands``, ``block_actions``,
    ``view_submission``, ``event_callback`` …). `at` is the workspace clock's time in seconds since
    1970, `seconds` the real duration, None while it is in progress. `status` is the HTTP status
    (200 for an acknowledged envelope), None when no answer came. Tokens of Slack, signatures and
    the secrets of response URLs are redacted in `sent` and `answered`.
    """

    number: int
    at: float
    flow: Flow
    name: str
    sent: Json
    transport: str
    answered: Json | str | None = None
    status: int | None = None
    seconds: float | None = None

    @property
    def ok(self) -> bool:
        if self.status is None or not 200 <= self.status < 300:
            return False
        return not (isinstance(self.answered, dict) and self.answered.get("ok") is False)
