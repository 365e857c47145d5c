"""Call Slack's Web API within a deadline: attempts, retries, rate limits, pages and uploads.

Before an acknowledgement use `quick()`: one attempt with a short deadline, and no sleeping.
Afterwards a call is retried until its total deadline; `within()` gives several calls one deadline
together. Calls that must not happen twice (posting) are retried only if Slack certainly did
nothing: it refused them for their rate, or could not be reached.
"""

from __future__ import annotations

import copy
import http.client
import logging
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from http import HTTPStatus
from typing import Any, Protocol, Self

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.slack_api.errors import RateLimited, SlackError, Unavailable, translate

PAGE = 200
# The check of an admin takes two calls at most, which fit into the 3 s that Slack allows.
QUICK = 1.2
_BACKOFF = 0.25
_BACKOFF_MAX = 4.0
_TIMEOUT_MIN = 0.05

Answer = dict[str, Any]
# Where an answer of `auth.test` has the header in which Slack lists the token's scopes.
GRANTED_SCOPES = "x-oauth-scopes"
_log = logging.getLogger(__name__)


class Calls(Protocol):
    """One attempt at one method, at most `timeout` seconds long.

    Raises whatever slack_sdk raises.
    """

    def __call__(self, method: str, args: Answer, *, form: bool, timeout: float) -> Answer:
        """Return Slack's answer."""
        ...


# Uploads bytes to a URL within a number of seconds; returns the HTTP status.
Puts = Callable[[str, bytes, float], int]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a call may take, in seconds.

    Attributes:
        total: all attempts and the pauses between them.
        attempt: one attempt.
        retries: whether there may be a second attempt.
    """

    total: float = 30.0
    attempt: float = 8.0
    retries: bool = True


def web_calls(token: str, base_url: str = WebClient.BASE_URL) -> Calls:
    """Return a transport over slack_sdk, whose own retries are off: they have no deadline.

    Args:
        token: the bot's token.
        base_url: the address of the Web API.
    """

    def attempt(method: str, args: Answer, *, form: bool, timeout: float) -> Answer:
        # A client for each call, because threads would share its timeout.
        client = WebClient(
            token,
            base_url=base_url,
            timeout=timeout,  # type: ignore[arg-type]  # urllib takes fractions of a second too
            retry_handlers=[],
        )
        response = (
            client.api_call(method, params=args) if form else client.api_call(method, json=args)
        )
        answer = dict(response.data) if isinstance(response.data, dict) else {}
        granted = response.headers.get("x-oauth-scopes")
        return answer | {GRANTED_SCOPES: granted} if granted and method == "auth.test" else answer

    return attempt


def web_puts(address: str, content: bytes, timeout: float) -> int:
    """Send a file's bytes to the address that Slack gave for them.

    Raises:
        OSError, HTTPException: if the upload failed.
    """
    request = urllib.request.Request(  # noqa: S310  (Slack's own answer names the address)
        address, data=content, headers={"Content-Type": "application/octet-stream"}
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


@dataclass(eq=False, repr=False)
class Transport:
    """Calls of the Web API with deadlines and retries. Safe to share between threads.

    Every method raises SlackError (see bot.slack_api.errors).

    Attributes:
        calls: one attempt at one method.
        puts: one attempt to upload a file.
        sleep, monotonic: in seconds; tests replace them.
    """

    calls: Calls
    limits: Limits = field(default_factory=Limits)
    _: KW_ONLY
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    puts: Puts = web_puts
    _end: float | None = field(default=None, init=False)

    def quick(self, seconds: float = QUICK) -> Self:
        """Return this client for use before an acknowledgement: one attempt, `seconds` at most."""
        other = copy.copy(self)
        other.limits = Limits(total=seconds, attempt=seconds, retries=False)
        other._end = None
        return other

    def within(self, seconds: float) -> Self:
        """Return this client for calls that, all together, have to end `seconds` from now."""
        other = copy.copy(self)
        other._end = self.monotonic() + seconds
        return other

    def call(
        self, method: str, *, form: bool = False, repeatable: bool = True, **args: Any
    ) -> Answer:
        """Call a method of the Web API; arguments that are None are left out.

        Args:
            method: its name, such as `users.info`.
            form: send the arguments as a form; methods that read do not all take JSON.
            repeatable: whether doing it twice has the same effect as once.
        """
        args = {name: value for name, value in args.items() if value is not None}
        end = self._deadline(method)
        attempt = 0
        while True:
            left = max(end - self.monotonic(), _TIMEOUT_MIN)
            try:
                return self.calls(method, args, form=form, timeout=min(left, self.limits.attempt))
            except SlackApiError as error:
                problem = translate_answer(method, error)
            except (OSError, http.client.HTTPException, UnicodeError) as error:
                problem = translate_failure(method, error)
            pause = self._pause(problem, attempt, repeatable)
            if pause is None or self.monotonic() + pause >= end:
                raise problem
            _log.warning("%s: %s; again in %.2f s", method, problem.code, pause)
            self.sleep(pause)
            attempt += 1

    def _deadline(self, method: str) -> float:
        """Return when a call that begins now has to end."""
        now = self.monotonic()
        if self._end is None:
            return now + self.limits.total
        if now >= self._end:
            raise Unavailable(method=method, code="no_time_left", outcome_unknown=False)
        return min(now + self.limits.total, self._end)

    def _pause(self, problem: SlackError, attempt: int, repeatable: bool) -> float | None:
        """Return the seconds to wait before the next attempt; None if there is to be none."""
        if not self.limits.retries:
            return None
        if isinstance(problem, RateLimited):
            return problem.retry_after
        if isinstance(problem, Unavailable) and (repeatable or not problem.outcome_unknown):
            return float(min(_BACKOFF * 2**attempt, _BACKOFF_MAX))
        return None

    def pages(self, method: str, items: str, **args: Any) -> Iterator[Answer]:
        """Yield the members of a list that comes in pages; each page has its own deadline.

        Args:
            method: its name, such as `users.list`.
            items: the field of a page that contains them.
        """
        cursor: str | None = None
        while True:
            page = self.call(method, form=True, limit=PAGE, cursor=cursor, **args)
            yield from page.get(items) or ()
            cursor_after = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            # A cursor that does not change would loop forever.
            if not cursor_after or cursor_after == cursor:
                return
            cursor = cursor_after

    def put(self, address: str, content: bytes) -> None:
        """Upload a file's bytes to the address that Slack gave for them, in one attempt."""
        try:
            status = self.puts(address, content, self.limits.attempt)
        except (OSError, http.client.HTTPException) as error:
            raise translate_failure("the upload", error) from None
        if status != HTTPStatus.OK:
            raise Unavailable(method="the upload", code=f"http_{status}", outcome_unknown=False)


def text_in(method: str, answer: Mapping[str, Any], *path: str) -> str:
    """Return a text from a successful answer. Raises Unavailable if it is missing."""
    value: Any = answer
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(value, str) or not value:
        raise Unavailable(method=method, code="unreadable_answer", outcome_unknown=True)
    return value


def translate_answer(method: str, error: SlackApiError) -> SlackError:
    """Return the exception for an answer of Slack's, as the SDK raises it."""
    response = error.response
    body = response.data if isinstance(response.data, dict) else {}
    return translate(method, response.status_code, response.headers, body)


def translate_failure(method: str, error: Exception) -> Unavailable:
    """Return the exception for a call that got no answer."""
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    # Only for these two is it certain that nothing reached Slack.
    unsent = isinstance(cause, ConnectionRefusedError | socket.gaierror)
    return Unavailable(method=method, code=type(cause).__name__, outcome_unknown=not unsent)
