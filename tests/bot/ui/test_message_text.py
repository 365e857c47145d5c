"""A message's text is all that a phone shows, and all that a screen reader reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.ui import blocks
from bot.ui.blocks import bullets, context, fields, line, message, section, sentence
from bot.ui.message_text import TEXT_MAX, spell_out, text_of
from keys.base.actors import Actor
from tests.bot.harness.block_samples import TOKEN, messages

NAMES = {"U0ANN": "Ann", "W0BOB": "Bob", "C0TEAM": "general"}
NAME = "Zapier-production"
ANN = Actor.person("U0ANN")
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
# References, dates, styles, code, emoji, and what a bar is drawn with.
RAW = re.compile(r"<[@#!]|[*`~█░]|(?<!\w)_\w|\w_(?!\w)|:[a-z_]+:|\{")


def spoken(shown: dict[str, Any]) -> str:
    return spell_out(shown["text"], NAMES.get)


def test_no_text_of_any_message_has_markup_left_in_it() -> None:
    texts = [spoken(shown) for shown in messages(NAME, "note")]
    assert len(texts) > 100
    for text in texts:
        assert text
        assert not RAW.search(text.replace("<@U1>", "")), text
        assert TOKEN not in text
        assert len(text) <= TEXT_MAX


def test_every_message_about_a_key_names_it_and_the_people_in_its_first_block() -> None:
    named = 0
    for shown in messages(NAME, "note"):
        text = spoken(shown)
        if NAME in _words(shown["blocks"]):
            assert NAME in text, text
            named += 1
        for person in _people(shown["blocks"][:1]):
            assert NAMES[person] in text, text
    assert named > 80


def test_the_first_words_are_the_news() -> None:
    """A phone shows about this much: no text begins with whom it is for, or what kind it is."""
    for shown in messages(NAME, "note"):
        first = spoken(shown).split("\n")[0]
        assert not first.startswith(("For ", "About ", "Ann Ann")), first


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (sentence(blocks.person(ANN), " revoked ", blocks.text_element("X", bold=True), "."),
         "Ann revoked “X”."),
        (sentence("Done", blocks.format_time(AT, ", "), "."), "Done."),
        (sentence("It ends ", blocks.format_time(AT), "."), "It ends Mar 1, 2026 at 12:00 UTC."),
        (section("*Two* of <@W0BOB>’s `a_*b*` end <!date^1772366400^{date_short}|x>"),
         "Two of Bob’s a_*b* end Mar 1, 2026"),
        (context(":warning: ███░ half, <https://a.example|see> _it_"), "half, see it"),
        (fields([("Owner", "<@U0ANN>"), ("State", "active")]), "Owner: Ann\nState: active"),
        (bullets([line("one"), line(blocks.text_element("<!channel>"))]), "one\n&lt;!channel&gt;"),
        (blocks.code_block("ak_secret"), ""),
        (sentence({"type": "channel", "channel_id": "C0TEAM"}), "#general"),
    ],
)  # fmt: skip
def test_each_kind_of_block_in_plain_words(block: dict[str, Any], text: str) -> None:
    assert spell_out(text_of([block]), NAMES.get) == text


def test_an_unknown_name_is_no_id() -> None:
    shown = message(sentence(blocks.person(Actor.person("U0X")), " asked ", "."), section("<@U0Y>"))
    assert spell_out(shown["text"], lambda _: None) == "A colleague asked .\nA colleague"
    assert spell_out("See <@U0X> in <#C9>", lambda _: "") == "See a colleague in a channel"


def test_a_name_is_not_markup_and_a_typed_reference_stays_text() -> None:
    assert spell_out("<@U0X> &lt;@U0X&gt;", lambda _: "<!here>") == "&lt;!here&gt; &lt;@U0X&gt;"


def test_a_long_text_is_cut_between_characters_and_references() -> None:
    for shift in range(12):
        text = text_of([section("x" * (TEXT_MAX - 12 + shift) + " <@U0ANN> &amp; more")])
        assert len(text) <= TEXT_MAX
        assert not re.search(r"<[^>]*…|&[^;]*…", text)


def _words(value: Any) -> str:
    """Everything that is shown in the blocks except in buttons."""
    return " ".join(
        str(part["text"])
        for part in _parts(value)
        if part.get("type") in ("text", "mrkdwn", "plain_text")
    )


def _people(value: Any) -> set[str]:
    return {part["user_id"] for part in _parts(value) if part.get("type") == "user"}


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for name, part in value.items():
            if name not in ("confirm", "accessory") and value.get("type") != "actions":
                yield from _parts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _parts(part)
