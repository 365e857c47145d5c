"""Notice that Slack no longer accepts a bot's token; from then on ask only now and then."""

from __future__ import annotations

import time
from collections.abc import Callable

from slack_sdk.errors import SlackApiError

from bot.slack_api.errors import TOKEN_ENDED, BadCredentials, MissingScope
from bot.slack_api.transport import Answer, Calls, translate_answer

# Seconds between two attempts with a token that Slack does not accept: the app may be installed
# again, with the same token.
TRY_EVERY = 600.0


class TokenWatch:
    """What Slack said of a bot's token. Safe to share between threads.

    Attributes:
        missing_scopes: the permissions that a call lacked.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._next_try = 0.0
        self._refusal: SlackApiError | None = None
        self.missing_scopes: frozenset[str] = frozenset()

    @property
    def ended(self) -> str:
        """Slack's error code, from its refusal until a call succeeds; empty if it accepts it."""
        refusal = self._refusal
        return "" if refusal is None else str(refusal.response["error"])

    @property
    def waits(self) -> bool:
        """Whether no call is made now, because the last one was refused."""
        return self._refusal is not None and self._monotonic() < self._next_try

    def watch(self, calls: Calls) -> Calls:
        """Return a transport that makes no calls for a while after the token was refused."""

        def attempt(method: str, args: Answer, *, form: bool, timeout: float) -> Answer:
            before = self._refusal
            if before is not None and self.waits:
                raise before
            try:
                answer = calls(method, args, form=form, timeout=timeout)
            except SlackApiError as error:
                problem = translate_answer(method, error)
                if isinstance(problem, BadCredentials) and problem.code in TOKEN_ENDED:
                    self._refusal = error
                    self._next_try = self._monotonic() + TRY_EVERY
                elif isinstance(problem, MissingScope) and problem.missing_scopes:
                    self.missing_scopes |= {problem.missing_scopes}
                raise
            # A call that was under way when another one was refused says nothing of the token.
            if self._refusal is before:
                self._refusal = None
            return answer

        return attempt
