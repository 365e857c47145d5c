"""Closing a socket of Socket Mode without waiting for Slack to send something."""

from __future__ import annotations

from contextlib import suppress

from slack_bolt.adapter.socket_mode import SocketModeHandler


def close(handler: SocketModeHandler) -> None:
    """Take nothing new, end what is under way, and close the socket.

    Slack's client closes it only between two reads, and each waits 3 seconds for something to
    read. Slack answers a ping at once; a frame without content would not end the read.
    """
    client = handler.client
    client.current_session_state.terminated = True
    if client.current_session is not None:
        with suppress(OSError):
            client.current_session.ping("closing")
    handler.close()  # type: ignore[no-untyped-call]  # as Bolt has it
