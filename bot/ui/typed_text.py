"""Read what a user typed as they saw it: mentions, entities, invisible characters, quotation marks.

Slack sends `&`, `<` and `>` as entities, and a mentioned user as `<@U…|name>` when the manifest
says `should_escape` (source: Slack's page "Enabling interactivity with slash commands").
"""

from __future__ import annotations

import re

from runtime.display import without_hidden

_MENTION = re.compile(r"<([@#])([A-Z0-9]+)(?:\|([^<>]*))?>")
_GROUP = re.compile(r"<!(?:subteam\^)?([A-Za-z0-9]+)(?:\|@?([^<>]*))?>")
_LINK = re.compile(r"<((?:https?|mailto):[^<>|\s]+)(?:\|([^<>]*))?>")
_PAIRS = {
    '"': '"', "'": "'", "“": "”", "”": "”", "„": "“”", "‘": "’", "’": "’", "‚": "‘’",
    "«": "»", "»": "«", "‹": "›", "`": "`",
}  # fmt: skip


def mentioned_users(raw: str) -> tuple[str, ...]:
    """Return the ids of the users mentioned, each once."""
    found = (each[2] for each in _MENTION.finditer(raw) if each[1] == "@")
    return tuple(dict.fromkeys(found))


def without_mentions(raw: str) -> str:
    """Return the text without the users mentioned in it."""
    return _MENTION.sub(lambda found: " " if found[1] == "@" else found[0], raw)


def readable(text: str) -> str:
    """Return the text as the user saw it while typing.

    Slack's own angle brackets are replaced first, while brackets that a user typed are still
    entities. The ampersand comes last, so that `&amp;lt;` becomes `&lt;` and not `<`.
    """
    text = _MENTION.sub(lambda found: f"{found[1]}{found[3] or found[2]}", text)
    text = _GROUP.sub(lambda found: f"@{found[2] or found[1]}", text)
    text = _LINK.sub(lambda found: found[2] or found[1], text)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return without_hidden(text)


def unquote(text: str) -> str:
    """Remove one pair of quotation marks around the whole text, straight or typographic."""
    text = text.strip()
    if len(text) >= 2 and text[-1] in _PAIRS.get(text[0], ""):
        inner = text[1:-1]
        if text[0] not in inner and text[-1] not in inner:
            return inner.strip()
    return text


def quoted_beginning(rest: str) -> tuple[str, str] | None:
    """Return the quoted text at the beginning, and the rest; None if it begins without a quote."""
    if not rest or rest[0] not in _PAIRS:
        return None
    for end in range(2, len(rest)):
        closed = rest[end] in _PAIRS[rest[0]] and rest[end + 1 : end + 2] in ("", " ")
        if closed and rest[1:end].strip():
            return rest[1:end].strip(), rest[end + 1 :].strip()
    return None
