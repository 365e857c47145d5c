"""Close a Socket Mode connection without waiting for Slack to send something."""

from __future__ import annotations

from contextlib import suppress

from slack_bolt.adapter.socket_mode import SocketModeHandler


def close(handler: SocketModeHandler) -> None:
    """Accept nothing new, finish what is in progress, and close the socket.

    Slack's client closes it only between two reads, each of which waits up to 3 seconds for data.
    Slack answers a ping at once, which ends the read; an empty frame would not.
    """
    client = handler.client
    client.current_session_state.terminated = True
    if client.current_session is not None:
        with suppress(OSError):
            client.current_session.ping("closing")
    handler.close()  # type: ignore[no-untyped-call]  # as Bolt has it
