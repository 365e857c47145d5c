"""Render the table block: rows of plain or rich text cells, the first row in bold."""

from sandbox.page.base.html_tags import markup, tag
from sandbox.page.elements.surface import ActiveSurface
from sandbox.state.models import Json


def render_table(surface: ActiveSurface, block: Json) -> None:
    """Render a table block; wide ones scroll sideways.

    Source: https://docs.slack.dev/reference/block-kit/blocks/table-block
    """
    settings: list[Json | None] = block.get("column_settings") or []
    with tag("div", classes="table-frame"), tag("table"), tag("tbody"):
        for number, row in enumerate(block.get("rows", [])):
            with tag("tr"):
                for column, cell in enumerate(row):
                    setting = settings[column] if column < len(settings) else None
                    _render_cell(surface, cell, "th" if number == 0 else "td", setting or {})


def _render_cell(surface: ActiveSurface, cell: Json, name: str, setting: Json) -> None:
    classes = (
        f"align-{setting.get('align', 'left')} {'wrapped' if setting.get('is_wrapped') else ''}"
    )
    scope = "col" if name == "th" else None
    with tag(name, classes=classes.strip(), scope=scope):
        if cell.get("type") == "rich_text":
            markup(surface.reader.html_of_rich_text(cell), "mrkdwn")
        else:
            tag("span", str(cell.get("text", "")))
