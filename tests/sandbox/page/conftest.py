"""Fixtures for the page's tests in a browser: a fake sandbox, and a tab that shows it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.sandbox.page.browser import Window, chromium, window
from tests.sandbox.page.fake_sandbox import FakeSandbox, served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def slack() -> FakeSandbox:
    return FakeSandbox()


@pytest.fixture
def tab(slack: FakeSandbox, browser: Browser) -> Iterator[Window]:
    with served(slack) as address, window(browser, address) as made:
        yield made
