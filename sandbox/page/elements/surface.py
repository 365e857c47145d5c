"""A message or view in which one user fills in and presses elements."""

from collections.abc import Mapping
from typing import Self

from sandbox.page.base.reader import Reader
from sandbox.page.base.tab import Tab
from sandbox.page.elements.confirm import ask
from sandbox.page.elements.field_error import FieldError
from sandbox.state.models import Json, StateValues, SurfaceRef, View, ViewRef


class ActiveSurface:
    """One message or view in one browser tab: its entered values, and how to act in it.

    Args:
        tab: the browser tab.
        ref: the message or view.
        reader: the user, as a reader of text.
        blocks: its blocks.
        values: what the user has entered, by block and action.
        in_view: whether this is a modal or an App Home.
    """

    def __init__(
        self,
        tab: Tab,
        ref: SurfaceRef,
        reader: Reader,
        blocks: list[Json],
        *,
        values: StateValues | None = None,
        in_view: bool = False,
    ) -> None:
        self.tab = tab
        self.ref = ref
        self.reader = reader
        self.values = values or {}
        self._undispatched = {
            block.get("block_id")
            for block in blocks
            if block.get("type") == "input" and not block.get("dispatch_action")
        }
        self.errors: dict[str, FieldError] = {}
        self.in_view = in_view

    @classmethod
    def of_view(cls, tab: Tab, view: View) -> Self:
        """Return the surface of a modal or an App Home, for the tab's user."""
        ref = ViewRef(view.id)
        return cls(tab, ref, tab.reader, view.blocks, values=view.values, in_view=True)

    def value(self, block_id: str, action_id: str) -> Json:
        """Return an element's entered value; empty if there is none."""
        return self.values.get(block_id, {}).get(action_id, {})

    def show_errors(self, errors: Mapping[str, str]) -> None:
        """Show the app's errors under the inputs, by block_id, and remove older ones."""
        for block_id, error in self.errors.items():
            error.show(errors.get(block_id))

    def enter(self, block_id: str, action_id: str, value: Json) -> None:
        """Store what was filled in, without sending it to the app."""
        self.values.setdefault(block_id, {})[action_id] = value
        self.tab.actions.enter(self.tab.me, self.ref, block_id, action_id, value)

    def dispatches(self, block_id: str) -> bool:
        """Return whether an action in this block is sent to the app at once.

        That of an input block waits for the submission unless it has `dispatch_action`
        (https://docs.slack.dev/reference/block-kit/blocks/input-block).
        """
        return block_id not in self._undispatched

    async def choose(self, block_id: str, element: Json, value: Json) -> None:
        """Send a choice to the app if the block dispatches, else store it."""
        action_id = element.get("action_id", "")
        if not self.dispatches(block_id):
            self.enter(block_id, action_id, value)
        elif await self.confirmed(element.get("confirm")):
            await self.act(block_id, action_id, value)
        else:
            self.tab.render_all()

    async def confirmed(self, confirm: Json | None) -> bool:
        """Show the element's confirm dialog, if any; returns False when declined."""
        return confirm is None or await ask(self.reader, confirm)

    async def act(self, block_id: str, action_id: str, value: Json) -> None:
        """Press or choose: store the value, and send it to the app."""
        self.values.setdefault(block_id, {})[action_id] = value
        await self.tab.run(self.tab.actions.act, self.tab.me, self.ref, block_id, action_id, value)
