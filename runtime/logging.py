"""Write the log to standard error, redacted: JSON objects, or lines for people."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from textwrap import indent
from typing import Any, TextIO

from runtime import redaction, tracing
from runtime.display import visible, visible_json
from runtime.redaction import Redact

JSON, TEXT, PLAIN = "json", "text", "plain"


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object, with the id of the current trace.

    The gateway's messages are JSON objects already and stay as they are.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line, its traceback included."""
        if record.name == "gateway":
            return record.getMessage()
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "at": at,
            "logger": record.name,
        }
        line |= _fields(record)
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            line["traceback"] = record.exc_text
        return visible_json(line, default=str)


class PlainFormatter(logging.Formatter):
    """Formats a record as its message alone, on one line in which nothing is hidden.

    A traceback follows, indented, so that no line of it can pass for another record.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record; a traceback follows on lines below it."""
        first, below, traceback = super().format(record).partition("\n")
        return first + below + indent(visible(traceback, multiline=True), "  ")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (as logging has it)
        """Return the first line."""
        return visible(super().formatMessage(record))


class TextFormatter(PlainFormatter):
    """Formats a record for people: time, level, logger, message and fields."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")

    def format(self, record: logging.LogRecord) -> str:
        """Return the record; a traceback follows on lines below it."""
        return record.getMessage() if record.name == "gateway" else super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (as logging has it)
        """Return the first line."""
        more = "".join(f" {name}={visible_json(value)}" for name, value in _fields(record).items())
        return super().formatMessage(record) + more


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return the record's extra fields, the id of the current trace last."""
    fields: dict[str, Any] = dict(getattr(record, "fields", {}))
    if trace_id := tracing.current_id():
        fields["request_id"] = trace_id
    return fields


_FORMATTERS: dict[str, Callable[[], logging.Formatter]] = {
    JSON: JsonFormatter,
    TEXT: TextFormatter,
    PLAIN: PlainFormatter,
}


class _StandardError(logging.StreamHandler[TextIO]):
    """The handler that `configure_logging` adds, so that a second call can replace it."""


def configure_logging(level: str, form: str = JSON, *, redact: Redact) -> None:
    """Send the log to standard error, and redact every record; a second call replaces the first.

    Args:
        level: the least severe level that is logged.
        form: `json`, `text`, or `plain`, which writes messages alone, for commands at a terminal.
        redact: removes secrets from a text; see `runtime.redaction`.
    """
    root = logging.getLogger()
    for earlier in [each for each in root.handlers if isinstance(each, _StandardError)]:
        root.removeHandler(earlier)
    handler = _StandardError()
    handler.setFormatter(_FORMATTERS[form]())
    if form == PLAIN:
        # As logging's own last resort does, whatever level a library gave its logger.
        handler.setLevel(level)
    logging.basicConfig(level=level, handlers=[handler])
    redaction.install(redact)
    # What Alembic writes at INFO is of no use to an operator.
    logging.getLogger("alembic").setLevel(logging.WARNING)
