"""Render Block Kit's blocks as Slack does."""

from collections.abc import Callable

from sandbox.page.base.html_tags import markup, tag
from sandbox.page.base.icons import icon
from sandbox.page.elements.elements import render_element, render_image
from sandbox.page.elements.field_error import FieldError
from sandbox.page.elements.surface import ActiveSurface
from sandbox.page.elements.tables import render_table
from sandbox.state.models import Json


def render_blocks(surface: ActiveSurface, blocks: list[Json]) -> None:
    """Render all blocks of a message or view where the page is being built."""
    for number, block in enumerate(blocks):
        kind = str(block.get("type", "?"))
        block_id = str(block.get("block_id") or f"block-{number}")
        with tag("div", classes=f"bk bk-{kind}", data_block_id=block_id):
            _BLOCKS.get(kind, _unknown)(surface, {**block, "block_id": block_id})


def _section(surface: ActiveSurface, block: Json) -> None:
    accessory = block.get("accessory")
    with tag("div", classes="section-text"):
        if block.get("text"):
            markup(surface.reader.html_of(block["text"]), "mrkdwn")
        if block.get("fields"):
            with tag("div", classes="section-fields"):
                for field in block["fields"]:
                    markup(surface.reader.html_of(field), "mrkdwn section-field")
    if accessory:
        with tag("div", classes="section-accessory"):
            render_element(surface, block["block_id"], accessory)


def _header(surface: ActiveSurface, block: Json) -> None:
    tag("h3", surface.reader.plain(block.get("text")))


def _divider(_surface: ActiveSurface, _block: Json) -> None:
    tag("hr")


def _context(surface: ActiveSurface, block: Json) -> None:
    for element in block.get("elements", []):
        if element.get("type") == "image":
            render_image(element, "context-image")
        else:
            markup(surface.reader.html_of(element), "mrkdwn", "span")


def _actions(surface: ActiveSurface, block: Json) -> None:
    for element in block.get("elements", []):
        render_element(surface, block["block_id"], element)


def _image(surface: ActiveSurface, block: Json) -> None:
    if block.get("title"):
        tag("div", surface.reader.plain(block["title"]), "image-title")
    render_image(block, "block-picture")


def _input(surface: ActiveSurface, block: Json) -> None:
    label = surface.reader.plain(block.get("label"))
    with tag("div", classes="input-label"):
        tag("span", label)
        if block.get("optional"):
            tag("span", "(optional)", "input-optional")
    with tag("div", classes="input-body") as body:
        render_element(surface, block["block_id"], block.get("element", {}), label)
    surface.errors[block["block_id"]] = FieldError(body, tag("div"))
    if block.get("hint"):
        tag("div", surface.reader.plain(block["hint"]), "input-hint")


def _rich_text(surface: ActiveSurface, block: Json) -> None:
    markup(surface.reader.html_of_rich_text(block), "mrkdwn")


def _markdown(surface: ActiveSurface, block: Json) -> None:
    markup(surface.reader.html(str(block.get("text", ""))), "mrkdwn")


def _table(surface: ActiveSurface, block: Json) -> None:
    render_table(surface, block)


def _video(surface: ActiveSurface, block: Json) -> None:
    tag("div", surface.reader.plain(block.get("title")), "image-title")
    render_image({"alt_text": block.get("alt_text", "")}, "block-picture")


def _file(_surface: ActiveSurface, block: Json) -> None:
    icon("file")
    tag("span", str(block.get("external_id", "")))


def _unknown(_surface: ActiveSurface, block: Json) -> None:
    tag("span", f"The practice Slack cannot show “{block.get('type')}”.", "note")


_BLOCKS: dict[str, Callable[[ActiveSurface, Json], None]] = {
    "section": _section,
    "header": _header,
    "divider": _divider,
    "context": _context,
    "actions": _actions,
    "context_actions": _actions,
    "image": _image,
    "input": _input,
    "rich_text": _rich_text,
    "markdown": _markdown,
    "table": _table,
    "video": _video,
    "file": _file,
}
