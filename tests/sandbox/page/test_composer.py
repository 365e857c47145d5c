"""The message box in a real browser: sending, and completing commands and mentions."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.sandbox.page.browser import Window, message, needs_browser, soon
from tests.sandbox.page.fake_sandbox import FakeSandbox

pytestmark = [pytest.mark.sockets, pytest.mark.browser, needs_browser]


def test_enter_sends_and_shift_enter_does_not(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    box = page.get_by_role("textbox", name="Message #general")
    box.press_sequentially("one")
    box.press("Shift+Enter")
    box.press_sequentially("two")
    assert slack.actions.of("type") == []
    box.press("Enter")
    expect(message(page, "one")).to_be_visible()
    assert slack.actions.of("type") == [("type", "UALICE", "CGENERAL", "one\ntwo")]
    expect(box).to_have_value("")


def test_the_button_sends_too(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    page.get_by_role("textbox", name="Message #general").fill("hello")
    page.get_by_role("button", name="Send now").click()
    expect(message(page, "hello")).to_be_visible()


def test_commands_complete_themselves(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    box = page.get_by_role("textbox", name="Message #general")
    box.press_sequentially("/")
    lines = page.get_by_role("listbox", name="Slash commands").get_by_role("option")
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("/keys")
    expect(lines.first).to_contain_text("[list, new, ask, slow]")
    expect(lines.first).to_contain_text("List and make keys")
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("/standup ")
    box.fill("/ke")
    expect(lines).to_contain_text(["/keys"])
    box.press("Tab")
    expect(box).to_have_value("/keys ")
    box.press_sequentially("list")
    box.press("Enter")
    call = soon(page, lambda: slack.actions.of("type"))[0]
    assert call == ("type", "UALICE", "CGENERAL", "/keys list")


def test_fast_typing_is_not_overtaken_by_suggestions(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    box = page.get_by_role("textbox", name="Message #general")
    box.press_sequentially("/ke")
    expect(page.get_by_role("listbox", name="Slash commands")).to_be_visible()
    enter = "new KeyboardEvent('keydown', { key: 'Enter' })"
    box.evaluate(f"box => {{ box.value = '/keys list'; box.dispatchEvent({enter}) }}")
    call = soon(page, lambda: slack.actions.of("type"))[0]
    assert call[3] == "/keys list"


def test_tab_waits_for_the_suggestions_that_it_is_ahead_of(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    box = page.get_by_role("textbox", name="Message #general")
    box.press_sequentially("/")
    expect(page.get_by_role("listbox", name="Slash commands")).to_be_visible()
    box.evaluate("""box => {
        box.value = '/ke';
        box.dispatchEvent(new Event('input', { bubbles: true }));
        box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Tab', cancelable: true }));
    }""")
    expect(box).to_have_value("/keys ")


def test_people_of_another_organisation_are_offered_no_commands(
    tab: Window, slack: FakeSandbox
) -> None:
    page = tab.open("as=oskar&in=general")
    box = page.get_by_role("textbox", name="Message #general")
    box.press_sequentially("/k @b")
    expect(page.get_by_role("listbox", name="People")).to_be_visible()
    box.fill("/k")
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_people_of_another_organisation_have_not_got_the_app(tab: Window) -> None:
    page = tab.open("as=oskar&in=general")
    expect(page.get_by_role("heading", name="Channels")).to_be_visible()
    expect(page.get_by_role("heading", name="Apps")).to_have_count(0)


def test_a_mention_is_picked_from_a_list(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    box = page.get_by_role("textbox", name="Message #general")
    box.press_sequentially("ask @bo")
    page.get_by_role("option", name="Bob Ferreira").click()
    expect(box).to_have_value("ask @bob ")
    box.press_sequentially("or me@example.com")
    box.press("Enter")
    call = soon(page, lambda: slack.actions.of("type"))[0]
    assert call[3] == "ask <@UBOB> or me@example.com"
    expect(page.locator(".slack-mention")).to_have_text("@Bob Ferreira")
