"""What was imported or run under its former name works for one more version, with a warning."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from sandbox.sandbox import Sandbox


def test_python_m_apikeys() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "apikeys", "--help"], capture_output=True, text=True, check=True
    )
    assert "Usage: apikeys" in done.stdout
    assert "python -m cli" in done.stderr


def test_the_practice_slack() -> None:
    sys.modules.pop("sandbox.practice", None)
    with pytest.warns(DeprecationWarning, match=r"sandbox\.sandbox\.Sandbox"):
        former = importlib.import_module("sandbox.practice")
    assert former.PracticeSlack is Sandbox
