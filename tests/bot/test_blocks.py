"""Everything shown keeps Slack's rules, whatever people have typed, and gives nothing away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.ui.blocks import bold_user_text
from bot.ui.payloads import ActionPayload
from keys.credentials.tokens import make
from sandbox.blockkit import check_message, check_view
from sandbox.text import NameBook, parse, plain_of_message, plain_of_view
from sandbox.text.nodes import Bold, Broadcast, Date, Text, UserMention
from tests.bot.harness.block_samples import TOKEN, WORDS, messages, samples, views

HOSTILE = [
    "<!channel> <@U0EVE> <https://evil.example|log in>",
    "*bold* _it_ ~no~ `code` :smile: > quote",
    "@channel @here #general www.example.com",
    "&lt;!channel&gt; &amp;",
    "```\nfence\n```",
    "<!date^1^{date}|x>",
]
LONGEST = [char * 80 for char in ("<", "&", "W", "中", "😀", "`")]
ours = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1)


def test_the_longest_words_fit() -> None:
    for name in LONGEST:
        for message in messages(name, name[0] * 500):
            check_message(message)
        for view in views(name, name[0] * 500):
            check_view(view)


def test_the_samples_are_everything_that_is_drawn_each_once() -> None:
    listed = list(samples())
    for kind, drawn in (("message", messages), ("view", views)):
        payloads = [json.dumps(each.payload) for each in listed if each.kind == kind]
        assert set(payloads) == {json.dumps(one) for words in WORDS for one in drawn(*words)}
        assert len(payloads) == len(set(payloads)) > 100
    names = [each.name for each in listed]
    assert all(len(name) < 80 and name.isprintable() for name in names)
    assert not any(TOKEN in name for name in names)


@pytest.mark.slow
@settings(max_examples=25)
@given(ours.map(lambda text: text[:80]), ours.map(lambda text: text[:500]) | st.just(""))
def test_whatever_people_type_is_accepted(name: str, note: str) -> None:
    for message in messages(name, note):
        check_message(message)
    for view in views(name, note):
        check_view(view)


@pytest.mark.parametrize("typed", HOSTILE)
def test_what_people_type_is_never_markup(typed: str) -> None:
    """The formatted texts are the same as with harmless words: nothing of it got into them.

    Only a name that cannot be markup is formatted, in bold.
    """
    for hostile, harmless in zip(messages(typed, typed), messages("w", "w"), strict=True):
        assert _formatted(hostile) == [text for text in _formatted(harmless) if text != "*w*"]
    for hostile, harmless in zip(views(typed, typed), views("w", "w"), strict=True):
        assert _formatted(hostile) == [text for text in _formatted(harmless) if text != "*w*"]


PUNCTUATION = "*_~`<>&:@#!|-.,()/'’\"“”+%;[]\\ aZ1ü"


@settings(max_examples=300)
@example("snake_case_name")
@example("_it_")
@example(":smile:")
@example("a :b: c")
@example("&lt;!here&gt;")
@example("https://example.com")
@given(st.one_of(st.text(st.sampled_from(PUNCTUATION)), st.text()))
def test_a_name_in_bold_is_shown_as_typed(typed: str) -> None:
    """Whatever is shown in bold is read by Slack's rules as these characters in bold, no more."""
    element = bold_user_text(typed)
    if element["type"] == "mrkdwn":
        assert list(parse(element["text"])) == [Bold((Text(typed),))]


@pytest.mark.parametrize(
    "name", ["Zapier, production", "C# (v1.2) / billing_export", "Größe 7", "R&D: nightly"]
)
def test_a_usual_name_is_in_bold(name: str) -> None:
    assert bold_user_text(name)["type"] == "mrkdwn"


@pytest.mark.parametrize("typed", HOSTILE)
def test_what_people_type_is_shown_as_typed(typed: str) -> None:
    """In whatever shows the name at all, it reads exactly as it was typed."""
    shown = [plain_of_message(message, NameBook()) for message in messages(typed, "w")]
    seen = [text for text in shown if typed in text]
    marked = [plain_of_message(message, NameBook()) for message in messages("Zebra9", "w")]
    assert len(seen) == sum("Zebra9" in text for text in marked) > 10
    forms = [plain_of_view(view, NameBook()) for view in views(typed, "w")]
    marked_forms = [plain_of_view(view, NameBook()) for view in views("Zebra9", "w")]
    assert sum(typed in text for text in forms) == sum("Zebra9" in text for text in marked_forms)


def test_nobody_but_our_people_is_mentioned_and_nobody_is_called() -> None:
    for message in messages("<!channel>", "<@U0EVE>"):
        for text in _formatted(message):
            for node in _nodes(parse(text)):
                assert not isinstance(node, Broadcast)
                if isinstance(node, UserMention):
                    assert node.user_id in ("U0ANN", "W0BOB")
        assert not _find(message, "broadcast")
        assert {user["user_id"] for user in _find(message, "user")} <= {"U0ANN", "W0BOB"}


def test_only_the_token_message_holds_the_token_and_only_once() -> None:
    found = [json.dumps(message).count(TOKEN) for message in messages("a", "b")]
    assert sorted(found)[-2:] == [0, 1]
    # The modal that shows a token holds it once too, for a new key and for a rotation.
    shown = [json.dumps(view).count(TOKEN) for view in views("a", "b")]
    assert sorted(shown)[-3:] == [0, 1, 1]


def test_a_token_typed_where_none_belongs_is_shown_nowhere() -> None:
    pasted = make("ak").reveal()
    shown = [*messages(pasted[:80], f"it is {pasted}"), *views(pasted, f"it is {pasted}")]
    secret = pasted.split("_")[2]
    assert all(secret not in json.dumps(part) for part in shown)


def test_every_reference_can_be_read_back() -> None:
    count = 0
    for shown in [*messages("a", "b"), *views("a", "b")]:
        if "private_metadata" in shown:
            ActionPayload.decode(shown["private_metadata"])
            assert TOKEN not in shown["private_metadata"]
        for element in _find(shown, "button"):
            if "url" in element:
                continue
            ActionPayload.decode(element["value"])
            assert TOKEN not in json.dumps(element)
            count += 1
        for menu in _find(shown, "overflow"):
            for option in menu["options"]:
                assert ActionPayload.decode(option["value"]).do
                count += 1
    assert count > 50


def test_no_message_shouts() -> None:
    for shown in [*messages("a", "b"), *views("a", "b")]:
        texts = _without_markup_starts(json.dumps(shown, ensure_ascii=False))
        assert "!" not in texts


def _without_markup_starts(text: str) -> str:
    return text.replace("<!date", "<date")


def _formatted(shown: dict[str, Any]) -> list[str]:
    return [element["text"] for element in _find(shown, "mrkdwn")]


def _find(value: Any, type_: str) -> list[dict[str, Any]]:
    return [part for part in _parts(value) if part.get("type") == type_]


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _parts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _parts(part)


def _nodes(tree: Any) -> Iterator[Any]:
    for node in tree:
        yield node
        yield from _nodes(getattr(node, "children", ()))


def test_times_are_dates_that_slack_shows_in_the_readers_zone() -> None:
    found = [
        node
        for message in messages("a", "b")
        for text in _formatted(message)
        for node in _nodes(parse(text))
        if isinstance(node, Date)
    ]
    # An expiry date is shown by its last minute.
    assert {node.timestamp for node in found} == {1_772_366_400, 1_772_366_340}
