"""Format text objects and messages for one reader: with their names and time zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sandbox.page.base.formatting import zone_named
from sandbox.state.workspace import Workspace
from sandbox.text import NameBook, parse, parse_rich_text, parse_text_object, to_html, to_plain


@dataclass(frozen=True)
class Reader:
    """The reader of the page: the names they see, and their time zone.

    Args:
        names: the names to show for ids.
        now: the workspace's time, in the reader's zone.
        zone: the reader's time zone.
    """

    names: NameBook
    now: datetime
    zone: tzinfo

    def html(self, mrkdwn: str) -> str:
        """Return a message's text as HTML."""
        return to_html(parse(mrkdwn), self.names, self.now, self.zone)

    def html_of(self, text_object: Mapping[str, Any]) -> str:
        """Return a plain_text or mrkdwn object as HTML."""
        return to_html(parse_text_object(text_object), self.names, self.now, self.zone)

    def html_of_rich_text(self, block: Mapping[str, Any]) -> str:
        """Return a rich_text block as HTML."""
        return to_html(parse_rich_text(block), self.names, self.now, self.zone)

    def plain(self, text_object: Mapping[str, Any] | None) -> str:
        """Return a text object as plain text; empty for None."""
        if not text_object:
            return ""
        return to_plain(parse_text_object(text_object), self.names, now=self.now, tz=self.zone)


def reader_for(workspace: Workspace, user: str, zone: str = "") -> Reader:
    """Return the reader for a user, at the workspace's present time.

    Args:
        zone: the name of their browser's time zone; empty for the zone of their account.

    Raises:
        KeyError: there is no such account.
    """
    account = workspace.account(user)
    if account is None:
        raise KeyError(user)
    where = zone_named(zone or account.tz)
    now = datetime.fromtimestamp(workspace.clock.now(), where)
    return Reader(workspace.names(), now, where)
