"""Serving the page: beside the Web API, from this machine alone, one at a time in a process."""

from __future__ import annotations

import re
import subprocess
import sys

import httpx
import pytest
from starlette.applications import Starlette

from tests.sandbox.page.fake_sandbox import FakeSandbox, served

pytestmark = pytest.mark.sockets


@pytest.fixture
def address() -> object:
    with served(FakeSandbox()) as address:
        yield address


def test_the_page_is_served_beside_the_web_api(address: str) -> None:
    assert httpx.get(f"{address}/api/auth.test").text == "the Web API"
    page = httpx.get(f"{address}/")
    assert page.status_code == 200
    assert "Acme · Practice Slack" in page.text


def test_the_page_and_its_style_name_no_other_machine(address: str) -> None:
    page = httpx.get(f"{address}/").text
    sources = re.findall(r'(?:src|href)="([^"]+)"|url\("([^"]+)"\)', page)
    found = [a or b for a, b in sources]
    assert len(found) > 5
    assert [s for s in found if not s.startswith(("/", "data:"))] == []
    for sheet in (s for s in found if s.startswith("/page-style/") and ".css" in s):
        answer = httpx.get(address + sheet)
        assert answer.status_code == 200
        assert "http" not in answer.text


def test_pages_can_follow_one_another_in_a_process() -> None:
    for _ in range(2):
        with served(FakeSandbox()) as address:
            assert httpx.get(f"{address}/").status_code == 200


def test_two_pages_do_not_run_at_the_same_time(address: str) -> None:
    from sandbox.page import attach

    second = Starlette()
    attach(second, FakeSandbox())

    async def start() -> None:
        async with second.router.lifespan_context(second):
            pytest.fail("it started")

    import asyncio

    with pytest.raises(RuntimeError, match="another practice Slack's page"):
        asyncio.run(start())
    assert httpx.get(f"{address}/").status_code == 200


def test_a_workspace_without_people_says_so() -> None:
    slack = FakeSandbox()
    slack.workspace.accounts.clear()
    with served(slack) as address:
        assert "This workspace has no people yet" in httpx.get(f"{address}/").text


def test_without_a_page_its_library_is_not_loaded() -> None:
    code = "import sys, sandbox; sys.exit('nicegui' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
