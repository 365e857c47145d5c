"""A headless browser for the page's tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

# The headless shell opens a page in a third of the processor time: it draws no window of its own.
_PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
_CHROMIUM = next(filter(None, map(shutil.which, _PROGRAMS)), None)
_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

needs_browser = pytest.mark.skipif(_CHROMIUM is None, reason="no chromium on this machine")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, closed at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Window:
    """One browser tab at the practice Slack, and what went wrong in it."""

    page: Page
    address: str
    faults: list[str]

    def open(self, query: str) -> Page:
        """Go to ``/?query`` and wait until the page answers to presses."""
        self.page.goto(f"{self.address}/?{query}")
        self.page.locator("html[data-ready]").wait_for(state="attached")
        return self.page


@contextmanager
def window(
    browser: Browser, address: str, width: int = 1280, height: int = 800
) -> Iterator[Window]:
    """A tab; fails at the end if a script failed in it, or if it asked another machine."""
    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(10_000)
    page = context.new_page()
    made = Window(page, address, [])
    page.on("pageerror", lambda error: made.faults.append(str(error)))
    page.on("request", lambda asked: _outside(made, asked.url))
    try:
        yield made
    finally:
        context.close()
    assert made.faults == []


def _outside(made: Window, url: str) -> None:
    if not url.startswith((made.address, made.address.replace("http", "ws"), "data:", "blob:")):
        made.faults.append(f"asked for {url}")


def soon(page: Page, condition: Callable[[], Any]) -> Any:
    """Wait, 10 s at most, until `condition` returns something true; returns that."""
    for _ in range(200):
        if found := condition():
            return found
        page.wait_for_timeout(50)
    return pytest.fail("it did not come true within 10 s")


def message(page: Page, words: str) -> Any:
    return page.get_by_role("article").filter(has_text=words)
