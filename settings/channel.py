"""The team's channel, as an operator names it."""

from __future__ import annotations

import re

_ID = "[CG][A-Z0-9]{2,20}"
# As Slack shows it where a channel's address is copied, with or without a message in it, in the
# browser's address bar, and in a message's source.
_FORMS = (
    re.compile(rf"(?P<id>{_ID})"),
    re.compile(rf"<#(?P<id>{_ID})(\|[^<>|]*)?>"),
    re.compile(rf"https://[a-z0-9.-]+\.slack\.com/archives/(?P<id>{_ID})(/p\d+)?/?(\?[^#\s]*)?"),
    re.compile(rf"https://app\.slack\.com/client/[TE][A-Z0-9]+/(?P<id>{_ID})/?"),
)
_NAME_MAX = 80


def read_channel(text: str) -> str:
    """Return a channel's id, or its name with `#`.

    Args:
        text: a name with or without `#`, an id, a link to the channel, or `<#C…|name>`.

    Raises:
        ValueError: with the end of a sentence that says what to enter.
    """
    text = text.strip()
    for form in _FORMS:
        if found := form.fullmatch(text):
            return found["id"]
    name = text.removeprefix("#")
    # The characters that Slack allows, in any script: https://slack.com/help/articles/201402297
    letters = name.replace("-", "").replace("_", "")
    if not letters.isalnum() or name != name.lower() or len(name) > _NAME_MAX:
        raise ValueError(
            "must be a channel’s name or id, such as #api-keys or C0123456789. A name has no "
            "spaces, dots or capital letters; Slack shows the id under “View channel details”"
        )
    return f"#{name}"
