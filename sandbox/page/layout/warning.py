"""Slack's own warnings on messages and views."""

from sandbox.page.base.html_tags import tag
from sandbox.page.base.icons import icon


def render_notice(words: str | None) -> None:
    """Slack's own warning, such as that the app did not answer; nothing for None."""
    if words:
        with tag("div", classes="slack-notice", role="alert"):
            icon("warning", 16)
            tag("span", words)
