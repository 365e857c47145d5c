"""A feature as a value: what it registers, renders, announces and does in the background.

The router, the live updater and the worker know features by this alone, so none of them imports
one; bot.features lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from bot.framework.announcement import Announcement
from bot.framework.context import Context
from bot.framework.rendered import Renderer
from bot.framework.router import Router
from keys.changes.change import Change
from keys.changes.services import Services
from storage import AccountSession

T = TypeVar("T")
# Does one thing that is due; returns how many things that were, or whether there was one.
Job = Callable[[Context], int]


@dataclass(frozen=True, slots=True)
class TimedJob:
    """What time alone brings about, such as an expiry.

    Attributes:
        is_due: asked in each round, with all the others in one transaction; it changes nothing.
        run: called in a change of the timer's if it is due; returns how many things were found.
    """

    is_due: Callable[[AccountSession, Services], bool]
    run: Callable[[Change], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One feature of the bot.

    Attributes:
        name: its folder.
        routers: what can be pressed, submitted and typed.
        live: what renders each kind of its live messages.
        announcements: the words of each kind of outbox entry that is its own.
        timed: what time brings about; at the beginning of each round.
        urgent: done before anything is announced, until nothing is left of it.
        jobs: done at the end of each round, one thing of each: what takes long must not hold up
            the tokens that have to be removed.
    """

    name: str
    routers: Sequence[Router] = ()
    live: Mapping[str, Renderer] = field(default_factory=dict)
    announcements: Mapping[str, Announcement] = field(default_factory=dict)
    timed: Sequence[TimedJob] = ()
    urgent: Sequence[Job] = ()
    jobs: Sequence[Job] = ()


def live_renderers(features: Iterable[Feature]) -> dict[str, Renderer]:
    """What renders each kind of live message. Raises ValueError if two features render one."""
    return _merge((feature.name, feature.live) for feature in features)


def announcements(features: Iterable[Feature]) -> dict[str, Announcement]:
    """The words of each kind of outbox entry. Raises ValueError if two features have some."""
    return _merge((feature.name, feature.announcements) for feature in features)


def _merge(tables: Iterable[tuple[str, Mapping[str, T]]]) -> dict[str, T]:
    merged: dict[str, T] = {}
    for name, table in tables:
        for kind, function in table.items():
            if kind in merged:
                raise ValueError(f"{name} has “{kind}”, and another feature has it too")
            merged[kind] = function
    return merged
