"""A user in the tour; what they do and see is written to the transcript."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cli.demo.transcript import Transcript
from sandbox.sandbox import Sandbox
from sandbox.state.models import Message
from sandbox.text import plain_of_message
from sandbox.users.user import User


class TourUser:
    """One user in one channel, who also sees the app's direct messages.

    All methods raise AssertionError or SandboxError if something is not as expected.
    """

    def __init__(
        self,
        slack: Sandbox,
        handle: str,
        channel: str,
        transcript: Transcript,
        timeout: float,
    ) -> None:
        """Go to the channel.

        Args:
            handle: such as `alice`.
            channel: such as `#general`.
            timeout: how many seconds to wait for what should be seen.
        """
        self._slack, self._channel, self._transcript = slack, channel, transcript
        self._timeout = timeout
        self._person: User = slack.person(handle).goes_to(channel)
        self.name = handle.title()

    def types(self, text: str) -> None:
        """Type into the channel."""
        self._transcript.narrate(f"{self.name} types in {self._channel}:  {text}")
        self._person.types(text)

    def fills_in(self, button: str, **entered: Any) -> None:
        """Fill in the modal that has opened, and submit it with this button."""
        changed = self._slack.workspace.changed
        with changed:
            changed.wait_for(lambda: self._person.modal is not None, self._timeout)
        modal = self._person.fills(**entered).modal
        if modal is None:
            raise AssertionError("no modal is open")
        self._transcript.narrate(f"{self.name} fills in the modal:")
        self._transcript.show(modal.text)
        self._transcript.narrate(f"{self.name} presses [{button}].")
        self._person.submits()

    def presses(self, label: str) -> None:
        """Press the newest button with this label."""
        red = "red " if self._button(label).get("style") == "danger" else ""
        self._transcript.narrate(f"{self.name} presses the {red}button [{label}].")
        self._person.presses(label)

    def is_red(self, label: str) -> bool:
        """Return whether the newest button with this label is red."""
        return self._button(label).get("style") == "danger"

    def closes(self) -> None:
        """Close the modal."""
        self._person.closes()

    def sees(self, expected: str) -> str:
        """Wait for the words, and transcribe the modal or message that contains them."""
        self._person.sees(expected, within=self._timeout)
        modal = self._person.modal
        if modal is not None and expected in modal.text:
            text, where = modal.text, "the modal"
        else:
            text, where = self._message_with(expected)
        self._transcript.narrate(f"{self.name} sees in {where}:")
        self._transcript.show(text)
        return text

    def sees_since(self, since: str, *words: str) -> None:
        """Wait for a message with all these words that was posted after a time, and transcribe it.

        Args:
            since: a message's timestamp.
        """

        def found() -> Message | None:
            new = [message for message in self._messages() if message.ts > since]
            with_words = (m for m in new if all(word in self._text(m) for word in words))
            return next(with_words, None)

        changed = self._slack.workspace.changed
        with changed:
            if not changed.wait_for(lambda: found() is not None, self._timeout):
                raise AssertionError(f"no new message has the words {', '.join(words)}")
            message = found()
        if message is not None:
            self._transcript.narrate(f"{self.name} sees in {self._place_of(message)}:")
            self._transcript.show(self._text(message))

    def sees_nowhere(self, expected: str) -> None:
        """Check that these words are not on the screen."""
        self._person.never_sees(expected)

    def token(self) -> str:
        """Return the token in the app's newest direct message with one."""
        return self._person.dm.token()

    def _message_with(self, expected: str) -> tuple[str, str]:
        for message in reversed(self._messages()):
            text = self._text(message)
            if expected in text:
                return text, self._place_of(message)
        raise AssertionError(f"no message has the words {expected!r}")

    def _messages(self) -> list[Message]:
        """Return the messages of the channel and of the app's direct message, oldest first."""
        channel = self._slack.workspace.channel_named(self._channel)
        here = [] if channel is None else self._slack.workspace.messages_for(self._id, channel.id)
        return sorted([*here, *self._person.dm.messages], key=lambda message: message.ts)

    def _text(self, message: Message) -> str:
        workspace = self._slack.workspace
        now = datetime.fromtimestamp(workspace.clock.now(), UTC)
        content = {"text": message.text, "blocks": message.blocks, **message.payload}
        return plain_of_message(content, workspace.names(), now)

    def _place_of(self, message: Message) -> str:
        channel = self._slack.workspace.channel(message.channel)
        if channel is not None and channel.is_direct:
            return "the direct message of the app"
        only = ", visible only to them" if message.ephemeral_for == self._id else ""
        return f"{self._channel}{only}"

    def _button(self, label: str) -> dict[str, Any]:
        for message in reversed(self._messages()):
            for element in _elements(message):
                if element.get("type") == "button" and element["text"]["text"] == label:
                    return element
        raise AssertionError(f"there is no button {label!r}")

    @property
    def _id(self) -> str:
        return self._person.id


def _elements(message: Message) -> Iterator[dict[str, Any]]:
    for block in message.blocks:
        yield from block.get("elements", []) if block["type"] == "actions" else []
