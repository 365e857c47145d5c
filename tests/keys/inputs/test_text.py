"""One rule says which characters a stored text may have."""

from __future__ import annotations

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from keys.base.errors import InvalidInput, NameUnprintable, TextUnprintable
from keys.changes.authorization import admins
from keys.changes.operation import OPERATIONS, Operation, problems
from keys.credentials.tokens import make
from keys.inputs.names import clean_name, clean_note
from keys.operations import Revoke
from keys.search import search
from keys.search.search import Found
from runtime.display import is_hidden
from storage import reading
from tests.keys.conftest import Domain

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
HIDDEN = (
    "\x00\x07\x1b\x7f\x85\x9b\u061c\u200b\u200e\u202a\u202e\u2066\u2069\u00ad\u2060\ufeff"
    "\ud800\udfff\ue000\ufdd0\uffff\U0010ffff\U000e0041\u3164\u2800"
)


@pytest.mark.parametrize("char", HIDDEN)
def test_a_hidden_character_is_refused_and_named(char: str) -> None:
    problem = (
        f"contains an invisible character (U+{ord(char):04X}). Remove it, or type the text again."
    )
    with pytest.raises(TextUnprintable) as refused:
        clean_note(f"For{char}invoices", "reason")
    assert refused.value.field == "reason"
    assert str(refused.value) == f"The reason {problem}"
    with pytest.raises(NameUnprintable) as refused_name:
        clean_name(f"Zap{char}ier")
    assert str(refused_name.value) == f"The name {problem}"


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("one\ntwo", "one\ntwo"),
        ("one\r\ntwo\rthree\u2028four\u2029five", "one\ntwo\nthree\nfour\nfive"),
        ("\n one\n\n\ttwo \n", "one\n\n two"),
        ("👩‍💻 नमस्‍ते می‌خواهم e\u0301 𝒳 ❤️\u00a0东", "👩‍💻 नमस्‍ते می‌خواهم e\u0301 𝒳 ❤️\u00a0东"),
    ],
)
def test_a_note_has_lines_and_every_script(text: str, stored: str) -> None:
    assert clean_note(text) == stored


@given(ANY_TEXT)
def test_what_is_accepted_has_nothing_hidden_and_stays(text: str) -> None:
    for clean, breaks in ((clean_name, ""), (clean_note, "\n")):
        try:
            stored = clean(text)
        except InvalidInput as error:
            assert str(error)
            continue
        assert not any(is_hidden(char) for char in stored if char not in breaks)
        assert clean(stored) == stored
        assert stored.encode().decode() == stored


@pytest.mark.parametrize(
    "text",
    [
        "key_\x00",
        "key_\ud800",
        "key_\n",
        "ключ",
        "k" * 81,
        pytest.param(make("ak").reveal(), id="token"),
    ],
)
def test_what_cannot_be_an_id_is_refused(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Revoke(key=text)
    assert list(problems(refused.value)) == [
        ("key", "This refers to something that does not exist. Please start again.")
    ]


def test_a_text_field_without_a_rule_is_refused() -> None:
    # A limit of its length alone lets through what acts on its readers.
    limited = Annotated[str, Field(max_length=9)]
    for annotation in (str, str | None, tuple[str, ...], limited, Annotated[str, "a note"]):
        with pytest.raises(TypeError, match=r"Careless\.remark has to have a type"):
            type("Careless", (Operation[None],), {"__annotations__": {"remark": annotation}},
                 name="careless", allow=admins)  # fmt: skip
    assert "careless" not in OPERATIONS


@pytest.mark.parametrize("text", ["\x00", "\ud800", "a\udcff", "\x00\x00", "x" * 5_000, "\u202e"])
def test_anything_can_be_searched_for(domain: Domain, text: str) -> None:
    domain.issue("Zapier")
    with reading(domain.engine, domain.account) as session:
        for found in (search.find, search.find_leading):
            assert not isinstance(found(session, text), Found)
        search.page(session, text)


def test_a_name_with_a_joined_emoji_is_found(domain: Domain) -> None:
    key, _ = domain.issue("👩‍💻 laptop")
    with reading(domain.engine, domain.account) as session:
        for found in (
            search.find(session, "👩‍💻 Laptop"),
            search.find_leading(session, "👩‍💻 laptop"),
        ):
            assert isinstance(found, Found)
            assert found.key.id == key.id
