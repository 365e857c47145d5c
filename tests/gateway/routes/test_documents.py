"""The example API on its own: what it accepts, keeps, shows and forgets."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.demo.example_api import Invalid, build, read_document
from runtime.clock import HeldClock
from tests.gateway.fakes import NOON, Got, call


class Api:
    """The API over a folder, with a clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = HeldClock(NOON)
        self.app: Any = build(folder, self.clock)

    def add(self, content: Any) -> Got:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return call(self.app, "POST", "/documents", body=body)

    def titles(self) -> list[str]:
        got = call(self.app, "GET", "/documents")
        assert got.status == 200
        return [document["title"] for document in got.json["documents"]]


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path / "demo")


def test_add_and_read(api: Api) -> None:
    assert api.titles() == []
    got = api.add({"title": " Minutes ", "text": "We met.", "expires_in": 60})
    assert got.status == 201
    assert got.json.pop("id").startswith("doc_")
    assert api.add({"title": "Ünter"}).json["expires_at"] == "2026-11-24T12:00:00+00:00"
    assert api.titles() == ["Ünter", "Minutes"]


def test_an_expired_document_is_gone(api: Api) -> None:
    api.add({"title": "a", "expires_in": 60})
    api.add({"title": "b", "expires_at": "2026-11-23T14:00:00+01:00"})
    api.clock.move(timedelta(seconds=59))
    assert sorted(api.titles()) == ["a", "b"]
    api.clock.move(timedelta(seconds=1))
    assert api.titles() == ["b"]
    api.clock.move(timedelta(hours=1))
    assert api.titles() == []


def test_documents_outlive_a_restart(api: Api) -> None:
    api.add({"title": "kept"})
    assert Api(api.folder).titles() == ["kept"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not valid JSON"),
        (b'{"title"', "not valid JSON"),
        (b'{"title": "\xff"}', "not valid JSON"),
        (b"[" * 5000, "not valid JSON"),
        ([], "must be a JSON object"),
        ({}, "needs a title"),
        ({"title": "  "}, "needs a title"),
        ({"title": 5}, "“title” must be a text"),
        ({"title": "a" * 121}, "120 characters"),
        ({"title": "\ud800"}, "half a character"),
        ({"title": "a", "text": None}, "“text” must be a text"),
        ({"title": "a", "text": "a" * 10_001}, "10,000 characters"),
        ({"title": "a", "expiry": 5}, "no field “expiry”"),
        ({"title": "a", "expires_in": 0}, "expired already"),
        ({"title": "a", "expires_in": -(10**30)}, "365 days"),
        ({"title": "a", "expires_in": 10**30}, "365 days"),
        ({"title": "a", "expires_in": 365 * 86400 + 1}, "365 days"),
        ({"title": "a", "expires_in": 1.5}, "whole number"),
        ({"title": "a", "expires_in": True}, "whole number"),
        ({"title": "a", "expires_at": "2030-12-31T18:00:00"}, "with its zone"),
        ({"title": "a", "expires_at": 5}, "with its zone"),
        ({"title": "a", "expires_at": "2026-11-23T12:00:00Z"}, "expired already"),
        ({"title": "a", "expires_at": "9999-12-31T23:59:59-12:00"}, "with its zone"),
        ({"title": "a", "expires_in": 5, "expires_at": "x"}, "not both"),
        (b'{"title": "' + b"a" * 70_000 + b'"}', "65,536 bytes"),
    ],
)
def test_what_is_no_document(api: Api, content: Any, sentence: str) -> None:
    got = api.add(content)
    assert got.status == 400
    assert sentence in got.json["message"]
    assert api.titles() == []


@pytest.mark.parametrize(
    "content",
    [
        {"title": "a" * 120, "text": "a" * 10_000, "expires_in": 365 * 86400},
        {"title": "a", "expires_in": 1},
    ],
)
def test_the_edges(api: Api, content: Any) -> None:
    assert api.add(content).status == 201


def test_other_paths_and_methods(api: Api) -> None:
    assert call(api.app, "GET", "/").json["code"] == "not_found"
    got = call(api.app, "DELETE", "/documents")
    assert (got.status, got.json["code"]) == (405, "method_not_allowed")
    assert {part.strip() for part in got["allow"].split(",")} == {"GET", "HEAD", "POST"}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(["title", "text", "expires_in", "expires_at"]), _JSON) | _JSON
)
def test_whatever_comes_is_a_document_or_a_sentence(content: Any) -> None:
    with suppress(Invalid):
        title, text, expires_at = read_document(json.dumps(content).encode(), NOON)
        assert title.strip() == title != ""
        assert len(text) <= 10_000
        assert NOON < expires_at <= NOON + timedelta(days=365)
