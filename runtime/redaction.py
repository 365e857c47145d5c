"""Keep secrets out of the log: every record is cleaned, whichever library wrote it.

At DEBUG, libraries log what they send and receive, tokens included. A filter on a logger does not
see the records of the loggers below it, so records are cleaned where they are made, and again at
each handler, which also sees the fields that a caller added with `extra`.

What a secret looks like is handed in: this module knows no kind of token.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Redact: TypeAlias = Callable[[str], str]
"""Returns a text without its secrets; a text that has none is returned as it is."""

_TRACEBACKS = logging.Formatter()
# What logging itself fills in from the source code and the clock; `msg` and `args` are cleaned as
# one message. Scanning these for each record would double the time that a record takes.
_NOT_SCANNED = frozenset((
    "msg", "args", "exc_info", "exc_text",
    "levelname", "levelno", "pathname", "filename", "module", "lineno", "funcName",
    "created", "msecs", "relativeCreated", "thread", "process", "processName",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class SecretPattern:
    """One kind of secret, such as Slack's tokens.

    Attributes:
        pattern: matches the secret, and what is to stay of it.
        replacement: a template for `re.Pattern.sub`, with the groups that stay.
        signs: a text without any of these has no match; looking for them costs much less.
    """

    pattern: re.Pattern[str]
    replacement: str
    signs: tuple[str, ...]


def secret_input(block_id: str) -> SecretPattern:
    """Return the pattern of what was typed into a form's input, as JSON or as Python prints it.

    Forms arrive as `{block_id: {action_id: {…, "value": "…"}}}`. The whole value is secret: a
    damaged token matches no pattern. A block id may end with a version after a separator.
    """
    before = rf"""["']{re.escape(block_id)}(?:[^\w"'][^"']*)?["']\s*:\s*\{{\s*["']\w+["']\s*:\s*"""
    inside = r"""\{[^{}]*?["']value["']\s*:\s*"""
    value = r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    return SecretPattern(re.compile(f"({before}{inside}){value}"), r'\1"[removed]"', (block_id,))


def redactor(redact_first: Redact, patterns: Iterable[SecretPattern]) -> Redact:
    """Return a function that removes every kind of secret.

    Args:
        redact_first: a function for what no single pattern can describe.
        patterns: the other kinds. They are looked for before `redact_first` shortens a text.
    """
    kinds = tuple(patterns)

    def redact(text: str) -> str:
        for kind in kinds:
            for sign in kind.signs:
                if sign in text:
                    text = kind.pattern.sub(kind.replacement, text)
                    break
        return redact_first(text)

    return redact


class RedactionFilter(logging.Filter):
    """A filter that accepts every record, and cleans it."""

    def __init__(self, redact: Redact) -> None:
        super().__init__()
        self.redact = redact

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean the record in place; always true."""
        clean(record, self.redact)
        return True


class _RecordFactory:
    """Makes records as the factory before it does, cleaned."""

    def __init__(self, before: Callable[..., logging.LogRecord], redact: Redact) -> None:
        self.before = before
        self.redact = redact

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self.before(*args, **kwargs)
        clean(record, self.redact)
        return record


def clean(record: logging.LogRecord, redact: Redact) -> None:
    """Remove secrets from the message, its arguments, the traceback and extra fields.

    A record without secrets stays as it is, its arguments included.
    """
    _clean_message(record, redact)
    _clean_traceback(record, redact)
    fields = record.__dict__
    for name in fields.keys() - _NOT_SCANNED:
        value = fields[name]
        if value is not None:
            fields[name] = _clean_value(value, redact)


def _clean_message(record: logging.LogRecord, redact: Redact) -> None:
    try:
        message = record.getMessage()
    except Exception:  # noqa: BLE001  (an argument's own str() may raise anything)
        # logging itself prints the raw arguments when a message cannot be formatted.
        record.msg, record.args = f"{redact(str(record.msg))} (could not be formatted)", ()
        return
    raw = f"{message}\n{record.msg}\n{record.args!r}" if record.args else message
    if redact(raw) != raw:
        record.msg, record.args = redact(message), ()


def _clean_traceback(record: logging.LogRecord, redact: Redact) -> None:
    if record.exc_info and record.exc_info[0] is not None:
        text = _TRACEBACKS.formatException(record.exc_info)
        if redact(text) != text:
            # A handler that formats the exception itself would bring the secret back.
            record.exc_info, record.exc_text = None, redact(text)
    if record.exc_text:
        record.exc_text = redact(record.exc_text)


def _clean_value(value: Any, redact: Redact) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bytes):
        text = value.decode("utf-8", "replace")
        cleaned = redact(text)
        return value if cleaned == text else cleaned
    if isinstance(value, Mapping):
        return {
            _clean_value(key, redact): _clean_value(item, redact) for key, item in value.items()
        }
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(_clean_value(item, redact) for item in value)
    return value


def install(redact: Redact) -> Callable[[], None]:
    """Clean every record from now on; installing the same function twice changes nothing.

    Handlers that exist get a filter. Records for handlers that are added later are cleaned when
    they are made, all but their `extra` fields.

    Returns:
        A function that undoes this.
    """
    before = logging.getLogRecordFactory()
    if not (isinstance(before, _RecordFactory) and before.redact is redact):
        logging.setLogRecordFactory(_RecordFactory(before, redact))
    redaction = RedactionFilter(redact)
    handlers = [handler for handler in _all_handlers() if not _is_cleaned(handler, redact)]
    for handler in handlers:
        handler.addFilter(redaction)

    def uninstall() -> None:
        logging.setLogRecordFactory(before)
        for handler in handlers:
            handler.removeFilter(redaction)

    return uninstall


def _is_cleaned(handler: logging.Handler, redact: Redact) -> bool:
    return any(
        isinstance(existing, RedactionFilter) and existing.redact is redact
        for existing in handler.filters
    )


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
