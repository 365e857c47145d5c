"""What people type after `/apikeys`, and what is understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.command_parser import (
    SUBCOMMANDS,
    WORD_MAX,
    Check,
    Command,
    Edit,
    Help,
    List,
    New,
    Rename,
    Request,
    Revoke,
    Rotate,
    Show,
    Unknown,
    parse,
    splits,
)
from bot.ui.typed_text import unquote
from keys.credentials.tokens import make


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", Help()),
        (None, Help()),
        ("  \u00a0 ", Help()),
        ("help", Help()),
        ("HELP me", Help()),
        ("new", New()),
        ("New  Zapier,\u00a0  production ", New("Zapier, production")),
        ("NEW “Zapier, production”", New("Zapier, production")),
        ("new Bob’s script", New("Bob’s script")),
        ("new R&amp;D &lt;staging&gt;", New("R&D <staging>")),
        ("new &amp;lt;", New("&lt;")),
        ("new for <@U012AB|bob>", New("for @bob")),
        ("new for <@U012AB>", New("for @U012AB")),
        ("new &lt;@U012AB|bob&gt;", New("<@U012AB|bob>")),
        ("new <https://example.com|example.com>", New("example.com")),
        ("new for <!subteam^S1|@devs> <#C1|general>", New("for @devs #general")),
        ("list", List()),
        ("list zapier  prod", List("zapier prod")),
        ("list <@W9|ann> prod <@U1|bob> <@W9|ann>", List("prod", ("W9", "U1"))),
        ("list <#C1|general>", List("#general")),
        ("rename", Rename()),
        ("rename “a b” c", Rename("“a b” c")),
        ("ＲＥＶＯＫＥ x", Revoke("x")),
        ("revoke\nZapier", Revoke("Zapier")),
        ("“revoke” 'Old one'", Revoke("Old one")),
        ("\u200bshow\ufeff key_1", Show("key_1")),
        ("rotate Zapier, production", Rotate("Zapier, production")),
        ("rotate", Rotate()),
        ("Edit “Zapier”", Edit("Zapier")),
        ("request Zapier, production", Request("Zapier, production")),
        ("check", Check()),
        ("check ak_123", Check(token_seen=True)),
        ("roll Zapier", Unknown("roll", "rotate", "Zapier")),
        ("rotat Zapier", Unknown("rotat", "rotate", "Zapier")),
        ("revok Zapier", Unknown("revok", "revoke", "Zapier")),
        ("lsit", Unknown("lsit", "list")),
        ("delete Zapier", Unknown("delete", "revoke", "Zapier")),
        ("Create", Unknown("Create", "new")),
        ("deleet", Unknown("deleet", "revoke")),
        ("quux", Unknown("quux", None)),
        ("xyzzy x", Unknown("xyzzy", None, "x")),
        ("/apikeys list  prod", List("prod")),
        ("/APIKEYS", Help()),
        ("/apikeysx", Unknown("/apikeysx", None)),
    ],
)
def test_reads(text: str | None, command: Command) -> None:
    assert parse(text) == command


@pytest.mark.parametrize("before", ["", "new ", "list ", "rename x to ", "revoke “", "show <"])
def test_a_token_in_the_text_is_not_repeated(before: str) -> None:
    token = make("ak")
    command = parse(f"{before}{token.reveal()}")
    assert token.secret not in repr(command)
    assert command.token_seen
    if before:
        assert f"ak_{token.public_id}_[removed]" in repr(command)


def test_a_token_hidden_behind_invisible_characters_is_not_repeated() -> None:
    token = make("ak")
    text = token.reveal()
    command = parse(f"show {text[:30]}\u200b{text[30:]}")
    assert token.secret not in repr(command).replace("\u200b", "")
    assert command.token_seen


def test_no_token_is_seen_where_there_is_none() -> None:
    assert not parse("show R&amp;D").token_seen


def test_a_long_unknown_word_is_shortened() -> None:
    command = parse("x" * 5000)
    assert isinstance(command, Unknown)
    assert len(command.word) == WORD_MAX


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_is_known_in_any_case(name: str) -> None:
    assert not isinstance(parse(f" {name.upper()} x"), Unknown)


@pytest.mark.parametrize(
    ("rest", "ways"),
    [
        ("", []),
        ("a", [("a", "")]),
        ("a b c", [("a b c", ""), ("a b", "c"), ("a", "b c")]),
        ("“a b” c d", [("a b", "c d")]),
        ('"a b" to "c d"', [("a b", "c d")]),
        ('"a b"', [("a b", "")]),
        ("a → b", [("a → b", ""), ("a →", "b"), ("a", "b")]),
        ("a to", [("a to", ""), ("a", "to")]),
        ("“a b", [("“a b", ""), ("“a", "b")]),
        ('""', [('""', "")]),
    ],
)
def test_splits_key_and_new_name(rest: str, ways: list[tuple[str, str]]) -> None:
    assert splits(rest) == ways


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("‘a’", "a"),
        ("„a“", "a"),
        ("«a»", "a"),
        ('"a" and "b"', '"a" and "b"'),
        ('"', '"'),
        ("“a", "“a"),
        ("", ""),
    ],
)
def test_unquote(text: str, bare: str) -> None:
    assert unquote(text) == bare


_PIECES = st.sampled_from(
    [
        *SUBCOMMANDS, "<@U1|", "<@", "<!", "|", ">", "&lt;", "&amp;", " ", "\n", "“", '"', "\u200b",
        "_" * 3, make("ak").reveal(), "<https://", "\x00", "\ud800",
    ]
)  # fmt: skip


# How long an example takes is the machine's affair.
@given(st.text() | st.lists(_PIECES | st.text(max_size=3), max_size=12).map("".join))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    command = parse(text)
    assert isinstance(command, Command)
    if isinstance(command, Rename):
        for key, _ in splits(command.rest):
            assert key


# How long an example takes is the machine's affair.
@given(st.text(max_size=20), st.text(max_size=20))
def test_no_text_around_a_token_brings_its_secret_back(before: str, after: str) -> None:
    token = make("ak")
    command = parse(f"{before} {token.reveal()} {after}")
    assert token.secret not in repr(command)
