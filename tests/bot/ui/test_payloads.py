"""References survive the way through Slack, and nothing else is taken for one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ui.payloads import MAX, OPTION_MAX, ActionPayload, InvalidPayload
from runtime.display import without_hidden

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
texts = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=60).map(
    without_hidden
)
words = st.text(st.characters(exclude_categories=()), max_size=60)
moments = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
refs = st.builds(
    ActionPayload,
    at=moments,
    do=texts,
    key=texts,
    delivery=texts,
    request=texts,
    query=words,
    cursor=texts,
)


@given(refs)
def test_what_is_written_is_read(ref: ActionPayload) -> None:
    try:
        text = ref.encode()
    except InvalidPayload:
        return
    assert len(text) <= MAX
    assert text.encode()
    assert ActionPayload.decode(text) == replace(ref, query=json.loads(json.dumps(ref.query)))


@pytest.mark.parametrize("part", ["do", "key", "delivery", "request", "cursor", "about"])
@pytest.mark.parametrize("char", ["\x00", "\ud800", "\u202e", "\n"])
def test_a_forged_id_with_a_hidden_character_is_refused(part: str, char: str) -> None:
    forged = json.dumps({"v": 1, "at": 0, part: f"key_{char}"})
    with pytest.raises(InvalidPayload, match="not an id"):
        ActionPayload.decode(forged)


def test_a_menu_entry_fits_an_option() -> None:
    ref = ActionPayload(AT, do="details", key="key_" + "x" * 12)
    assert len(ref.encode(OPTION_MAX)) <= OPTION_MAX


def test_too_much_is_refused_when_written() -> None:
    with pytest.raises(InvalidPayload, match="at most 2000"):
        ActionPayload(AT, query="q" * MAX).encode()
    with pytest.raises(InvalidPayload, match="at most 150"):
        ActionPayload(AT, query="q" * OPTION_MAX).encode(OPTION_MAX)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "key_1",
        "[]",
        "[" * 1_999,
        "9" * 1_999,
        "null",
        '{"v":2,"at":1}',
        '{"v":1}',
        '{"v":1,"at":true}',
        '{"v":1,"at":-1}',
        '{"v":1,"at":1e3}',
        '{"v":1,"at":99999999999999999999}',
        '{"v":1,"at":1,"admin":"yes"}',
        '{"v":1,"at":1,"key":3}',
        '{"v":1,"at":1,"key":""}',
        '{"v":1,"at":1,"key":"' + "x" * MAX + '"}',
    ],
)
def test_anything_else_is_one_error(text: str | None) -> None:
    with pytest.raises(InvalidPayload):
        ActionPayload.decode(text)


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_garbage_is_one_error(text: str) -> None:
    with pytest.raises(InvalidPayload):
        ActionPayload.decode(text)


def test_age() -> None:
    ref, hour = ActionPayload(AT), timedelta(hours=1)
    assert not ref.expired(AT, hour)
    assert not ref.expired(AT + hour, hour)
    assert ref.expired(AT + hour + timedelta(seconds=1), hour)
    assert ref.expired(AT - timedelta(minutes=2), hour)
