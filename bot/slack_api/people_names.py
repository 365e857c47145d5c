"""The names of people, asked of Slack and kept for an hour, by which their keys are found.

The domain knows people by their ids only.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from bot.slack_api.client import SlackClient
from bot.slack_api.errors import PersonUnknown, SlackError
from runtime.clock import Clock

KEPT = timedelta(hours=1)
# Up to so many people are looked up one by one; for more of them, the workspace is listed.
ONE_BY_ONE_MAX = 20
# In seconds, for all look-ups of one search together.
_WITHIN = 10.0
# A shorter text is part of too many names.
_PART_MIN = 2
_NAMES = ("display_name", "real_name")
_logger = logging.getLogger("bot")


@dataclass(frozen=True, slots=True)
class NamesFound:
    """The people whose names have a word of a search in them.

    Attributes:
        by_word: their ids, by the word as it was typed.
        is_complete: whether Slack has told the names of all of them.
    """

    by_word: dict[str, list[str]] = field(default_factory=dict)
    is_complete: bool = True


class PeopleNames:
    """The names of a workspace's people. Safe to share between threads."""

    def __init__(self, slack: SlackClient, clock: Clock) -> None:
        self._slack, self._clock = slack, clock
        self._known: dict[str, tuple[datetime, str]] = {}
        self._lock = Lock()

    def find(self, words: Iterable[str], people: Collection[str]) -> NamesFound:
        """Find people by parts of their names; case is ignored. Not before an acknowledgement.

        Args:
            words: such as `ada` or `@ada`.
            people: the ids of those who may be found.
        """
        parts = {word: word.removeprefix("@").casefold() for word in words}
        parts = {word: part for word, part in parts.items() if len(part) >= _PART_MIN}
        if not parts or not people:
            return NamesFound()
        with self._lock:
            is_complete = self._load(people)
            names = {one: self._known[one][1] for one in people if one in self._known}
        by_word = {
            word: [one for one, name in names.items() if part in name]
            for word, part in parts.items()
        }
        return NamesFound(by_word, is_complete)

    def _load(self, people: Collection[str]) -> bool:
        """Ask Slack for the names that are not known or too old; return whether it answered."""
        now = self._clock.now()
        missing = {
            one for one in people if one not in self._known or now - self._known[one][0] >= KEPT
        }
        try:
            for user in self._ask(missing):
                self._known[str(user["id"])] = (now, _names_of(user))
        except SlackError as error:
            _logger.warning("%s failed while looking for names: %s", error.method, error.code)
            return all(one in self._known for one in missing)
        return True

    def _ask(self, missing: set[str]) -> Iterator[dict[str, Any]]:
        slack = self._slack.within(_WITHIN)
        left = set(missing)
        if len(left) > ONE_BY_ONE_MAX:
            for user in slack.users():
                if user.get("id") in left:
                    left.discard(str(user["id"]))
                    yield user
                if not left:
                    return
        # People of the organisation's other workspaces are in no list.
        for one in sorted(left):
            try:
                yield {**slack.user_info(one), "id": one}
            except PersonUnknown:
                yield {"id": one}


def _names_of(user: dict[str, Any]) -> str:
    profile = user.get("profile") or {}
    names = [profile.get(name) for name in _NAMES] + [user.get("real_name"), user.get("name")]
    return "\n".join(str(name).casefold() for name in names if name)
