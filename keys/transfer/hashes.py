"""Read the digests of a file of keys to import, in the forms in which other systems write them.

No sentence repeats a hash or what else might be a key by mistake.
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
    """A line cannot be imported; the sentence says why, and what to do."""


def read_hash(text: str, algorithm: Algorithm | None = None) -> tuple[Algorithm, bytes, bool]:
    """Read a digest in hex or base64, or as DRF API Key writes it (`sha512$$…`).

    Args:
        algorithm: how it was made; if not said, it is guessed from its length.

    Returns:
        The algorithm, the digest, and whether the algorithm was guessed.

    Raises:
        LineRefused: with a sentence that does not repeat the text: it may be a key.
    """
    if not text:
        raise LineRefused("The column “hash” is empty.")
    if _SLOW.match(text):
        raise LineRefused(
            "This hash is salted, or slow like PBKDF2 and bcrypt: a key cannot be found by such a "
            "hash, only be compared with each one in turn. Where DRF API Key 3 is in use, it "
            "replaces the hash at the key's next use; export it then. Or make a new key."
        )
    if found := _DJANGO.match(text):
        if algorithm not in (None, Algorithm.SHA512):
            raise LineRefused("The hash says sha512, and the column “algorithm” something else.")
        return Algorithm.SHA512, bytes.fromhex(found[1]), False
    digest = _bytes(text)
    guessed = algorithm is None
    if algorithm is None:
        algorithm = Algorithm.SHA512 if len(digest) == 64 else Algorithm.SHA256
    if len(digest) != SIZES[algorithm]:
        raise LineRefused(
            f"The hash has {len(digest)} bytes, and {algorithm} makes {SIZES[algorithm]}. Check "
            "which algorithm it is."
        )
    if digest == plain_digest(algorithm, b""):
        raise LineRefused("This is the hash of nothing at all. Check how it was made.")
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
        "The hash is no SHA-256 or SHA-512: those have 64 or 128 hex digits, or 44 or 88 "
        "characters of base64. If it is the key itself, revoke that key: it stands in a file now."
    )


def read_algorithm(text: str) -> Algorithm | None:
    """Read the column `algorithm`; None if it is empty. Raises LineRefused."""
    if not text:
        return None
    found = ALGORITHMS.get(text.casefold().replace("-", "_"))
    if found is None:
        if _SLOW.match(text):
            raise LineRefused(
                "Keys with slow hashes such as bcrypt cannot be imported: a key cannot be found by "
                "such a hash. Make a new key for it."
            )
        raise LineRefused(
            f"There is no algorithm “{text[:20]}” here. Choose from: {', '.join(ALGORITHMS)}."
        )
    return found


def refuse_key(cells: dict[str, str], algorithm: Algorithm, digest: bytes) -> None:
    """Refuse a line whose other columns have the key itself. Raises LineRefused."""
    for column, cell in cells.items():
        key = foreign_key(cell) if column != "hash" else None
        if key and plain_digest(algorithm, key) == digest:
            raise LineRefused(
                f"The column “{column}” has the key itself in it. Take it out: a key must not "
                "stand in a file, and here it would be shown to people."
            )
