"""What one person can see in Slack's window, for tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.delivery.runtime import SandboxRuntime
from sandbox.state.models import Json, Message, MessageRef, View, ViewRef
from sandbox.text import plain_of_message, plain_of_view
from sandbox.users.app_conversation import AppConversation, message_content
from sandbox.users.locations import ElementLocation, locations_on


@dataclass(frozen=True)
class Modal:
    """The topmost modal as its user sees it."""

    view: View
    text: str

    @property
    def title(self) -> str:
        return str(self.view.body["title"]["text"])

    @property
    def errors(self) -> dict[str, str]:
        """Sentences under inputs, by block_id."""
        return self.view.errors


class Screen:
    """The channel or Home a person has open, the app's direct message, and the topmost modal.

    Args:
        runtime: of the practice Slack.
        user: the account's id.
        channel_id: the channel that is open at first; changed by going to another.
    """

    def __init__(self, runtime: SandboxRuntime, user: str, channel_id: str) -> None:
        self._runtime = runtime
        self._user = user
        self.channel_id = channel_id
        self.on_home_tab = False

    # --- messages and views -------------------------------------------------------------------

    @property
    def dm(self) -> AppConversation:
        """The direct message with the app."""
        return AppConversation(self._runtime, self._user)

    @property
    def modal(self) -> Modal | None:
        """The topmost modal, or None."""
        views = self._runtime.workspace.modals_of(self._user)
        return Modal(views[-1], self._view_text(views[-1])) if views else None

    def top_view(self) -> View:
        """Return the view of the topmost modal. Raises AssertionError when none is open."""
        if self.modal is None:
            raise AssertionError(f"no modal is open; there is:\n{self.text()}")
        return self.modal.view

    def text(self) -> str:
        """Return all that is visible now, as text: messages, the Home, the modal on top."""
        texts = [self._message_text(m) for m in self._visible_messages()]
        home = self._home()
        if home is not None:
            texts.append(self._view_text(home))
        if self.modal is not None:
            texts.append(self.modal.text)
        return "\n".join(texts)

    def public_messages(self) -> Iterator[Message]:
        """Yield what everybody can see in the open channel, newest first."""
        visible = self._runtime.workspace.messages_for(self._user, self.channel_id)
        yield from (m for m in reversed(visible) if m.ephemeral_for is None)

    def _visible_messages(self) -> list[Message]:
        """Return the messages of the open channel and of the app's DM, oldest first."""
        here = self._runtime.workspace.messages_for(self._user, self.channel_id)
        elsewhere = [m for m in self.dm.messages if m.channel != self.channel_id]
        return sorted(here + elsewhere, key=lambda m: m.ts)

    def _home(self) -> View | None:
        return self._runtime.workspace.home_of(self._user) if self.on_home_tab else None

    # --- elements -----------------------------------------------------------------------------

    def locations(self) -> Iterator[ElementLocation]:
        """Yield what can be pressed: in the modal if there is one, else newest message first."""
        if self.modal is not None:
            yield from locations_on(ViewRef(self.modal.view.id), self.modal.view.blocks)
            return
        home = self._home()
        if home is not None:
            yield from locations_on(ViewRef(home.id), home.blocks)
        for message in reversed(self._visible_messages()):
            yield from locations_on(MessageRef(message.channel, message.ts), message.blocks)

    def first_location(
        self, locations: Iterator[ElementLocation], nearby: str | None, what: str
    ) -> ElementLocation:
        """Return the first of `locations` that has the text `nearby` beside it.

        Raises:
            AssertionError: there is none; the message calls it `what`.
        """
        for location in locations:
            if nearby is None or nearby in self._text_around(location):
                return location
        near = f" beside {nearby!r}" if nearby is not None else ""
        raise AssertionError(f"there is no {what}{near}; there is:\n{self.text()}")

    def input_location(self, view: View, name: str) -> ElementLocation:
        """Return the input of a view with this block_id, action_id or label.

        Raises:
            AssertionError: there is no such input.
        """
        locations = locations_on(ViewRef(view.id), view.blocks)
        inputs = [location for location in locations if location.block["type"] == "input"]
        for location in inputs:
            if location.is_called(name):
                return location
        labels = ", ".join(repr(location.label) for location in inputs)
        raise AssertionError(f"there is no input {name!r}; there are {labels or 'none'}")

    # --- text ---------------------------------------------------------------------------------

    def _text_around(self, location: ElementLocation) -> str:
        """Return a section's own text; for an actions block, that of the whole message."""
        workspace = self._runtime.workspace
        blocks = [location.block]
        if location.block["type"] == "actions" and isinstance(location.ref, MessageRef):
            blocks = self._blocks_of(location.ref)
        return plain_of_message({"blocks": blocks}, workspace.names())

    def _blocks_of(self, ref: MessageRef) -> list[Json]:
        messages = self._runtime.workspace.messages_for(self._user, ref.channel)
        return next(m.blocks for m in messages if m.ts == ref.ts)

    def _message_text(self, message: Message) -> str:
        names = self._runtime.workspace.names()
        text = plain_of_message(message_content(message), names, self._now())
        return "\n".join(filter(None, (text, message.notices.get(self._user))))

    def _view_text(self, view: View) -> str:
        names = self._runtime.workspace.names()
        text = plain_of_view(view.body, names, self._now(), values=view.values, errors=view.errors)
        return "\n".join(filter(None, (text, view.notice)))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._runtime.workspace.clock.now(), UTC)
