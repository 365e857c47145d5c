"""The time that several machines share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from keys.base.errors import StorageUnavailable
from runtime.clock import SharedClock

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


class Server:
    """A server far away: each question takes a while, there and back."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.now = NOON
        self.way = 0.2
        self.gone = False

    def monotonic(self) -> float:
        return self.passed

    def pass_by(self, seconds: float) -> None:
        self.passed += seconds
        self.now += timedelta(seconds=seconds)

    def ask(self) -> datetime:
        if self.gone:
            raise StorageUnavailable("gone")
        self.pass_by(self.way / 2)
        answer = self.now
        self.pass_by(self.way / 2)
        return answer


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def clock(server: Server) -> SharedClock:
    return SharedClock(server.ask, monotonic=server.monotonic)


def apart(server: Server, clock: SharedClock) -> float:
    return (clock.now() - server.now).total_seconds()


def test_it_is_the_servers_time_however_long_the_way_is(server: Server, clock: SharedClock) -> None:
    assert apart(server, clock) == pytest.approx(0, abs=1e-5)
    server.pass_by(3_600)
    assert apart(server, clock) == pytest.approx(0, abs=1e-5)
    assert clock.timestamp() == pytest.approx(server.now.timestamp())


def test_it_follows_when_the_servers_time_is_set(server: Server, clock: SharedClock) -> None:
    for step in (timedelta(minutes=2), timedelta(days=-1)):
        server.now += step
        assert abs(apart(server, clock)) > 100
        clock.agree()
        assert apart(server, clock) == pytest.approx(0, abs=1e-5)


def test_what_may_be_the_way_alone_does_not_move_it(server: Server, clock: SharedClock) -> None:
    before = clock.timestamp() - server.passed
    server.now += timedelta(seconds=server.way / 2)
    clock.agree()
    assert clock.timestamp() - server.passed == before


def test_the_clock_runs_while_the_server_is_unreachable(server: Server, clock: SharedClock) -> None:
    server.gone = True
    with pytest.raises(StorageUnavailable):
        clock.agree()
    server.pass_by(60)
    assert apart(server, clock) == pytest.approx(0, abs=1e-5)


def test_a_server_that_tells_no_time_at_first_is_an_error(server: Server) -> None:
    server.gone = True
    with pytest.raises(StorageUnavailable):
        SharedClock(server.ask)


def test_it_reads_at_intervals_until_it_is_stopped(server: Server) -> None:
    clock = SharedClock(server.ask, every=0.001, monotonic=server.monotonic)
    clock.start()
    asked = server.passed
    while server.passed < asked + 3 * server.way:
        pass
    clock.stop()
    asked = server.passed
    assert clock._thread is not None
    assert not clock._thread.is_alive()
    assert server.passed == asked
