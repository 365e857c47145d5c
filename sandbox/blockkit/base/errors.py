"""The error that the checks raise."""

from __future__ import annotations

from collections.abc import Sequence


class InvalidBlocks(ValueError):
    """A message or a view breaks Block Kit's rules.

    Arguments:
        errors: every broken rule, in the order of the payload. Each is worded like an
            entry of Slack's ``response_metadata.messages``: ``[ERROR] must be less than 151
            characters [json-pointer:/blocks/0/text/text]``. Pointers into a view start with
            ``/view``.
        code: the error code that Slack's Web API answers with, for instance ``invalid_blocks``
            for a message, ``invalid_arguments`` or ``view_too_large`` for a view.
    """

    def __init__(self, errors: Sequence[str], code: str = "invalid_blocks") -> None:
        self.errors = list(errors)
        self.code = code
        super().__init__("\n".join(self.errors))
