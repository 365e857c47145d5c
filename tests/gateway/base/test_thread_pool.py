"""Queries in threads: bounded, timed, and never blocking the event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from gateway.base.options import Options
from gateway.base.thread_pool import Pool, Unavailable
from keys.credentials.verification import Refused, Verified
from tests.gateway.fakes import GOOD, Harness, acall, lines, verified

DEADLINE = 10


class Held:
    """An answer that comes when it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.let_go = threading.Event()

    def __call__(self) -> Verified | Refused:
        self.begun.release()
        assert self.let_go.wait(DEADLINE)
        return verified()


def _pool(**options: float) -> Pool:
    return Pool(Options(**options))  # type: ignore[arg-type]  # ints and floats


def test_the_loop_turns_while_a_verification_waits() -> None:
    harness, held = Harness(), Held()
    harness.verifier.answers[GOOD] = held

    async def run() -> tuple[int, int]:
        headers = [("x-api-key", GOOD), ("x-original-method", "GET")]
        waiting = asyncio.create_task(acall(harness.app, "GET", "/authz", headers))
        assert await asyncio.to_thread(held.begun.acquire, timeout=DEADLINE)
        meanwhile = await acall(harness.app, "GET", "/healthz")
        assert not waiting.done()
        held.let_go.set()
        return meanwhile.status, (await waiting).status

    assert asyncio.run(run()) == (200, 204)


def test_a_full_queue_refuses_and_accepts_again_later() -> None:
    held = Held()
    pool = _pool(threads=1, waiting=1)

    async def run() -> None:
        first = asyncio.create_task(pool.run(held))
        assert await asyncio.to_thread(held.begun.acquire, timeout=DEADLINE)
        second = asyncio.create_task(pool.run(held))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable) as refused:
            await pool.run(held)
        assert refused.value.cause == "overloaded"
        held.let_go.set()
        assert await first == await second == await pool.run(held) == verified()

    asyncio.run(run())
    pool.close()


def test_a_verification_that_takes_too_long_is_given_up_but_keeps_its_place() -> None:
    held = Held()
    pool = _pool(threads=1, waiting=0, deadline=0.02)

    async def run() -> list[str]:
        causes = []
        for _ in range(2):
            with pytest.raises(Unavailable) as refused:
                await pool.run(held)
            causes.append(refused.value.cause)
        return causes

    # The second finds the only thread still busy with what nobody waits for any more.
    assert asyncio.run(run()) == ["deadline", "overloaded"]
    held.let_go.set()
    pool.close()


def test_a_closed_pool_refuses() -> None:
    pool = _pool()
    pool.close()
    with pytest.raises(Unavailable) as refused:
        asyncio.run(pool.run(str))
    assert refused.value.cause == "stopping"


def test_an_overload_is_a_503(caplog: pytest.LogCaptureFixture) -> None:
    harness, held = Harness(options=Options(threads=1, waiting=0)), Held()
    harness.verifier.answers[GOOD] = held

    async def run() -> int:
        headers = [("x-api-key", GOOD)]
        first = asyncio.create_task(acall(harness.app, "GET", "/authz", headers))
        assert await asyncio.to_thread(held.begun.acquire, timeout=DEADLINE)
        status = (await acall(harness.app, "GET", "/authz", headers)).status
        held.let_go.set()
        await first
        return status

    assert asyncio.run(run()) == 503
    assert lines(caplog.records)[0]["cause"] == "overloaded"
