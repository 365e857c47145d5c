"""HTML for the page: formatted, and safe for any input."""

from __future__ import annotations

from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.text import (
    NameBook,
    Tree,
    parse,
    parse_plain,
    parse_rich_text,
    safe_url,
    to_html,
    to_plain,
)

NOW = datetime(2024, 2, 18, 12, 0, tzinfo=UTC)
NAMES = NameBook({"U1": "<i>al</i>"}, {"C1": "general"}, {"S1": "admins"})
TAGS = {"b", "i", "s", "u", "code", "pre", "blockquote", "a", "span", "br", "ol", "ul", "li"}
ATTRIBUTES = {"href", "target", "rel", "class", "data-id", "title", "role", "aria-label", "start"}


def html(source: str) -> str:
    return to_html(parse(source), NAMES, NOW, UTC)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("*a* _b_ ~c~ `d`", "<b>a</b> <i>b</i> <s>c</s> <code>d</code>"),
        ("one\ntwo", "one<br>two"),
        ("a\n```b\n  c```\nd", "a<pre>b\n  c</pre>d"),
        ("> a\n> b\nc", "<blockquote>a<br>b</blockquote>c"),
        ("&lt;b&gt; \"q\" 'q' &amp;", "&lt;b&gt; &quot;q&quot; &#x27;q&#x27; &amp;"),
        ("<b>a</b>", "&lt;b&gt;a&lt;/b&gt;"),
        (
            "<https://a.example/?b=1&amp;c=2|x>",
            '<a href="https://a.example/?b=1&amp;c=2" target="_blank" '
            'rel="noopener noreferrer">x</a>',
        ),
        ("<@U1>", '<span class="slack-mention" data-id="U1">@&lt;i&gt;al&lt;/i&gt;</span>'),
        ("<#C1>", '<span class="slack-mention" data-id="C1">#general</span>'),
        ("<!subteam^S1>", '<span class="slack-mention" data-id="S1">@admins</span>'),
        ("<!here>", '<span class="slack-mention slack-broadcast">@here</span>'),
        (":key:", '<span class="slack-emoji" role="img" aria-label=":key:">🔑</span>'),
        (
            "<!date^1708257600^{date_pretty}|18 Feb>",
            '<span class="slack-date" title="18 Feb">Today</span>',
        ),
        (
            "<!date^1708257600^{date_pretty}^https://a.example|18 Feb>",
            '<a href="https://a.example" target="_blank" rel="noopener noreferrer">'
            '<span class="slack-date" title="18 Feb">Today</span></a>',
        ),
        (
            "<!date^1708257600^{date_pretty}^javascript:alert(1)|18 Feb>",
            '<span class="slack-date" title="18 Feb">Today</span>',
        ),
        ("a\x00b", "a\ufffdb"),
    ],
)
def test_html(source: str, wanted: str) -> None:
    assert html(source) == wanted


def test_rich_text_html() -> None:
    block = {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_list",
                "style": "ordered",
                "offset": 2,
                "indent": 1,
                "elements": [
                    {
                        "type": "rich_text_section",
                        "elements": [
                            {"type": "text", "text": "<a>", "style": {"bold": True, "code": True}}
                        ],
                    }
                ],
            }
        ],
    }
    assert to_html(parse_rich_text(block), NAMES, NOW, UTC) == (
        '<ol class="slack-indent-1" start="3"><li><b><code>&lt;a&gt;</code></b></li></ol>'
    )


def test_a_link_in_rich_text_leads_nowhere_dangerous() -> None:
    section = {
        "type": "rich_text_section",
        "elements": [{"type": "link", "url": "javascript:alert(1)", "text": "x"}],
    }
    tree = parse_rich_text({"type": "rich_text", "elements": [section]})
    assert to_html(tree, NAMES, NOW, UTC) == "x"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example/b?c#d", True),
        ("HTTP://a.example", True),
        ("mailto:a@b.example", True),
        ("slack://user?team=T1&id=U1", True),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("JAVASCRIPT:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,x", False),
        ("//a.example", False),
        ("/a", False),
        ("https://a.example/ b", False),
        ("https://a\nb", False),
        ("", False),
    ],
)
def test_safe_url(url: str, safe: bool) -> None:
    assert safe_url(url) == (url if safe else None)


class Reader(HTMLParser):
    """Reads HTML as a browser would, and keeps what it found."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.words = ""
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.bad += [] if tag in TAGS else [tag]
        for name, value in attrs:
            self.bad += [] if name in ATTRIBUTES else [name]
            if name == "href" and safe_url(value or "") is None:
                self.bad.append(f"href={value}")
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.bad.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_comment(self, data: str) -> None:
        self.bad.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.bad.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.bad.append(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self.bad.append(data)


def read(markup: str) -> Reader:
    reader = Reader()
    reader.feed(markup)
    reader.close()
    return reader


# Words that would do harm, or shake the parser, in any order.
PIECES = st.sampled_from(
    [
        "<",
        ">",
        "&",
        '"',
        "'",
        "`",
        "```",
        "*",
        "_",
        "~",
        "|",
        "^",
        "\n",
        "\x00",
        "&lt;",
        "&gt;",
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "javascript:alert(1)",
        "<https://a.example|",
        '<https://a.example/" onmouseover="alert(1)|',
        "<javascript:alert(1)|",
        '<@U1|"><script>',
        "<!date^1^{date}^javascript:alert(1)|",
        '<!date^1^{date}|"><b>',
        "<!subteam^S1|<b>",
        "-->",
        "<!--",
        "]]>",
        "<?",
        ":key:",
        "https://a.example/<b>",
        "&#x3c;",
        "<U1>",
        "@",
        "#",
        "\u202e",
        "\ud800",
        "> ",
    ]
)
SOURCES = st.lists(PIECES | st.text(max_size=5), max_size=12).map("".join)


def assert_safe(tree: Tree) -> None:
    reader = read(to_html(tree, NAMES, NOW, UTC))
    assert reader.bad == []
    assert reader.open == []


@given(SOURCES)
def test_no_markup_gets_through_mrkdwn(source: str) -> None:
    assert_safe(parse(source))


@given(SOURCES)
def test_no_markup_gets_through_plain_text(source: str) -> None:
    tree = parse_plain(source)
    assert_safe(tree)
    lines = [unescape(part) for part in to_html(tree, NAMES, NOW, UTC).split("<br>")]
    assert "<script" not in to_html(tree, NAMES, NOW, UTC)
    assert len(lines) == to_plain(tree).count("\n") + 1


KINDS = "text link emoji user usergroup channel team broadcast date color odd"
WORDS = "text url name user_id usergroup_id value channel_id team_id range format fallback unicode"
STYLE = st.dictionaries(
    st.sampled_from(["bold", "italic", "strike", "code", "underline", "odd"]), st.booleans()
)
INLINE = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS.split())},
    optional={
        **dict.fromkeys(WORDS.split(), SOURCES),
        "timestamp": st.integers(),
        "style": STYLE,
    },
)
SECTION = st.fixed_dictionaries(
    {"type": st.just("rich_text_section"), "elements": st.lists(INLINE, max_size=3)}
)
ELEMENT = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            [
                "rich_text_section",
                "rich_text_quote",
                "rich_text_preformatted",
                "rich_text_list",
                "odd",
            ]
        ),
        "elements": st.lists(SECTION | INLINE, max_size=3),
    },
    optional={"style": SOURCES, "indent": st.integers() | SOURCES, "offset": st.integers()},
)


@given(st.lists(ELEMENT, max_size=4))
def test_no_markup_gets_through_rich_text(elements: list[dict[str, object]]) -> None:
    tree = parse_rich_text({"type": "rich_text", "elements": elements})
    assert_safe(tree)
    to_plain(tree, NAMES, NOW, UTC)


@given(SOURCES, SOURCES)
def test_no_markup_gets_through_a_name(user: str, channel: str) -> None:
    names = NameBook({"U1": user}, {"C1": channel})
    reader = read(to_html(parse("<@U1> <#C1>"), names, NOW, UTC))
    assert reader.bad == []
    assert reader.open == []
