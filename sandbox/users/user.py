"""A person in the practice Slack, for tests: reads like what people do and see."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from sandbox.delivery.runtime import SandboxRuntime
from sandbox.state.input_values import placed_elements
from sandbox.state.models import Json, Message, MessageRef, Surface, View, ViewRef
from sandbox.text import code_of_message, plain_of_message, plain_of_view
from sandbox.users.actions import UserActions
from sandbox.users.field_values import option_named, value_for


@dataclass(frozen=True)
class ElementLocation:
    """An element that somebody sees, and where."""

    where: Surface
    block: Json
    element: Json

    @property
    def label(self) -> str:
        """What stands on it."""
        text = self.element.get("text") or self.block.get("label") or {}
        return str(text.get("text", ""))


@dataclass(frozen=True)
class Modal:
    """The topmost modal as somebody sees it."""

    view: View
    text: str

    @property
    def title(self) -> str:
        return str(self.view.body["title"]["text"])

    @property
    def errors(self) -> dict[str, str]:
        """Sentences under inputs, by block_id."""
        return self.view.errors


@dataclass(frozen=True)
class Pressed:
    """A press; where the element has a confirm dialog, nothing is sent before `confirms`."""

    person: "User"
    spot: ElementLocation
    value: Json

    def confirms(self) -> "User":
        """Press the dialog's own button for yes."""
        if "confirm" not in self.spot.element:
            raise AssertionError(f"{self.spot.label!r} asks for no confirmation")
        return self.person._act(self.spot, self.value)

    def declines(self) -> "User":
        """Press the dialog's own button for no: the app hears nothing."""
        if "confirm" not in self.spot.element:
            raise AssertionError(f"{self.spot.label!r} asks for no confirmation")
        return self.person


class Direct:
    """Somebody's direct message with the app."""

    def __init__(self, wiring: SandboxRuntime, user: str) -> None:
        self._wiring = wiring
        self._user = user

    @property
    def messages(self) -> list[Message]:
        """What stands there, oldest first; nothing while there is no such direct message."""
        workspace = self._wiring.workspace
        channel = workspace.direct_between(self._user, self._wiring.install.bot_user)
        return workspace.messages_for(self._user, channel.id) if channel else []

    @property
    def latest(self) -> Message:
        """The newest message. Raises AssertionError when there is none."""
        if not self.messages:
            raise AssertionError("there is nothing in the direct message with the app")
        return self.messages[-1]

    @property
    def text(self) -> str:
        """Everything that can be read there."""
        names = self._wiring.workspace.names()
        return "\n".join(plain_of_message(_json(m), names) for m in self.messages)

    def file(self, name: str) -> bytes:
        """The content of the newest file of this name. Raises AssertionError when there is none."""
        workspace = self._wiring.workspace
        for message in reversed(self.messages):
            for shown in message.payload.get("files") or []:
                upload = workspace.files.get(shown["id"])
                if shown["name"] == name and upload is not None and upload.content is not None:
                    return upload.content
        raise AssertionError(f"there is no file {name!r}; there is:\n{self.text}")

    def token(self) -> str:
        """The first code in the newest message that has any. Raises AssertionError otherwise."""
        for message in reversed(self.messages):
            if found := code_of_message(_json(message)):
                return found[0]
        raise AssertionError(f"no message has code in it; there is:\n{self.text}")


class User:
    """Somebody; made by `Sandbox.person`.

    Args:
        wiring, hands: of the practice Slack.
        user: the account's id.
        place: the channel the person is in at first.
    """

    def __init__(self, wiring: SandboxRuntime, actions: UserActions, user: str, place: str) -> None:
        self._wiring = wiring
        self._hands = actions
        self.id = user
        self._place = place
        self._at_home = False

    # --- doing --------------------------------------------------------------------------------

    def goes_to(self, channel: str) -> Self:
        """Go to a channel (``#general``) or to somebody's direct message (``@keyring``).

        Raises:
            AssertionError: there is no such channel or person.
        """
        self._at_home = False
        other = self._wiring.workspace.account_named(channel) if channel[:1] == "@" else None
        if other is not None:
            self._place = self._hands.open_direct(self.id, other.id)
            return self
        found = self._wiring.workspace.channel_named(channel)
        if found is None:
            raise AssertionError(f"there is no channel {channel}")
        self._place = found.id
        return self

    def types(self, text: str) -> Self:
        """Type a message or a slash command where the person is."""
        self._hands.type(self.id, self._place, text)
        return self

    def replies(self, text: str) -> Self:
        """Reply in the thread of the newest message that is in a channel, not in a thread."""
        ts = next(m.ts for m in self._here() if m.thread_ts in (None, m.ts))
        self._hands.type(self.id, self._place, text, thread=ts)
        return self

    def edits(self, text: str) -> Self:
        """Write the newest message of one's own where the person is anew."""
        ts = next(m.ts for m in self._here() if m.user == self.id)
        self._hands.edit(self.id, self._place, ts, text)
        return self

    def fills(self, **entered: Any) -> Self:
        """Fill in inputs of the topmost modal, by block_id, action_id or label (``_`` a space)."""
        view = self._top()
        for name, given in entered.items():
            spot = self._input(ViewRef(view.id), view.blocks, name)
            self._hands.enter(
                self.id,
                spot.where,
                spot.block["block_id"],
                spot.element["action_id"],
                value_for(self._wiring.workspace, spot.element, given),
            )
        return self

    def submits(self) -> Self:
        """Submit the topmost modal; returns when the app's answer was applied."""
        self._top()
        self._hands.submit(self.id)
        return self

    def closes(self) -> Self:
        """Close the topmost modal."""
        self._top()
        self._hands.close(self.id)
        return self

    def presses(self, label: str, *, on: str | None = None) -> Pressed:
        """Press the newest visible button of this label; `on` is words beside it.

        Where it has a confirm dialog, nothing happens until `confirms()` on what this returns.
        """
        spots = (s for s in self._spots() if s.element["type"] == "button" and s.label == label)
        spot = self._first(spots, on, f"button {label!r}")
        pressed = Pressed(self, spot, {"type": "button", "value": spot.element.get("value")})
        if "confirm" not in spot.element:
            self._act(spot, pressed.value)
        return pressed

    def chooses(self, option: str, *, row: str | None = None) -> Pressed:
        """Choose in the newest visible menu that offers this option; `row` is words beside it."""
        spots = (s for s in self._spots() if _offers(s.element, option))
        spot = self._first(spots, row, f"menu with {option!r}")
        chosen = {
            "type": spot.element["type"],
            "selected_option": option_named(spot.element, option),
        }
        pressed = Pressed(self, spot, chosen)
        if "confirm" not in spot.element:
            self._act(spot, chosen)
        return pressed

    def enters(self, text: str, *, into: str) -> Self:
        """Type into the newest visible input of this label, and press Enter."""
        spots = (s for s in self._spots() if _is_called(s, into))
        spot = self._first(spots, None, f"input {into!r}")
        self._act(spot, value_for(self._wiring.workspace, spot.element, text))
        return self

    def opens_home(self) -> Self:
        """Open the app's Home."""
        self._at_home = True
        self._hands.open_home(self.id)
        return self

    def reloads(self) -> Self:
        """Reload the window: ephemeral messages and modals are gone."""
        self._hands.reload(self.id)
        return self

    # --- seeing -------------------------------------------------------------------------------

    @property
    def dm(self) -> Direct:
        """The direct message with the app."""
        return Direct(self._wiring, self.id)

    @property
    def modal(self) -> Modal | None:
        """The topmost modal, or None."""
        views = self._wiring.workspace.modals_of(self.id)
        return Modal(views[-1], self._view_text(views[-1])) if views else None

    def screen(self) -> str:
        """Everything this person can see now: where they are, the app's DM, the modal on top."""
        parts = [self._message_text(m) for m in self._messages()]
        home = self._wiring.workspace.home_of(self.id)
        if self._at_home and home is not None:
            parts.append(self._view_text(home))
        if self.modal is not None:
            parts.append(self.modal.text)
        return "\n".join(parts)

    def sees(self, text: str, *, within: float = 5) -> Self:
        """Wait at most so many real seconds until this person sees `text`."""
        changed = self._wiring.workspace.changed
        with changed:
            if not changed.wait_for(lambda: text in self.screen(), within):
                raise AssertionError(f"{text!r} is not on the screen:\n{self.screen()}")
        return self

    def never_sees(self, text: str) -> Self:
        """Nothing that this person can see now contains `text`."""
        if text in self.screen():
            raise AssertionError(f"{text!r} is on the screen:\n{self.screen()}")
        return self

    # --- inside -------------------------------------------------------------------------------

    def _act(self, spot: ElementLocation, value: Json) -> Self:
        block_id, action_id = spot.block["block_id"], spot.element["action_id"]
        self._hands.act(self.id, spot.where, block_id, action_id, value)
        return self

    def _top(self) -> View:
        if self.modal is None:
            raise AssertionError(f"no modal is open; there is:\n{self.screen()}")
        return self.modal.view

    def _here(self) -> Iterator[Message]:
        """What everybody can see where the person is, newest first."""
        seen = self._wiring.workspace.messages_for(self.id, self._place)
        yield from (m for m in reversed(seen) if m.ephemeral_for is None)

    def _messages(self) -> list[Message]:
        """What stands where the person is and in the app's DM, oldest first."""
        here = self._wiring.workspace.messages_for(self.id, self._place)
        elsewhere = [m for m in self.dm.messages if m.channel != self._place]
        return sorted(here + elsewhere, key=lambda m: m.ts)

    def _spots(self) -> Iterator[ElementLocation]:
        """What can be pressed: in the modal if there is one, else the newest message's first."""
        if self.modal is not None:
            yield from _spots_on(ViewRef(self.modal.view.id), self.modal.view.blocks)
            return
        home = self._wiring.workspace.home_of(self.id)
        if self._at_home and home is not None:
            yield from _spots_on(ViewRef(home.id), home.blocks)
        for message in reversed(self._messages()):
            yield from _spots_on(MessageRef(message.channel, message.ts), message.blocks)

    def _first(
        self, spots: Iterator[ElementLocation], beside: str | None, what: str
    ) -> ElementLocation:
        for spot in spots:
            if beside is None or beside in self._words_around(spot):
                return spot
        near = f" beside {beside!r}" if beside is not None else ""
        raise AssertionError(f"there is no {what}{near}; there is:\n{self.screen()}")

    def _words_around(self, spot: ElementLocation) -> str:
        """A section's own words; a button in a row of its own goes with the whole message."""
        workspace = self._wiring.workspace
        blocks = [spot.block]
        if spot.block["type"] == "actions" and isinstance(spot.where, MessageRef):
            messages = workspace.messages_for(self.id, spot.where.channel)
            blocks = next(m.blocks for m in messages if m.ts == spot.where.ts)
        return plain_of_message({"blocks": blocks}, workspace.names())

    def _input(self, where: Surface, blocks: list[Json], name: str) -> ElementLocation:
        spots = [s for s in _spots_on(where, blocks) if s.block["type"] == "input"]
        for spot in spots:
            if _is_called(spot, name):
                return spot
        there = ", ".join(repr(s.label) for s in spots)
        raise AssertionError(f"there is no input {name!r}; there are {there or 'none'}")

    def _message_text(self, message: Message) -> str:
        now = datetime.fromtimestamp(self._wiring.workspace.clock.now(), UTC)
        words = plain_of_message(_json(message), self._wiring.workspace.names(), now)
        return "\n".join(filter(None, (words, message.notices.get(self.id))))

    def _view_text(self, view: View) -> str:
        now = datetime.fromtimestamp(self._wiring.workspace.clock.now(), UTC)
        names = self._wiring.workspace.names()
        words = plain_of_view(view.body, names, now, values=view.values, errors=view.errors)
        return "\n".join(filter(None, (words, view.notice)))


def _spots_on(where: Surface, blocks: list[Json]) -> Iterator[ElementLocation]:
    for block, element in placed_elements(blocks):
        yield ElementLocation(where, block, element)


def _is_called(spot: ElementLocation, name: str) -> bool:
    if name in (spot.block["block_id"], spot.element["action_id"]):
        return True
    return spot.block["type"] == "input" and spot.label.lower() == name.replace("_", " ").lower()


def _offers(element: Json, option: str) -> bool:
    if element["type"] not in ("overflow", "static_select", "radio_buttons"):
        return False
    return any(option in (o["text"]["text"], o.get("value")) for o in element.get("options", []))


def _json(message: Message) -> Json:
    return {"text": message.text, "blocks": message.blocks, **message.payload}
