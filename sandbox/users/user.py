"""A person in the practice Slack, for tests: what they do and what they see."""

from dataclasses import dataclass
from typing import Any, Self

from sandbox.base.errors import GoneError
from sandbox.delivery.runtime import SandboxRuntime
from sandbox.state.models import Json
from sandbox.users.actions import UserActions
from sandbox.users.app_conversation import AppConversation
from sandbox.users.field_values import option_named, value_for
from sandbox.users.locations import ElementLocation
from sandbox.users.screen import Modal, Screen


@dataclass(frozen=True)
class Pressed:
    """A press; where the element has a confirm dialog, nothing is sent before `confirms`."""

    person: "User"
    location: ElementLocation
    value: Json

    def confirms(self) -> "User":
        """Press the button in the dialog that confirms."""
        self._require_dialog()
        return self.person._act(self.location, self.value)

    def declines(self) -> "User":
        """Press the button in the dialog that declines; nothing is sent to the app."""
        self._require_dialog()
        return self.person

    def _require_dialog(self) -> None:
        if "confirm" not in self.location.element:
            raise AssertionError(f"{self.location.label!r} has no confirm dialog")


class User:
    """One person; `Sandbox.person` makes them.

    Args:
        runtime, actions: of the practice Slack.
        user: the account's id.
        channel_id: the channel the person is in at first.
    """

    def __init__(
        self, runtime: SandboxRuntime, actions: UserActions, user: str, channel_id: str
    ) -> None:
        self._runtime = runtime
        self._actions = actions
        self._screen = Screen(runtime, user, channel_id)
        self.id = user

    # --- doing --------------------------------------------------------------------------------

    def goes_to(self, channel: str) -> Self:
        """Go to a channel (``#general``) or to a direct message (``@keyring``).

        Raises:
            AssertionError: there is no such channel or person.
        """
        self._screen.on_home_tab = False
        other = self._runtime.workspace.account_named(channel) if channel[:1] == "@" else None
        if other is not None:
            self._screen.channel_id = self._actions.open_direct(self.id, other.id)
            return self
        found = self._runtime.workspace.channel_named(channel)
        if found is None:
            raise AssertionError(f"there is no channel {channel}")
        self._screen.channel_id = found.id
        return self

    def types(self, text: str) -> Self:
        """Type a message or a slash command where the person is."""
        self._actions.type(self.id, self._screen.channel_id, text)
        return self

    def replies(self, text: str) -> Self:
        """Reply in the thread of the newest message that is in a channel, not in a thread."""
        messages = self._screen.public_messages()
        ts = next(m.ts for m in messages if m.thread_ts in (None, m.ts))
        self._actions.type(self.id, self._screen.channel_id, text, thread=ts)
        return self

    def edits(self, text: str) -> Self:
        """Replace the text of the person's newest message where they are."""
        ts = next(m.ts for m in self._screen.public_messages() if m.user == self.id)
        self._actions.edit(self.id, self._screen.channel_id, ts, text)
        return self

    def fills(self, **entered: Any) -> Self:
        """Fill in inputs of the topmost modal, by block_id, action_id or label (``_`` a space)."""
        view = self._screen.top_view()
        for name, given in entered.items():
            location = self._screen.input_location(view, name)
            self._actions.enter(
                self.id,
                location.ref,
                location.block["block_id"],
                location.element["action_id"],
                value_for(self._runtime.workspace, location.element, given),
            )
        return self

    def submits(self) -> Self:
        """Submit the topmost modal; returns when the app's answer was applied."""
        self._screen.top_view()
        self._actions.submit(self.id)
        return self

    def closes(self) -> Self:
        """Close the topmost modal."""
        self._screen.top_view()
        self._actions.close(self.id)
        return self

    def presses(self, label: str, *, on: str | None = None) -> Pressed:
        """Press the newest visible button of this label; `on` is text beside it.

        Where it has a confirm dialog, nothing happens until `confirms()` on what this returns.
        """
        buttons = (s for s in self._screen.locations() if s.element["type"] == "button")
        found = (s for s in buttons if s.label == label)
        location = self._screen.first_location(found, on, f"button {label!r}")
        return self._press(location, {"type": "button", "value": location.element.get("value")})

    def chooses(self, option: str, *, row: str | None = None) -> Pressed:
        """Choose in the newest visible menu that offers this option; `row` is text beside it."""
        found = (s for s in self._screen.locations() if s.offers(option))
        location = self._screen.first_location(found, row, f"menu with {option!r}")
        selected = option_named(location.element, option)
        return self._press(
            location, {"type": location.element["type"], "selected_option": selected}
        )

    def enters(self, text: str, *, into: str) -> Self:
        """Type into the newest visible input of this label, and press Enter."""
        found = (s for s in self._screen.locations() if s.is_called(into))
        location = self._screen.first_location(found, None, f"input {into!r}")
        self._act(location, value_for(self._runtime.workspace, location.element, text))
        return self

    def opens_home(self) -> Self:
        """Open the app's Home."""
        self._screen.on_home_tab = True
        self._actions.open_home(self.id)
        return self

    def reloads(self) -> Self:
        """Reload the window: ephemeral messages and modals are gone."""
        self._actions.reload(self.id)
        return self

    # --- seeing -------------------------------------------------------------------------------

    @property
    def dm(self) -> AppConversation:
        """The direct message with the app."""
        return self._screen.dm

    @property
    def modal(self) -> Modal | None:
        """The topmost modal, or None."""
        return self._screen.modal

    def screen(self) -> str:
        """Return all visible text: the open channel or Home, the app's DM, the modal on top."""
        return self._screen.text()

    def sees(self, text: str, *, within: float = 20) -> Self:
        """Wait at most so many real seconds until this person sees `text`."""
        changed = self._runtime.workspace.changed
        with changed:
            if not changed.wait_for(lambda: text in self.screen(), within):
                raise AssertionError(f"{text!r} is not on the screen:\n{self.screen()}")
        return self

    def never_sees(self, text: str) -> Self:
        """Check that nothing this person can see now contains `text`."""
        if text in self.screen():
            raise AssertionError(f"{text!r} is on the screen:\n{self.screen()}")
        return self

    # --- pressing -----------------------------------------------------------------------------

    def _press(self, location: ElementLocation, value: Json) -> Pressed:
        pressed = Pressed(self, location, value)
        if "confirm" not in location.element:
            self._act(location, value)
        return pressed

    def _act(self, location: ElementLocation, value: Json) -> Self:
        try:
            self._send(location, value)
        except GoneError:
            # The app may have rendered it again since it was found, as a block with another id.
            again = next(filter(location.is_again, self._screen.locations()), None)
            if again is None:
                raise
            self._send(again, value)
        return self

    def _send(self, location: ElementLocation, value: Json) -> None:
        block_id, action_id = location.block["block_id"], location.element["action_id"]
        self._actions.act(self.id, location.ref, block_id, action_id, value)
