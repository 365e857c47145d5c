"""Everything that is typed and pressed, in a real browser, against the real program."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from bot.command_parser import SUBCOMMANDS
from tests.e2e.harness.at_work import World, at_work
from tests.e2e.harness.program import CHANNEL
from tests.e2e.harness.slack_window import APP, SlackWindow
from tests.sandbox.page.browser import chromium, needs_browser, window

pytestmark = [pytest.mark.sockets, pytest.mark.browser, needs_browser]

RED = "rgb(224, 30, 90)"
TOKEN = re.compile(r"ak_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}")
PEOPLE = {
    "alice": ("Alice Adams", "admin"),
    "bob": ("Bob Baker", "admin"),
    "carol": ("Carol Clark", "member"),
    "gary": ("Gary Green", "guest"),
    "sven": ("Sven Swan", "single_channel_guest"),
    "olga": ("Olga Orlova", "outsider"),
    "dora": ("Dora Dunn", "deactivated"),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with at_work(tmp_path_factory.mktemp("program"), PEOPLE) as world:
        yield world


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def alice(world: World, browser: Browser) -> Iterator[SlackWindow]:
    """The admin, in the team's channel, where what only she saw in other tests is gone."""
    world.slack.person("alice").reloads()
    with window(browser, world.slack.url.rstrip("/")) as tab:
        yield SlackWindow(tab.open(f"as=alice&in={CHANNEL.lstrip('#')}"))


def button(within: Locator, name: str) -> Locator:
    return within.get_by_role("button", name=name, exact=True)


# --- the admin -----------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["/apikeys", "/apikeys help"])
def test_the_guide_leads_on_by_its_buttons(alice: SlackWindow, command: str) -> None:
    guide = alice.asks(command, "How to manage API keys")
    expect(guide.locator("code")).to_have_count(len(SUBCOMMANDS))
    button(guide, "New key").click()
    alice.modal("New API key")
    alice.closes("Cancel")
    button(guide, "List keys").click()
    alice.sees("API keys")


def test_a_key_is_made_with_advice_and_refusal_on_the_way(alice: SlackWindow, world: World) -> None:
    world.makes_key("Zapier, production")
    alice.types("/apikeys new Test")
    modal = alice.modal("New API key")
    name = modal.get_by_label("Name", exact=True)
    expect(name).to_have_value("Test")
    modal.get_by_label("Add new records").check()
    alice.picks(modal.get_by_role("combobox", name="Owner"), "Carol Clark")
    modal.get_by_label("Note").fill("For the first try.")
    button(modal, "Create key").click()
    unclear = "In six months, no one will know which test it was for."
    expect(modal.get_by_text(unclear)).to_be_visible()
    expect(modal.get_by_label("Add new records")).to_be_checked()

    name.fill("zapier, PRODUCTION")
    button(modal, "Create key").click()
    expect(modal.get_by_role("alert")).to_contain_text("already an active key")

    name.fill("Test")
    modal.get_by_label("Use this name anyway").check()
    button(modal, "Create key").click()
    expect(alice.modal("Your key is ready")).to_contain_text("Test works now.")
    alice.closes("Close")
    told = alice.sees("created the key Test")
    expect(told).to_contain_text("It may read existing data, add new records. Owner: @Carol Clark.")

    alice.goes_to(APP)
    message = alice.sees("This is the token of Test. It cannot be shown again.")
    expect(message).to_contain_text("will be removed from this message after 15 minutes")
    message.locator("pre").first.dblclick()
    token = alice.page.evaluate("getSelection().toString()").strip()
    assert TOKEN.fullmatch(token)
    assert world.asks(token) == 204

    button(message, "I've stored it").click()
    after = alice.sees("The token of Test was removed from this message.")
    expect(after.get_by_role("button")).to_have_count(0)
    assert token not in alice.page.content()
    assert world.asks(token) == 204


def test_the_list_is_paged_searched_and_each_row_has_a_menu(
    alice: SlackWindow, world: World
) -> None:
    for number in range(1, 13):
        world.makes_key(f"Batch {number:02}, nightly")
    answer = alice.asks("/apikeys list batch", "Batch 01, nightly")
    expect(answer).to_contain_text("1 to 10 of 12 keys")
    expect(answer).to_contain_text("read existing data · owner @Bob Baker · created today")
    expect(button(answer, "More actions")).to_have_count(10)
    button(answer, "Next").click()
    expect(answer).to_contain_text("11 to 12 of 12 keys")
    button(answer, "Previous").click()
    expect(answer).to_contain_text("1 to 10 of 12 keys")

    search = answer.get_by_label("Search")
    search.fill("batch 07")
    search.press("Enter")
    expect(answer).to_contain_text("1 key")
    expect(answer).to_contain_text("Batch 07, nightly")

    def chooses(entry: str) -> None:
        button(answer, "More actions").click()
        expect(alice.page.get_by_role("menuitem")).to_have_text(
            ["Details", "Rename", "Edit", "Rotate", "Revoke"]
        )
        alice.page.get_by_role("menuitem", name=entry).click()

    chooses("Rename")
    expect(alice.modal("Rename API key").get_by_label("Name", exact=True)).to_have_value(
        "Batch 07, nightly"
    )
    alice.closes("Cancel")
    chooses("Revoke")
    question = alice.sees("Are you sure you want to revoke this API key?")
    button(question, "Cancel").click()
    alice.sees("Batch 07, nightly was not revoked.")
    chooses("Details")
    alice.sees("Who has seen a token")
    search.fill("nothing like it")
    search.press("Enter")
    expect(answer).to_contain_text("No key matches.")
    button(answer, "Show all keys").click()
    expect(answer).to_contain_text("Batch 01, nightly")


def test_a_key_is_renamed_and_its_token_goes_on_working(alice: SlackWindow, world: World) -> None:
    token = world.makes_key("Grafana, staging")
    alice.types("/apikeys rename Grafana, staging to Grafana, production")
    modal = alice.modal("Rename API key")
    expect(modal).to_contain_text("Current name: Grafana, staging")
    name = modal.get_by_label("Name", exact=True)
    expect(name).to_have_value("Grafana, production")
    name.fill("")
    button(modal, "Rename").click()
    expect(modal.get_by_role("alert")).to_be_visible()
    name.fill("Grafana, production")
    button(modal, "Rename").click()
    expect(modal).to_contain_text("Grafana, staging is now Grafana, production.")
    alice.closes("Close")
    assert world.asks(token) == 204


def test_a_key_is_revoked_and_the_team_is_told(alice: SlackWindow, world: World) -> None:
    token = world.makes_key("Invoices, nightly")
    question = alice.asks("/apikeys revoke Invoices", "Are you sure you want to revoke")
    expect(question).to_contain_text("Invoices, nightly")
    expect(question).to_contain_text("Last used")
    red = button(question, "Revoke")
    expect(red).to_have_css("background-color", RED)
    assert world.asks(token) == 204
    red.click()
    after = alice.sees("Invoices, nightly was revoked by @Alice Adams")
    expect(button(after, "Revoke")).to_have_count(0)
    expect(button(after, "Cancel")).to_have_count(0)
    assert world.asks(token) == 401
    alice.sees("@Alice Adams revoked the key Invoices, nightly")
    alice.acts_as("Carol Clark")
    told = alice.sees("@Alice Adams revoked the key Invoices, nightly")
    expect(told).not_to_contain_text("Only visible to you")


def test_everything_about_a_key_is_shown(alice: SlackWindow, world: World) -> None:
    world.makes_key("Billing export, monthly")
    shown = alice.asks("/apikeys show Billing export", "Who has seen a token")
    for words in (
        "Billing export, monthly",
        "active",
        "Never used",
        "@Bob Baker created it",
    ):
        expect(shown).to_contain_text(words)
    button(shown, "Rename").click()
    alice.modal("Rename API key")
    alice.closes("Cancel")
    button(shown, "Revoke").click()
    alice.sees("Are you sure you want to revoke this API key?")


# --- those who are not admins --------------------------------------------------------------------


@pytest.mark.parametrize("who", ["carol", "gary", "sven"])
def test_members_and_guests_are_told_whom_to_ask(
    alice: SlackWindow, world: World, who: str
) -> None:
    token = world.makes_key(f"For {who} to try, {who}")
    alice.acts_as(PEOPLE[who][0])
    guests_only = () if who == "carol" else ("new", "list", f"show For {who}")
    for command in (f"rename For {who}", f"revoke For {who}", *guests_only):
        refusal = alice.asks(f"/apikeys {command}", "You can ask: Alice Adams, Bob Baker.")
        expect(refusal.get_by_role("button")).to_have_text(["Dismiss message"])
        button(refusal, "Dismiss message").click()
        expect(alice.page.get_by_text("You can ask: Alice Adams, Bob Baker.")).to_have_count(0)
    expect(alice.page.get_by_role("dialog")).to_have_count(0)
    assert world.asks(token) == 204


def test_a_member_is_offered_to_ask_for_a_key(alice: SlackWindow, world: World) -> None:
    alice.acts_as(PEOPLE["carol"][0])
    guide = alice.asks("/apikeys help", "How to use API keys here")
    expect(button(guide, "New key")).to_have_count(0)
    expect(guide).to_contain_text("Admins create, change and revoke keys.")
    answer = alice.asks("/apikeys new Carol's report", "Only admins create keys here")
    button(answer, "Ask for a key").click()
    dialog = alice.page.get_by_role("dialog")
    expect(dialog.get_by_label("Name").first).to_have_value("Carol's report")


def test_somebody_of_another_organisation_cannot_even_by_a_button(
    alice: SlackWindow, world: World
) -> None:
    token = world.makes_key("Partner portal, Globex")
    question = alice.asks("/apikeys revoke Partner portal", "Are you sure")
    expect(button(question, "Revoke")).to_be_visible()
    world.shows_everybody(world.slack.person("alice"), "Are you sure")
    alice.acts_as("Olga Orlova")
    alice.asks("/apikeys list", "/apikeys is not a valid command.")
    button(alice.sees("Are you sure you want to revoke this API key?"), "Revoke").click()
    alice.sees("Only members of this workspace can manage its API keys.")
    expect(alice.sees("You can ask:")).to_contain_text("Alice Adams")
    assert world.asks(token) == 204


def test_whoever_is_deactivated_cannot_use_slack(alice: SlackWindow) -> None:
    alice.page.get_by_role("button", name="You are:").click()
    expect(alice.page.get_by_role("menuitemradio", name="Dora Dunn")).to_be_disabled()
