"""Connect over Socket Mode, and notice when Slack no longer opens a socket for the app's token."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.errors import SlackApiError

from bot.server.closing import close
from bot.server.health import Socket
from bot.server.pools import AcknowledgingThreads
from bot.slack_api.errors import BadCredentials, RateLimited, SlackError, Unavailable
from bot.slack_api.transport import translate_answer, translate_failure

_METHOD = "apps.connections.open"
_REMEDY = (
    "Slack does not accept the app's token ({code}). Create one under Basic Information with the "
    "scope connections:write, enable Socket Mode, and put it into SLACK_APP_TOKEN."
)


@dataclass(frozen=True, slots=True)
class Sockets:
    """Socket Mode. Its client reconnects, so it is alive until it is closed."""

    handler: SocketModeHandler
    socket: Socket

    @property
    def alive(self) -> bool:
        """Whether requests can still arrive."""
        return True

    def stop(self) -> None:
        """Stop accepting requests, and return once those in progress are answered."""
        close(self.handler)


def connect(handler: SocketModeHandler, on_fault: Callable[[SlackError], None]) -> Sockets:
    """Open the socket.

    Args:
        on_fault: called when Slack refuses to open another one, although it is asked again.

    Raises:
        SlackError: if Slack does not accept the app's token, or cannot be reached.
    """
    client = handler.client
    # The client’s own ten do not record when a request has arrived.
    client.message_workers.shutdown()
    client.message_workers = AcknowledgingThreads()
    issue = client.issue_new_wss_url

    def watched() -> str:
        try:
            return issue()
        except SlackApiError as error:
            problem = _refusal(error)
            if isinstance(problem, BadCredentials):
                on_fault(problem)
            raise

    socket = Socket(client)
    try:
        client.wss_uri = issue()
        client.issue_new_wss_url = watched  # type: ignore[method-assign]
        handler.connect()  # type: ignore[no-untyped-call]  # as Bolt has it
    except SlackApiError as error:
        _discard(handler)
        raise _refusal(error) from None
    except (OSError, http.client.HTTPException) as error:
        _discard(handler)
        raise translate_failure(_METHOD, error) from None
    return Sockets(handler, socket)


def _discard(handler: SocketModeHandler) -> None:
    with suppress(OSError):
        handler.close()  # type: ignore[no-untyped-call]  # as Bolt has it


def _refusal(error: SlackApiError) -> SlackError:
    """Return what is wrong; whatever is not for a while is a fault of the app's token."""
    problem = translate_answer(_METHOD, error)
    if isinstance(problem, Unavailable | RateLimited):
        return problem
    return BadCredentials(_REMEDY.format(code=problem.code), method=_METHOD, code=problem.code)
