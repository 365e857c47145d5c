"""A feature as a value: what it registers, renders, announces and does in the background.

The router, the live updater and the worker only know features as this value, so they import none;
bot.features lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from bot.framework.announcement import Announcement
from bot.framework.context import Context, HomeNotice
from bot.framework.rendered import Renderer
from bot.framework.router import Router
from keys.changes.change import Change
from keys.changes.services import Services
from storage import AccountSession

T = TypeVar("T")
# Does one step of work; returns how many things were done, or whether there was one.
Job = Callable[[Context], int]


@dataclass(frozen=True, slots=True)
class TimedJob:
    """A job that becomes due as time passes, such as an expiry.

    Attributes:
        is_due: checked in each round, in one transaction for all jobs; it changes nothing.
        run: runs in a change of the timer if it is due; returns how many things it found.
    """

    is_due: Callable[[AccountSession, Services], bool]
    run: Callable[[Change], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One feature of the bot.

    Attributes:
        name: its folder.
        routers: the handlers of buttons, modals, commands and events.
        live: the renderer of each kind of live message.
        announcements: the renderer of each kind of outbox entry.
        home_notices: render what stands above the keys in an admin's App Home.
        member_notices: render the same for a member who is not an admin.
        timed: run at the beginning of each round.
        urgent: run before anything is announced, until nothing is left to do.
        jobs: run at the end of each round, one step each, so that a long one does not delay the
            removal of tokens.
    """

    name: str
    routers: Sequence[Router] = ()
    live: Mapping[str, Renderer] = field(default_factory=dict)
    announcements: Mapping[str, Announcement] = field(default_factory=dict)
    home_notices: Sequence[HomeNotice] = ()
    member_notices: Sequence[HomeNotice] = ()
    timed: Sequence[TimedJob] = ()
    urgent: Sequence[Job] = ()
    jobs: Sequence[Job] = ()


def live_renderers(features: Iterable[Feature]) -> dict[str, Renderer]:
    """Return the renderer of each kind of live message. Raises ValueError for duplicates."""
    return _merge((feature.name, feature.live) for feature in features)


def announcements(features: Iterable[Feature]) -> dict[str, Announcement]:
    """Return the renderer of each kind of outbox entry. Raises ValueError for duplicates."""
    return _merge((feature.name, feature.announcements) for feature in features)


def _merge(tables: Iterable[tuple[str, Mapping[str, T]]]) -> dict[str, T]:
    merged: dict[str, T] = {}
    for name, table in tables:
        for kind, function in table.items():
            if kind in merged:
                raise ValueError(f"{name} has “{kind}”, and another feature has it too")
            merged[kind] = function
    return merged
