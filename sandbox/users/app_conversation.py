"""One person's direct message with the app, for tests."""

from datetime import UTC, datetime

from sandbox.delivery.runtime import SandboxRuntime
from sandbox.state.models import Json, Message
from sandbox.text import Notification, code_of_message, notification_of, plain_of_message


class AppConversation:
    """The direct message between one person and the app."""

    def __init__(self, runtime: SandboxRuntime, user: str) -> None:
        self._runtime = runtime
        self._user = user

    @property
    def messages(self) -> list[Message]:
        """Its messages, oldest first; empty while there is no such direct message."""
        workspace = self._runtime.workspace
        channel = workspace.direct_between(self._user, self._runtime.install.bot_user)
        return workspace.messages_for(self._user, channel.id) if channel else []

    @property
    def latest(self) -> Message:
        """The newest message. Raises AssertionError when there is none."""
        if not self.messages:
            raise AssertionError("there is nothing in the direct message with the app")
        return self.messages[-1]

    @property
    def text(self) -> str:
        """The text of all its messages."""
        names = self._runtime.workspace.names()
        return "\n".join(plain_of_message(message_content(m), names) for m in self.messages)

    @property
    def notifications(self) -> list[Notification]:
        """How each of its messages is announced: on a phone, a desktop, by a screen reader."""
        workspace = self._runtime.workspace
        now = datetime.fromtimestamp(workspace.clock.now(), UTC)
        names = workspace.names()
        return [notification_of(message_content(m), names, now) for m in self.messages]

    def file(self, name: str) -> bytes:
        """Return the content of the newest file of this name.

        Raises:
            AssertionError: there is no such file.
        """
        workspace = self._runtime.workspace
        for message in reversed(self.messages):
            for attached in message.payload.get("files") or []:
                upload = workspace.files.get(attached["id"])
                if attached["name"] == name and upload is not None and upload.content is not None:
                    return upload.content
        raise AssertionError(f"there is no file {name!r}; there is:\n{self.text}")

    def token(self) -> str:
        """Return the first code in the newest message that has any.

        Raises:
            AssertionError: no message has code in it.
        """
        for message in reversed(self.messages):
            if found := code_of_message(message_content(message)):
                return found[0]
        raise AssertionError(f"no message has code in it; there is:\n{self.text}")


def message_content(message: Message) -> Json:
    """Return a message's text, blocks and attachments as the Web API has them."""
    return {"text": message.text, "blocks": message.blocks, **message.payload}
