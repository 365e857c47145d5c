"""How the digest of a secret was made."""

from __future__ import annotations

from enum import StrEnum


class Algorithm(StrEnum):
    """How a digest was made."""

    HMAC = "hmac"
    SHA256 = "sha256"
    SHA512 = "sha512"
    SHA256_LAST = "sha256_last"
