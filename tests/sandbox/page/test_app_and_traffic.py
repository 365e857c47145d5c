"""The app's Home and messages, the traffic panel and the top bar, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from sandbox.state.models import Flow
from tests.sandbox.page.browser import Window, needs_browser, soon, window
from tests.sandbox.page.demo_app import (
    list_blocks,
)
from tests.sandbox.page.fake_sandbox import BOT, FakeSandbox, served

pytestmark = [pytest.mark.sockets, pytest.mark.browser, needs_browser]


def test_the_app_has_a_home_and_messages(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    page.get_by_role("button", name="Key Ring", exact=True).click()
    expect(page.get_by_role("textbox", name="Message Key Ring")).to_be_visible()
    soon(page, lambda: slack.actions.of("open_home") == [("open_home", "UALICE", "messages")])
    page.get_by_role("tab", name="Home").click()
    expect(page.get_by_text("Key Ring has nothing to show here yet.")).to_be_visible()
    soon(page, lambda: ("open_home", "UALICE", "home") in slack.actions.calls)
    expect(page).to_have_url(re.compile("in=home"))


def test_traffic_shows_both_directions_and_no_tokens(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    page.get_by_role("button", name="Traffic").click()
    expect(page.get_by_role("heading", name="Traffic")).to_be_visible()
    command = slack.traffic.begin(Flow.TO_APP, "slash_commands", {"text": "new"}, "socket")
    slack.traffic.finish(command, 200, "")
    sent = {"token": "xoxb-1-secret", "channel": "C1", "text": "hi xoxb-2-secret"}
    call = slack.traffic.begin(Flow.TO_SLACK, "chat.postMessage", sent, "http")
    slack.traffic.finish(call, 200, {"ok": False, "error": "channel_not_found"})
    rows = page.get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("chat.postMessage")
    expect(rows.nth(0)).to_contain_text("channel_not_found")
    expect(rows.nth(1)).to_contain_text("slash_commands")
    rows.nth(0).get_by_role("button").click()
    expect(rows.nth(0)).to_contain_text('"channel": "C1"')
    assert "-secret" not in page.content()
    expect(page).to_have_url(re.compile("traffic=open"))


def test_the_question_mark_says_what_this_is(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    page.get_by_role("button", name="What is this?").click()
    expect(page.get_by_text("This is a practice Slack.")).to_be_visible()


def test_a_fault_of_the_practice_itself_is_said(
    tab: Window, slack: FakeSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    slack.post("CGENERAL", BOT, "Pages", blocks=list_blocks())
    slack.actions.fault = ValueError("broken on purpose")
    page = tab.open("as=alice&in=general")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("The practice Slack failed here")).to_be_visible()
    assert "broken on purpose" in caplog.text
    expect(page.get_by_role("button", name="Next")).to_be_enabled()


def test_on_a_phone_the_rail_is_a_drawer(slack: FakeSandbox, browser: Browser) -> None:
    slack.post("CGENERAL", BOT, "Keys", blocks=list_blocks())
    with served(slack) as address, window(browser, address, 390, 844) as tab:
        page = tab.open("as=alice&in=general")
        rail = page.get_by_role("navigation", name="Channels and direct messages")
        expect(rail).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_role("button", name="Channels").click()
        rail.get_by_role("button", name="secrets").click()
        expect(page.get_by_role("heading", name="secrets")).to_be_visible()
        expect(rail).to_be_hidden()
