"""The clock at the top, times in the browser's zone, and the colours that the system asks for."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from sandbox.base.clock import MovableClock
from sandbox.base.time_machine import TimeMachine
from tests.sandbox.page.browser import Window, message, needs_browser, soon
from tests.sandbox.page.fake_sandbox import BOT, FakeSandbox, served

pytestmark = [pytest.mark.sockets, pytest.mark.browser, needs_browser]

_JAN_15 = 1_768_467_600.0  # 2026-01-15 09:00 UTC


@pytest.fixture
def slack() -> FakeSandbox:
    slack, clock = FakeSandbox(), MovableClock()
    clock.start_at(_JAN_15)
    slack.workspace.clock = clock

    def show() -> None:
        with slack.workspace.change():
            pass

    slack.time_machine = TimeMachine(clock, on_stride=show)
    return slack


def test_its_buttons_move_the_clock(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    expect(page.get_by_role("status")).to_have_text("Thu, Jan 15, 2026")
    page.get_by_role("button", name="+1 day").click()
    expect(page.get_by_role("status")).to_have_text("Fri, Jan 16, 2026")
    page.get_by_role("button", name="+1 week").click()
    expect(page.get_by_role("status")).to_have_text("Fri, Jan 23, 2026")
    expect(page.get_by_role("button", name="+1 week")).to_be_enabled()


def test_yesterday_is_another_day_after_a_day(tab: Window, slack: FakeSandbox) -> None:
    slack.post("CGENERAL", BOT, f"Ends <!date^{int(_JAN_15)}^{{date_short_pretty}}|soon>.")
    page = tab.open("as=alice&in=general")
    expect(message(page, "Ends today.")).to_be_visible()
    page.get_by_role("button", name="+1 day").click()
    expect(message(page, "Ends yesterday.")).to_be_visible()


def test_without_such_a_clock_there_are_no_buttons(browser: Browser) -> None:
    with served(plain_slack := FakeSandbox()) as address:
        assert plain_slack.time_machine is None
        context = browser.new_context()
        page = Window(context.new_page(), address, []).open("as=alice&in=general")
        expect(page.get_by_role("button", name="Traffic")).to_be_visible()
        expect(page.get_by_role("button", name="+1 day")).to_have_count(0)
        context.close()


@pytest.mark.parametrize("load", ["first", "second"])
def test_times_are_in_the_browsers_zone(slack: FakeSandbox, browser: Browser, load: str) -> None:
    slack.post("CGENERAL", "UBOB", "Good morning", ts=f"{_JAN_15:.6f}")
    with served(slack) as address:
        context = browser.new_context(timezone_id="Asia/Tokyo")
        tab = Window(context.new_page(), address, [])
        page = tab.open("as=alice&in=general")
        if load == "second":
            page = tab.open("as=alice&in=general")
        expect(message(page, "Good morning").get_by_text("6:00 PM")).to_be_visible()
        context.close()


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_the_colours_follow_the_system(
    slack: FakeSandbox, browser: Browser, scheme: str, dark: bool
) -> None:
    slack.post("CGENERAL", "UBOB", "Good morning")
    with served(slack) as address:
        context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
        page = Window(context.new_page(), address, []).open("as=alice&in=general")
        expect(message(page, "Good morning")).to_be_visible()
        # The sum of red, green and blue of the paper and of the ink.
        paper, ink = (
            sum(int(part) for part in page.locator(where).evaluate(
                f"each => getComputedStyle(each).{kind}.match(/\\d+/g).slice(0, 3)"
            ))
            for where, kind in ((".main", "backgroundColor"), (".message-text", "color"))
        )  # fmt: skip
        assert (paper < ink) is dark
        assert abs(paper - ink) > 400
        context.close()


def test_opening_the_home_by_its_address_opens_it_for_the_app(
    tab: Window, slack: FakeSandbox
) -> None:
    page = tab.open("as=alice&in=home")
    assert soon(page, lambda: slack.actions.of("open_home")) == [("open_home", "UALICE", "home")]
