"""The example API: documents that expire. GET /documents reads the list, POST /documents adds one.

It knows nothing about keys, like any API behind a gateway: `guarded` puts the gateway in front.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gateway.asgi import ApiKeyGuard
from runtime.clock import Clock

TITLE_MAX = 120
TEXT_MAX = 10_000
BODY_MAX = 64 * 1024
LIFE_DEFAULT = timedelta(days=1)
LIFE_MAX = timedelta(days=365)
LISTED_MAX = 100
_FIELDS = {"title", "text", "expires_in", "expires_at"}


class Invalid(ValueError):
    """The request is not a valid document; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document."""

    id: str
    title: str
    text: str
    created_at: datetime
    expires_at: datetime

    def as_json(self) -> dict[str, str]:
        """Return the document as the API sends it."""
        content = asdict(self)
        return content | {at: content[at].isoformat() for at in ("created_at", "expires_at")}


class RecordStore:
    """Documents in a SQLite file. Safe to share between threads; every call blocks."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Create the folder and the file if they are missing."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "documents.sqlite"
        self._clock = clock
        self._guard = threading.Lock()
        with self._guard, closing(self._open()) as db, db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS documents (id TEXT PRIMARY KEY, title TEXT NOT NULL,"
                " text TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT NOT NULL)"
            )

    def add(self, title: str, text: str, expires_at: datetime) -> Document:
        """Add a document, and delete the expired ones."""
        now = self._clock.now()
        added = Document(f"doc_{secrets.token_hex(8)}", title, text, now, expires_at)
        with self._guard, closing(self._open()) as db, db:
            db.execute("DELETE FROM documents WHERE expires_at <= ?", (_stamp(now),))
            db.execute(
                "INSERT INTO documents VALUES (?, ?, ?, ?, ?)",
                (added.id, title, text, _stamp(now), _stamp(expires_at)),
            )
        return added

    def all(self) -> list[Document]:
        """Return the documents that have not expired, newest first."""
        with self._guard, closing(self._open()) as db:
            rows = db.execute(
                "SELECT id, title, text, created_at, expires_at FROM documents"
                " WHERE expires_at > ? ORDER BY created_at DESC, rowid DESC LIMIT ?",
                (_stamp(self._clock.now()), LISTED_MAX),
            ).fetchall()
        return [
            Document(id_, title, text, datetime.fromisoformat(made), datetime.fromisoformat(ends))
            for id_, title, text, made, ends in rows
        ]

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path)


def _stamp(at: datetime) -> str:
    # With a fixed width and zone, texts sort like times.
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def build(folder: Path, clock: Clock) -> Starlette:
    """Return the API without a gateway.

    Args:
        folder: where the documents are stored.
    """
    store = RecordStore(folder, clock)

    async def read() -> JSONResponse:
        kept = await run_in_threadpool(store.all)
        return JSONResponse({"documents": [document.as_json() for document in kept]})

    async def add(request: Request) -> JSONResponse:
        try:
            wanted = read_document(await _body(request), clock.now())
        except Invalid as error:
            return JSONResponse({"code": "bad_request", "message": str(error)}, 400)
        except ClientDisconnect:
            return JSONResponse({"code": "bad_request", "message": "The caller hung up."}, 400)
        added = await run_in_threadpool(store.add, *wanted)
        return JSONResponse(added.as_json(), 201)

    async def documents(request: Request) -> JSONResponse:
        # One route for both methods, so that Allow lists both if another one is refused.
        return await (add(request) if request.method == "POST" else read())

    return Starlette(
        routes=[Route("/documents", documents, methods=["GET", "POST"])],
        exception_handlers={404: _not_found, 405: _not_allowed},
    )


def guarded(folder: Path, clock: Clock, gateway: str) -> ApiKeyGuard:
    """Return the API with the gateway at this URL in front."""
    return ApiKeyGuard(build(folder, clock), gateway)


def read_document(body: bytes, now: datetime) -> tuple[str, str, datetime]:
    """Read title, text and expiry from a request's body.

    Raises:
        Invalid: with a sentence for the caller.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid("The body is not valid JSON.") from None
    if not isinstance(content, dict):
        raise Invalid('The body must be a JSON object, such as {"title": "Minutes"}.')
    if unknown := sorted(content.keys() - _FIELDS):
        raise Invalid(f"There is no field “{unknown[0]}”; use {', '.join(sorted(_FIELDS))}.")
    title = _text(content, "title", TITLE_MAX).strip()
    if not title:
        raise Invalid("A document needs a title.")
    return title, _text(content, "text", TEXT_MAX), _expiry(content, now)


def _text(content: Mapping[str, Any], name: str, most: int) -> str:
    value = content.get(name, "")
    if not isinstance(value, str):
        raise Invalid(f"The field “{name}” must be a text.")
    if len(value) > most:
        raise Invalid(f"The field “{name}” may have {most:,} characters at most.")
    if not value.isascii() and any(0xD800 <= ord(char) <= 0xDFFF for char in value):
        raise Invalid(f"The field “{name}” holds half a character.")
    return value


def _expiry(content: Mapping[str, Any], now: datetime) -> datetime:
    if "expires_in" in content and "expires_at" in content:
        raise Invalid("Give expires_in or expires_at, not both.")
    if "expires_at" in content:
        expires_at = _parse_time(content["expires_at"])
    elif "expires_in" in content:
        expires_at = now + _span(content["expires_in"])
    else:
        expires_at = now + LIFE_DEFAULT
    if expires_at <= now:
        raise Invalid("The document would have expired already.")
    if expires_at > now + LIFE_MAX:
        raise Invalid(f"A document lives {LIFE_MAX.days} days at most.")
    return expires_at


def _span(value: Any) -> timedelta:
    # In Python a bool is an int, but it is not a number of seconds.
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid("The field “expires_in” must be a whole number of seconds.")
    try:
        return min(timedelta(seconds=value), LIFE_MAX + timedelta(seconds=1))
    except OverflowError:
        raise Invalid(f"A document lives {LIFE_MAX.days} days at most.") from None


def _parse_time(value: Any) -> datetime:
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    raise Invalid("The field “expires_at” must be a time with its zone: 2030-12-31T18:00:00Z.")


async def _body(request: Request) -> bytes:
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > BODY_MAX:
            raise Invalid(f"The body may be {BODY_MAX:,} bytes at most.")
    return bytes(parts)


async def _not_found(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse(
        {"code": "not_found", "message": "There is nothing here. Try /documents."}, 404
    )


async def _not_allowed(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse(
        {"code": "method_not_allowed", "message": "Documents can be read (GET) and added (POST)."},
        405,
        headers=getattr(error, "headers", None),
    )
