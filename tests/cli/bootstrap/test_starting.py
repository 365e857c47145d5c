"""A database that is away is waited for; what time does not mend is not."""

from __future__ import annotations

import http.client
import threading
from pathlib import Path
from typing import Any

import pytest
from pytest_mock import MockerFixture

from cli.bootstrap import starting
from runtime.errors import StorageUnavailable
from settings import Settings
from tests.e2e.harness.program import free_port
from tests.gateway.fakes import lines

AWAY = StorageUnavailable("No database server listens.")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(starting, "_PAUSES", (0.01,))
    monkeypatch.setenv("APIKEYS_HOME", str(tmp_path / "home"))
    return Settings()


def _opens(mocker: MockerFixture, *answers: Any) -> Any:
    return mocker.patch.object(starting, "open_application", side_effect=answers)


def test_it_waits_with_one_line(
    settings: Settings, mocker: MockerFixture, caplog: pytest.LogCaptureFixture
) -> None:
    _opens(mocker, *[AWAY] * 5, "opened")
    found: Any = starting.open_when_available(settings, threading.Event(), with_gateway=False)
    assert found == "opened"
    (line,) = lines(caplog.records)
    assert (line["event"], line["cause"]) == ("waiting_for_database", str(AWAY))


@pytest.mark.parametrize("error", [StorageUnavailable("wrong", permanent=True), KeyError("x")])
@pytest.mark.parametrize("before", [0, 3])
def test_what_time_does_not_mend_is_not_waited_for(
    settings: Settings, mocker: MockerFixture, error: Exception, before: int
) -> None:
    _opens(mocker, *[AWAY] * before, error)
    with pytest.raises(type(error)):
        starting.open_when_available(settings, threading.Event(), with_gateway=False)


@pytest.mark.parametrize("seconds", ["0", "0.05"])
def test_it_waits_as_long_as_it_is_told(
    settings: Settings, mocker: MockerFixture, monkeypatch: pytest.MonkeyPatch, seconds: str
) -> None:
    monkeypatch.setenv("APIKEYS_DATABASE_WAIT_SECONDS", seconds)
    tried = _opens(mocker, *[AWAY] * 1000)
    with pytest.raises(StorageUnavailable):
        starting.open_when_available(Settings(), threading.Event(), with_gateway=False)
    assert (tried.call_count == 1) is (seconds == "0")


@pytest.mark.sockets
def test_meanwhile_it_is_alive_not_ready_and_stoppable(
    settings: Settings, mocker: MockerFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("APIKEYS_GATEWAY_LISTEN", f"127.0.0.1:{port}")
    stop, asked = threading.Event(), {}

    def opens(_: Settings, *_more: object) -> None:
        try:
            for path in ("/healthz", "/readyz", "/authz", "/v1/keys:verify", "/x"):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", path)
                asked[path] = connection.getresponse().status
                connection.close()
            stop.set()
        except ConnectionRefusedError:
            # The first attempt, before anything is served.
            pass
        raise AWAY

    mocker.patch.object(starting, "open_application", opens)
    assert starting.open_when_available(Settings(), stop, with_gateway=True) is None
    assert asked.pop("/healthz") == 200
    assert set(asked.values()) == {503}
