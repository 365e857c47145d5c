"""What is read in `Forwarded`, compared with a parser that reads it whole and from the left."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.base.client_address import FORWARDED, UNKNOWN, Proxies
from gateway.base.options import read_networks

PROXIES = Proxies(read_networks("10.0.0.0/8"), FORWARDED)
NODES = ["10.0.0.2", "10.0.0.3:_x", "203.0.113.9", "6.6.6.6:80", "unknown", "_hidden", "1.2.3"]
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
UNQUOTED = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z:\[\]-]+")
TEXT = re.compile(r"[\t -\x7e\x80-\xff]*")


def _split(text: str, at: str) -> list[str]:
    """Split at a sign that stands outside quotation marks. Raises ValueError if one is open."""
    cuts, position, quoted = [-1], 0, False
    while position < len(text):
        sign = text[position]
        if sign == "\\" and quoted:
            position += 1
        elif sign == '"':
            quoted = not quoted
        elif sign == at and not quoted:
            cuts.append(position)
        position += 1
    if quoted:
        raise ValueError(text)
    return [text[before + 1 : cut] for before, cut in pairwise([*cuts, len(text)])]


def _value(text: str) -> str:
    if UNQUOTED.fullmatch(text):
        return text
    if len(text) < 2 or text[0] + text[-1] != '""' or not TEXT.fullmatch(text):
        raise ValueError(text)
    inner, plain, position = text[1:-1], "", 0
    while position < len(inner):
        if inner[position] == '"':
            raise ValueError(text)
        position += inner[position] == "\\"
        plain += inner[position]
        position += 1
    return plain


def _nodes(text: str) -> list[str]:
    """The `for` of each element, in the order sent; empty for one that does not name it once.

    Raises ValueError if the header is not by the grammar.
    """
    found = []
    for element in _split(text, ","):
        names, node = list[str](), ""
        for pair in _split(element, ";"):
            name, equals, value = pair.strip(" \t").partition("=")
            if not (TOKEN.fullmatch(name) and equals):
                raise ValueError(pair)
            names.append(name.lower())
            read = _value(value)
            node = read if names[-1] == "for" else node
        found.append(node if len(set(names)) == len(names) else "")
    return found


def _caller(nodes: list[str]) -> str:
    address = UNKNOWN
    for node in reversed(nodes):
        address = re.sub(r":(80|_x)$", "", node)
        if not re.fullmatch(r"[0-9]+(\.[0-9]+){3}", address):
            return UNKNOWN
        if not address.startswith("10."):
            break
    return address


def _quoted(text: str, escaped: bool) -> str:
    return '"' + re.sub(r"." if escaped else r'["\\]', r"\\\g<0>", text) + '"'


WRITTEN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=8).filter(
    TEXT.fullmatch
)
QUOTED = st.builds(_quoted, WRITTEN | st.text('",;=\\ x', max_size=8), st.booleans())
NODE = st.sampled_from(NODES).flatmap(
    lambda node: st.sampled_from([node, _quoted(node, False), _quoted(node, True)])
)


def _element(node: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(
        node.map("For={}".format), QUOTED.map("host={}".format), st.sampled_from(["proto=http"])
    )
    return st.tuples(pairs.flatmap(st.permutations), st.sampled_from([";", " ; "])).map(
        lambda made: made[1].join(made[0])
    )


ELEMENTS = st.lists(_element(NODE), min_size=1, max_size=4)
PIECES = st.sampled_from(
    [*NODES, "for=", "FOR=", "x=", '"', '"', "\\", ",", ", ", ";", "=", " ", "\t", "\xff", "\x1f"]
)


@given(ELEMENTS.map(", ".join) | st.lists(PIECES, max_size=14).map("".join))
@example(r'for="\2\03.0.113.9";host="\\\"", for=10.0.0.2;host="\\"')
@example(r'for=203.0.113.9;host=""')
def test_what_is_read_from_the_right_is_what_is_read_from_the_left(text: str) -> None:
    found = PROXIES.address(("10.0.0.1", 1), [text.encode("latin-1")])
    try:
        nodes = _nodes(text)
    except ValueError:
        # What comes before a mistake counts, and nothing that comes after it.
        assert found == UNKNOWN or found in text.replace("\\", "")
    else:
        assert found == _caller(nodes)


CALLER = _element(st.just("203.0.113.9"))
TRUSTED = _element(st.sampled_from(["10.0.0.2", '"10.0.0.3:_x"']))


@given(st.binary(max_size=60), CALLER, st.lists(TRUSTED, max_size=4), st.booleans())
@example(b'for=6.6.6.6;x="', 'for=203.0.113.9;host="a"', [], False)
@example(b'for=6.6.6.6;x="\\', 'for=203.0.113.9;host="\\\\"', [], False)
def test_nothing_in_front_changes_what_trusted_proxies_have_written(
    forged: bytes, caller: str, proxies: list[str], own_line: bool
) -> None:
    written = ", ".join([caller, *proxies]).encode("latin-1")
    sent = [forged, written] if own_line else [forged + b", " + written]
    assert PROXIES.address(("10.0.0.1", 1), sent) == "203.0.113.9"
