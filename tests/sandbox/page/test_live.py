"""The page on the whole practice Slack, with a real app on the other end of a web socket."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.server.closing import close
from sandbox.sandbox import Sandbox
from sandbox.state.models import Json
from sandbox.state.view_stack import new_modal
from sandbox.webapi.core.modals import update_view
from tests.sandbox.page.browser import Window, needs_browser, window
from tests.sandbox.page.demo_app import MANIFEST, TOKEN, Demo, plain

pytestmark = [
    pytest.mark.sockets,
    pytest.mark.browser,
    needs_browser,
]


@pytest.fixture
def slack() -> Iterator[Sandbox]:
    with Sandbox(MANIFEST, team_name="Acme", page=True) as slack:
        slack.add_person("alice", role="admin")
        slack.add_person("bob", role="member")
        slack.add_person("oskar", role="outsider")
        yield slack


@pytest.fixture
def demo(slack: Sandbox) -> Iterator[Demo]:
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    demo = Demo(client, slack.signing_secret)
    handler = SocketModeHandler(demo.app, slack.app_token)
    handler.connect()  # type: ignore[no-untyped-call]  # Bolt has no types for it
    yield demo
    demo.hold.set()
    close(handler)


@pytest.fixture
def tab(slack: Sandbox, demo: Demo, browser: Browser) -> Iterator[Window]:
    with window(browser, slack.url.rstrip("/")) as made:
        yield made


def typed(page: Page, words: str) -> None:
    box = page.get_by_role("textbox", name="Message #general")
    box.fill(words)
    box.press("Enter")


def test_from_a_command_through_a_modal_to_a_token(tab: Window, demo: Demo, slack: Sandbox) -> None:
    page = tab.open("as=alice&in=general")
    typed(page, "/keys new")
    dialog = page.get_by_role("dialog", name="New key")
    dialog.get_by_label("Name").fill("Test")
    dialog.get_by_label("Read existing data").check()
    dialog.get_by_role("combobox", name="Owner").click()
    page.get_by_role("option", name=re.compile("bob", re.IGNORECASE)).click()
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("alert")).to_have_text("“Test” says little.")
    dialog.get_by_label("Name").fill("Zapier, production")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Key Ring, 1 unread").click()
    expect(page.locator("pre")).to_have_text(TOKEN)
    page.get_by_role("button", name="I've stored it").click()
    expect(page.get_by_text("Removed after it was stored.")).to_be_visible()
    assert TOKEN not in page.inner_text("body")
    submitted = dict(demo.told)["submitted"]
    assert submitted["name"]["value"] == "Zapier, production"
    assert submitted["owner"]["selected_user"] == slack.person("bob").id


def test_a_list_is_searched_and_a_key_revoked(tab: Window, demo: Demo) -> None:
    page = tab.open("as=alice&in=general")
    typed(page, "/keys list")
    expect(page.get_by_text("Only visible to you")).to_be_visible()
    page.get_by_label("Search").fill("zap")
    page.get_by_label("Search").press("Enter")
    expect(page.get_by_text("Export job")).to_have_count(0)
    expect(page.get_by_text("Zapier, production")).to_be_visible()
    typed(page, "/keys ask")
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("Zapier was revoked.")).to_be_visible()
    expect(page.get_by_role("button", name="Revoke")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("Zapier was revoked.")).to_have_count(0)


def test_an_app_that_does_not_answer_shows_a_warning(tab: Window, demo: Demo) -> None:
    page = tab.open("as=alice&in=general")
    typed(page, "/keys slow")
    expect(page.get_by_text("operation_timeout")).to_be_visible(timeout=8_000)
    demo.hold.set()


def test_an_unknown_command_is_answered_by_slack_itself(tab: Window) -> None:
    page = tab.open("as=alice&in=general")
    typed(page, "/nonsense")
    expect(page.get_by_text("is not a valid command")).to_be_visible()


def test_the_home_is_published_when_it_is_opened(tab: Window) -> None:
    page = tab.open("as=bob&in=general")
    page.get_by_role("button", name="Key Ring", exact=True).click()
    page.get_by_role("tab", name="Home").click()
    expect(page.get_by_role("heading", name="Your keys")).to_be_visible()


def test_the_traffic_has_no_credentials(tab: Window, slack: Sandbox) -> None:
    page = tab.open("as=alice&in=general&traffic=open")
    typed(page, "/keys new")
    expect(page.get_by_role("listitem").filter(has_text="views.open")).to_be_visible()
    dialog = page.get_by_role("dialog", name="New key")
    dialog.get_by_label("Name").press("Escape")
    expect(dialog).to_have_count(0)
    for line in page.get_by_role("listitem").all():
        line.get_by_role("button").click()
    expect(page.get_by_role("listitem").filter(has_text="views.open")).to_contain_text("trigger_id")
    html = page.content()
    for secret in (slack.bot_token, slack.app_token, slack.signing_secret):
        assert secret not in html


def settings_form(version: str, words: str, box: str, day: str) -> Json:
    """A form of three inputs, with these values in them at first."""
    options = [{"text": plain(name), "value": name} for name in ("Left", "Right")]
    chosen = [option for option in options if option["value"] == box]
    elements: dict[str, Json] = {
        "Words": {"type": "plain_text_input", "initial_value": words},
        "Sides": {"type": "checkboxes", "options": options, "initial_options": chosen},
        "Day": {"type": "datepicker", "initial_date": day},
    }
    blocks = [
        {
            "type": "input",
            "block_id": f"{label}{version}",
            "label": plain(label),
            "element": {"action_id": "a", **element},
        }
        for label, element in elements.items()
    ]
    title, submit = plain("Settings"), plain("Save")
    return {"type": "modal", "title": title, "submit": submit, "blocks": blocks}


def test_a_redrawn_form_shows_other_values_only_under_new_ids(tab: Window, slack: Sandbox) -> None:
    page = tab.open("as=alice&in=general")
    alice = slack.person("alice")
    with slack.workspace.change():
        view = new_modal(slack.workspace, alice.id, settings_form("", "one", "Left", "2030-01-01"))
    dialog = page.get_by_role("dialog", name="Settings")
    dialog.get_by_label("Words").fill("mine")
    with slack.workspace.changed:
        assert slack.workspace.changed.wait_for(lambda: "mine" in str(view.values), 5)
    for version, words, box, day in (
        ("", "mine", "Left", "2030-01-01"),
        ("-2", "two", "Right", "2031-02-02"),
    ):
        redrawn = settings_form(version, "two", "Right", "2031-02-02")
        title = f"Settings{version or '-1'}"
        update_view(slack.workspace, view.id, redrawn | {"title": plain(title)})
        dialog = page.get_by_role("dialog", name=title)
        expect(dialog.get_by_label("Words")).to_have_value(words)
        expect(dialog.get_by_label("Day")).to_have_value(day)
        for side in ("Left", "Right"):
            expect(dialog.get_by_label(side)).to_be_checked(checked=side == box)
