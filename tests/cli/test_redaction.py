"""A token that any library logs is redacted in every process, not only in the bot's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.ui import ids
from cli.bootstrap import redaction
from keys.credentials.tokens import make

# A clock stands for a library that logs what it was given; every command asks it for the time.
TALKATIVE = """
import logging, sys
from runtime.clock import SystemClock
token, *sys.argv[1:] = sys.argv[1:]
now = SystemClock.now
def talk(self):
    logging.getLogger("some.library").warning("called with %s", token)
    try:
        int(token)
    except ValueError:
        logging.getLogger("some.library").exception("failed")
    return now(self)
SystemClock.now = talk
from cli.main import main
main()
"""


def _start(
    folder: Path, token: str, *words: str, program: str = TALKATIVE
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        (sys.executable, "-c", program, token, *words),
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "APIKEYS_GATEWAY_LISTEN": "127.0.0.1:0",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.sockets
@pytest.mark.parametrize("words", [("keys", "list"), ("run", "--only", "gateway")])
def test_a_logged_token_is_printed_redacted(tmp_path: Path, words: tuple[str, ...]) -> None:
    token = make("ak")
    process = _start(tmp_path, token.reveal(), *words)
    assert process.stderr is not None
    written = ""
    if words[0] == "run":
        for line in process.stderr:
            written += line
            if "The gateway listens" in line:
                process.send_signal(signal.SIGTERM)
                break
    out, rest = process.communicate(timeout=60)
    written += rest
    # The signal may come before the program is ready to stop cleanly.
    assert process.returncode in (0, -signal.SIGTERM), written
    assert f"called with ak_{token.public_id}_[removed]" in written
    assert "ValueError: invalid literal" in written
    assert token.secret not in out + written


@pytest.mark.sockets
@pytest.mark.parametrize("words", [("keys", "list"), ("run", "--only", "gateway")])
def test_an_error_that_nobody_expected_is_printed_redacted_and_forges_no_line(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    token = make("ak")
    failing = TALKATIVE.replace(
        "return now(self)", 'raise RuntimeError(f"{token}\\x1b[2K\\nState:")'
    )
    process = _start(tmp_path, token.reveal(), *words, program=failing)
    out, printed = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "This error is a defect of the program." in printed
    assert f"RuntimeError: ak_{token.public_id}_[removed]" in printed
    assert token.secret not in printed
    assert all(char == "\n" or char.isprintable() for char in printed)
    assert not any(line.startswith("State:") for line in printed.splitlines())


def test_the_input_for_pasted_tokens_is_the_one_that_the_bot_draws() -> None:
    assert redaction._PASTED == ids.PASTED
