"""Sum up refusals by kind, so that a flood of them is a few log lines.

A kind is a key (or none, for a token that no key has), a reason and the caller's coarse network.
The first refusal of a kind is written at once; those that follow are counted, and their sum is
written every ten seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

SUM_SECONDS = 10.0
"""A sum covers so many seconds; a kind that was silent for as long is new again."""
KINDS_MAX = 2_000
NETWORKS_MAX = 16
"""Kinds in memory, and networks that are told apart for one key and reason."""

MANY = "many"
"""Stands for the key or the network in a kind that holds what found no place of its own."""


class Kind(NamedTuple):
    """What refusals have in common.

    Attributes:
        key_id: the key; None if no key has the token; MANY for different keys.
        network: the caller's coarse network; empty if unknown; MANY for different networks.
    """

    key_id: str | None
    reason: str
    network: str


@dataclass(slots=True)
class _Sum:
    since: float
    more: int = 0


class Sum(NamedTuple):
    """How many refusals of a kind followed the last line about it, in how many seconds."""

    kind: Kind
    more: int
    seconds: float


class RefusalSums:
    """Counts refusals by kind, in bounded memory; for use in one thread at a time.

    With more networks than NETWORKS_MAX for a key and reason, the rest are one kind; with more
    kinds than KINDS_MAX, what is new is told apart by its reason alone. So one key's flood from
    everywhere does not hide another key's first refusal.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._sums: dict[Kind, _Sum] = {}
        self._networks: Counter[tuple[str | None, str]] = Counter()

    def __len__(self) -> int:
        return len(self._sums)

    def count(self, kind: Kind) -> bool:
        """Count one refusal; return whether it is the first of its kind, so has to be written."""
        found = self._sums.get(kind)
        if found is None:
            kind = self._counted_as(kind)
            found = self._sums.get(kind)
        if found is not None:
            found.more += 1
            return False
        self._sums[kind] = _Sum(self._monotonic())
        self._networks[kind.key_id, kind.reason] += 1
        return True

    def due(self, *, all_of_them: bool = False) -> Iterator[Sum]:
        """Yield the sums whose time has come, and forget the kinds that were silent meanwhile."""
        now = self._monotonic()
        for kind, each in list(self._sums.items()):
            seconds = now - each.since
            if seconds < SUM_SECONDS and not all_of_them:
                continue
            if not each.more:
                self._remove(kind)
                continue
            more, each.more, each.since = each.more, 0, now
            yield Sum(kind, more, seconds)

    def _counted_as(self, kind: Kind) -> Kind:
        """Return the kind under which a new one is counted."""
        key_id, reason, _ = kind
        if len(self._sums) < KINDS_MAX // 2 and self._networks[key_id, reason] < NETWORKS_MAX:
            return kind
        # Half of the room is kept for keys and reasons that have none yet.
        anywhere = Kind(key_id, reason, MANY)
        if anywhere in self._sums or len(self._sums) < KINDS_MAX:
            return anywhere
        return Kind(MANY, reason, MANY)

    def _remove(self, kind: Kind) -> None:
        del self._sums[kind]
        self._networks[kind.key_id, kind.reason] -= 1
        if not self._networks[kind.key_id, kind.reason]:
            del self._networks[kind.key_id, kind.reason]
