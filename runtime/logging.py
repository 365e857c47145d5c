"""The log: one JSON object a line on standard error, or lines for people."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from typing import Any

from runtime import tracing

JSON, TEXT = "json", "text"


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with the id of the request that it belongs to.

    The gateway's lines are such objects already.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One entry, its traceback included."""
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
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """Says when and who, and what is said beside it; a traceback takes lines of its own."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")

    def format(self, record: logging.LogRecord) -> str:
        """One entry."""
        return record.getMessage() if record.name == "gateway" else super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (as logging has it)
        """The first line of it."""
        more = "".join(
            f" {name}={json.dumps(value, ensure_ascii=False)}"
            for name, value in _fields(record).items()
        )
        return super().formatMessage(record) + more


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """What is said beside the message, the id of its request last."""
    fields: dict[str, Any] = dict(getattr(record, "fields", {}))
    if request_id := tracing.current_id():
        fields["request_id"] = request_id
    return fields


def configure_logging(level: str, form: str = JSON) -> None:
    """Sends the log to standard error.

    Args:
        level: what is logged at least.
        form: `json` or `text`.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == JSON else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler])
    # What it says at INFO is of no use to an operator.
    logging.getLogger("alembic").setLevel(logging.WARNING)
