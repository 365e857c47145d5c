"""Deliver by signed HTTP: POST requests to the app's URL, and its answers.

Signatures: https://docs.slack.dev/authentication/verifying-requests-from-slack. Retries of events:
https://docs.slack.dev/apis/events-api/#error-handling.
"""

import hashlib
import hmac
import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

import httpx

from sandbox.base.clock import Clock
from sandbox.base.errors import SandboxError
from sandbox.delivery.dispatcher import ACK_SECONDS, Ack, Delivery, NotAcknowledged, Refusal, Retry
from sandbox.state.installation import Installation
from sandbox.state.models import Json

_MAX_SENT = 100
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_REASONS: Final[dict[Refusal, str]] = {
    "operation_timeout": "http_timeout",
    "dispatch_failed": "connection_failed",
    "http_service_error": "http_error",
}


@dataclass(frozen=True)
class SignedRequest:
    """A POST request as Slack sends it to an app, signature included."""

    url: str
    content: bytes
    headers: Mapping[str, str]

    def send(self) -> httpx.Response:
        """Send it unchanged; a second time this is a replay. Raises httpx's errors."""
        with _client() as client:
            return client.post(self.url, content=self.content, headers=dict(self.headers))

    def signed(self, secret: str, at: float) -> "SignedRequest":
        """Return the same request with a new signature.

        Args:
            secret: a signing secret; one that is not the app's makes a forgery.
            at: seconds since 1970; an app refuses what is older than five minutes.
        """
        stamp = str(int(at))
        signature = {
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": signature_of(secret, stamp, self.content),
        }
        return replace(self, headers={**self.headers, **signature})


def signature_of(secret: str, timestamp: str, content: bytes) -> str:
    """Return Slack's signature, version 0."""
    signed = b"v0:" + timestamp.encode() + b":" + content
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


class HttpDelivery:
    """Delivers to one URL.

    Args:
        url: the app's URL, for commands, interactions and events alike.
        install: has the signing secret.
        clock: the time in signatures.

    Raises:
        SandboxError: `url` is not a URL.
    """

    def __init__(self, url: str, install: Installation, clock: Clock) -> None:
        self.url = _checked_url(url)
        self._install = install
        self._clock = clock
        self._lock = threading.Lock()
        self._sent: deque[SignedRequest] = deque(maxlen=_MAX_SENT)
        self._client = _client()

    @property
    def sent(self) -> list[SignedRequest]:
        """The newest 100 requests, oldest first."""
        with self._lock:
            return list(self._sent)

    def request(
        self, delivery: Delivery, *, secret: str | None = None, at: float | None = None
    ) -> SignedRequest:
        """Return the request for a delivery, signed now with the app's secret by default."""
        content, kind = _content(delivery)
        headers = {
            "Content-Type": kind,
            "Accept": f"{_JSON},*/*",
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        }
        if delivery.retry is not None:
            headers |= _retry_headers(delivery.retry)
        bare = SignedRequest(self.url, content, headers)
        now = self._clock.now() if at is None else at
        return bare.signed(secret or self._install.signing_secret, now)

    def deliver(self, delivery: Delivery) -> Ack:
        """Send one request and return its answer; this is a `Transport`."""
        request = self.request(delivery)
        with self._lock:
            self._sent.append(request)
        try:
            answer = self._client.post(
                request.url, content=request.content, headers=dict(request.headers)
            )
        except httpx.TimeoutException:
            raise NotAcknowledged("operation_timeout") from None
        except httpx.RequestError:
            raise NotAcknowledged("dispatch_failed") from None
        if not answer.is_success:
            final = answer.headers.get("X-Slack-No-Retry") == "1"
            raise NotAcknowledged("http_service_error", status=answer.status_code, final=final)
        return _ack(answer)

    def close(self) -> None:
        """Close the connections to the app; nothing can be delivered afterwards."""
        self._client.close()


def answers_challenge(answer: Ack, challenge: str) -> bool:
    """Return whether an app returned the challenge: as text, as a form, or in JSON.

    See https://docs.slack.dev/reference/events/url_verification.
    """
    if isinstance(answer, dict):
        return answer.get("challenge") == challenge
    return answer in (challenge, urlencode({"challenge": challenge}))


def _checked_url(url: str) -> str:
    try:
        read = httpx.URL(url)
        usable = read.scheme in ("http", "https") and bool(read.host)
    except httpx.InvalidURL:
        usable = False
    if not usable:
        raise SandboxError(
            f"{url!r} is not a URL; expected something like http://127.0.0.1:3000/slack"
        )
    return url


def _client() -> httpx.Client:
    # No connection is kept alive: after a restart of the app the old one would be dead.
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(timeout=ACK_SECONDS, limits=limits, trust_env=False)


def _content(delivery: Delivery) -> tuple[bytes, str]:
    if delivery.kind == "slash_commands":
        return urlencode(delivery.body).encode(), _FORM
    if delivery.kind == "interactive":
        return urlencode({"payload": json.dumps(delivery.body)}).encode(), _FORM
    return json.dumps(delivery.body).encode(), _JSON


def _retry_headers(retry: Retry) -> Json:
    return {
        "X-Slack-Retry-Num": str(retry.number),
        "X-Slack-Retry-Reason": _REASONS[retry.reason],
    }


def _ack(answer: httpx.Response) -> Ack:
    """Return an answer's JSON object, else its text, or None when it is empty."""
    if not answer.content.strip():
        return None
    if not answer.headers.get("Content-Type", "").startswith(_JSON):
        return answer.text
    try:
        read = answer.json()
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise NotAcknowledged("http_service_error", status=answer.status_code)
    return read
