"""Block Kit's blocks, drawn as Slack draws them."""

from collections.abc import Callable

from sandbox.page.base.html_tags import markup, tag
from sandbox.page.base.icons import icon
from sandbox.page.elements.elements import draw_element, draw_image
from sandbox.page.elements.field_error import InputError
from sandbox.page.elements.surface import Stage
from sandbox.page.elements.tables import draw_table
from sandbox.state.models import Json


def draw_blocks(stage: Stage, blocks: list[Json]) -> None:
    """Draw all blocks of a message or view where the page is being built."""
    for number, block in enumerate(blocks):
        kind = str(block.get("type", "?"))
        block_id = str(block.get("block_id") or f"block-{number}")
        with tag("div", classes=f"bk bk-{kind}", data_block_id=block_id):
            _BLOCKS.get(kind, _unknown)(stage, {**block, "block_id": block_id})


def _section(stage: Stage, block: Json) -> None:
    accessory = block.get("accessory")
    with tag("div", classes="section-words"):
        if block.get("text"):
            markup(stage.reader.html_of(block["text"]), "mrkdwn")
        if block.get("fields"):
            with tag("div", classes="section-fields"):
                for field in block["fields"]:
                    markup(stage.reader.html_of(field), "mrkdwn section-field")
    if accessory:
        with tag("div", classes="section-accessory"):
            draw_element(stage, block["block_id"], accessory)


def _header(stage: Stage, block: Json) -> None:
    tag("h3", stage.reader.plain(block.get("text")))


def _divider(_stage: Stage, _block: Json) -> None:
    tag("hr")


def _context(stage: Stage, block: Json) -> None:
    for element in block.get("elements", []):
        if element.get("type") == "image":
            draw_image(element, "context-image")
        else:
            markup(stage.reader.html_of(element), "mrkdwn", "span")


def _actions(stage: Stage, block: Json) -> None:
    for element in block.get("elements", []):
        draw_element(stage, block["block_id"], element)


def _image(stage: Stage, block: Json) -> None:
    if block.get("title"):
        tag("div", stage.reader.plain(block["title"]), "image-title")
    draw_image(block, "block-picture")


def _input(stage: Stage, block: Json) -> None:
    label = stage.reader.plain(block.get("label"))
    with tag("div", classes="input-label"):
        tag("span", label)
        if block.get("optional"):
            tag("span", "(optional)", "input-optional")
    with tag("div", classes="input-body") as body:
        draw_element(stage, block["block_id"], block.get("element", {}), label)
    stage.errors[block["block_id"]] = InputError(body, tag("div"))
    if block.get("hint"):
        tag("div", stage.reader.plain(block["hint"]), "input-hint")


def _rich_text(stage: Stage, block: Json) -> None:
    markup(stage.reader.html_of_rich_text(block), "mrkdwn")


def _markdown(stage: Stage, block: Json) -> None:
    markup(stage.reader.html(str(block.get("text", ""))), "mrkdwn")


def _table(stage: Stage, block: Json) -> None:
    draw_table(stage, block)


def _video(stage: Stage, block: Json) -> None:
    tag("div", stage.reader.plain(block.get("title")), "image-title")
    draw_image({"alt_text": block.get("alt_text", "")}, "block-picture")


def _file(_stage: Stage, block: Json) -> None:
    icon("file")
    tag("span", str(block.get("external_id", "")))


def _unknown(_stage: Stage, block: Json) -> None:
    tag("span", f"The practice Slack does not draw “{block.get('type')}”.", "note")


_BLOCKS: dict[str, Callable[[Stage, Json], None]] = {
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
