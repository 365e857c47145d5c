"""The one Slack client: deadlines, retries, rate limits, paging; its errors are in slack_errors.

Before an acknowledgement use `quick()`: one attempt with a short deadline, and no sleeping.
Afterwards the client retries until its total deadline; `within()` gives several calls one deadline
together. What must not happen twice (posting) is retried only where Slack surely did nothing:
refused for its rate, or never connected.
"""

from __future__ import annotations

import http.client
import logging
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from itertools import islice
from typing import Any, Protocol

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.slack_api.errors import (
    ChannelFault,
    ChannelProblem,
    MessageGone,
    RateLimited,
    SlackError,
    Unavailable,
    translate,
)

PAGE = 200
# Two calls, as the check of an admin takes at most, stay well within the 3 s that Slack allows.
QUICK = 1.2
_BACKOFF = 0.25
_BACKOFF_MAX = 4.0
_TIMEOUT_MIN = 0.05
# The kind of metadata that our own messages bear, and how many are looked through for one.
_MARKED = "apikeys_message"
_LOOKED_AT = 1_000
# Messages can be scheduled for up to 120 days (chat.scheduleMessage, "time_too_far").
_FAR_OFF = timedelta(days=100)

Blocks = Sequence[Mapping[str, Any]]
Answer = dict[str, Any]
_log = logging.getLogger(__name__)


class Calls(Protocol):
    """One attempt at one method, at most `timeout` seconds long: what tests put in its place.

    Raises whatever slack_sdk raises.
    """

    def __call__(self, method: str, args: Answer, *, form: bool, timeout: float) -> Answer:
        """Returns Slack's answer."""
        ...


# Sends bytes to an address, at most so many seconds long; returns the HTTP status.
Puts = Callable[[str, bytes, float], int]


@dataclass(frozen=True, slots=True)
class Attached:
    """A file to be shared.

    Attributes:
        name: with its ending, by which Slack knows the kind.
        title: what people see; the name if empty.
        alt: what a picture shows, for people who cannot see it.
    """

    name: str
    content: bytes
    title: str = ""
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a call may take, in seconds.

    Attributes:
        total: the attempts and the waiting between them, all together.
        attempt: one attempt.
        retries: whether there may be a second attempt at all.
    """

    total: float = 30.0
    attempt: float = 8.0
    retries: bool = True


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message is."""

    channel: str
    ts: str


def web_calls(token: str, base_url: str = WebClient.BASE_URL, team_id: str | None = None) -> Calls:
    """Attempts over slack_sdk, whose own retries are off: they know no deadline.

    Args:
        token: the bot's token.
        base_url: where the Web API is; anything that talks like Slack's own.
        team_id: the workspace, where the app is installed for a whole organisation.
    """

    def attempt(method: str, args: Answer, *, form: bool, timeout: float) -> Answer:
        # A client of its own, because the time limit is an attribute that threads would share.
        client = WebClient(
            token,
            base_url=base_url,
            timeout=timeout,  # type: ignore[arg-type]  # urllib takes fractions of a second too
            team_id=team_id,
            retry_handlers=[],
        )
        response = (
            client.api_call(method, params=args) if form else client.api_call(method, json=args)
        )
        return dict(response.data) if isinstance(response.data, dict) else {}

    return attempt


def web_puts(address: str, content: bytes, timeout: float) -> int:
    """Sends a file's bytes to the address that Slack gave for them.

    Raises:
        OSError, HTTPException: if they did not get there.
    """
    request = urllib.request.Request(  # noqa: S310  (Slack's own answer names the address)
        address, data=content, headers={"Content-Type": "application/octet-stream"}
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


class SlackClient:
    """Everything that the bot says to Slack. Safe to share between threads.

    Every method raises SlackError (see bot.slack_api.errors).
    """

    def __init__(
        self,
        calls: Calls,
        limits: Limits | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        puts: Puts | None = None,
    ) -> None:
        self._calls = calls
        self._limits = limits or Limits()
        self._sleep = sleep
        self._monotonic = monotonic
        self._puts = puts or web_puts
        self._dms: dict[str, str] = {}
        self._lock = threading.Lock()
        self._end: float | None = None

    def quick(self, seconds: float = QUICK) -> SlackClient:
        """The same client for use before an acknowledgement: one attempt, `seconds` at most."""
        return self._with(Limits(total=seconds, attempt=seconds, retries=False))

    def within(self, seconds: float) -> SlackClient:
        """The same client for calls that, all together, have to end `seconds` from now."""
        other = self._with(self._limits)
        other._end = self._monotonic() + seconds
        return other

    def _with(self, limits: Limits) -> SlackClient:
        other = SlackClient(
            self._calls, limits, sleep=self._sleep, monotonic=self._monotonic, puts=self._puts
        )
        other._dms, other._lock = self._dms, self._lock
        return other

    def call(
        self, method: str, *, form: bool = False, repeatable: bool = True, **args: Any
    ) -> Answer:
        """Calls a method of the Web API; arguments that are None are left out.

        Args:
            method: its name, such as `users.info`.
            form: send the arguments as a form; methods that read do not all take JSON.
            repeatable: doing it twice is as good as once.
        """
        args = {name: value for name, value in args.items() if value is not None}
        end = self._deadline(method)
        attempt = 0
        while True:
            left = max(end - self._monotonic(), _TIMEOUT_MIN)
            try:
                return self._calls(method, args, form=form, timeout=min(left, self._limits.attempt))
            except SlackApiError as error:
                problem = _from_answer(method, error)
            except (OSError, http.client.HTTPException, UnicodeError) as error:
                problem = _from_failure(method, error)
            pause = self._pause(problem, attempt, repeatable)
            if pause is None or self._monotonic() + pause >= end:
                raise problem
            _log.warning("%s: %s; again in %.2f s", method, problem.code, pause)
            self._sleep(pause)
            attempt += 1

    def _deadline(self, method: str) -> float:
        """When a call that begins now has to end."""
        now = self._monotonic()
        if self._end is None:
            return now + self._limits.total
        if now >= self._end:
            raise Unavailable(method=method, code="no_time_left", outcome_unknown=False)
        return min(now + self._limits.total, self._end)

    def _pause(self, problem: SlackError, attempt: int, repeatable: bool) -> float | None:
        """How long to wait before the next attempt, in seconds; None if there is to be none."""
        if not self._limits.retries:
            return None
        if isinstance(problem, RateLimited):
            return problem.retry_after
        if isinstance(problem, Unavailable) and (repeatable or not problem.outcome_unknown):
            return float(min(_BACKOFF * 2**attempt, _BACKOFF_MAX))
        return None

    def pages(self, method: str, items: str, **args: Any) -> Iterator[Answer]:
        """The members of a list that comes in pages, one by one; each page has its own deadline.

        Args:
            method: its name, such as `users.list`.
            items: under which name a page carries them.
        """
        cursor: str | None = None
        while True:
            page = self.call(method, form=True, limit=PAGE, cursor=cursor, **args)
            yield from page.get(items) or ()
            following = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            # A cursor that does not move would never end.
            if not following or following == cursor:
                return
            cursor = following

    # Who is who

    def auth_test(self) -> Answer:
        """Who the bot is, and in which workspace."""
        return self.call("auth.test")

    def user_info(self, user_id: str) -> Answer:
        """One person, as `users.info` describes them. Raises PersonUnknown."""
        return dict(self.call("users.info", form=True, user=user_id).get("user") or {})

    def users(self) -> Iterator[Answer]:
        """Everybody in the workspace."""
        return self.pages("users.list", "members")

    def usergroup_members(self, group_id: str) -> tuple[str, ...]:
        """The ids of a user group's members. Raises GroupProblem."""
        answer = self.call("usergroups.users.list", form=True, usergroup=group_id)
        return tuple(str(user) for user in answer.get("users") or ())

    # Messages

    def open_dm(self, user_id: str) -> str:
        """The channel of the bot's direct messages with a person. Raises NotDeliverable."""
        with self._lock:
            known = self._dms.get(user_id)
        if known:
            return known
        answer = self.call("conversations.open", users=user_id)
        channel = _part("conversations.open", answer, "channel", "id")
        with self._lock:
            self._dms[user_id] = channel
        return channel

    def dm(
        self, user_id: str, text: str, blocks: Blocks | None = None, *, marker: str = ""
    ) -> Posted:
        """Sends a direct message. `text` is what notifications show: never a token.

        Args:
            mark: as in `post`.

        Raises:
            NotDeliverable: the message was not sent.
            Unavailable: if `unclear`, the message may have been sent all the same.
        """
        channel = self.open_dm(user_id)
        try:
            return self.post(channel, text, blocks, marker=marker)
        except ChannelProblem as problem:
            if problem.kind is not ChannelFault.NOT_FOUND:
                raise
            with self._lock:
                self._dms.pop(user_id, None)
        return self.post(self.open_dm(user_id), text, blocks, marker=marker)

    def channel_id(self, name: str, now: datetime) -> str:
        """The id of a channel of which only the name is known.

        No scope of ours lists channels. But whoever schedules a message is told the id of where it
        will go; so one is scheduled, far off, and taken back at once.

        Raises:
            ChannelProblem: if there is no such channel, or the app is not in it.
        """
        answer = self.call(
            "chat.scheduleMessage", channel=name, text="This was a trial.",
            post_at=int((now + _FAR_OFF).timestamp()),
        )  # fmt: skip
        channel = _part("chat.scheduleMessage", answer, "channel")
        self.call(
            "chat.deleteScheduledMessage", channel=channel,
            scheduled_message_id=_part("chat.scheduleMessage", answer, "scheduled_message_id"),
        )  # fmt: skip
        return channel

    def find(self, channel: str, marker: str, since: datetime) -> Posted | None:
        """The message with this mark, if it was posted.

        Args:
            channel: the channel's id; a name will not do.
            since: nothing older is looked at.

        Raises:
            MissingScope: where the optional scope for the channel's history was not granted.
        """
        found = self.pages(
            "conversations.history", "messages", channel=channel, include_all_metadata=True,
            oldest=f"{since.timestamp():.6f}",
        )  # fmt: skip
        for message in islice(found, _LOOKED_AT):
            metadata = message.get("metadata") or {}
            if (metadata.get("event_payload") or {}).get("id") == marker:
                return Posted(channel, str(message["ts"]))
        return None

    def post(
        self,
        channel: str,
        text: str,
        blocks: Blocks | None = None,
        thread_ts: str | None = None,
        *,
        marker: str = "",
    ) -> Posted:
        """Posts in a channel. Raises ChannelProblem; Unavailable as in `dm`.

        Args:
            mark: by which `find` knows the message again: an id, since other apps can read it.
        """
        metadata = {"event_type": _MARKED, "event_payload": {"id": marker}} if marker else None
        answer = self.call(
            "chat.postMessage",
            repeatable=False,
            channel=channel,
            text=text,
            blocks=blocks,
            thread_ts=thread_ts,
            metadata=metadata,
            unfurl_links=False,
            unfurl_media=False,
        )
        return Posted(
            _part("chat.postMessage", answer, "channel"), _part("chat.postMessage", answer, "ts")
        )

    def ephemeral(
        self,
        channel: str,
        user_id: str,
        text: str,
        blocks: Blocks | None = None,
        *,
        thread: str = "",
    ) -> None:
        """Shows a message to one person only; Slack does not promise that it is seen.

        Args:
            thread: the `ts` of a thread's first message; empty for the channel itself.
        """
        within: dict[str, Any] = {"thread_ts": thread} if thread else {}
        self.call(
            "chat.postEphemeral",
            repeatable=False,
            channel=channel,
            user=user_id,
            text=text,
            blocks=blocks,
            **within,
        )

    def update(self, message: Posted, text: str, blocks: Blocks | None = None) -> None:
        """Writes a message of the bot's anew. Raises MessageGone, MessageFixed."""
        self.call(
            "chat.update", channel=message.channel, ts=message.ts, text=text, blocks=blocks or []
        )

    def delete(self, message: Posted) -> bool:
        """Deletes a message of the bot's.

        Returns:
            False if it was not there any more.

        Raises:
            MessageFixed: if it stays.
        """
        try:
            self.call("chat.delete", channel=message.channel, ts=message.ts)
        except MessageGone:
            return False
        return True

    def upload(
        self, channel: str, files: Sequence[Attached], comment: str, thread: str = ""
    ) -> tuple[str, ...]:
        """Shares files in one message, in the three steps that Slack wants.

        Args:
            channel: the channel's id; a name will not do.
            comment: the message's text, in our own words.
            thread: the `ts` of a thread's first message; empty for the channel itself.

        Returns:
            The ids of the files.

        Raises:
            MissingScope: if the optional scope `files:write` was not granted.
        """
        uploaded = [{"id": self._put(file), "title": file.title or file.name} for file in files]
        self.call(
            "files.completeUploadExternal",
            repeatable=False,
            files=uploaded,
            channel_id=channel,
            initial_comment=comment,
            thread_ts=thread or None,
        )
        return tuple(file["id"] for file in uploaded)

    def _put(self, file: Attached) -> str:
        answer = self.call(
            "files.getUploadURLExternal",
            form=True,
            filename=file.name,
            length=len(file.content),
            alt_txt=file.alt or None,
        )
        address = _part("files.getUploadURLExternal", answer, "upload_url")
        id_ = _part("files.getUploadURLExternal", answer, "file_id")
        try:
            status = self._puts(address, file.content, self._limits.attempt)
        except (OSError, http.client.HTTPException) as error:
            raise _from_failure("the upload", error) from None
        if status != HTTPStatus.OK:
            raise Unavailable(method="the upload", code=f"http_{status}", outcome_unknown=False)
        return id_

    # Modals and Home

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> Answer:
        """Opens a modal. Raises TriggerExpired, TooManyViews."""
        answer = self.call("views.open", repeatable=False, trigger_id=trigger_id, view=view)
        return dict(answer.get("view") or {})

    def push_view(self, trigger_id: str, view: Mapping[str, Any]) -> Answer:
        """Opens a modal above another one. Raises TriggerExpired, TooManyViews."""
        answer = self.call("views.push", repeatable=False, trigger_id=trigger_id, view=view)
        return dict(answer.get("view") or {})

    def update_view(
        self, view_id: str, view: Mapping[str, Any], hash_: str | None = None
    ) -> Answer:
        """Redraws a modal. Raises StaleView if `hash_` is not its latest one, ViewGone."""
        answer = self.call("views.update", view_id=view_id, view=view, hash=hash_)
        return dict(answer.get("view") or {})

    def publish_home(
        self, user_id: str, view: Mapping[str, Any], hash_: str | None = None
    ) -> Answer:
        """Redraws a person's Home tab. Raises StaleView."""
        answer = self.call("views.publish", user_id=user_id, view=view, hash=hash_)
        return dict(answer.get("view") or {})


def _part(method: str, answer: Mapping[str, Any], *path: str) -> str:
    """A text inside a successful answer. Without it, it is unclear what was done."""
    value: Any = answer
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(value, str) or not value:
        raise Unavailable(method=method, code="unreadable_answer", outcome_unknown=True)
    return value


def _from_answer(method: str, error: SlackApiError) -> SlackError:
    response = error.response
    body = response.data if isinstance(response.data, dict) else {}
    return translate(method, response.status_code, response.headers, body)


def _from_failure(method: str, error: Exception) -> Unavailable:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    # Only these two say for certain that nothing reached Slack.
    unsent = isinstance(cause, ConnectionRefusedError | socket.gaierror)
    return Unavailable(method=method, code=type(cause).__name__, outcome_unknown=not unsent)
