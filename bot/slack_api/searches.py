"""Search a channel's history for a message, a page at a time, over as many attempts as it takes.

Apps that are distributed outside Slack's Marketplace get 15 messages a call and one call a minute
(https://docs.slack.dev/apis/web-api/rate-limits, "conversations.history"). So a search continues
where the last attempt had to end. After some pages the message is posted again; the search for
the earlier one continues, and if it is there, it is deleted: the later one is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

PAGES_BEFORE_POSTING = 8
PAGES_AT_MOST = 60
# Returns a page of the history that begins at a cursor.
Page = Callable[[str | None], Mapping[str, Any]]


@dataclass(slots=True)
class Search:
    """A search that has not ended.

    Attributes:
        page: reads a page.
        posted: the `ts` of the message that was posted again; empty until then.
    """

    page: Page
    channel: str
    cursor: str | None = None
    pages: int = 0
    posted: str = ""


@dataclass(slots=True)
class Searches:
    """The searches of one bot, by the marker of the message. Safe to share between threads.

    They are kept in memory: after a restart a search begins again, and a message that was posted
    twice stays twice.
    """

    _open: dict[str, Search] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def find(self, marker: str, channel: str, page: Page) -> str | None:
        """Return the `ts` of a message; None if it is not there, or not on the pages searched.

        Raises:
            SlackError: if Slack does not answer; the next attempt continues from here.
        """
        with self._lock:
            search = self._open.setdefault(marker, Search(page, channel))
        search.page = page
        while search.pages < PAGES_BEFORE_POSTING:
            found, is_last = _step(search, marker)
            if found or is_last:
                self._end(marker)
                return found
        return None

    def note_posted(self, marker: str, ts: str) -> None:
        """Record that a message was posted although its search has not ended."""
        with self._lock:
            if (search := self._open.get(marker)) is not None:
                search.posted = ts

    def find_double(self) -> tuple[str, str] | None:
        """Search one more page for a message that was posted again.

        Returns:
            The channel and the `ts` of the earlier of two messages, to be deleted; None if there
            is nothing to delete, as far as is known.

        Raises:
            SlackError: if Slack does not answer.
        """
        with self._lock:
            marker = next((name for name, one in self._open.items() if one.posted), None)
            search = self._open[marker] if marker is not None else None
        if marker is None or search is None:
            return None
        found, is_last = _step(search, marker)
        if found or is_last or search.pages >= PAGES_AT_MOST:
            self._end(marker)
        return (search.channel, found) if found else None

    @property
    def has_doubtful(self) -> bool:
        """Whether a message may have been posted twice."""
        with self._lock:
            return any(one.posted for one in self._open.values())

    def _end(self, marker: str) -> None:
        with self._lock:
            self._open.pop(marker, None)


def _step(search: Search, marker: str) -> tuple[str | None, bool]:
    """Read one page; returns the message's `ts` if it is there, and whether it was the last."""
    page = search.page(search.cursor)
    search.pages += 1
    for message in page.get("messages") or ():
        metadata = message.get("metadata") or {}
        is_it = (metadata.get("event_payload") or {}).get("id") == marker
        if is_it and str(message["ts"]) != search.posted:
            return str(message["ts"]), False
    cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
    # A cursor that does not change would loop forever.
    is_last = not cursor or cursor == search.cursor
    search.cursor = cursor
    return None, is_last
