"""Who can be named as a key's owner: a Slack user, by their id."""

from __future__ import annotations

import re

from keys.base.errors import InvalidOwner
from keys.inputs.names import refuse_token

_USER_ID = re.compile(r"[UW][A-Z0-9]{2,31}\Z")


def check_person(text: str, field: str = "owner") -> str:
    """Return a Slack user id, trimmed; empty if none was given.

    Only Slack knows whether the user is a full member; an entrance that can ask it does.

    Args:
        field: what the user calls the text, such as “backup owner”.

    Raises:
        InvalidOwner: with a sentence that says what an id looks like.
        TokenInText: if the text contains a token.
    """
    refuse_token(text, field)
    user_id = text.strip()
    if "@" in user_id:
        raise InvalidOwner(
            f"The {field} is an e-mail address. Put the person's Slack id there (U…), which stands "
            "in their profile's menu under “Copy member ID”, or leave it empty.",
            field,
        )
    if user_id and not _USER_ID.match(user_id):
        raise InvalidOwner(
            f"The {field} is no Slack id. One begins with U or W, as U024BE7LH.", field
        )
    return user_id
