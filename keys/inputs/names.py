"""What a key may be called, which names turn out badly, and what no text here may contain."""

from __future__ import annotations

import re
import unicodedata

from keys.base.errors import NameEmpty, NameTooLong, NameUnprintable, NoteTooLong, TokenInText
from keys.credentials.tokens import redact, whole_in

NAME_MAX = 80
NOTE_MAX = 500

# Characters of these categories cannot be seen (Unicode, general categories): controls, formats
# such as text-direction overrides, surrogates, private use, unassigned, line and paragraph breaks.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Needed inside words of several scripts and in emoji, where they do not hide anything.
_JOINERS = frozenset("\u200c\u200d")
# Letters that show nothing although Unicode counts them as letters.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")

# Marks without a width of their own may stand between two letters and not be seen.
_UNSEEN = _UNPRINTABLE | {"Mn", "Me"}
_NOT_IN_A_TOKEN = re.compile(r"[^0-9A-Za-z_]+")

_POOR = {
    "test": "In half a year it is not clear which test it was for",
    "testing": "In half a year it is not clear which test it was for",
    "tmp": "Temporary keys tend to stay, and then nobody dares to revoke them",
    "temp": "Temporary keys tend to stay, and then nobody dares to revoke them",
    "temporary": "Temporary keys tend to stay, and then nobody dares to revoke them",
    "old": "It tells how the key ends, not what uses it",
    "new": "It will not be new for long",
    "api": "Every key here is for the API",
    "key": "Every key here is a key",
    "token": "Every key here has a token",
    "apikey": "Every key here is an API key",
    "secret": "Every key here has a secret",
    "foo": "It does not tell what uses the key",
    "bar": "It does not tell what uses the key",
    "asdf": "It does not tell what uses the key",
    "abc": "It does not tell what uses the key",
    "xxx": "It does not tell what uses the key",
    "demo": "It does not tell whose demo, or for whom",
    "dev": "It tells where, but not which program",
    "prod": "It tells where, but not which program",
    "production": "It tells where, but not which program",
    "staging": "It tells where, but not which program",
    "default": "It does not tell what uses the key",
    "main": "It does not tell what uses the key",
    "misc": "One key for several things cannot be revoked for one of them",
    "shared": "One key for several things cannot be revoked for one of them",
    "script": "There will be a second script",
    "integration": "There will be a second integration",
    "untitled": "It does not tell what uses the key",
    "mykey": "It does not tell what uses the key",
}
_FILLER = frozenset({"my", "the", "a", "api", "key", "token", "for", "our", "new"})
GOOD_NAME = "Zapier, production"


def refuse_token(text: str, field: str) -> None:
    """Refuse a text that contains a token: what is typed here is kept and read by everyone.

    Any prefix counts, since the setting may have changed. A form without the right checksum counts
    too: it is a real token with a typing error. Characters that cannot be seen are passed over.
    Where anything else stands between a token's characters, such as a line break or a backslash,
    only the right checksum counts, so that ordinary words are not taken for a token.

    Args:
        field: what the user calls the text, such as “note”; the error names it.

    Raises:
        TokenInText: with a sentence that does not repeat the text.
    """
    visible = "".join(char for char in text if char.isspace() or not _is_unseen(char))
    plain = unicodedata.normalize("NFKC", visible)
    if redact(plain) != plain or any(whole_in(_NOT_IN_A_TOKEN.sub("", plain), apart=False)):
        raise TokenInText(field)


def _is_unseen(char: str) -> bool:
    return unicodedata.category(char) in _UNSEEN or char in _BLANK_LETTERS


def clean_name(text: str) -> str:
    """Return the name as it will be kept: NFC, trimmed, each run of blanks a single space.

    Raises:
        NameEmpty, NameTooLong, NameUnprintable, TokenInText: with a sentence that says what to do.
    """
    refuse_token(text, "name")
    name = unicodedata.normalize("NFC", text)
    name = re.sub(r"[^\S\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+", " ", name).strip()
    if any(_is_unprintable(char) for char in name):
        raise NameUnprintable(
            "The name contains a line break or an invisible character. Type it on one line.", name
        )
    if not any(_is_visible(char) for char in name):
        raise NameEmpty(f"Give the key a name, for example “{GOOD_NAME}”.", name)
    if len(name) > NAME_MAX:
        raise NameTooLong(
            f"The name has {len(name)} characters; {NAME_MAX} is the most. Shorten it, and put "
            "the rest in the note.",
            name,
        )
    return name


def _is_unprintable(char: str) -> bool:
    return (
        unicodedata.category(char) in _UNPRINTABLE and char not in _JOINERS
    ) or char in _BLANK_LETTERS


def _is_visible(char: str) -> bool:
    return char not in _JOINERS and unicodedata.category(char)[0] in "LNPS"


def fold(name: str) -> str:
    """The form in which two names are the same: compatibility characters and case do not count.

    Source: Unicode Standard, section 5.18 "Case Mappings", compatibility caseless matching.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", name).casefold())
    return unicodedata.normalize("NFC", " ".join(folded.casefold().split()))


def clean_note(text: str, field: str = "note") -> str:
    """Return the note, trimmed.

    Args:
        field: what the user calls it, such as “reason”.

    Raises:
        NoteTooLong: if it has more than 500 characters.
        TokenInText: if it contains a token.
    """
    refuse_token(text, field)
    note = text.strip()
    if len(note) > NOTE_MAX:
        raise NoteTooLong(
            f"The {field} has {len(note)} characters; {NOTE_MAX} is the most. Shorten it.", field
        )
    return note


def advice_on(name: str) -> str | None:
    """Why a name is a poor one, with an example of a better one; None for a good name.

    It is advice: the person may insist.
    """
    words = re.findall(r"[^\W\d_]+|\d+", fold(name))
    telling = [word for word in words if word not in _FILLER and not word.isdigit()]
    if not telling:
        reason = next((_POOR[word] for word in words if word in _POOR), None)
        reason = reason or "It does not tell what uses the key"
    elif len(telling) == 1 and telling[0] in _POOR:
        reason = _POOR[telling[0]]
    elif len(telling) == 1 and len(telling[0]) < 3 and telling[0].isascii():
        reason = "It is too short to tell what uses the key"
    else:
        return None
    return f"{reason}. A name says which program uses the key, and where: “{GOOD_NAME}”."
