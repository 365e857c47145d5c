"""What was imported or run under its former name works for one more version, with a warning."""

from __future__ import annotations

import subprocess
import sys


def test_python_m_apikeys() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "apikeys", "--help"], capture_output=True, text=True, check=True
    )
    assert "Usage: apikeys" in done.stdout
    assert "python -m cli" in done.stderr
