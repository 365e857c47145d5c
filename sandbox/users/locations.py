"""Elements that a person sees, and where each of them is."""

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.state.input_values import elements_with_blocks
from sandbox.state.models import Json, SurfaceRef


@dataclass(frozen=True)
class ElementLocation:
    """An element, its block, and the message or view it is on."""

    ref: SurfaceRef
    block: Json
    element: Json

    @property
    def label(self) -> str:
        """Its text, or the label of the input block around it."""
        text = self.element.get("text") or self.block.get("label") or {}
        return str(text.get("text", ""))

    def is_called(self, name: str) -> bool:
        """Return whether `name` is its block_id, its action_id, or an input's label."""
        if name in (self.block["block_id"], self.element["action_id"]):
            return True
        is_input = self.block["type"] == "input"
        return is_input and self.label.lower() == name.replace("_", " ").lower()

    def offers(self, option: str) -> bool:
        """Return whether it is a menu with an option of this label or value."""
        if self.element["type"] not in ("overflow", "static_select", "radio_buttons"):
            return False
        options = self.element.get("options", [])
        return any(option in (o["text"]["text"], o.get("value")) for o in options)

    def is_again(self, other: "ElementLocation") -> bool:
        """Return whether `other` is this element, whatever its block is called."""
        return self.ref == other.ref and self.element == other.element


def locations_on(ref: SurfaceRef, blocks: list[Json]) -> Iterator[ElementLocation]:
    """Yield the interactive elements of a message or view, in reading order."""
    for block, element in elements_with_blocks(blocks):
        yield ElementLocation(ref, block, element)
