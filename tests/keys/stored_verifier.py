"""A verifier that remembers nothing: what is stored at this moment decides."""

from __future__ import annotations

from sqlalchemy import Engine

from keys.credentials import digests
from keys.credentials.peppers import Peppers
from keys.credentials.tokens import NotAToken, parse
from keys.credentials.verification import (
    MAY_BE_FOREIGN,
    Answer,
    Reason,
    Refused,
    evaluate,
    evaluate_foreign,
)
from runtime.clock import Clock
from storage.secret_lookup import Lookup


class StoredVerifier:
    """Verifies by one look-up for each text that can be a key."""

    def __init__(self, engine: Engine, peppers: Peppers, clock: Clock) -> None:
        self._lookup = Lookup(engine)
        self._peppers = peppers
        self._clock = clock

    def verify(self, presented: str) -> Answer:
        """What came of it. Raises StorageUnavailable."""
        try:
            token = parse(presented)
        except NotAToken as error:
            return self._verify_foreign(presented, Reason(error.flaw.value))
        row = self._lookup.read((token.public_id,)).get(token.public_id)
        return evaluate(token, row, self._peppers, self._clock.now())

    def _verify_foreign(self, presented: str, flaw: Reason) -> Answer:
        key = digests.foreign_key(presented) if flaw in MAY_BE_FOREIGN else None
        if key is None:
            return Refused(flaw)
        rows = self._lookup.read_imported(digests.candidates(key, self._peppers))
        return evaluate_foreign(key, flaw, rows, self._peppers, self._clock.now())[0]

    def close(self) -> None:
        """Closes its connections."""
        self._lookup.close()
