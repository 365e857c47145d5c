"""The table of operations, and the subscribers that the features hand in."""

from __future__ import annotations

from keys.changes.change import Change
from keys.changes.events import Event
from keys.lifecycle.events import KeyRevoked
from keys.operations import SUBSCRIBERS, merge
from keys.rotation.events import KeyRotated


def first(change: Change, event: Event) -> None:
    """Follows an event."""


def second(change: Change, event: Event) -> None:
    """Follows the same event."""


def test_two_features_that_follow_the_same_event_both_do() -> None:
    merged = merge(({KeyRevoked: [first]}, {KeyRevoked: [second], KeyRotated: [first]}))
    assert merged == {KeyRevoked: [first, second], KeyRotated: [first]}


def test_offboarding_follows_rotations() -> None:
    followers = [follower.__module__ for follower in SUBSCRIBERS[KeyRotated]]
    assert followers == ["keys.offboarding.subscribers"]
