"""Parse what was typed after the slash command into a value for each subcommand."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from bot.ui.command_name import command_name
from bot.ui.typed_text import mentioned_users, quoted_beginning, readable, unquote, without_mentions
from keys.credentials.tokens import redact
from keys.inputs.names import NAME_MAX

WORD_MAX = 40

_SYNONYMS = {
    "create": "new", "add": "new", "make": "new", "issue": "new", "generate": "new",
    "delete": "revoke", "remove": "revoke", "rm": "revoke", "del": "revoke", "disable": "revoke",
    "ls": "list", "all": "list", "find": "list", "search": "list", "keys": "list",
    "info": "show", "details": "show", "get": "show", "view": "show", "history": "show",
    "name": "rename", "move": "rename", "mv": "rename",
    "change": "edit", "set": "edit", "extend": "edit", "owner": "edit", "scopes": "edit",
    "roll": "rotate", "renew": "rotate", "regenerate": "rotate", "replace": "rotate",
    "leave": "offboard", "leaves": "offboard", "leaver": "offboard", "left": "offboard",
    "download": "export", "csv": "export", "backup": "export",
    "review": "audit", "quarterly": "audit", "evidence": "audit",
    "ask": "request", "want": "request", "apply": "request",
    "verify": "check", "diagnose": "check", "debug": "check", "test": "check", "why": "check",
    "?": "help", "-h": "help", "--help": "help", "usage": "help", "guide": "help",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Help:
    """Show the guide; also if nothing was typed."""

    token_seen: bool = False


@dataclass(frozen=True, slots=True)
class New:
    """Create a key; the name may be empty.

    Attributes (here and below):
        token_seen: a whole token was typed, and removed from the text. The user has to be
            told that tokens must not be pasted.
    """

    name: str = ""
    token_seen: bool = False


@dataclass(frozen=True, slots=True)
class List:
    """Show the keys.

    Attributes:
        words: what to search for, separated by single blanks, without mentions.
        people: the ids of the users mentioned, each once.
    """

    words: str = ""
    people: tuple[str, ...] = ()
    token_seen: bool = False


@dataclass(frozen=True, slots=True)
class Rename:
    """Rename a key; `rest` is its name or id, and possibly a new name (see `splits`)."""

    rest: str = ""
    token_seen: bool = False


@dataclass(frozen=True, slots=True)
class Revoke:
    """Revoke a key by its name or id; may be empty."""

    rest: str = ""
    token_seen: bool = False


@dataclass(frozen=True, slots=True)
class Show:
    """Show a key by its name or id; may be empty."""

    rest: str = ""
    token_seen: bool = False


@dataclass(frozen=True, slots=True)
class Rotate:
    """Give a key a new secret; its name or id may be empty."""

    rest: str = ""
    token_seen: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """Change what a key may do and who owns it; its name or id may be empty."""

    rest: str = ""
    token_seen: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """Ask for a key; the name may be empty."""

    name: str = ""
    token_seen: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """Diagnose a token, which is pasted into a modal."""

    token_seen: bool = False


@dataclass(frozen=True, slots=True)
class Offboard:
    """Offboard someone; `people` are the ids of the people mentioned, each once."""

    people: tuple[str, ...] = ()
    token_seen: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    """Export the keys as a file; `form` is what was typed, such as `json`, or empty."""

    form: str = ""
    token_seen: bool = False


@dataclass(frozen=True, slots=True)
class Audit:
    """Review all keys; `what` is what was typed, such as `start`, or empty."""

    what: str = ""
    token_seen: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """An unknown subcommand.

    Attributes:
        word: what was typed, shortened, without any token.
        suggestion: the subcommand that was probably meant.
        rest: what followed it, to be repeated after the suggestion.
    """

    word: str
    suggestion: str | None
    rest: str = ""
    token_seen: bool = False


Command = (
    Help | New | List | Rename | Revoke | Show | Rotate | Edit | Request | Check | Offboard
    | Export | Audit | Unknown
)  # fmt: skip

_WITH_REST: dict[str, Callable[[str, bool], Command]] = {
    "new": lambda rest, seen: New(unquote(rest), seen),
    "rename": Rename,
    "revoke": lambda rest, seen: Revoke(unquote(rest), seen),
    "show": lambda rest, seen: Show(unquote(rest), seen),
    "rotate": lambda rest, seen: Rotate(unquote(rest), seen),
    "edit": lambda rest, seen: Edit(unquote(rest), seen),
    "request": lambda rest, seen: Request(unquote(rest), seen),
    # What follows `check` is dropped: it may be the token itself, in pieces.
    "audit": lambda rest, seen: Audit(unquote(rest).casefold(), seen),
    "export": lambda rest, seen: Export(unquote(rest).casefold(), seen),
    "check": lambda rest, seen: Check(seen or bool(rest)),
}
SUBCOMMANDS = (
    "help",
    "new",
    "list",
    "show",
    "rename",
    "edit",
    "rotate",
    "revoke",
    "request",
    "check",
    "offboard",
    "export",
    "audit",
)


def parse(text: str | None) -> Command:
    """Parse the text of a slash command. Any text gives a value; nothing is raised."""
    raw = _without_command(text or "")
    plain = redact(readable(raw))
    seen = plain != readable(raw)
    word, _, rest = " ".join(plain.split()).partition(" ")
    if not word:
        return Help(seen)
    name = unquote(unicodedata.normalize("NFKC", word)).casefold()
    if name == "help":
        return Help(seen)
    if name == "list":
        return _list(raw, seen)
    if name == "offboard":
        return Offboard(mentioned_users(raw), seen)
    if name in _WITH_REST:
        return _WITH_REST[name](rest, seen)
    return Unknown(_shortened(word), _suggestion(name), rest, seen)


def _without_command(text: str) -> str:
    """Remove the command's name, which a text that is pasted from the guide repeats."""
    word, *rest = text.split(maxsplit=1) or [""]
    return "".join(rest) if word.casefold() == command_name() else text


def _list(raw: str, seen: bool) -> List:
    words = redact(readable(without_mentions(raw))).split()[1:]
    return List(unquote(" ".join(words)), mentioned_users(raw), seen)


def splits(rest: str) -> list[tuple[str, str]]:
    """Return every way to read `rename`'s text as a key and a new name, the longest key first.

    A key in quotation marks can be read in one way only. A single “to”, “as” or arrow between the
    two belongs to neither, unless nothing else is left.
    """
    quoted = quoted_beginning(rest)
    if quoted is not None:
        return [(quoted[0], _new_name(quoted[1].split()))]
    words = rest.split()
    ways = []
    for count in range(1, len(words) + 1):
        key = " ".join(words[:count])
        if len(key) > NAME_MAX:
            break
        ways.append((key, _new_name(words[count:])))
    return ways[::-1]


def _new_name(words: list[str]) -> str:
    if len(words) > 1 and words[0].casefold() in ("to", "as", "→", "->", "=>"):
        words = words[1:]
    return unquote(" ".join(words))


def _suggestion(word: str) -> str | None:
    if word in _SYNONYMS:
        return _SYNONYMS[word]
    near = difflib.get_close_matches(word[:WORD_MAX], SUBCOMMANDS, n=1)
    if near:
        return near[0]
    # Stricter, since a synonym is a weaker hint than a subcommand.
    near = difflib.get_close_matches(word[:WORD_MAX], _SYNONYMS, n=1, cutoff=0.75)
    return _SYNONYMS[near[0]] if near else None


def _shortened(word: str) -> str:
    return word if len(word) <= WORD_MAX else word[: WORD_MAX - 1] + "…"
