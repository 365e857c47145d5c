"""The errors of Slack's Web API, one class per kind.

SlackError                 `.method`, `.code` (Slack's own error code)
├── NotDeliverable         a message cannot reach this person; `.kind`
├── PersonUnknown          no such user here, or one that the bot cannot see
├── GroupProblem           the user group does not exist, or is disabled
├── ChannelProblem         the channel cannot be posted to; `.kind`
├── MessageGone            the message was deleted
├── MessageFixed           the message exists, but cannot be changed that way
├── StaleView              the view was changed in the meantime
├── ViewGone               the view was closed
├── TooManyViews           three modals are open already
├── TriggerExpired         3 s have passed since the press, or it was used before
├── RateLimited            too many calls; `.retry_after` in seconds
├── Unavailable            no answer in time, or a failure at Slack; `.outcome_unknown`
├── MissingScope           the app lacks a permission; `.missing_scopes`
├── BadCredentials         the bot's token is wrong, revoked or expired
└── Refused                anything else: most likely a bug in this program

Each message is a sentence that a user can act on. None contains the response: the SDK's own
exception holds all of it, so it is never chained.
Source of the codes: the "Errors" table on each method's page at docs.slack.dev.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Undelivered(StrEnum):
    """Why a message cannot reach a person."""

    MESSAGES_TAB_OFF = "messages_tab_off"
    DEACTIVATED = "deactivated"
    NO_SUCH_PERSON = "no_such_person"
    BOT = "bot"
    NOT_IN_CHANNEL = "not_in_channel"
    NOT_ALLOWED = "not_allowed"


class ChannelFault(StrEnum):
    """Why a channel cannot be posted to."""

    NOT_A_MEMBER = "not_a_member"
    NOT_FOUND = "not_found"
    ARCHIVED = "archived"
    RESTRICTED = "restricted"


class SlackError(Exception):
    """The base class. `method` is the Web API method, `code` Slack's error code."""

    def __init__(self, sentence: str, *, method: str, code: str) -> None:
        super().__init__(sentence)
        self.method = method
        self.code = code


class NotDeliverable(SlackError):
    """A message cannot reach this person."""

    def __init__(self, kind: Undelivered, *, method: str, code: str) -> None:
        super().__init__(_UNDELIVERED[kind], method=method, code=code)
        self.kind = kind


class PersonUnknown(SlackError):
    """No such user here, or one that the bot cannot see."""


class GroupProblem(SlackError):
    """The user group does not exist, or is disabled."""


class ChannelProblem(SlackError):
    """The channel cannot be posted to."""

    def __init__(self, kind: ChannelFault, *, method: str, code: str) -> None:
        super().__init__(_CHANNEL[kind], method=method, code=code)
        self.kind = kind


class MessageGone(SlackError):
    """The message was deleted."""


class MessageFixed(SlackError):
    """The message exists, but cannot be changed that way."""


class StaleView(SlackError):
    """The view was changed in the meantime."""


class ViewGone(SlackError):
    """The view was closed."""


class TooManyViews(SlackError):
    """Three modals are open already."""


class TriggerExpired(SlackError):
    """The trigger has expired after 3 s, or was used before."""


class RateLimited(SlackError):
    """Too many calls; `retry_after` is in seconds."""

    def __init__(self, retry_after: float, *, method: str) -> None:
        super().__init__(
            f"Slack is receiving too many requests. Please try again in {retry_after:g} seconds.",
            method=method,
            code="ratelimited",
        )
        self.retry_after = retry_after


class Unavailable(SlackError):
    """No answer in time, or a failure at Slack.

    Attributes:
        outcome_unknown: Slack may have done what was asked, although no answer came.
    """

    def __init__(self, *, method: str, code: str, outcome_unknown: bool) -> None:
        super().__init__(
            "Slack did not answer. Please try again in a minute.", method=method, code=code
        )
        self.outcome_unknown = outcome_unknown


class MissingScope(SlackError):
    """The app lacks a permission."""

    def __init__(self, missing_scopes: str, *, method: str) -> None:
        what = f"the permission “{missing_scopes}”" if missing_scopes else "a permission"
        super().__init__(
            f"The Slack app lacks {what} (for {method}). A person who manages the app can add "
            "it under OAuth & Permissions and install the app again.",
            method=method,
            code="missing_scope",
        )
        self.missing_scopes = missing_scopes


class BadCredentials(SlackError):
    """The bot's token is wrong, revoked or expired."""


class Refused(SlackError):
    """Anything else: most likely a bug in this program."""


_UNDELIVERED = {
    Undelivered.MESSAGES_TAB_OFF: (
        "The app's Messages tab is disabled, so it cannot send direct messages. A person who "
        "manages the app can enable it under App Home."
    ),
    Undelivered.DEACTIVATED: "This person's Slack account is deactivated. Choose another person.",
    Undelivered.NO_SUCH_PERSON: "The app cannot find this person in Slack. Choose another person.",
    Undelivered.BOT: "Bots cannot receive messages. Choose a person.",
    Undelivered.NOT_IN_CHANNEL: (
        "This person is not in the channel. Try again in a message to the app itself."
    ),
    Undelivered.NOT_ALLOWED: (
        "This workspace does not allow the app to message this person. An admin of the workspace "
        "can change that."
    ),
}
_CHANNEL = {
    ChannelFault.NOT_A_MEMBER: "The app is not in the channel. Type /invite there and choose it.",
    ChannelFault.NOT_FOUND: (
        "The app cannot find the channel. Check its id, and invite the app if it is private."
    ),
    ChannelFault.ARCHIVED: "The channel is archived. Choose another one, or unarchive it.",
    ChannelFault.RESTRICTED: (
        "The app may not post in the channel. An admin of the workspace can allow it."
    ),
}

_UNDELIVERED_CODES = {
    "messages_tab_disabled": Undelivered.MESSAGES_TAB_OFF,
    "user_disabled": Undelivered.DEACTIVATED,
    "user_not_found": Undelivered.NO_SUCH_PERSON,
    "users_not_found": Undelivered.NO_SUCH_PERSON,
    "user_not_visible": Undelivered.NO_SUCH_PERSON,
    "invalid_user_combination": Undelivered.NO_SUCH_PERSON,
    "cannot_dm_bot": Undelivered.BOT,
    "user_not_in_channel": Undelivered.NOT_IN_CHANNEL,
    "not_allowed": Undelivered.NOT_ALLOWED,
    "access_denied": Undelivered.NOT_ALLOWED,
}
_CHANNEL_CODES = {
    "not_in_channel": ChannelFault.NOT_A_MEMBER,
    "channel_not_found": ChannelFault.NOT_FOUND,
    "is_archived": ChannelFault.ARCHIVED,
    # For an edited message: its channel is frozen, archived or deleted.
    "is_inactive": ChannelFault.ARCHIVED,
    "restricted_action": ChannelFault.RESTRICTED,
    "restricted_action_read_only_channel": ChannelFault.RESTRICTED,
    "restricted_action_thread_only_channel": ChannelFault.RESTRICTED,
    "restricted_action_non_threadable_channel": ChannelFault.RESTRICTED,
}
_GONE = "The message is no longer there."
_FIXED = "Slack does not let the app change the message. It is still there."
_TRIGGER = "That took too long for Slack. Please try again."
_CLOSED = "The modal was closed in the meantime. Open it again."
_GROUP = (
    "The user group of the admins cannot be read. Check its id in APIKEYS_ADMINS, and that the "
    "group is enabled."
)
_CREDENTIALS = (
    "Slack does not accept the bot's token. Copy it again from OAuth & Permissions into "
    "SLACK_BOT_TOKEN."
)
_ENDED = (
    "The app was removed from the workspace, or its token was revoked. A person who manages the "
    "workspace's apps has to install it again and put the new token into SLACK_BOT_TOKEN."
)
_PERSON = "The app cannot find this person in Slack."
_STALE = "Something changed in the meantime. Open it again to see the current state."
_PLAIN: dict[str, tuple[type[SlackError], str]] = {
    "message_not_found": (MessageGone, _GONE),
    **dict.fromkeys(
        ("cant_update_message", "edit_window_closed", "block_mismatch", "cant_delete_message",
         "compliance_exports_prevent_deletion"),
        (MessageFixed, _FIXED),
    ),
    **dict.fromkeys(
        ("expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id", "trigger_expired",
         "trigger_exchanged"),
        (TriggerExpired, _TRIGGER),
    ),
    **dict.fromkeys(("not_found", "view_not_found"), (ViewGone, _CLOSED)),
    "push_limit_reached": (TooManyViews, "Three modals are open. Close one of them first."),
    "hash_conflict": (StaleView, _STALE),
    **dict.fromkeys(
        ("no_such_subteam", "subteam_not_found", "subteam_disabled", "invalid_usergroup"),
        (GroupProblem, _GROUP),
    ),
    **dict.fromkeys(
        ("invalid_auth", "not_authed", "token_expired", "not_allowed_token_type",
         "invalid_app_id"),
        (BadCredentials, _CREDENTIALS),
    ),
    **dict.fromkeys(
        ("account_inactive", "token_revoked", "app_not_installed"), (BadCredentials, _ENDED)
    ),
}  # fmt: skip
# After one of these no call with the token succeeds; another may concern one method alone.
TOKEN_ENDED = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}
)
_FAILURES = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout",
     "update_failed", "team_added_to_org", "accesslimited"}
)  # fmt: skip
_UNKNOWN_USER = frozenset({"user_not_found", "users_not_found", "user_not_visible"})
_RETRY_AFTER_DEFAULT = 1.0


def translate(
    method: str, status: int, headers: Mapping[str, str], body: Mapping[str, Any]
) -> SlackError:
    """Return the exception for an answer of Slack's that is not a success.

    Args:
        method: the Web API method, such as `chat.postMessage`.
        status: the HTTP status.
        headers: the HTTP headers; `Retry-After` is in seconds.
        body: the JSON object; empty if there was none.
    """
    code = str(body.get("error") or f"http_{status}")
    if status == 429 or code in ("ratelimited", "rate_limited"):
        return RateLimited(_retry_after(headers), method=method)
    if status >= 500 or code in _FAILURES:
        code = code if code in _FAILURES else f"http_{status}"
        return Unavailable(method=method, code=code, outcome_unknown=True)
    if code == "missing_scope":
        return MissingScope(str(body.get("needed") or ""), method=method)
    if method == "users.info" and code in _UNKNOWN_USER:
        return PersonUnknown(_PERSON, method=method, code=code)
    if code in _UNDELIVERED_CODES:
        return NotDeliverable(_UNDELIVERED_CODES[code], method=method, code=code)
    if code in _CHANNEL_CODES:
        return ChannelProblem(_CHANNEL_CODES[code], method=method, code=code)
    if code in _PLAIN:
        kind, sentence = _PLAIN[code]
        return kind(sentence, method=method, code=code)
    # If the answer was not JSON, the SDK puts all of it in the place of the code.
    code = code if code.replace("_", "").isalnum() and len(code) <= 80 else "unreadable_answer"
    return Refused(
        f"Slack refused this ({method}: {code}). Tell the person who runs the app.",
        method=method,
        code=code,
    )


def _retry_after(headers: Mapping[str, str]) -> float:
    text = next((headers[name] for name in headers if name.lower() == "retry-after"), "")
    try:
        seconds = float(text)
    except ValueError:
        return _RETRY_AFTER_DEFAULT
    # Neither NaN nor infinity may decide how long a thread sleeps.
    return seconds if 0 <= seconds < 86_400 else _RETRY_AFTER_DEFAULT
