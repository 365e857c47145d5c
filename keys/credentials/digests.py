"""The digests of imported keys: how other systems make them, and how they are replaced.

| algorithm     | digest                                             | used by                  |
|---------------|----------------------------------------------------|--------------------------|
| `sha256`      | SHA-256 of the whole key                           | Unkey                    |
| `sha256_last` | SHA-256 of what follows the key's last underscore  | Seam's prefixed API keys |
| `sha512`      | SHA-512 of the whole key                           | DRF API Key, from 3.0 on |
| `hmac`        | HMAC-SHA256 of the whole key, under a pepper       | us, from first use on    |

A plain digest of a long random key does not reveal the key, but a person who can write to the
database could plant one. So it is never stored: what is stored is its HMAC under a key derived from
the pepper (`Peppers.imported_digest`). On its first use a key gets our own digest, which replaces
that (gateway.usage.rehash_queue).

Finding a secret by its digest compares it in the database, not in constant time. That can reveal at
most part of a digest, which is of no use for finding a key. What was found is then compared in
constant time.

Sources: unkeyed/unkey, `go/pkg/hash/sha256.go`; seamapi/prefixed-api-key, `src/index.ts`
(`hashLongToken`, `extractLongToken`); florimondmanca/djangorestframework-api-key,
`src/rest_framework_api_key/crypto.py` (`Sha512ApiKeyHasher`, `KeyGenerator.generate`).
"""

from __future__ import annotations

import hmac
from hashlib import sha256, sha512

from keys.credentials.algorithms import Algorithm
from keys.credentials.peppers import Peppers

TEXT_MAX = 200
"""The maximum length of an imported key."""

IMPORTED_ID = "imp_"
"""The prefix of an imported secret's public id; no token of ours has it."""


SIZES = {Algorithm.SHA256: 32, Algorithm.SHA512: 64, Algorithm.SHA256_LAST: 32}
"""The size in bytes of each digest that can be imported."""


def foreign_key(text: str) -> bytes | None:
    """Return a text as bytes for digesting; None if it cannot be an imported key.

    An imported key has 1 to 200 visible ASCII characters.
    """
    if not text or len(text) > TEXT_MAX or not text.isascii() or not text.isprintable():
        return None
    return None if " " in text else text.encode("ascii")


def plain_digest(algorithm: Algorithm, key: bytes) -> bytes:
    """Return the digest of a key as another system would make it.

    Raises:
        ValueError: for `hmac`, which needs a pepper.
    """
    if algorithm is Algorithm.SHA256:
        return sha256(key).digest()
    if algorithm is Algorithm.SHA256_LAST:
        return sha256(key.rpartition(b"_")[2]).digest()
    if algorithm is Algorithm.SHA512:
        return sha512(key).digest()
    raise ValueError("our own digest needs a pepper")


def candidates(key: bytes, peppers: Peppers) -> list[bytes]:
    """Return every digest that may be stored for a key, strongest first."""
    versions = sorted(peppers.by_version)[::-1]
    plain = [(algorithm, plain_digest(algorithm, key)) for algorithm in SIZES]
    return [
        *(peppers.digest_bytes(key, version) for version in versions),
        *(peppers.imported_digest(*each, version) for version in versions for each in plain),
    ]


def matches(
    algorithm: str, pepper_version: int, digest: bytes, key: bytes, peppers: Peppers
) -> bool:
    """Return whether a digest is that of this key. Compares in constant time."""
    if pepper_version not in peppers.by_version:
        return False
    if algorithm == Algorithm.HMAC:
        return hmac.compare_digest(peppers.digest_bytes(key, pepper_version), digest)
    try:
        foreign = plain_digest(Algorithm(algorithm), key)
    except ValueError:
        return False
    return hmac.compare_digest(peppers.imported_digest(algorithm, foreign, pepper_version), digest)
