"""What is done about tokens that were seen in a message."""

from __future__ import annotations

from keys.changes.authorization import system
from keys.changes.change import Change
from keys.changes.operation import Operation
from keys.credentials.tokens import Token
from keys.leaks import detection
from keys.leaks.detection import LeakedToken, Place


class RecordLeaks(Operation[list[LeakedToken]], name="record_leaks", allow=system):
    """Record tokens that stand in a message, each once; tell the team, or revoke their keys.

    Attributes:
        revoke: whether the keys are revoked at once.
    """

    tokens: list[Token]
    place: Place
    revoke: bool

    def run(self, change: Change) -> list[LeakedToken]:
        """Record them; returns those of this account."""
        return detection.leaked_tokens(change, self.tokens, self.place, revoke=self.revoke)
