"""A gateway's heartbeat, and its confirmations of changes."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from gateway.base.gateway_log import GatewayLog
from gateway.cache.heartbeat import Heartbeat
from keys.base.errors import StorageUnavailable
from runtime.clock import HeldClock
from tests.gateway.fakes import NOON, lines

DEADLINE = 10


class Register:
    """Records calls, unless it is unavailable."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.away: Exception | None = None
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

    def heartbeat(self) -> None:
        self._note("heartbeat")

    def confirm(self, fences: Sequence[str]) -> None:
        self._note(f"confirm {' '.join(fences)}")

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
