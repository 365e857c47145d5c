"""The format of tokens: making, parsing, finding and redacting them.

    ak_7Fq2mZr81LdW_3vN…43 characters…Tz_0x9QeA
    │  │            │                    └ checksum: CRC-32 of everything before it, 6 characters
    │  │            └ secret: 256 random bits, 43 characters
    │  └ public id: identifies the secret in the database and in logs, 12 characters
    └ prefix: shows people and secret scanners whose token this is

All parts but the prefix, which is a setting, are base62 (0-9, A-Z, a-z), most significant digit
first. They are joined by underscores, which editors and Slack treat as part of a word, so that a
double-click selects the whole token. The checksum is not a secret and proves nothing: it detects
typos without a database query.
"""

from __future__ import annotations

import re
import secrets
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PUBLIC_ID_LENGTH = 12
SECRET_LENGTH = 43
SECRET_BITS = 256
CHECKSUM_LENGTH = 6
_PREFIX = r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*"
PREFIX_PATTERN = re.compile(rf"{_PREFIX}\Z")
PREFIX_MAX = 20
_TAIL_LENGTH = PUBLIC_ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH + 3
TOKEN_MAX = PREFIX_MAX + _TAIL_LENGTH

# Two digits at a time, for speed: every text that may be a token gets a checksum.
_PAIRS = tuple(first + second for first in ALPHABET for second in ALPHABET)
_WHOLE = re.compile(
    rf"({_PREFIX})_([0-9A-Za-z]{{{PUBLIC_ID_LENGTH}}})_([0-9A-Za-z]{{{SECRET_LENGTH}}})"
    rf"_([0-9A-Za-z]{{{CHECKSUM_LENGTH}}})\Z"
)


class TokenFormatError(StrEnum):
    """Why a text is not a token."""

    MISSING = "missing"
    SURROUNDED = "surrounded"
    MALFORMED = "malformed"
    CHECKSUM = "checksum"


class NotAToken(ValueError):
    """The text is not a token; `flaw` is the reason. The exception does not keep the text."""

    def __init__(self, flaw: TokenFormatError) -> None:
        super().__init__(f"not a token: {flaw}")
        self.flaw = flaw


@dataclass(frozen=True, slots=True)
class Token:
    """A parsed token; printing it shows only the hint."""

    prefix: str
    public_id: str
    secret: str = field(repr=False)

    @property
    def signed_part(self) -> str:
        """The part before the checksum, which the digest and the checksum cover."""
        return f"{self.prefix}_{self.public_id}_{self.secret}"

    def reveal(self) -> str:
        """Return the whole token, to be shown to its recipient once."""
        body = self.signed_part
        return f"{body}_{checksum(body)}"

    @property
    def hint(self) -> str:
        """A short form to recognise the token by, such as `ak_7Fq2…x9Qe`.

        Its end is part of the checksum, so it reveals at most 24 of the 256 secret bits.
        """
        return f"{self.prefix}_{self.public_id[:4]}…{checksum(self.signed_part)[-4:]}"

    def __str__(self) -> str:
        return self.hint


def encode(number: int, length: int) -> str:
    """Encode a number in base62, padded with zeros to `length` digits.

    Raises:
        ValueError: if the number is negative or needs more digits.
    """
    if number < 0:
        raise ValueError("a negative number has no base62 form")
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(ALPHABET[digit])
    if number:
        raise ValueError(f"the number needs more than {length} digits")
    return "".join(reversed(digits))


_GREATEST_SECRET = encode(2**SECRET_BITS - 1, SECRET_LENGTH)


def checksum(body: str) -> str:
    """Return the CRC-32 (ISO-HDLC, as in zlib) of an ASCII text as six base62 characters."""
    above, low = divmod(zlib.crc32(body.encode("ascii")), len(_PAIRS))
    high, middle = divmod(above, len(_PAIRS))
    return _PAIRS[high] + _PAIRS[middle] + _PAIRS[low]


def check_prefix(prefix: str) -> str:
    """Return the prefix if it is valid.

    Raises:
        ValueError: with a sentence that describes a valid prefix.
    """
    if len(prefix) > PREFIX_MAX or not PREFIX_PATTERN.match(prefix):
        raise ValueError(
            f"a token prefix is 1 to {PREFIX_MAX} lower-case letters and digits, begins with a "
            "letter, and may have single underscores inside, such as “ak” or “acme_live”"
        )
    return prefix


def make(prefix: str) -> Token:
    """Make a new token from 256 random bits."""
    public_id = "".join(secrets.choice(ALPHABET) for _ in range(PUBLIC_ID_LENGTH))
    return Token(prefix, public_id, encode(secrets.randbits(SECRET_BITS), SECRET_LENGTH))


def parse(text: str) -> Token:
    """Parse a token, in time that depends only on its length.

    Raises:
        NotAToken: with the first flaw found, if the text is not exactly one token.
    """
    found = _WHOLE.match(text) if len(text) <= TOKEN_MAX else None
    if found is None:
        raise NotAToken(_flaw_of(text))
    prefix, public_id, secret, check = found.groups()
    token = Token(prefix, public_id, secret)
    if checksum(text[: -CHECKSUM_LENGTH - 1]) != check:
        raise NotAToken(TokenFormatError.CHECKSUM)
    # The alphabet is in ASCII order, so texts compare like the numbers that they encode.
    if secret > _GREATEST_SECRET:
        # 62**43 is slightly more than 2**256: we never made a token like this.
        raise NotAToken(TokenFormatError.MALFORMED)
    return token


def _flaw_of(text: str) -> TokenFormatError:
    """Return why a text does not have the form of a token."""
    if not text:
        return TokenFormatError.MISSING
    if text != text.strip() or text[0] in "\"'`“‘<«" or text[-1] in "\"'`”’>»":
        return TokenFormatError.SURROUNDED
    return TokenFormatError.MALFORMED


def whole_in(text: str, *, apart: bool = True) -> Iterator[Token]:
    """Yield each token in a text: any prefix, with a valid checksum, after any character.

    A text without one costs a single search.

    Args:
        apart: whether a token must not be followed by a letter or digit.
    """
    for tail in (_TAIL_APART if apart else _TAIL).finditer(text):
        for begin in range(max(tail.start() - PREFIX_MAX, 0), tail.start()):
            try:
                token = parse(text[begin : tail.end(1)])
            except NotAToken:
                continue
            yield token
            break


# A token without its prefix. The search for it takes linear time; the checksum then shows which of
# the characters before it are the prefix. Lookahead finds tokens that begin inside a match, too.
_TAIL_FORM = (
    rf"_[0-9A-Za-z]{{{PUBLIC_ID_LENGTH}}}_[0-9A-Za-z]{{{SECRET_LENGTH}}}"
    rf"_[0-9A-Za-z]{{{CHECKSUM_LENGTH}}}"
)
_TAIL = re.compile(rf"(?=({_TAIL_FORM}))")
_TAIL_APART = re.compile(rf"(?=({_TAIL_FORM})(?![0-9A-Za-z]))")


def pattern(prefix: str) -> str:
    """Return a regular expression for secret scanners that matches tokens with this prefix."""
    return (
        rf"\b{re.escape(prefix)}_[0-9A-Za-z]{{{PUBLIC_ID_LENGTH}}}"
        rf"_[0-9A-Za-z]{{{SECRET_LENGTH}}}_[0-9A-Za-z]{{{CHECKSUM_LENGTH}}}\b"
    )


def redact(text: str) -> str:
    """Replace everything that looks like a token, of any prefix, by its public beginning."""
    # Hardly any text has a token, and searching for the secret alone takes a tenth of the time.
    if _SECRET_PART.search(text) is None:
        return text
    return _ANY_TOKEN.sub(lambda found: f"{found[1]}_[removed]", text)


_SECRET_PART = re.compile(rf"_[0-9A-Za-z]{{{SECRET_LENGTH}}}")
_ANY_TOKEN = re.compile(
    rf"([A-Za-z0-9_]{{1,{PREFIX_MAX}}}_[0-9A-Za-z]{{{PUBLIC_ID_LENGTH}}})"
    rf"_[0-9A-Za-z]{{{SECRET_LENGTH}}}(?:_[0-9A-Za-z]{{1,{CHECKSUM_LENGTH}}})?"
)
