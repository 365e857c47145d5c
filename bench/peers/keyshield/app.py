"""keyshield with its cache behind FastAPI: `uvicorn app:app`, run in an environment of its own.

As its README has it (a session and a service for each request), with its cached service, one cache
for all, and the table made once at the start instead of at each request, which is faster. Its own
delay of 100 to 300 ms before each answer is its default; BENCH_DELAY=no takes it away.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import aiocache
from fastapi import Depends, FastAPI, Response
from keyshield import ApiKey
from keyshield.api import create_depends_api_key
from keyshield.hasher.argon2 import Argon2ApiKeyHasher
from keyshield.repositories.sql import SqlAlchemyApiKeyRepository
from keyshield.services.cached import CachedApiKeyService
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

_KEY = Path(os.environ["BENCH_KEY"])
_DELAY = {} if os.environ.get("BENCH_DELAY") != "no" else {"min_delay": 0.0, "max_delay": 0.0}

hasher = Argon2ApiKeyHasher(pepper="a pepper for measuring, and for nothing else")
cache = aiocache.SimpleMemoryCache()
engine = create_async_engine(f"sqlite+aiosqlite:///{_KEY.with_name('keyshield.db')}")
sessions = async_sessionmaker(engine, expire_on_commit=False)


async def _session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session, session.begin():
        yield session


def _service(session: AsyncSession) -> CachedApiKeyService:
    repository = SqlAlchemyApiKeyRepository(session)
    return CachedApiKeyService(repo=repository, hasher=hasher, cache=cache, **_DELAY)


async def _injected(session: Annotated[AsyncSession, Depends(_session)]) -> CachedApiKeyService:
    return _service(session)


@asynccontextmanager
async def _life(_app: FastAPI) -> AsyncIterator[None]:
    async with sessions() as session, session.begin():
        await SqlAlchemyApiKeyRepository(session).ensure_table(async_engine=engine)
        _, key = await _service(session).create(name="bench")
    _KEY.write_text(key)
    yield
    await engine.dispose()


app = FastAPI(lifespan=_life)
security = create_depends_api_key(_injected)


@app.get("/authz", status_code=204)
async def authz(_key: Annotated[ApiKey, Depends(security)]) -> Response:
    """An empty answer for a caller with a key."""
    return Response(status_code=204)
