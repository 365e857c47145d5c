"""A screen reader tells buttons apart whose labels repeat, such as those in a list's rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from bot.access_requests import views as request
from bot.ui.payloads import ActionPayload
from tests.bot.harness.block_samples import NOW, asked_for, samples

SAMPLES = {sample.name: sample.payload for sample in samples()}


def buttons(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if value.get("type") == "button":
            yield value
        for part in value.values():
            yield from buttons(part)
    elif isinstance(value, list):
        for part in value:
            yield from buttons(part)


def spoken(button: dict[str, Any]) -> str:
    return str(button.get("accessibility_label") or button["text"]["text"])


@pytest.mark.parametrize("name", SAMPLES)
def test_a_label_that_repeats_has_the_name_of_its_row(name: str) -> None:
    found = list(buttons(SAMPLES[name]))
    labels = Counter(button["text"]["text"] for button in found)
    repeated = [button for button in found if labels[button["text"]["text"]] > 1]
    assert [
        button["text"]["text"] for button in repeated if spoken(button) == button["text"]["text"]
    ] == []


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_spoken_begins_with_what_is_seen_or_has_it(name: str) -> None:
    """Whoever says a label to a computer says what they see (WCAG 2.5.3)."""
    for button in buttons(SAMPLES[name]):
        if "accessibility_label" in button:
            assert button["text"]["text"].removeprefix("✓ ") in button["accessibility_label"]


def test_requests_in_home_are_told_apart() -> None:
    asked = list(asked_for("Nightly", "It is needed."))[:2]
    blocks = request.in_home(asked, "U0NOBODY", ActionPayload(NOW))
    assert "Approve: Nightly" in map(spoken, buttons(blocks))
