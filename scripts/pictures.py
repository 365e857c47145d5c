"""Make pictures in docs/pictures, from the real bot in the practice Slack.

Some are made by `scripts.screenshots`.

The key whose token is visible is revoked, and the database is deleted at the end.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import ViewportSize, expect

from tests.e2e.harness.at_work import World, at_work
from tests.e2e.harness.program import CHANNEL, eventually
from tests.e2e.harness.slack_window import APP, SlackWindow
from tests.sandbox.page.browser import chromium

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
PEOPLE = {
    "alice": ("Alice Adams", "admin"),
    "bob": ("Bob Baker", "admin"),
    "carol": ("Carol Clark", "member"),
}
BOTH = ["Read existing data", "Add new records"]
KEYS: dict[str, dict[str, Any]] = {
    "Billing export, nightly": {"owner": "carol"},
    "Grafana dashboard, ops": {"owner": "bob"},
    "Partner portal, Globex": {"owner": "carol", "scopes": BOTH},
    "Status page, production": {"owner": "alice"},
}
NEW = "Zapier, production"
USED = ("Billing export, nightly", "Status page, production")
SHARPNESS = 2
LOW: ViewportSize = {"width": 1000, "height": 540}
HIGH: ViewportSize = {"width": 1000, "height": 1000}


def main() -> None:
    """Make all pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "program"
        with at_work(program, PEOPLE, APIKEYS_LAST_USED_SECONDS="0.2") as world:
            fill(world)
            with slack_window(world) as window:
                picture_of_token(window)
                picture_of_list(window)
                picture_of_revoking(window)
                picture_of_rotation(window)
                picture_of_leaving(window)
                picture_of_audit(window)


def fill(world: World) -> None:
    """Create some keys, and use two of them."""
    tokens = {name: world.makes_key(name, **fields) for name, fields in KEYS.items()}
    for name in USED:
        if world.asks(tokens[name]) != 204:
            raise RuntimeError(f"{name} does not work")
    bob = world.slack.person("bob")

    def seen_used() -> bool:
        bob.reloads().types("/apikeys list").sees("4 keys", within=15)
        return bob.screen().count("last used") == len(USED)

    eventually(seen_used, "keys that were used")


@contextmanager
def slack_window(world: World) -> Iterator[SlackWindow]:
    """Open Slack in a browser as Alice."""
    with chromium() as browser:
        context = browser.new_context(viewport=HIGH, device_scale_factor=SHARPNESS)
        page = context.new_page()
        page.goto(f"{world.slack.url}?as=alice&in={CHANNEL.lstrip('#')}")
        page.locator("html[data-ready]").wait_for(state="attached")
        yield SlackWindow(page)
        context.close()


def picture_of_token(window: SlackWindow) -> None:
    """Take the direct message with a new key's token, in the whole window."""
    window.types(f"/apikeys new {NEW}")
    modal = window.modal("New API key")
    modal.get_by_label("Add new records").check()
    modal.get_by_role("button", name="Create key").click()
    window.modal("Your key is ready")
    window.closes("Close")
    window.goes_to(APP)
    window.sees(f"This is the token of {NEW}")
    window.page.set_viewport_size(LOW)
    window.page.screenshot(path=PICTURES / "token.png")
    window.page.set_viewport_size(HIGH)


def picture_of_list(window: SlackWindow) -> None:
    """Take the list, with the menu of a row open."""
    window.goes_to(CHANNEL.lstrip("#"))
    answer = window.asks("/apikeys list", "5 keys")
    answer.get_by_role("button", name="More actions").nth(2).click()
    expect(window.page.get_by_role("menuitem", name="Revoke")).to_be_visible()
    window.page.mouse.move(0, 0)
    answer.screenshot(path=PICTURES / "list.png")
    window.page.keyboard.press("Escape")
    expect(window.page.get_by_role("menuitem")).to_have_count(0)


def picture_of_revoking(window: SlackWindow) -> None:
    """Take the question whether to revoke, and revoke the key."""
    question = window.asks(f"/apikeys revoke {NEW}", "Are you sure")
    window.page.mouse.move(0, 0)
    question.screenshot(path=PICTURES / "revoke.png")
    question.get_by_role("button", name="Revoke").click()
    window.sees(f"{NEW} was revoked by @Alice Adams")


def picture_of_rotation(window: SlackWindow) -> None:
    """Take the live message about a rotation."""
    window.types(f"/apikeys rotate {USED[0]}")
    window.modal("Rotate API key").get_by_role("button", name="Rotate").click()
    window.modal("Rotated")
    window.closes("Close")
    message = window.sees(f"@Alice Adams rotated {USED[0]}")
    window.page.mouse.move(0, 0)
    message.screenshot(path=PICTURES / "rotation.png")


def picture_of_leaving(window: SlackWindow) -> None:
    """Take the message with the keys of a leaver."""
    window.goes_to(CHANNEL.lstrip("#"))
    question = window.asks("/apikeys offboard @carol", "Start privately")
    question.get_by_role("button", name="Start in #").click()
    message = window.sees("Carol Clark is leaving.")
    window.page.mouse.move(0, 0)
    message.screenshot(path=PICTURES / "leaving.png")


def picture_of_audit(window: SlackWindow) -> None:
    """Take the modal that reviews many keys."""
    window.types("/apikeys audit start")
    message = window.sees("Audit of the API keys")
    message.get_by_role("button", name="Review keys").click()
    modal = window.modal("Review API keys")
    window.page.mouse.move(0, 0)
    modal.screenshot(path=PICTURES / "audit.png")


if __name__ == "__main__":
    main()
