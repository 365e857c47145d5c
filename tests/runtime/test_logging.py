"""Configuring the log redacts it, and can be done again."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from runtime.logging import JSON, PLAIN, TEXT, configure_logging

SECRET = "canary" + "abcdefghij"


def redact(text: str) -> str:
    return text.replace(SECRET, "[removed]")


@contextmanager
def bare_root() -> Iterator[None]:
    """A root logger as a new process has it; pytest adds handlers of its own to each test."""
    root = logging.getLogger()
    handlers, level, factory = root.handlers[:], root.level, logging.getLogRecordFactory()
    root.handlers.clear()
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.setLogRecordFactory(factory)


@pytest.mark.parametrize("form", [JSON, TEXT, PLAIN])
def test_every_form_is_redacted(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    with bare_root():
        configure_logging("INFO", form, redact=redact)
        logging.getLogger("some.library").warning(
            "made %s", SECRET, extra={"fields": {"body": {"token": SECRET}}}
        )
        logging.getLogger("gateway").warning("%s", json.dumps({"event": SECRET}))
    written = capsys.readouterr().err
    assert written.count("[removed]") == (2 if form == PLAIN else 3)
    assert SECRET not in written


def test_a_second_call_replaces_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    with bare_root():
        configure_logging("WARNING", PLAIN, redact=redact)
        configure_logging("INFO", JSON, redact=redact)
        logging.getLogger("some.library").info("made %s", SECRET)
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "made [removed]"


def test_plain_writes_warnings_alone_whatever_a_library_chose(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with bare_root():
        configure_logging("WARNING", PLAIN, redact=redact)
        library = logging.getLogger("some.chatty")
        library.setLevel(logging.DEBUG)
        library.info("details")
        library.warning("careful")
    assert capsys.readouterr().err == "careful\n"


@pytest.mark.parametrize("form", [JSON, TEXT, PLAIN])
def test_a_text_from_outside_forges_no_line(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    evil = "x\n2026-11-28T00:00:00Z WARNING bot: forged\x1b[2J\u202e\x9b\ud800\u2028"
    with bare_root():
        configure_logging("INFO", form, redact=redact)
        logging.getLogger("bot").warning("failed: %s", evil, extra={"fields": {"why": evil}})
    written = capsys.readouterr().err
    assert len(written.splitlines()) == 1
    assert all(char == "\n" or char.isprintable() for char in written)
    if form == JSON:
        assert json.loads(written)["why"] == evil
    else:
        assert (
            r"x\n2026-11-28T00:00:00Z WARNING bot: forged\x1b[2J\u202e\x9b\ud800\u2028" in written
        )


@pytest.mark.parametrize("form", [TEXT, PLAIN])
@pytest.mark.parametrize("secret", ["", SECRET])
def test_no_line_of_a_traceback_passes_for_a_record(
    form: str, secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with bare_root():
        configure_logging("INFO", form, redact=redact)
        error = ValueError(f"x\n2026-11-28T00:00:00Z WARNING bot: forged\x1b[2J {secret}")
        logging.getLogger("bot").warning("failed", exc_info=error)
    _, *below = capsys.readouterr().err.splitlines()
    removed = "[removed]" if secret else ""
    assert f"  2026-11-28T00:00:00Z WARNING bot: forged\\x1b[2J {removed}" in below
    assert all(line.startswith("  ") for line in below)
