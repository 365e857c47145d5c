"""The window in a real browser: navigation, switching users, messages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.sandbox.page.browser import Window, message, needs_browser, soon
from tests.sandbox.page.demo_app import (
    button,
    mrkdwn,
    plain,
)
from tests.sandbox.page.fake_sandbox import BOT, FakeSandbox

pytestmark = [pytest.mark.sockets, pytest.mark.browser, needs_browser]


def test_the_rail_shows_where_one_can_go(tab: Window, slack: FakeSandbox) -> None:
    slack.post("CGENERAL", "UBOB", "Hello")
    page = tab.open("as=alice&in=D1")
    expect(page.get_by_role("heading", name="Acme")).to_be_visible()
    rail = page.get_by_role("navigation", name="Channels and direct messages")
    expect(rail.get_by_role("button", name="general, 1 unread")).to_be_visible()
    rail.get_by_role("button", name="general").click()
    expect(message(page, "Hello")).to_be_visible()
    expect(rail.get_by_role("button", name="general", exact=True)).to_have_attribute(
        "aria-current", "page"
    )
    expect(page).to_have_url(re.compile("in=CGENERAL"))


def test_the_address_leads_to_a_person_and_a_place(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=bob&in=general")
    expect(page.get_by_role("button", name="You are: Bob Ferreira (member)")).to_be_visible()
    expect(page.get_by_role("heading", name="general")).to_be_visible()
    expect(page.get_by_role("button", name="secrets")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("button", name="You are: Bob Ferreira (member)")).to_be_visible()
    soon(page, lambda: slack.actions.of("reload") == [("reload", "UBOB")])


def test_opening_an_address_is_no_reload(tab: Window, slack: FakeSandbox) -> None:
    tab.open("as=bob&in=general")
    assert slack.actions.of("reload") == []


def test_whoever_one_acts_as_has_opened_the_home_that_is_shown(
    tab: Window, slack: FakeSandbox
) -> None:
    page = tab.open("as=alice&in=home")
    soon(page, lambda: slack.actions.of("open_home") == [("open_home", "UALICE", "home")])
    page.get_by_role("button", name="You are: Alice Wong (admin)").click()
    page.get_by_role("menuitemradio", name="Bob Ferreira (member)").click()
    soon(page, lambda: slack.actions.of("open_home")[1:] == [("open_home", "UBOB", "home")])


def test_acting_as_another_user(tab: Window, slack: FakeSandbox) -> None:
    slack.post("CSECRETS", "UALICE", "For few eyes")
    page = tab.open("as=alice&in=secrets")
    expect(message(page, "For few eyes")).to_be_visible()
    page.get_by_role("button", name="You are: Alice Wong (admin)").click()
    page.get_by_role("menuitemradio", name="Oskar Lind (another organisation)").click()
    expect(
        page.get_by_role("button", name="You are: Oskar Lind (another organisation)")
    ).to_be_visible()
    expect(message(page, "For few eyes")).to_have_count(0)
    expect(page).to_have_url(re.compile("as=oskar"))


def test_who_is_deactivated_cannot_use_slack(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=bob&in=general")
    with slack.workspace.change():
        slack.workspace.accounts["UBOB"].deleted = True
    expect(page.get_by_text("Bob Ferreira is deactivated and cannot use Slack.")).to_be_visible()
    page.get_by_role("button", name="You are: Bob Ferreira").click()
    page.get_by_role("menuitemradio", name="Alice Wong").click()
    page.get_by_role("button", name="You are: Alice Wong").click()
    expect(page.get_by_role("menuitemradio", name="Bob Ferreira")).to_be_disabled()


def test_news_comes_without_a_reload(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    made = slack.post("CGENERAL", "UBOB", "First")
    expect(message(page, "First")).to_be_visible()
    with slack.workspace.change():
        made.text, made.edited_ts, made.revision = "Second", "1", 2
    expect(message(page, "Second")).to_contain_text("(edited)")
    expect(message(page, "First")).to_have_count(0)
    with slack.workspace.change():
        slack.workspace.messages["CGENERAL"].remove(made)
    expect(message(page, "Second")).to_have_count(0)


def test_an_earlier_message_is_drawn_in_its_place(tab: Window, slack: FakeSandbox) -> None:
    first, third = (slack.post("CGENERAL", u, w) for u, w in (("UBOB", "one"), ("UBOB", "three")))
    page = tab.open("as=alice&in=general")
    expect(message(page, "three")).to_be_visible()
    middle = f"{(float(first.ts) + float(third.ts)) / 2:.6f}"
    with slack.workspace.change():
        slack.post("CGENERAL", "UGITA", "two", ts=middle)
        slack.workspace.messages["CGENERAL"].sort(key=lambda m: m.ts)
    expect(page.get_by_role("article")).to_contain_text(["one", "two", "three"])


def test_earlier_messages_come_when_asked_for(tab: Window, slack: FakeSandbox) -> None:
    for number in range(130):
        slack.post("CGENERAL", "UBOB", f"number {number}.")
    page = tab.open("as=alice&in=general")
    expect(page.get_by_role("article")).to_have_count(100)
    expect(message(page, "number 129.")).to_be_in_viewport()
    page.get_by_role("button", name="Show earlier messages (30)").click()
    expect(page.get_by_role("article")).to_have_count(130)
    expect(page.get_by_role("article").first).to_contain_text("number 0.")
    expect(page.get_by_role("button", name="Show earlier messages")).to_have_count(0)


def test_messages_have_faces_names_times_and_days(tab: Window, slack: FakeSandbox) -> None:
    slack.post("CGENERAL", "UOSKAR", "From afar")
    slack.post("CGENERAL", BOT, "From the app")
    page = tab.open("as=alice&in=general")
    expect(page.get_by_role("separator")).to_have_text("Today")
    expect(message(page, "From afar")).to_contain_text("Oskar Lind")
    expect(message(page, "From afar").locator(".badge")).to_have_text("External")
    expect(message(page, "From the app").locator(".badge")).to_have_text("APP")
    expect(message(page, "From the app").locator("time")).to_have_text(
        re.compile(r"\d{1,2}:\d\d [AP]M")
    )


def test_an_ephemeral_message_says_so_and_can_be_dismissed(tab: Window, slack: FakeSandbox) -> None:
    slack.post("CGENERAL", BOT, "Psst", ephemeral_for="UALICE")
    page = tab.open("as=alice&in=general")
    expect(message(page, "Psst")).to_contain_text("Only visible to you")
    page.get_by_role("button", name="Dismiss message").click()
    expect(message(page, "Psst")).to_have_count(0)
    assert len(slack.actions.of("dismiss")) == 1


def test_text_from_outside_stays_text(tab: Window, slack: FakeSandbox) -> None:
    evil = "<img src=x onerror=document.title='broken'>"
    slack.post("CGENERAL", "UBOB", evil)
    blocks = [
        {"type": "header", "block_id": "h", "text": plain(evil)},
        {"type": "section", "block_id": "s", "text": mrkdwn(f"{evil} *bold*")},
        {"type": "actions", "block_id": "a", "elements": [button(evil, "x")]},
    ]
    slack.post("CGENERAL", BOT, evil, blocks=blocks)
    page = tab.open("as=alice&in=general")
    expect(message(page, "bold")).to_be_visible()
    assert page.locator("img[src=x]").count() == 0
    assert "broken" not in page.title()
    expect(page.get_by_role("button", name=evil)).to_be_visible()


def test_slacks_warning_is_in_the_message(tab: Window, slack: FakeSandbox) -> None:
    slack.post("CGENERAL", BOT, "Press", notices={"UALICE": "The app did not answer."})
    page = tab.open("as=alice&in=general")
    expect(page.get_by_role("alert")).to_have_text("The app did not answer.")


def test_a_message_of_the_app_tells_what_a_phone_shows(tab: Window, slack: FakeSandbox) -> None:
    blocks = [{"type": "section", "text": mrkdwn("*Zapier* was revoked")}]
    made = slack.post("CGENERAL", BOT, "Ada revoked 'Zapier'", blocks=blocks)
    slack.post("CGENERAL", "UBOB", "Thanks")
    page = tab.open("as=alice&in=general")
    inspect = page.get_by_role("button", name="What a notification shows")
    expect(inspect).to_have_count(1)
    inspect.click()
    dialog = page.get_by_role("dialog", name="What a notification shows")
    expect(dialog.locator(".lock-screen")).to_have_text("Key RingAda revoked 'Zapier'")
    expect(dialog.get_by_text("Zapier was revoked", exact=True)).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    inspect.evaluate("each => { each.drawnFirst = true }")
    with slack.workspace.change():
        made.text, made.revision = "", 2
    soon(page, lambda: not inspect.evaluate("each => each.drawnFirst"))
    inspect.click()
    expect(dialog.locator(".lock-screen")).to_contain_text("Nothing: the message has no text.")
    expect(dialog.get_by_text("An edit notifies nobody.")).to_be_visible()
