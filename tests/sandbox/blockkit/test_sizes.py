"""The sizes of views and metadata, the number of attachments, and how lengths are counted."""

from __future__ import annotations

import json

import pytest

from sandbox.blockkit import InvalidBlocks, check_message, check_view
from sandbox.blockkit.base import limits
from tests.sandbox.blockkit.samples import (
    IMAGE_URL,
    Json,
    block,
    modal,
    plain,
)


def test_the_size_of_a_view() -> None:
    largest = modal(*[block("section", text=plain("é" * 1240)) for _ in range(98)])
    spare = limits.VIEW_BYTES - _bytes(largest)
    assert 0 < spare < 3000
    largest["private_metadata"] = ""
    spare = limits.VIEW_BYTES - _bytes(largest)
    largest["private_metadata"] = "x" * spare
    assert _bytes(largest) == limits.VIEW_BYTES
    check_view(largest)
    largest["private_metadata"] += "x"
    with pytest.raises(InvalidBlocks) as caught:
        check_view(largest)
    assert caught.value.code == "view_too_large"
    assert caught.value.errors == [
        f"[ERROR] must be less than {limits.VIEW_BYTES + 1} bytes [json-pointer:/view]"
    ]


def _bytes(value: Json) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def test_the_size_of_metadata() -> None:
    metadata: Json = {"event_type": "key_made", "event_payload": {"id": ""}}
    metadata["event_payload"]["id"] = "x" * (limits.METADATA_BYTES - _bytes(metadata))
    check_message({"text": "Words", "metadata": metadata})
    metadata["event_payload"]["id"] += "x"
    with pytest.raises(InvalidBlocks) as caught:
        check_message({"text": "Words", "metadata": metadata})
    assert caught.value.code == "metadata_too_large"


def test_too_many_attachments_have_their_own_code() -> None:
    with pytest.raises(InvalidBlocks) as caught:
        check_message({"attachments": [{"text": "x"}] * 101})
    assert caught.value.code == "too_many_attachments"


def test_lengths_count_characters_not_bytes() -> None:
    check_message({"blocks": [block("header", text=plain("🗝" * 150))]})
    check_message(
        {
            "text": "x" * 50_000,
            "blocks": [{"type": "image", "alt_text": "é" * 2000, "image_url": IMAGE_URL}],
        }
    )
