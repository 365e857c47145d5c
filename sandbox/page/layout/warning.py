"""Slack's warnings on messages and views."""

from sandbox.page.base.html_tags import tag
from sandbox.page.base.icons import icon


def render_notice(text: str | None) -> None:
    """Render Slack's warning, such as that the app did not respond; nothing for None."""
    if text:
        with tag("div", classes="slack-notice", role="alert"):
            icon("warning", 16)
            tag("span", text)
