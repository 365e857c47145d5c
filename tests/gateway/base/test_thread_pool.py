"""Queries in threads: bounded, timed, and never blocking the event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from gateway.base.options import Options
from gateway.base.thread_pool import Pool, Unavailable
from gateway.verification.batch_loader import BatchLoader
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


def test_while_every_thread_hangs_nobody_waits() -> None:
    held = Held()
    pool = _pool(threads=2, waiting=100, deadline=0.05)

    async def causes(count: int) -> list[str]:
        raised = await asyncio.gather(
            *(pool.run(held) for _ in range(count)), return_exceptions=True
        )
        assert all(isinstance(error, Unavailable) for error in raised)
        return [str(error) for error in raised]

    async def run() -> None:
        assert await causes(5) == ["deadline"] * 5
        began = asyncio.get_running_loop().time()
        assert await causes(20) == ["deadline"] * 20
        assert asyncio.get_running_loop().time() - began < 0.05
        held.let_go.set()
        while pool._stuck:
            await asyncio.sleep(0.01)
        assert await pool.run(held) == verified()

    asyncio.run(run())
    assert pool.close()


def test_a_pool_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.base.thread_pool.STOP_SECONDS", 0.05)
    held = Held()
    pool = _pool(threads=1, deadline=0.02)
    with pytest.raises(Unavailable):
        asyncio.run(pool.run(held))
    assert not pool.close()
    held.let_go.set()


def test_who_queued_waits_no_longer_than_the_deadline() -> None:
    held = Held()
    options = Options(threads=1, deadline=0.2)
    pool = Pool(options)
    loader: BatchLoader[object] = BatchLoader(lambda _: {"x": held()}, pool, options)

    async def run() -> float:
        loop = asyncio.get_running_loop()
        first = asyncio.create_task(loader.load("x"))
        await asyncio.sleep(0.15)
        began = loop.time()
        with pytest.raises(Unavailable):
            await loader.load("x")
        took = loop.time() - began
        with pytest.raises(Unavailable):
            await first
        return took

    assert asyncio.run(run()) < 0.3
    held.let_go.set()
    pool.close()
