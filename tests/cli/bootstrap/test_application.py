"""Opening the application: whatever fails, nothing stays open."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_mock import MockerFixture
from sqlalchemy import Engine

from cli.bootstrap import application
from cli.bootstrap.application import open_application
from runtime.clock import SharedClock, SystemClock
from settings import Settings


class FailedError(Exception):
    """What goes wrong."""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("APIKEYS_HOME", str(tmp_path / "home"))
    return Settings()


@pytest.mark.parametrize(
    "step", ["open_replica", "peppers_of", "upgrade", "_clock", "check_peppers"]
)
def test_a_step_that_fails_leaves_nothing_open(
    settings: Settings, mocker: MockerFixture, step: str
) -> None:
    opened = mocker.spy(application, "open_engines")
    disposed = mocker.spy(Engine, "dispose")
    mocker.patch.object(application, step, side_effect=FailedError)
    with pytest.raises(FailedError):
        open_application(settings)
    engines = set(opened.spy_return)
    assert engines <= {call.args[0] for call in disposed.call_args_list}


def test_the_clock_of_the_database_is_stopped_too(
    settings: Settings, mocker: MockerFixture
) -> None:
    clock = SharedClock(SystemClock().now)
    mocker.patch.object(application, "_clock", return_value=clock)
    stopped = mocker.patch.object(clock, "stop")
    mocker.patch.object(application, "check_peppers", side_effect=FailedError)
    with pytest.raises(FailedError):
        open_application(settings)
    stopped.assert_called_once_with()
