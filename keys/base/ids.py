"""Ids of rows: a short prefix and enough random characters to be unique."""

from __future__ import annotations

import secrets

from keys.credentials.tokens import ALPHABET

_LENGTH = 12  # 71 bits
# The operating system's randomness, as in `secrets`, but for many characters at a time.
_choices = secrets.SystemRandom().choices


def new_id(kind: str) -> str:
    """Make an id such as `key_7Fq2mZr81LdW`. It is opaque, but not a secret."""
    return f"{kind}_" + "".join(_choices(ALPHABET, k=_LENGTH))
