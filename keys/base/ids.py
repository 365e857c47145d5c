"""Names for rows: a short kind and enough random characters that two never meet."""

from __future__ import annotations

import secrets

from keys.credentials.tokens import ALPHABET

_LENGTH = 12  # 71 bits
# The system's own randomness, as in `secrets`; many at a time, since an import makes thousands.
_choices = secrets.SystemRandom().choices


def new_id(kind: str) -> str:
    """Make an id such as `key_7Fq2mZr81LdW`. It is opaque and no secret."""
    return f"{kind}_" + "".join(_choices(ALPHABET, k=_LENGTH))
