"""Metadata and attachments of messages."""

from __future__ import annotations

import pytest

from sandbox.blockkit import InvalidBlocks, check_message


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"event_type": "a"}, "missing required field: event_payload [json-pointer:/metadata]"),
        ({"event_payload": {}}, "missing required field: event_type [json-pointer:/metadata]"),
        (
            {"event_type": "key made", "event_payload": {}},
            "must be alphanumeric [json-pointer:/metadata/event_type]",
        ),
        (
            {"event_type": "a", "event_payload": []},
            "must provide an object [json-pointer:/metadata/event_payload]",
        ),
        (
            {"event_type": "a", "event_payload": {}, "x": 1},
            "invalid additional property: x [json-pointer:/metadata]",
        ),
        ("{}", "must provide an object [json-pointer:/metadata]"),
    ],
)
def test_metadata(metadata: object, error: str) -> None:
    with pytest.raises(InvalidBlocks) as caught:
        check_message({"text": "Words", "metadata": metadata})
    assert caught.value.errors == [f"[ERROR] {error}"]
    assert caught.value.code == "invalid_metadata_format"


def test_good_metadata() -> None:
    check_message({"metadata": {"event_type": "key_made", "event_payload": {"id": [1, {"a": 2}]}}})


@pytest.mark.parametrize(
    ("color", "good"),
    [
        ("good", True),
        ("#36a64f", True),
        ("36a64f", True),
        ("danger", True),
        ("red", False),
        ("#12", False),
    ],
)
def test_attachment_colors(color: str, good: bool) -> None:
    payload = {"attachments": [{"color": color, "fallback": "x"}]}
    if good:
        check_message(payload)
    else:
        with pytest.raises(InvalidBlocks):
            check_message(payload)


def test_pointers_escape_their_steps() -> None:
    metadata = {"event_type": "a", "event_payload": {}, "x/y~z": 1}
    with pytest.raises(InvalidBlocks) as caught:
        check_message({"metadata": metadata})
    assert caught.value.errors == [
        "[ERROR] invalid additional property: x/y~z [json-pointer:/metadata]"
    ]
