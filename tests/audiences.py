"""Hold every event that any test records against the table of audiences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pytest

from keys.changes import change as changes
from keys.changes.audiences import AUDIENCES, Audience, Told, Way
from keys.changes.change import Change
from keys.changes.events import Event, NewLiveMessage
from keys.changes.outbox import TEAM


def problems(event: Event, live: Sequence[NewLiveMessage]) -> list[str]:
    """What an event does that its row does not say."""
    row = AUDIENCES.get(event.kind)
    if row is None:
        return [f"{event.kind} has no row"]
    ways = {told.way for told in row}
    found = []
    for recipient in event.announce:
        if recipient == TEAM and Told(Audience.TEAM, Way.CHANNEL) not in row:
            found.append(f"{event.kind} is posted to the channel")
        if recipient != TEAM and Way.DM not in ways:
            found.append(f"{event.kind} is sent to {recipient}")
    if event.stale and Way.EDIT not in ways:
        found.append(f"{event.kind} edits messages")
    if live and Way.LIVE not in ways:
        found.append(f"{event.kind} has live messages")
    if event.news is None and event.in_channel and Way.CHANNEL in ways and not event.announce:
        found += [] if event.kind in NOT_ALWAYS else [f"{event.kind} is no news"]
    return found


def _noted(found: Iterable[NewLiveMessage], live: list[NewLiveMessage]) -> Iterator[NewLiveMessage]:
    """Pass them on, and note them; they are read once, after the subscribers have run."""
    for each in found:
        live.append(each)
        yield each


# No news: a note alone, an old token that ends at once, and a channel that missed nothing.
NOT_ALWAYS = {"channel.back", "key.edited", "rotation.ended"}


@pytest.fixture(autouse=True)
def audiences_are_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail where an event reaches someone whom its row does not name."""
    record = Change.record
    found: list[str] = []

    def checked(made: Change, event: Event) -> None:
        live: list[NewLiveMessage] = []
        event.live = _noted(event.live, live) if event.live else ()
        record(made, event)
        if type(event).__module__.startswith("keys."):
            found.extend(problems(event, live))

    monkeypatch.setattr(changes.Change, "record", checked)
    yield
    assert not found
