"""Recording leaked tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import col, select

from keys.base.models import KeyView
from keys.base.policy import Leaked
from keys.base.rows import view
from keys.changes import audit_log
from keys.changes.authorization import system
from keys.changes.change import Change
from keys.changes.operation import Operation
from keys.credentials.peppers import Peppers
from keys.credentials.tokens import Token
from keys.leaks.detection import can_return, is_working
from keys.leaks.events import MessageLocation, TokenSeen, sighting
from keys.lifecycle.revoke import revoke_key
from storage.tables import Key, Secret

REASON = "its token was seen in a message"


@dataclass(frozen=True, slots=True)
class LeakedToken:
    """A leaked token that had not been recorded before.

    Attributes:
        key: its key afterwards.
        worked: whether the token worked when it was found.
        alarming: whether the team is told, since it worked or may work again.
    """

    key: KeyView
    secret_id: str
    worked: bool
    alarming: bool


class RecordLeaks(Operation[list[LeakedToken]], name="record_leaks", allow=system):
    """Record tokens found in a message, once each; notify the team, or revoke their keys.

    The team is told about tokens that work, or may work again. If its policy says so
    (Policy.leaked), their keys are revoked at once.
    """

    tokens: tuple[Token, ...]
    location: MessageLocation

    def run(self, change: Change) -> list[LeakedToken]:
        """Record them; return those that were not recorded for this message before."""
        new = [
            (key, secret.id, *self._record(change, secret, key))
            for secret, key in self._unseen(change)
        ]
        if change.services.policy.leaked is Leaked.REVOKE:
            # Only now: two tokens of one key both worked when they were found.
            for key, _, _, alarming in new:
                if alarming:
                    revoke_key(change, key.id, REASON)
        return [
            LeakedToken(view(change.session, key), id_, worked, alarming)
            for key, id_, worked, alarming in new
        ]

    def _record(self, change: Change, secret: Secret, key: Key) -> tuple[bool, bool]:
        works = is_working(secret, key, change.now)
        alarming = works or can_return(secret, key, change.now)
        change.record(TokenSeen(secret, self.location, alarming=alarming))
        return works, alarming

    def _unseen(self, change: Change) -> Iterator[tuple[Secret, Key]]:
        """Yield tokens with a right secret of this account, not recorded for this message yet."""
        for token in self.tokens:
            found = change.session.exec(
                select(Secret, Key)
                .join(Key, col(Key.id) == col(Secret.key_id))
                .where(
                    Secret.public_id == token.public_id,
                    Key.account_id == change.session.account_id,
                )
            ).first()
            if found is None or not _matches(change.services.peppers, token, found[0]):
                continue
            secret, key = found
            facts = sighting(secret, self.location)
            if not audit_log.has(change.session, key.id, TokenSeen.kind, facts):
                yield secret, key


def _matches(peppers: Peppers, token: Token, secret: Secret) -> bool:
    known = secret.algorithm == "hmac" and secret.pepper_version in peppers.by_version
    return known and peppers.matches(token, secret.pepper_version, secret.digest)
