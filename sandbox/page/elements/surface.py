"""The stage that elements stand on: a message or a view, as one person sees it and works in it."""

from collections.abc import Mapping

from sandbox.page.base.reader import Reader
from sandbox.page.base.tab import Tab
from sandbox.page.elements.confirm import ask
from sandbox.page.elements.field_error import FieldError
from sandbox.state.models import Json, StateValues, SurfaceRef


class ActiveSurface:
    """One message or view in one browser tab: what has been entered in it, and how to act in it.

    Args:
        tab: the browser tab.
        where: the message or view.
        reader: who reads it.
        blocks: the blocks on it.
        values: what the person has entered so far, by block and action.
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

    def value(self, block_id: str, action_id: str) -> Json:
        """What has been entered in an element; empty when nothing has."""
        return self.values.get(block_id, {}).get(action_id, {})

    def show_errors(self, errors: Mapping[str, str]) -> None:
        """Put the app's words under the inputs, by block_id, and take away older ones."""
        for block_id, error in self.errors.items():
            error.show(errors.get(block_id))

    def enter(self, block_id: str, action_id: str, value: Json) -> None:
        """Remember what was filled in, without telling the app."""
        self.values.setdefault(block_id, {})[action_id] = value
        self.tab.actions.enter(self.tab.me, self.ref, block_id, action_id, value)

    def dispatches(self, block_id: str) -> bool:
        """Whether the app hears at once of what is done in this block.

        Input blocks keep to themselves until the submission unless they ask for more with
        `dispatch_action` (https://docs.slack.dev/reference/block-kit/blocks/input-block).
        """
        return block_id not in self._undispatched

    async def choose(self, block_id: str, element: Json, value: Json) -> None:
        """A choice was made: tell the app where it wants to hear, else remember it."""
        action_id = element.get("action_id", "")
        if not self.dispatches(block_id):
            self.enter(block_id, action_id, value)
        elif await self.confirmed(element.get("confirm")):
            await self.act(block_id, action_id, value)
        else:
            self.tab.redraw()

    async def confirmed(self, confirm: Json | None) -> bool:
        """Ask what the element's confirm dialog asks, if it has one; False when declined."""
        return confirm is None or await ask(self.reader, confirm)

    async def act(self, block_id: str, action_id: str, value: Json) -> None:
        """Press or choose: the value is kept, and the app is told."""
        self.values.setdefault(block_id, {})[action_id] = value
        await self.tab.run(self.tab.actions.act, self.tab.me, self.ref, block_id, action_id, value)
