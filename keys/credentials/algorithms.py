"""Digest algorithms."""

from __future__ import annotations

from enum import StrEnum


class Algorithm(StrEnum):
    """The algorithm of a digest."""

    HMAC = "hmac"
    SHA256 = "sha256"
    SHA512 = "sha512"
    SHA256_LAST = "sha256_last"
