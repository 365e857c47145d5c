"""Make identifiers and secrets like Slack's."""

import secrets
import string

_ALPHABET = string.ascii_uppercase + string.digits
_URL_ALPHABET = string.ascii_letters + string.digits


def new_id(letter: str, length: int = 10) -> str:
    """Return a new identifier such as ``U04AB12CD3F``: `letter` and `length` random characters."""
    return letter + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def new_secret(length: int = 24) -> str:
    """Return `length` random letters and digits, for tokens and URLs."""
    return "".join(secrets.choice(_URL_ALPHABET) for _ in range(length))


def new_hex(length: int = 32) -> str:
    return secrets.token_hex(length // 2)


def short_block_id() -> str:
    """Return a block_id as Slack fills it in where the app gave none."""
    return new_secret(5)
