"""A token's form: what is made can be read, and nothing else can."""

from __future__ import annotations

import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.credentials import tokens
from keys.credentials.tokens import ALPHABET, NotAToken, Token, TokenFormatError

prefixes = st.from_regex(r"[a-z][a-z0-9]{0,8}(_[a-z0-9]{1,8})?", fullmatch=True)
bits = st.integers(0, 2**256 - 1)
public_ids = st.text(ALPHABET, min_size=12, max_size=12)


def flaw(text: str) -> TokenFormatError:
    with pytest.raises(NotAToken) as caught:
        tokens.parse(text)
    return caught.value.flaw


def number(text: str) -> int:
    """What a base62 number stands for."""
    return sum(ALPHABET.index(char) * 62**place for place, char in enumerate(reversed(text)))


@given(prefixes, public_ids, bits)
def test_what_is_written_can_be_read(prefix: str, public_id: str, secret: int) -> None:
    made = Token(prefix, public_id, tokens.encode(secret, 43))
    assert tokens.parse(made.reveal()) == made
    assert number(made.secret) == secret


def test_two_tokens_differ_and_have_the_documented_form() -> None:
    one, two = tokens.make("ak"), tokens.make("ak")
    assert one.secret != two.secret
    assert one.public_id != two.public_id
    assert re.fullmatch(tokens.pattern("ak"), one.reveal())
    assert re.fullmatch(r"ak_\w{12}_\w{43}_\w{6}", one.reveal())


def test_the_checksum_is_crc_32_in_base62() -> None:
    assert number(tokens.checksum("123456789")) == zlib.crc32(b"123456789") == 0xCBF43926


@given(public_ids, bits, st.data())
def test_one_wrong_character_is_noticed(public_id: str, secret: int, data: st.DataObject) -> None:
    text = Token("ak", public_id, tokens.encode(secret, 43)).reveal()
    place = data.draw(st.integers(3, len(text) - 1).filter(lambda i: text[i] != "_"))
    other = data.draw(st.sampled_from(ALPHABET).filter(lambda char: char != text[place]))
    assert flaw(text[:place] + other + text[place + 1 :]) is TokenFormatError.CHECKSUM


@given(st.text(max_size=200) | st.from_regex(r"\w{1,5}_\w{12}_\w{43}_\w{6}", fullmatch=True))
def test_any_other_text_is_refused_and_not_kept(text: str) -> None:
    with pytest.raises(NotAToken) as caught:
        tokens.parse(text)
    assert len(text) < 9 or text not in str(caught.value)


@pytest.mark.parametrize(
    "spoil", ["'{}'", '"{}"', " {}", "{}\n", "`{}`", "“{}”", "<{}>", "\u00a0{}"]
)
def test_quotes_and_spaces_are_named(spoil: str) -> None:
    assert flaw(spoil.format(tokens.make("ak").reveal())) is TokenFormatError.SURROUNDED


def test_nothing_is_missing() -> None:
    assert flaw("") is TokenFormatError.MISSING


@pytest.mark.parametrize("text", ["ak", "ak_x", "ak__" + "x" * 70, "ä" * 65, "x" * 10_000])
def test_what_is_no_token_is_malformed(text: str) -> None:
    assert flaw(text) is TokenFormatError.MALFORMED


def test_a_number_beyond_256_bits_is_not_a_secret() -> None:
    body = "ak_" + "0" * 12 + "_" + "z" * 43
    assert flaw(f"{body}_{tokens.checksum(body)}") is TokenFormatError.MALFORMED


def test_printing_a_token_shows_the_hint_only() -> None:
    made = tokens.make("ak")
    for shown in (str(made), repr(made), f"{made}"):
        assert made.secret not in shown
    assert re.fullmatch(r"ak_\w{4}…\w{4}", made.hint)


@given(st.text(max_size=50), st.text(max_size=50))
def test_redaction_leaves_no_secret(before: str, after: str) -> None:
    made = tokens.make("ak")
    assert made.secret not in tokens.redact(f"{before}{made.reveal()}{after}")


def test_redaction_leaves_other_text_alone() -> None:
    assert tokens.redact("key_7Fq2mZr81LdW is fine") == "key_7Fq2mZr81LdW is fine"


@pytest.mark.parametrize("prefix", ["", "Ak", "1ak", "a-k", "_ak", "ak_", "a__k", "a" * 21])
def test_a_poor_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="a token prefix is"):
        tokens.check_prefix(prefix)


@pytest.mark.parametrize("prefix", ["ak", "a", "acme_live", "a1"])
def test_a_good_prefix_is_taken(prefix: str) -> None:
    assert tokens.check_prefix(prefix) == prefix


def test_base62_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="more than 1 digits"):
        tokens.encode(62, 1)
    with pytest.raises(ValueError, match="negative"):
        tokens.encode(-1, 1)
