"""Whatever is logged, and however, no secret reaches a handler."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable, Iterator

import pytest

from runtime.redaction import (
    RedactionFilter,
    SecretPattern,
    install,
    redactor,
    secret_input,
)

SECRET = "canary" + "0123456789"
PASS = SecretPattern(re.compile(r"(pass:)\S+"), r"\1[removed]", ("pass:",))


def _first(text: str) -> str:
    return text.replace(SECRET, "[secret]")


redact = redactor(_first, (PASS, secret_input("pasted_token")))


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a handler of the root logger wrote, at DEBUG."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    uninstall = install(redact)
    try:
        yield out
    finally:
        uninstall()
        root.removeHandler(handler)
        root.setLevel(level)


class Talkative:
    """An object whose text is a secret."""

    def __str__(self) -> str:
        return SECRET

    __repr__ = __str__


class Broken:
    """An object that has no text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


@pytest.mark.parametrize(
    "write",
    [
        lambda logger: logger.debug(f"made {SECRET}"),
        lambda logger: logger.debug("made %s", SECRET),
        lambda logger: logger.debug("made %(a)s", {"a": SECRET}),
        lambda logger: logger.debug("made %r", Talkative()),
        lambda logger: logger.debug("made %s", {"a": [SECRET.encode()]}),
        lambda logger: logger.debug("made %s and %s", SECRET, Broken()),
        lambda logger: logger.debug("made %s", f"pass:{SECRET[1:]}"),
    ],
)
def test_messages_and_arguments(log: io.StringIO, write: Callable[[logging.Logger], None]) -> None:
    write(logging.getLogger("some.where"))
    assert "made" in log.getvalue()
    assert SECRET[1:] not in log.getvalue()


def test_tracebacks(log: io.StringIO) -> None:
    try:
        int(SECRET)
    except ValueError:
        logging.getLogger("some.where").exception("failed")
    assert "ValueError: invalid literal" in log.getvalue()
    assert SECRET not in log.getvalue()


def test_extra_fields_are_clean_at_the_handler() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(message)s %(body)s"))
    handler.addFilter(RedactionFilter(redact))
    logger = logging.getLogger("some.extra")
    logger.addHandler(handler)
    try:
        logger.warning("sent", extra={"body": {"text": [SECRET, SECRET.encode(), b"\xff"]}})
    finally:
        logger.removeHandler(handler)
    assert "sent" in out.getvalue()
    assert "b'\\xff'" in out.getvalue()
    assert SECRET not in out.getvalue()


def test_a_handler_added_later_is_clean_too(log: io.StringIO) -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    logger = logging.getLogger("some.later")
    logger.addHandler(handler)
    try:
        logger.warning("made %s", SECRET)
    finally:
        logger.removeHandler(handler)
    assert out.getvalue() == "made [secret]\n"


@pytest.mark.parametrize("form", [json.dumps, repr])
@pytest.mark.parametrize("block_id", ["pasted_token", "pasted_token@7"])
@pytest.mark.parametrize("typed", ["a b", 'a"b', "a'b", "a\\"])
def test_a_secret_input_loses_its_value(
    form: Callable[[object], str], block_id: str, typed: str
) -> None:
    element = {"type": "plain_text_input", "value": typed}
    state = {block_id: {"value": element}, "name": {"value": {"value": "Zapier"}}}
    text = redact(form(state))
    assert form(typed) not in text
    assert "[removed]" in text
    assert "Zapier" in text


def test_an_input_whose_name_only_begins_alike_stays() -> None:
    text = json.dumps({"pasted_tokens": {"value": {"value": "a b"}}})
    assert redact(text) == text


@pytest.mark.parametrize("args", [("a", 2), ()])
def test_a_record_without_secrets_keeps_its_arguments(args: tuple[object, ...]) -> None:
    message = "%s and %d" if args else "plain"
    record = logging.LogRecord("n", logging.INFO, "p", 1, message, args, None)
    assert RedactionFilter(redact).filter(record)
    assert (record.msg, record.args) == (message, args)


def _filters() -> int:
    handlers = logging.getLogger().handlers
    return sum(
        isinstance(each, RedactionFilter) and each.redact is redact
        for handler in handlers
        for each in handler.filters
    )


def test_uninstalling_takes_everything_back(log: io.StringIO) -> None:
    factory, filters = logging.getLogRecordFactory(), _filters()
    assert filters
    other = redactor(str, ())
    install(other)()
    assert logging.getLogRecordFactory() is factory
    assert _filters() == filters


def test_installing_twice_cleans_once(log: io.StringIO) -> None:
    factory, filters = logging.getLogRecordFactory(), _filters()
    install(redact)()
    assert logging.getLogRecordFactory() is factory
    assert _filters() == filters
