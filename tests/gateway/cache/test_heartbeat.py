"""A gateway's heartbeat, and its confirmations of changes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from math import inf

import pytest

from gateway.base.gateway_log import GatewayLog
from gateway.cache.heartbeat import Heartbeat
from keys.base.errors import StorageUnavailable
from runtime.clock import HeldClock
from runtime.errors import StorageReadOnly
from tests.gateway.fakes import NOON, lines

DEADLINE = 10


class Register:
    """Records calls, unless it is unavailable."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.away: Exception | None = None
        self.lost = False
        self.newest: tuple[str, ...] = ()
        self._news = threading.Condition()

    def _note(self, what: str) -> None:
        with self._news:
            if self.away:
                self._news.notify_all()
                raise self.away
            self.told.append(what)
            self._news.notify_all()

    def announce(self) -> None:
        self._note("announce")

    def heartbeat(self) -> bool:
        self._note("heartbeat")
        return not self.lost

    def confirm(self, fences: Sequence[str]) -> None:
        self._note(f"confirm {' '.join(fences)}")

    def newest_fences(self) -> Sequence[str]:
        self._note("newest")
        return self.newest

    def purge(self) -> None:
        self._note("purge")

    def stopped(self) -> None:
        self._note("stopped")

    def wait_for(self, what: str, times: int = 1) -> None:
        with self._news:
            assert self._news.wait_for(lambda: self.told.count(what) >= times, DEADLINE)


def _heartbeat(register: Register, every: float = 3600) -> Heartbeat:
    return Heartbeat(register, GatewayLog(HeldClock(NOON)), every)


def test_it_registers_sends_heartbeats_and_deregisters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.cache.heartbeat._BEATS_PER_PURGE", 2)
    register = Register()
    heartbeat = _heartbeat(register, every=0.001)
    heartbeat.start()
    assert register.told[0] == "announce"
    register.wait_for("heartbeat", 3)
    register.wait_for("purge")
    heartbeat.stop()
    assert register.told[-1] == "stopped"
    assert not any(thread.name == "gateway-presence" for thread in threading.enumerate())


def test_fences_are_confirmed_without_waiting_for_a_heartbeat() -> None:
    register = Register()
    heartbeat = _heartbeat(register)
    heartbeat.start()
    heartbeat.confirm(["fnc_1"])
    register.wait_for("confirm fnc_1")
    heartbeat.stop()


def test_what_was_still_to_confirm_is_confirmed_before_the_end() -> None:
    register = Register()
    heartbeat = _heartbeat(register)
    heartbeat.start()
    heartbeat.confirm(["fnc_1", "fnc_2"])
    heartbeat.stop()
    assert register.told == ["announce", "confirm fnc_1 fnc_2", "stopped"]


def test_a_gateway_that_cannot_register_does_not_start() -> None:
    register = Register()
    register.away = StorageUnavailable("away")
    with pytest.raises(StorageUnavailable):
        _heartbeat(register).start()


@pytest.mark.parametrize(
    ("error", "event"), [(StorageUnavailable("away"), "silent"), (KeyError("defect"), "failed")]
)
def test_it_continues_when_the_database_is_back(
    caplog: pytest.LogCaptureFixture, error: Exception, event: str
) -> None:
    register = Register()
    heartbeat = _heartbeat(register, every=0.001)
    heartbeat.start()
    with register._news:
        register.away = error
        assert register._news.wait(DEADLINE)
        register.away = None
    before = register.told.count("heartbeat")
    register.wait_for("heartbeat", before + 2)
    heartbeat.stop()
    assert event in [line["event"] for line in lines(caplog.records)]


def test_what_could_not_be_confirmed_is_confirmed_later() -> None:
    register = Register()
    heartbeat = _heartbeat(register, every=0.001)
    heartbeat.start()
    with register._news:
        register.away = StorageUnavailable("away")
        heartbeat.confirm(["fnc_1"])
        assert register._news.wait(DEADLINE)
        register.away = None
    register.wait_for("confirm fnc_1")
    heartbeat.stop()


def test_one_whose_row_was_lost_confirms_again_what_it_has_applied(
    caplog: pytest.LogCaptureFixture,
) -> None:
    register, proven = Register(), [0.0]
    register.newest = ("fnc_1", "fnc_2")
    heartbeat = Heartbeat(
        register, GatewayLog(HeldClock(NOON)), every=0.001, proven_at=lambda: proven[0]
    )
    heartbeat.start()
    register.lost = True
    register.wait_for("heartbeat", register.told.count("heartbeat") + 1)
    register.lost = False
    register.wait_for("newest")
    # Not before everything up to the reading was applied.
    assert not [line for line in register.told if line.startswith("confirm")]
    proven[0] = inf
    register.wait_for("confirm fnc_1 fnc_2")
    heartbeat.stop()
    assert "announced_again" in [line["event"] for line in lines(caplog.records)]


def test_what_was_set_before_the_feed_began_is_confirmed() -> None:
    register = Register()
    register.newest = ("fnc_1",)
    heartbeat = _heartbeat(register)
    heartbeat.start()
    heartbeat.catch_up()
    register.wait_for("confirm fnc_1")
    heartbeat.stop()


def test_where_nothing_may_be_written_it_registers_later() -> None:
    register = Register()
    register.away = StorageReadOnly("The database is read-only")
    heartbeat = _heartbeat(register, every=0.05)
    heartbeat.start()
    with register._news:
        assert register._news.wait(DEADLINE)
    assert not heartbeat.registered
    assert isinstance(heartbeat.problem, StorageReadOnly)
    assert not heartbeat.writing
    register.away = None
    register.wait_for("heartbeat")
    register.wait_for("heartbeat", 2)
    assert heartbeat.registered
    assert heartbeat.writing
    assert heartbeat.problem is None
    heartbeat.stop()


def test_a_database_that_hangs_holds_up_no_stop(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.cache.heartbeat.STOP_SECONDS", 0.05)
    register, go_on = Register(), threading.Event()
    heartbeat = _heartbeat(register)
    heartbeat.start()
    monkeypatch.setattr(register, "stopped", lambda: go_on.wait(DEADLINE))
    heartbeat.stop()
    go_on.set()
    assert "not_deregistered" in [line["event"] for line in lines(caplog.records)]
