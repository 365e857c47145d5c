"""What a key may be called, and which names turn out badly."""

from __future__ import annotations

import re
import unicodedata

from keys.errors import NameEmpty, NameTooLong, NameUnprintable, NoteTooLong

NAME_MAX = 80
NOTE_MAX = 500

# Characters of these categories cannot be seen (Unicode, general categories): controls, formats
# such as text-direction overrides, surrogates, private use, unassigned, line and paragraph breaks.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Needed inside words of several scripts and in emoji, where they do not hide anything.
_JOINERS = frozenset("\u200c\u200d")
# Letters that show nothing although Unicode counts them as letters.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")

_POOR = {
    "test": "In half a year nobody knows which test it was for",
    "testing": "In half a year nobody knows which test it was for",
    "tmp": "What is temporary tends to stay, and then nobody dares to revoke it",
    "temp": "What is temporary tends to stay, and then nobody dares to revoke it",
    "temporary": "What is temporary tends to stay, and then nobody dares to revoke it",
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


def clean_name(text: str) -> str:
    """Returns the name as it will be kept: NFC, trimmed, each run of blanks a single space.

    Raises:
        NameEmpty, NameTooLong, NameUnprintable: with a sentence that says what to do.
    """
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


def clean_note(text: str) -> str:
    """Returns the note, trimmed.

    Raises:
        NoteTooLong: if it has more than 500 characters.
    """
    note = text.strip()
    if len(note) > NOTE_MAX:
        raise NoteTooLong(
            f"The note has {len(note)} characters; {NOTE_MAX} is the most. Shorten it."
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
