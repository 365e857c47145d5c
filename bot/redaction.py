"""Keeps tokens out of the log: ours, and Slack's own.

At DEBUG, slack_sdk and slack_bolt log the texts of messages and the bodies of acknowledgements, so
a token on its way to a person would be kept in the log. A filter on a logger does not see the
records of the loggers below it; so the records are cleaned where they are made, and once more at
each handler, where what was added by `extra` is there too.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.ui import ids
from keys.credentials.tokens import redact as redact_ours

_MARK = ids.versioned("", "")
_SLACK_TOKEN = re.compile(r"\b(xox[a-z](?:\.xox[a-z])?|xapp)-[A-Za-z0-9-]{4,}")
# Whoever has the ticket of a Socket Mode address can connect in the place of the bot.
_TICKET = re.compile(r"([?&]ticket=)[^&\s\"'<>]+")
# A damaged token is no token to `redact`, and all the same a secret: what is pasted into the modal
# for checking one is left out as a whole, be it written as JSON or as Python.
_PASTED = re.compile(
    rf"""(["']{ids.PASTED}(?:{_MARK}[^"']*)?["']\s*:\s*\{{\s*["']{ids.VALUE}["']\s*:\s*\{{[^{{}}]*?["']value["']\s*:\s*)"""
    r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
)
_TRACEBACKS = logging.Formatter()


def redact(text: str) -> str:
    """Removes whatever looks like one of our tokens, a Slack token or a Socket Mode ticket."""
    text = redact_ours(_PASTED.sub(lambda found: f'{found[1]}"[removed]"', text))
    text = _SLACK_TOKEN.sub(lambda found: f"{found[1]}-[removed]", text)
    return _TICKET.sub(lambda found: f"{found[1]}[removed]", text)


class Redactor(logging.Filter):
    """A filter that lets every record pass, cleaned."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Cleans the record in place; always true."""
        clean(record)
        return True


def clean(record: logging.LogRecord) -> None:
    """Removes tokens from the message, its arguments, the traceback and extra fields.

    A record without tokens stays as it is, its arguments included.
    """
    _clean_message(record)
    _clean_traceback(record)
    for name, value in list(record.__dict__.items()):
        if name not in ("msg", "args", "exc_info", "exc_text"):
            record.__dict__[name] = _clean_value(value)


def _clean_message(record: logging.LogRecord) -> None:
    try:
        message = record.getMessage()
    except Exception:  # noqa: BLE001  (whatever an argument's own str() raises)
        # logging itself prints the raw arguments when a message cannot be formatted.
        record.msg, record.args = f"{redact(str(record.msg))} (could not be formatted)", ()
        return
    raw = f"{message}\n{record.msg}\n{record.args!r}"
    if redact(raw) != raw:
        record.msg, record.args = redact(message), ()


def _clean_traceback(record: logging.LogRecord) -> None:
    if record.exc_info and record.exc_info[0] is not None:
        text = _TRACEBACKS.formatException(record.exc_info)
        if redact(text) != text:
            # A handler that formats the exception itself would bring the token back.
            record.exc_info, record.exc_text = None, redact(text)
    if record.exc_text:
        record.exc_text = redact(record.exc_text)


def _clean_value(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bytes):
        return redact(value.decode("utf-8", "replace")) if _has_token(value) else value
    if isinstance(value, Mapping):
        return {_clean_value(key): _clean_value(item) for key, item in value.items()}
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(_clean_value(item) for item in value)
    return value


def _has_token(value: bytes) -> bool:
    text = value.decode("utf-8", "replace")
    return redact(text) != text


def install() -> Callable[[], None]:
    """Cleans every record from now on, at each handler that exists and at those added later.

    Returns:
        A function that takes it all back.
    """
    before = logging.getLogRecordFactory()

    def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = before(*args, **kwargs)
        clean(record)
        return record

    redactor = Redactor()
    handlers = _all_handlers()
    for handler in handlers:
        handler.addFilter(redactor)
    logging.setLogRecordFactory(factory)

    def uninstall() -> None:
        logging.setLogRecordFactory(before)
        for handler in handlers:
            handler.removeFilter(redactor)

    return uninstall


def _all_handlers() -> list[logging.Handler]:
    root = logging.getLogger()
    loggers = [root, *root.manager.loggerDict.values()]
    found = {
        id(handler): handler
        for logger in loggers
        if isinstance(logger, logging.Logger)
        for handler in logger.handlers
    }
    if logging.lastResort is not None:
        found[id(logging.lastResort)] = logging.lastResort
    return list(found.values())
