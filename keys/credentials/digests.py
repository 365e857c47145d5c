"""The digests of imported keys: how other systems made them, and what becomes of them here.

| algorithm     | made how, and of what                              | as in                    |
|---------------|----------------------------------------------------|--------------------------|
| `sha256`      | SHA-256 of the whole key                           | Unkey                    |
| `sha256_last` | SHA-256 of what follows the key's last underscore  | Seam's prefixed API keys |
| `sha512`      | SHA-512 of the whole key                           | DRF API Key, from 3.0 on |
| `hmac`        | HMAC-SHA256 of the whole key, under a pepper       | here, from first use on  |

A plain digest of a long random key does not reveal the key, but a person who can write to the
database could plant one. So at its first use a key gets a digest of our own, and the other system's
is gone (gateway.usage.rehash_queue).

Finding a secret by a digest compares it inside the database, not in constant time. That tells at
most something of a digest, which leads to no key; what was found is compared in constant time.

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
"""Characters that an imported key can have."""

IMPORTED_ID = "imp_"
"""How the public id of an imported secret begins; no token of ours has such a one."""


SIZES = {Algorithm.SHA256: 32, Algorithm.SHA512: 64, Algorithm.SHA256_LAST: 32}
"""How many bytes the digests have that can be imported."""


def foreign_key(text: str) -> bytes | None:
    """The text as it would be digested; None if it cannot be an imported key.

    An imported key has 1 to 200 visible ASCII characters.
    """
    if not text or len(text) > TEXT_MAX or not text.isascii() or not text.isprintable():
        return None
    return None if " " in text else text.encode("ascii")


def plain_digest(algorithm: Algorithm, key: bytes) -> bytes:
    """The digest that another system would have made of this key.

    Raises:
        ValueError: for `hmac`, which is ours and takes a pepper.
    """
    if algorithm is Algorithm.SHA256:
        return sha256(key).digest()
    if algorithm is Algorithm.SHA256_LAST:
        return sha256(key.rpartition(b"_")[2]).digest()
    if algorithm is Algorithm.SHA512:
        return sha512(key).digest()
    raise ValueError("a digest of our own takes a pepper")


def candidates(key: bytes, peppers: Peppers) -> list[bytes]:
    """Every digest under which this key may be known, the strongest first, each once."""
    ours = [peppers.digest_bytes(key, version) for version in sorted(peppers.by_version)[::-1]]
    plain = [plain_digest(algorithm, key) for algorithm in SIZES]
    return list(dict.fromkeys(ours + plain))


def matches(
    algorithm: str, pepper_version: int, digest: bytes, key: bytes, peppers: Peppers
) -> bool:
    """Whether this digest, made so, is of this key. Compares in constant time."""
    if algorithm == Algorithm.HMAC:
        if pepper_version not in peppers.by_version:
            return False
        return hmac.compare_digest(peppers.digest_bytes(key, pepper_version), digest)
    try:
        return hmac.compare_digest(plain_digest(Algorithm(algorithm), key), digest)
    except ValueError:
        return False
