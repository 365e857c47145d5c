"""What a key may be called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.base.errors import InvalidName, NameEmpty, NameTooLong, NameUnprintable, NoteTooLong
from keys.inputs.names import advice_on, clean_name, clean_note, fold


def test_a_name_is_trimmed_and_its_blanks_are_single() -> None:
    assert clean_name("  Zapier,\t production \u00a0") == "Zapier, production"


def test_eighty_characters_fit_and_one_more_does_not() -> None:
    assert clean_name("x" * 80) == "x" * 80
    with pytest.raises(NameTooLong, match="81 characters, but the maximum is 80"):
        clean_name("x" * 81)


@pytest.mark.parametrize("name", ["", "   ", "\u00a0", "\u0301", "\u200d"])
def test_a_name_that_shows_nothing_is_refused(name: str) -> None:
    with pytest.raises(NameEmpty):
        clean_name(name)


@pytest.mark.parametrize("char", ["\n", "\r", "\x00", "\u202e", "\u200b", "\u2028", "\u3164"])
def test_what_cannot_be_seen_is_refused(char: str) -> None:
    with pytest.raises(NameUnprintable):
        clean_name(f"Zap{char}ier")


# The second has a Cyrillic а, the last a long run of marks: no rule is made of looks.
@pytest.mark.parametrize(
    "name",
    [
        "Zapier",
        "Z\u0430pier",
        "東京 dashboard",
        "👩‍💻 laptop",
        "Ünïcode",
        "a+b=c",
        "q" + "\u0334" * 60,
    ],
)
def test_ordinary_names_of_all_scripts_are_taken(name: str) -> None:
    assert clean_name(name) == name


@given(st.text(max_size=120))
def test_a_clean_name_stays_as_it_is(text: str) -> None:
    try:
        name = clean_name(text)
    except InvalidName as error:
        assert str(error)
        return
    assert clean_name(name) == name
    assert 1 <= len(name) <= 80
    assert fold(fold(name)) == fold(name)


@pytest.mark.parametrize(
    ("one", "two"), [("ZAPIER", "zapier"), ("Straße", "STRASSE"), ("ﬁle", "FILE"), ("Å", "å")]
)
def test_names_are_the_same_whatever_the_case(one: str, two: str) -> None:
    assert fold(one) == fold(two)


@pytest.mark.parametrize("name", ["Test", "old", "API", "my api key", "test 2", "x", "Key", "key1"])
def test_poor_names_get_a_reason_and_an_example(name: str) -> None:
    advice = advice_on(name)
    assert advice is not None
    assert "Zapier, production" in advice


@pytest.mark.parametrize(
    "name", ["Zapier, production", "GitHub", "Test runner", "Billing export", "東京", "Old CRM"]
)
def test_good_names_get_none(name: str) -> None:
    assert advice_on(name) is None


def test_a_note_has_a_limit() -> None:
    assert clean_note(" " + "x" * 500 + " ") == "x" * 500
    with pytest.raises(NoteTooLong, match="501"):
        clean_note("x" * 501)
