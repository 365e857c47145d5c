"""Response URLs, and the messages that the app's answers to commands and response URLs become.

The rules are those of https://docs.slack.dev/interactivity/handling-user-interaction.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.base.clock import Clock
from sandbox.base.errors import SlackError
from sandbox.base.ids import new_secret
from sandbox.blockkit import InvalidBlocks, check_message
from sandbox.state.input_values import with_ids
from sandbox.state.installation import Installation
from sandbox.state.models import Json, Message, MessageRef
from sandbox.state.workspace import Workspace

RESPONSE_URL_SECONDS = 30 * 60.0
RESPONSE_URL_USES = 5
SLACKBOT = "USLACKBOT"
_MAX_GRANTS = 10_000


@dataclass
class ResponseGrant:
    """Permission to answer in a channel until `expires`, five times.

    `source` is the message the user acted on, None for a command. `user` acted, and is the only
    one who sees ephemeral answers.
    """

    user: str
    channel: str
    source: MessageRef | None
    expires: float
    uses: int = 0


class ResponseUrls:
    """Issues the secret parts of response URLs, and counts their uses."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._grants: dict[str, ResponseGrant] = {}

    def issue(self, user: str, channel: str, source: MessageRef | None) -> str:
        """Return the secret part of a new response URL."""
        secret = new_secret()
        with self._lock:
            expires = self._clock.now() + RESPONSE_URL_SECONDS
            self._grants[secret] = ResponseGrant(user, channel, source, expires)
            while len(self._grants) > _MAX_GRANTS:
                del self._grants[next(iter(self._grants))]
        return secret

    def spend(self, secret: str) -> ResponseGrant:
        """Count one use.

        Raises:
            SlackError: ``expired_url`` or ``used_url``, both with status 404.
        """
        with self._lock:
            grant = self._grants.get(secret)
            if grant is None or self._clock.now() >= grant.expires:
                raise SlackError("expired_url", status=404)
            if grant.uses >= RESPONSE_URL_USES:
                raise SlackError("used_url", status=404)
            grant.uses += 1
            return grant


class AppResponses:
    """Posts, replaces and deletes messages as the app's answers ask."""

    def __init__(self, workspace: Workspace, install: Installation, urls: ResponseUrls) -> None:
        self._workspace = workspace
        self._install = install
        self._urls = urls

    def respond(self, secret: str, body: Mapping[str, Any]) -> None:
        """Apply a POST to a response URL.

        Raises:
            SlackError: ``expired_url`` or ``used_url`` (404), ``no_text`` (400), ``invalid_blocks``
                (400), ``message_not_found`` (404) where the message to replace is gone.
        """
        grant = self._urls.spend(secret)
        source = grant.source
        replaces = body.get("replace_original") is True
        with self._workspace.change():
            if body.get("delete_original") is True and source is not None:
                self._delete(self._original(source))
            elif replaces and source is not None:
                _check(body)
                self._replace(self._original(source), body)
            else:
                self.post(grant.channel, grant.user, body)

    def post(self, channel: str, user: str, body: Mapping[str, Any]) -> Message:
        """Post an answer in a channel: for `user` alone, unless it is ``in_channel``.

        Raises:
            SlackError: ``no_text`` or ``invalid_blocks``, both with status 400.
        """
        _check(body)
        public = body.get("response_type") == "in_channel"
        thread = body.get("thread_ts")
        with self._workspace.change():
            message = Message(
                channel,
                self._workspace.next_ts(),
                self._install.bot_user,
                str(body.get("text") or ""),
                blocks=with_ids(list(body.get("blocks") or [])),
                bot_id=self._install.bot_id,
                app_id=self._install.app_id,
                thread_ts=thread if isinstance(thread, str) else None,
                ephemeral_for=None if public else user,
                payload=_attachments(body),
            )
            self._workspace.messages.setdefault(channel, []).append(message)
        return message

    def post_as_slackbot(self, channel: str, user: str, text: str) -> None:
        """Post an ephemeral message by Slackbot to one user."""
        with self._workspace.change():
            ts = self._workspace.next_ts()
            message = Message(channel, ts, SLACKBOT, text, ephemeral_for=user, by_slack=True)
            self._workspace.messages.setdefault(channel, []).append(message)

    def _original(self, source: MessageRef) -> Message:
        found = self._workspace.find_message(source.channel, source.ts)
        if found is None:
            raise SlackError("message_not_found", status=404)
        return found

    def _delete(self, message: Message) -> None:
        self._workspace.messages[message.channel].remove(message)

    def _replace(self, message: Message, body: Mapping[str, Any]) -> None:
        """Replace a message's content; an ephemeral message stays ephemeral."""
        message.text = str(body.get("text") or "")
        message.blocks = with_ids(list(body.get("blocks") or []))
        message.payload = _attachments(body)
        message.inputs = {}
        message.notices = {}
        message.revision += 1
        if message.ephemeral_for is None:
            message.edited_ts = self._workspace.next_ts()
            message.edited_by = self._install.bot_user


def _check(body: Mapping[str, Any]) -> None:
    if not (body.get("text") or body.get("blocks") or body.get("attachments")):
        raise SlackError("no_text", status=400)
    try:
        check_message(body)
    except InvalidBlocks as error:
        raise SlackError("invalid_blocks", status=400, errors=error.errors) from error


def _attachments(body: Mapping[str, Any]) -> Json:
    return {"attachments": body["attachments"]} if body.get("attachments") else {}
