"""mrkdwn is read as Slack's clients read it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.text import NameBook, parse, parse_plain, to_plain, unescape
from sandbox.text.nodes import (
    Bold,
    Broadcast,
    ChannelMention,
    Code,
    Date,
    Emoji,
    Italic,
    Link,
    Node,
    Preformatted,
    Quote,
    Strike,
    Text,
    UsergroupMention,
    UserMention,
)

NAMES = NameBook({"U1": "alice"}, {"C1": "general"}, {"S1": "key-admins"})


def text(words: str) -> tuple[Text]:
    return (Text(words),)


CASES: list[tuple[str, list[Node]]] = [
    ("", []),
    ("words", [Text("words")]),
    ("*bold*", [Bold(text("bold"))]),
    ("_italic_", [Italic(text("italic"))]),
    ("~gone~", [Strike(text("gone"))]),
    ("`code`", [Code(text("code"))]),
    (
        "*a _b ~c~ d_ e*",
        [Bold((Text("a "), Italic((Text("b "), Strike(text("c")), Text(" d"))), Text(" e")))],
    ),
    ("a *b*, (*c*)!", [Text("a "), Bold(text("b")), Text(", ("), Bold(text("c")), Text(")!")]),
    # A mark needs an edge of a word outside, and no space inside.
    ("2*3*4", [Text("2*3*4")]),
    ("2*3* 4", [Text("2*3* 4")]),
    ("x`y`", [Text("x`y`")]),
    ("snake_case_name", [Text("snake_case_name")]),
    ("*open", [Text("*open")]),
    ("* not bold *", [Text("* not bold *")]),
    ("**", [Text("**")]),
    ("*two\nlines*", [Text("*two\nlines*")]),
    ("*a* b*", [Bold(text("a")), Text(" b*")]),
    # Nothing is formatted in code.
    ("`*a* _b_`", [Code(text("*a* _b_"))]),
    ("`:key: https://a.example`", [Code(text(":key: https://a.example"))]),
    ("`<https://a.example|a>`", [Code((Link("https://a.example", text("a")),))]),
    ("*see `a*b` there*", [Bold((Text("see "), Code(text("a*b")), Text(" there")))]),
    ("```a\n  *b*```", [Preformatted(text("a\n  *b*"))]),
    ("one\n```\na\n```\ntwo", [Text("one"), Preformatted(text("a")), Text("two")]),
    ("```\n\na\n\n```", [Preformatted(text("\na\n"))]),
    ("``` unclosed", [Text("``` unclosed")]),
    ("```&lt;a&gt; <@U1>```", [Preformatted((Text("<a> "), UserMention("U1")))]),
    # Escapes are undone once.
    ("&lt;b&gt; &amp;amp; R&D", [Text("<b> &amp; R&D")]),
    ("*&lt;a&gt;*", [Bold(text("<a>"))]),
    # Quotes.
    ("> a\n>b\nc", [Quote(text("a\nb")), Text("c")]),
    ("&gt; a", [Quote(text("a"))]),
    ("a > b", [Text("a > b")]),
    ("&gt;&gt;&gt; a\n\nb", [Quote(text("a\n\nb"))]),
    ("> *a*", [Quote((Bold(text("a")),))]),
    # Lists are plain text.
    ("• a\n• b", [Text("• a\n• b")]),
    ("- a\n1. b", [Text("- a\n1. b")]),
    # Links.
    ("<https://a.example>", [Link("https://a.example", text("https://a.example"))]),
    ("<https://a.example|the *a*>", [Link("https://a.example", text("the *a*"))]),
    (
        "<https://a.example/?b=1&amp;c=2|x &amp; y>",
        [Link("https://a.example/?b=1&c=2", text("x & y"))],
    ),
    ("<mailto:a@b.example|a>", [Link("mailto:a@b.example", text("a"))]),
    ("*<https://a.example|a>*", [Bold((Link("https://a.example", text("a")),))]),
    (
        "see https://a.example/b_c_d.",
        [Text("see "), Link("https://a.example/b_c_d", text("https://a.example/b_c_d")), Text(".")],
    ),
    (
        "(http://a.example)",
        [Text("("), Link("http://a.example", text("http://a.example")), Text(")")],
    ),
    ("xhttps://a.example", [Text("xhttps://a.example")]),
    ("https://", [Text("https://")]),
    # Mentions.
    ("<@U1> <@U2|bob>", [UserMention("U1"), Text(" "), UserMention("U2", "bob")]),
    ("<@W1|@bob>", [UserMention("W1", "bob")]),
    ("<#C1> <#C2|#ops>", [ChannelMention("C1"), Text(" "), ChannelMention("C2", "ops")]),
    ("<!subteam^S1|@admins>", [UsergroupMention("S1", "admins")]),
    ("<!subteam^S1>", [UsergroupMention("S1")]),
    (
        "<!here> <!channel> <!everyone>",
        [Broadcast("here"), Text(" "), Broadcast("channel"), Text(" "), Broadcast("everyone")],
    ),
    ("<!here|here>", [Broadcast("here")]),
    # What Slack does not know stays as it is, or shows its label.
    ("<!unknown|label>", [Text("label")]),
    ("<!unknown>", [Text("<!unknown>")]),
    ("<script>", [Text("<script>")]),
    ("<javascript:alert(1)|x>", [Text("<javascript:alert(1)|x>")]),
    ("<here>", [Text("<here>")]),
    ("a < b > c", [Text("a < b > c")]),
    # Dates.
    ("<!date^1392734382^{date}|Feb 18>", [Date(1392734382, "{date}", "Feb 18")]),
    (
        "<!date^1392734382^{date} at {time}^https://a.example|x>",
        [Date(1392734382, "{date} at {time}", "x", "https://a.example")],
    ),
    ("<!date^soon^{date}|soon>", [Text("soon")]),
    # Emoji.
    (":key: :+1::tada:", [Emoji("key", "🔑"), Text(" "), Emoji("+1", "👍"), Emoji("tada", "🎉")]),
    (":wave::skin-tone-3:", [Emoji("wave", "👋")]),
    (":our_own: 10:30:45", [Text(":our_own: 10:30:45")]),
    ("*:key: it*", [Bold((Emoji("key", "🔑"), Text(" it")))]),
]


@pytest.mark.parametrize(("source", "nodes"), CASES, ids=[repr(case[0]) for case in CASES])
def test_parse(source: str, nodes: list[Node]) -> None:
    assert parse(source) == tuple(nodes)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "*Hi* <@U1>, see <#C1> <!subteam^S1> <!here>",
            "Hi @alice, see #general @key-admins @here",
        ),
        ("<@U9|bob> <@U8> <#C9|ops>", "@bob @U8 #ops"),
        ("a ```b``` c", "a \nb\n c"),
        ("a\n> b\n> c\nd", "a\n> b\n> c\nd"),
        ("```ak_1```", "ak_1"),
        (":key: :odd:", "🔑 :odd:"),
        ("<!date^1392734382^{date}|Feb 18>", "Feb 18"),
        ("<!date^1392734382^{date}>", "{date}"),
    ],
)
def test_to_plain(source: str, words: str) -> None:
    assert to_plain(parse(source), NAMES) == words


def test_plain_text_knows_only_escapes_and_emoji() -> None:
    assert parse_plain("*a* <@U1> &lt;b&gt; :key:") == (
        Text("*a* <@U1> <b> "),
        Emoji("key", "🔑"),
    )
    assert parse_plain(":key:", emoji=False) == (Text(":key:"),)


@given(st.text(alphabet="*_~`<>|!@#&;:^{}\n abU1C+hkey/.-"))
def test_nothing_is_an_error(source: str) -> None:
    to_plain(parse(source), NAMES)


@given(st.text(alphabet=st.characters(exclude_characters="*_~`<>&:\n", exclude_categories=["Cs"])))
def test_words_without_markup_stay_as_they_are(words: str) -> None:
    assert to_plain(parse(words)) == words


@given(st.text())
def test_what_is_escaped_is_read_as_it_was(words: str) -> None:
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert unescape(escaped) == words
    assert to_plain(parse_plain(escaped, emoji=False)) == words


@pytest.mark.parametrize(
    "unit", ["*a ", "_", "`a ", "<", "```", ":", ">", "*_~", "https://", "<a|"]
)
def test_the_longest_message_is_read_quickly(unit: str) -> None:
    started = time.process_time()
    parse(unit * (40_000 // len(unit)))
    assert time.process_time() - started < 5
