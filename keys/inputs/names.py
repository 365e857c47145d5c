"""Names and notes of keys: validation, advice on poor names, and the check for tokens."""

from __future__ import annotations

import re
import unicodedata

from keys.base.errors import NameEmpty, NameTooLong, NameUnprintable, NoteTooLong, TokenInText
from keys.credentials.tokens import redact, whole_in
from keys.inputs.text import hidden_problem, plain_lines, refuse_hidden
from runtime.display import BLANK_LETTERS, HIDDEN_CATEGORIES, JOINERS

NAME_MAX = 80
NOTE_MAX = 500

# Marks without a width are invisible between two letters.
_UNSEEN = HIDDEN_CATEGORIES | {"Mn", "Me"}
_NOT_IN_A_TOKEN = re.compile(r"[^0-9A-Za-z_]+")

_POOR = {
    "test": "In six months, no one will know which test it was for",
    "testing": "In six months, no one will know which test it was for",
    "tmp": "Temporary keys tend to stay, because no one dares to revoke them",
    "temp": "Temporary keys tend to stay, because no one dares to revoke them",
    "temporary": "Temporary keys tend to stay, because no one dares to revoke them",
    "old": "It describes the key’s age, not what uses it",
    "new": "It will not be new for long",
    "api": "Every key here is for the API",
    "key": "Every key here is a key",
    "token": "Every key here has a token",
    "apikey": "Every key here is an API key",
    "secret": "Every key here has a secret",
    "foo": "It does not say what uses the key",
    "bar": "It does not say what uses the key",
    "asdf": "It does not say what uses the key",
    "abc": "It does not say what uses the key",
    "xxx": "It does not say what uses the key",
    "demo": "It does not say whose demo it is, or for whom",
    "dev": "It says where, but not which program",
    "prod": "It says where, but not which program",
    "production": "It says where, but not which program",
    "staging": "It says where, but not which program",
    "default": "It does not say what uses the key",
    "main": "It does not say what uses the key",
    "misc": "A key that several programs share cannot be revoked for just one of them",
    "shared": "A key that several programs share cannot be revoked for just one of them",
    "script": "There will be a second script",
    "integration": "There will be a second integration",
    "untitled": "It does not say what uses the key",
    "mykey": "It does not say what uses the key",
}
_FILLER = frozenset({"my", "the", "a", "api", "key", "token", "for", "our", "new"})
GOOD_NAME = "Zapier, production"


def refuse_token(text: str, field: str) -> None:
    """Refuse a text that contains a token: names and notes are stored and read by others.

    A token of any prefix counts, since the setting may have changed. So does one with a wrong
    checksum: it is a real token with a typo. Invisible characters are ignored. If other characters,
    such as a line break or a backslash, separate a token's characters, its checksum must be right,
    so that ordinary words are not mistaken for a token.

    Args:
        field: the field's name for users, such as “note”; the error names it.

    Raises:
        TokenInText: with a sentence that does not repeat the text.
    """
    visible = "".join(char for char in text if char.isspace() or not _is_unseen(char))
    plain = unicodedata.normalize("NFKC", visible)
    if redact(plain) != plain or any(whole_in(_NOT_IN_A_TOKEN.sub("", plain), apart=False)):
        raise TokenInText(field)


def _is_unseen(char: str) -> bool:
    return unicodedata.category(char) in _UNSEEN or char in BLANK_LETTERS


def clean_name(text: str) -> str:
    """Return a name in its stored form: NFC, trimmed, with single spaces.

    Raises:
        NameEmpty, NameTooLong, NameUnprintable, TokenInText: with a sentence that says what to do.
    """
    refuse_token(text, "name")
    name = unicodedata.normalize("NFC", text)
    name = re.sub(r"[^\S\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+", " ", name).strip()
    if "\n" in plain_lines(name):
        raise NameUnprintable("The name contains a line break. Type it on one line.", name)
    if problem := hidden_problem(name, "name"):
        raise NameUnprintable(problem, name)
    if not any(_is_visible(char) for char in name):
        raise NameEmpty(f"The name is empty. Give the key a name, such as “{GOOD_NAME}”.", name)
    if len(name) > NAME_MAX:
        raise NameTooLong(
            f"The name has {len(name)} characters, but the maximum is {NAME_MAX}. Shorten it, and "
            "move details to the note.",
            name,
        )
    return name


def _is_visible(char: str) -> bool:
    return char not in JOINERS and unicodedata.category(char)[0] in "LNPS"


def fold(name: str) -> str:
    """Return a name's form for comparison, which ignores case and compatibility characters.

    Source: Unicode Standard, section 5.18 "Case Mappings", compatibility caseless matching.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", name).casefold())
    return unicodedata.normalize("NFC", " ".join(folded.casefold().split()))


def clean_note(text: str, field: str = "note") -> str:
    """Return a note, trimmed, with line breaks as \\n and without tabs.

    Args:
        field: the field's name for users, such as “reason”.

    Raises:
        TextUnprintable: if it contains an invisible character.
        NoteTooLong: if it has more than 500 characters.
        TokenInText: if it contains a token.
    """
    refuse_token(text, field)
    note = plain_lines(text)
    refuse_hidden(note, field)
    if len(note) > NOTE_MAX:
        raise NoteTooLong(
            f"The {field} has {len(note)} characters, but the maximum is {NOTE_MAX}. Shorten it.",
            field,
        )
    return note


def advice_on(name: str) -> str | None:
    """Return why a name is poor, with an example of a better one; None for a good name.

    It is only advice: the user may keep the name.
    """
    words = re.findall(r"[^\W\d_]+|\d+", fold(name))
    telling = [word for word in words if word not in _FILLER and not word.isdigit()]
    if not telling:
        reason = next((_POOR[word] for word in words if word in _POOR), None)
        reason = reason or "It does not say what uses the key"
    elif len(telling) == 1 and telling[0] in _POOR:
        reason = _POOR[telling[0]]
    elif len(telling) == 1 and len(telling[0]) < 3 and telling[0].isascii():
        reason = "It is too short to say what uses the key"
    else:
        return None
    return f"{reason}. A good name says which program uses the key and where: “{GOOD_NAME}”."
