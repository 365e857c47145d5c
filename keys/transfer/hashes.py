"""Parsing the digests of an import file, in other systems' formats.

Error messages never repeat a hash, or a text that may be a key.
"""

from __future__ import annotations

import base64
import binascii
import re

from keys.base.errors import DomainError
from keys.credentials.algorithms import Algorithm
from keys.credentials.digests import SIZES, foreign_key, plain_digest
from keys.transfer.formats import ALGORITHMS

_HEX = re.compile(r"[0-9A-Fa-f]+\Z")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}\Z")
_DJANGO = re.compile(r"sha512\$\$([0-9A-Fa-f]{128})\Z")
_SLOW = re.compile(
    r"pbkdf2|bcrypt|scrypt|argon2|\$2[abxy]?\$|\$argon2|\$scrypt|plain_", re.IGNORECASE
)


class LineRefused(DomainError):
    """A line cannot be imported; the message says why, and what to do."""


def read_hash(text: str, algorithm: Algorithm | None = None) -> tuple[Algorithm, bytes, bool]:
    """Parse a digest in hex, base64 or DRF API Key's format (`sha512$$…`).

    Args:
        algorithm: its algorithm; if None, it is guessed from the digest's length.

    Returns:
        The algorithm, the digest, and whether the algorithm was guessed.

    Raises:
        LineRefused: with a sentence that does not repeat the text, which may be a key.
    """
    if not text:
        raise LineRefused("The column “hash” is empty. Enter the key's hash, or remove the line.")
    if _SLOW.match(text):
        raise LineRefused(
            "This hash is salted or slow, like PBKDF2 and bcrypt, so a key cannot be found by it. "
            "DRF API Key 3 replaces it at the key's next use; export it after that. "
            "Or create a new key."
        )
    if found := _DJANGO.match(text):
        if algorithm not in (None, Algorithm.SHA512):
            raise LineRefused(
                "The hash is marked as sha512, but the column “algorithm” differs. Correct it."
            )
        return Algorithm.SHA512, bytes.fromhex(found[1]), False
    digest = _bytes(text)
    guessed = algorithm is None
    if algorithm is None:
        algorithm = Algorithm.SHA512 if len(digest) == 64 else Algorithm.SHA256
    if len(digest) != SIZES[algorithm]:
        raise LineRefused(
            f"The hash has {len(digest)} bytes, but {algorithm} makes {SIZES[algorithm]}. Check "
            "the algorithm."
        )
    if digest == plain_digest(algorithm, b""):
        raise LineRefused("This is the hash of an empty text. Check how it was made.")
    return algorithm, digest, guessed


def _bytes(text: str) -> bytes:
    if len(text) in (64, 128) and _HEX.match(text):
        return bytes.fromhex(text)
    if _BASE64.match(text) and len(text.rstrip("=")) in (43, 86):
        plain = text.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            digest = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
        except binascii.Error:
            digest = b""
        if len(digest) in SIZES.values():
            return digest
    raise LineRefused(
        "This is not a SHA-256 or SHA-512 hash, which has 64 or 128 hex digits, or is base64. "
        "If it is the key itself, revoke the key, because it is in a file now."
    )


def read_algorithm(text: str) -> Algorithm | None:
    """Parse the column `algorithm`; None if it is empty. Raises LineRefused."""
    if not text:
        return None
    found = ALGORITHMS.get(text.casefold().replace("-", "_"))
    if found is None:
        if _SLOW.match(text):
            raise LineRefused(
                "Slow hashes such as bcrypt cannot be imported, because a key cannot be found by "
                "one. Create a new key instead."
            )
        raise LineRefused(
            f"There is no algorithm “{text[:20]}”. Choose from: {', '.join(ALGORITHMS)}."
        )
    return found


def refuse_key(cells: dict[str, str], algorithm: Algorithm, digest: bytes) -> None:
    """Refuse a line with the key itself in another column. Raises LineRefused."""
    for column, cell in cells.items():
        key = foreign_key(cell) if column != "hash" else None
        if key and plain_digest(algorithm, key) == digest:
            raise LineRefused(
                f"The column “{column}” contains the key itself, which would be shown to people. "
                "Remove it from the file."
            )
