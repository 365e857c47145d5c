"""The ASGI applications that bench.servers puts behind each server; their docs are there."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from gateway.app import build
from gateway.base.options import Options
from gateway.base.thread_pool import Pool
from gateway.cache.verdict_cache import CachedKey
from keys.credentials import tokens
from keys.credentials.verification import Refused, Verified
from runtime.clock import SystemClock
from runtime.http_messages import Receive, Scope, Send

PEPPER = b"a pepper for measuring, and for nothing else"
TOKEN = tokens.Token("ak", "0" * tokens.PUBLIC_ID_LENGTH, "1" * tokens.SECRET_LENGTH).reveal()


class MemoryVerifier:
    """Does what a verification costs without a database."""

    def __init__(self) -> None:
        self._digests = {tokens.parse(TOKEN).public_id: _digest(TOKEN)}

    def verify(self, presented: str) -> Verified | Refused:
        """Knows one token."""
        parsed = tokens.parse(presented)
        if not hmac.compare_digest(self._digests[parsed.public_id], _digest(presented)):
            raise AssertionError("the benchmark sent another token")
        return Verified(
            account_id="T1",
            key_id="key_1",
            secret_id="sec_1",
            name="Zapier, production",
            owner="U1",
            scopes=frozenset(("read", "write")),
            expires_at=None,
        )


class NoUses:
    """Keeps no record."""

    def record(self, tally: object, at: float, source: object) -> None:
        """Drop it."""

    def start(self) -> None:
        """Has nothing to start."""

    def stop(self) -> None:
        """Has nothing to stop."""


class InLoop:
    """A checker that answers in the event loop."""

    def __init__(self, verifier: MemoryVerifier) -> None:
        self._verifier = verifier

    async def check(self, presented: str) -> CachedKey | Refused:
        """Verify at once."""
        return _answer(self._verifier.verify(presented))

    async def run(self, work: Callable[..., Any], *args: Any) -> Any:
        """Run at once."""
        return work(*args)

    def close(self) -> None:
        """Has nothing to close."""


class InThreads(InLoop):
    """A checker that asks in a pool of threads."""

    def __init__(self, verifier: MemoryVerifier) -> None:
        super().__init__(verifier)
        self._pool = Pool(Options(threads=8))

    async def check(self, presented: str) -> CachedKey | Refused:
        """Verify in one of the threads."""
        return _answer(await self._pool.run(self._verifier.verify, presented))

    def close(self) -> None:
        """End the threads."""
        self._pool.close()


def _answer(verified: Verified | Refused) -> CachedKey | Refused:
    return verified if isinstance(verified, Refused) else CachedKey(verified)


def _digest(text: str) -> bytes:
    return hmac.digest(PEPPER, text.encode(), hashlib.sha256)


async def empty(scope: Scope, _receive: Receive, send: Send) -> None:
    """An empty 204."""
    if scope["type"] != "http":
        raise RuntimeError("only HTTP")
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def application(name: str) -> Any:
    """Make one of the applications."""
    if name == "empty":
        return empty
    verifier = (InLoop if name == "memory" else InThreads)(MemoryVerifier())
    return build(verifier, Options(), SystemClock(), usage_recorder=NoUses(), ready=lambda: None)
