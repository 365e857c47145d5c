"""Take screenshots of the real bot in the practice Slack: light and dark, narrow and wide windows.

Usage: python -m scripts.screenshots [FOLDER]. Its folder `crops` has those for docs/pictures.
"""

from __future__ import annotations

import csv
import hashlib
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from random import Random
from typing import Literal

from playwright.sync_api import FloatRect, Page, ViewportSize

from bot.home.view import FILTERS, SORTS
from keys.search.filters import KeyFilter
from keys.search.sorting import Sort
from sandbox.sandbox import Sandbox
from tests.e2e.harness.at_work import World, at_work
from tests.e2e.harness.clocks import clock_of
from tests.e2e.harness.program import CHANNEL
from tests.sandbox.page.browser import chromium

PEOPLE = {
    "alice": ("Alice Adams", "admin"),
    "bob": ("Bob Baker", "admin"),
    "carol": ("Carol Clark", "member"),
    "dave": ("Dave Diaz", "member"),
}
PROGRAMS = ("Billing", "Grafana", "Partner app", "Status page", "Backup", "CRM", "Shop", "Payroll")
PURPOSES = ("production", "staging", "Berlin", "Globex", "nightly", "Initech", "reports", "import")
NEW, ASKED, DENIED = "Zapier, production", "Support desk, Initech", "My laptop, testing"
REASON = "Tickets from their support desk are copied to ours, every hour."
IMPORTED, NOTE = "Grafana, production", "Taken over from the old system."
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS, HEIGHT, WITHIN = (1200, 400), 1000, 30  # the last in seconds
CROP_OF_HOME: FloatRect = {"x": 360, "y": 155, "width": 740, "height": 730}
USE = "insert into secret_uses values (?, strftime('%Y-%m-%d %H:%M:%f000', 'now'), '')"


@dataclass
class Camera:
    """A window for each look; every shot is taken in all of them."""

    url: str
    folder: Path
    windows: dict[str, Page]

    def takes(self, name: str, who: str, location: str, words: str, *, crop: str = "") -> None:
        """Save what a user sees at a location, scrolled to the newest message with these words."""
        for look, page in self.windows.items():
            page.goto(f"{self.url}?as={who}&in={location}")
            page.locator("html[data-ready]").wait_for(state="attached")
            message = page.get_by_role("article").filter(has_text=words).last
            found = page.get_by_text(words).first if location == "home" else message
            found.evaluate("m => m.scrollIntoView({block: m.offsetHeight < 800 ? 'end' : 'start'})")
            page.wait_for_timeout(500)
            page.screenshot(path=self.folder / f"{name}-{look}.png")
            if crop and look == "light-1200":
                box = None if location == "home" else found.bounding_box()
                clip: FloatRect = {**(box or CROP_OF_HOME), "width": 740}
                page.screenshot(path=self.folder / "crops" / f"{crop}.png", clip=clip)


def imports(slack: Sandbox, folder: Path) -> None:
    """Import 64 keys by their hashes half a year ago; use two of three during the last month."""
    folder.mkdir()
    file, today, random = folder / "keys.csv", datetime.now(UTC).date(), Random(7)  # noqa: S311
    owners = [*(slack.person(name).id for name in PEOPLE), ""]
    with file.open("w", newline="") as out:
        table = csv.writer(out)
        table.writerow(("name", "hash", "scopes", "owner", "hint", "expires_at", "note"))
        for n, (use, program) in enumerate(product(PURPOSES, PROGRAMS)):
            digest = hashlib.sha256(f"a key of the other system, {n}".encode()).hexdigest()
            ends = str(today + timedelta(days=(5, 20, 200)[n % 3])) if n % 4 == 1 else ""
            scopes, hint = "read" if n % 3 else "read write", f"old_{digest[:4]}"
            table.writerow((f"{program}, {use}", digest, scopes, owners[n % 5], hint, ends, NOTE))
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **clock_of(folder / "clock")}
    (folder / "clock").write_text("-180d")
    command = (sys.executable, "-m", "cli", "import", str(file))
    subprocess.run(command, cwd=folder, env=environment, check=True)  # noqa: S603
    with closing(sqlite3.connect(next(folder.rglob("*.db")), timeout=20)) as base, base:
        for (secret,) in base.execute("select id from secrets where rowid % 3").fetchall():
            base.execute(USE, (secret,))
            for back in range(30):
                used = (secret, f"-{back} days", int(random.random() ** 2 * 900))
                base.execute("insert into daily_uses values (?, date('now', ?), ?)", used)


def take_all(world: World, camera: Camera) -> None:
    """Go through what happens to keys, and take each thing when it is seen."""
    team, town = CHANNEL.lstrip("#"), "town-square"
    world.slack.add_channel(town, members=list(PEOPLE))
    world.slack.invite_app(town)
    token = world.makes_key(NEW, owner="carol", note="Sends new orders to the warehouse.")
    alice, _, carol, dave = (world.slack.person(name).goes_to(CHANNEL) for name in PEOPLE)
    alice.sees("API keys expire within 7 days", within=WITHIN)
    camera.takes("reminder", "alice", team, "API keys expire within 7 days")
    camera.takes("home", "alice", "home", "Search, then press Enter", crop="home")
    take_filters(world, camera)
    for person, name, reason in ((dave, ASKED, REASON), (carol, DENIED, "To try things out.")):
        person.types(f"/apikeys request {name}").sees("Ask for an API key", within=WITHIN)
        person.fills(reason=reason).submits().sees("You have asked for", within=WITHIN).closes()
        alice.sees(f"asks for the key {name}", within=WITHIN)
    camera.takes("request-before", "alice", team, REASON, crop="request")
    dave.opens_home()
    camera.takes("home-of-member", "dave", "home", "You asked for")
    alice.presses("Approve", on=ASKED).person.sees("approved this", within=WITHIN)
    camera.takes("request-after", "alice", team, REASON)
    alice.presses("Deny", on=DENIED).person.sees("Deny the request", within=WITHIN)
    alice.fills(reason="Please use the key of the test system; its note says where it is.")
    alice.submits().sees("denied this", within=WITHIN).closes()
    carol.sees("Reason: Please use", within=WITHIN)
    dm = world.slack.workspace.direct_between(carol.id, world.slack.bot_user_id)
    camera.takes("denied", "carol", dm.id if dm else "", "Reason: Please use")
    carol.types("/apikeys help").sees("How to use API keys here", within=WITHIN)
    camera.takes("member-help", "carol", team, "How to use API keys here")
    dave.goes_to("#" + town).types(f"Why does this not work?\n{token}")
    alice.sees(f"a live token of {NEW}", within=WITHIN)
    camera.takes("leak", "alice", team, f"a live token of {NEW}")
    camera.takes("leak-hint", "dave", town, "contains the token of an API key")
    alice.types(f"/apikeys show {NEW}").sees("Who has seen a token", within=WITHIN)
    camera.takes("details", "alice", team, "Who has seen a token")
    alice.types(f"/apikeys show {IMPORTED}").sees(NOTE, within=WITHIN)
    camera.takes("details-imported", "alice", team, NOTE, crop="details")
    take_audit(world, camera)
    alice.types("/apikeys offboard @carol").sees("Start privately", within=WITHIN)
    camera.takes("offboarding-question", "alice", team, "Start privately")
    world.slack.deactivate("carol")
    alice.sees("Carol Clark was deactivated.", within=WITHIN)
    camera.takes("offboarding", "alice", team, "Carol Clark was deactivated.")


def take_filters(world: World, camera: Camera) -> None:
    """Choose each filter and each order in Alice's Home, and search for an owner's name."""
    alice = world.slack.person("alice").opens_home()
    filters = {f"home-{name.replace('_', '-')}": words for name, words in FILTERS.items()}
    for name, words in filters.items():
        alice.chooses(words)
        if name != "home-all":
            camera.takes(name, "alice", "home", "Search, then press Enter")
    alice.chooses(FILTERS[KeyFilter.ALL])
    for name, words in SORTS.items():
        alice.chooses(words)
        if name != Sort.NAME:
            camera.takes(f"home-by-{name}".replace("_", "-"), "alice", "home", words)
    alice.chooses(SORTS[Sort.NAME]).person.enters("Dave", into="Search, then press Enter")
    camera.takes("home-searched", "alice", "home", "Search, then press Enter")


def take_audit(world: World, camera: Camera) -> None:
    """Begin an audit; take its message, its modal, and the modal after a page was kept."""
    alice = world.slack.person("alice").goes_to(CHANNEL)
    team = CHANNEL.lstrip("#")
    alice.types("/apikeys audit start").sees("Audit of the API keys", within=WITHIN)
    camera.takes("audit", "alice", team, "Audit of the API keys")
    alice.presses("Review keys").person.sees("Suggestion: keep", within=WITHIN)
    camera.takes("audit-modal", "alice", team, "Audit of the API keys")
    alice.submits().sees("You kept", within=WITHIN)
    camera.takes("audit-modal-after", "alice", team, "Audit of the API keys")
    alice.closes()


def main() -> None:
    """Take all screenshots."""
    folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp(prefix="screenshots-"))
    with tempfile.TemporaryDirectory() as home, chromium() as browser:
        windows = {}
        for scheme, width in product(SCHEMES, WIDTHS):
            size: ViewportSize = {"width": width, "height": HEIGHT}
            sharp = 2 if (scheme, width) == ("light", 1200) else 1
            page = browser.new_page(viewport=size, color_scheme=scheme, device_scale_factor=sharp)
            windows[f"{scheme}-{width}"] = page
        program = Path(home) / "program"
        with at_work(program, PEOPLE, before=lambda slack: imports(slack, program)) as world:
            take_all(world, Camera(world.slack.url, folder, windows))
    print(folder)  # noqa: T201


if __name__ == "__main__":
    main()
