"""The examples in docs/integrating.md, run as they stand there."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.asgi import ApiKeyGuard
from runtime.http_server import Running, serve_in_thread
from tests.gateway.fakes import GOOD, REVOKED, WRITER, Harness, acall, verified

pytestmark = pytest.mark.sockets
TEXT = (Path(__file__).parents[2] / "docs" / "integrating.md").read_text(encoding="utf-8")
GUARD, PROGRAM = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
(SHELL,) = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
(SCRIPT,) = re.findall(r"```js\n(.*?)```", TEXT, re.DOTALL)
WAYS = {
    "curl": ("sh", "-c", SHELL),
    "python": (sys.executable, "-c", PROGRAM),
    "node": ("node", "--input-type=module", "-e", SCRIPT),
}


@pytest.fixture
def running(harness: Harness) -> Iterator[Running]:
    harness.verifier.answers[GOOD] = verified(networks=("192.0.2.0/24",))
    running = serve_in_thread(harness.app, "127.0.0.1", 0)
    yield running
    running.stop()


@pytest.mark.parametrize("way", WAYS)
def test_a_question_in_json(running: Running, way: str) -> None:
    if shutil.which("curl" if way == "curl" else WAYS[way][0]) is None:
        pytest.skip(f"{way} is not installed")
    codes = []
    for token in (GOOD, WRITER, REVOKED):
        done = subprocess.run(
            WAYS[way],
            env={"PATH": os.environ["PATH"], "GATEWAY": running.url, "TOKEN": token},
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        codes.append(answer.get("code", answer["valid"]))
    assert codes == [True, "insufficient_scope", "invalid"]


def test_the_guard(running: Running, harness: Harness) -> None:
    harness.verifier.answers[GOOD] = verified("Zapier, production")
    names: dict[str, Any] = {}
    exec(GUARD.replace("http://127.0.0.1:8321", running.url), names)  # noqa: S102 - our own text
    app = names["app"]
    assert isinstance(app, ApiKeyGuard)

    async def ask(token: str) -> tuple[int, bytes]:
        got = await acall(app, "GET", "/", [("x-api-key", token)])
        return got.status, got.body

    assert asyncio.run(ask(GOOD)) == (200, b"Hello, Zapier, production.")
    assert asyncio.run(ask(REVOKED))[0] == 401
    app.close()


def test_the_guard_passes_a_429_on_and_says_when(running: Running, harness: Harness) -> None:
    harness.verifier.answers[GOOD] = verified(rate_limit="1/day")
    names: dict[str, Any] = {}
    exec(GUARD.replace("http://127.0.0.1:8321", running.url), names)  # noqa: S102 - our own text
    app = names["app"]

    async def ask() -> Any:
        return await acall(app, "GET", "/", [("x-api-key", GOOD)])

    assert asyncio.run(ask()).status == 200
    again = asyncio.run(ask())
    assert again.status == 429
    assert int(again["retry-after"]) >= 1
    app.close()
