"""App Home, through Bolt and down to the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import count as counting
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.home import handlers
from bot.ui import ids
from bot.ui.key_facts import sparkline
from keys.search.filters import KeyFilter
from storage import reading
from storage.tables import Home
from tests.bot.harness.fake_slack import refusal
from tests.bot.harness.listening import PEOPLE, Bench, buttons
from tests.bot.harness.working import worker

_numbers = counting(1)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    made.calls.replies["views.publish"] = [{"view": {"id": "V9", "hash": "h1"}}]
    yield made
    made.app.listener_runner.listener_executor.shutdown()
    made.domain.close()


def opens(bench: Bench, user: str = "U0ALICE", tab: str = "home") -> None:
    event = {"type": "app_home_opened", "user": user, "channel": "D1", "tab": tab}
    bench.sends(
        {
            "type": "event_callback",
            "event_id": f"Ev{next(_numbers)}",
            "team_id": "T0ACME",
            "event": event,
        }
    )


def presses(bench: Bench, action: dict[str, Any], user: str = "U0ALICE") -> None:
    bench.sends(
        {
            "type": "block_actions",
            "user": {"id": user, "team_id": PEOPLE[user]["team_id"]},
            "team": {"id": "T0ACME"},
            "trigger_id": "t2",
            "view": {"id": "V9", "type": "home"},
            "actions": [{"block_id": "b", "type": "button", **action}],
        }
    )


def published(bench: Bench) -> dict[str, Any]:
    return bench.last("views.publish")


def count(bench: Bench) -> int:
    return bench.calls.methods().count("views.publish")


def follow(bench: Bench) -> None:
    domain = bench.domain
    jobs = [lambda _: handlers.refresh(bench.context)]
    worker(domain.services, bench.context.slack, jobs=jobs).run_once()


def test_an_admin_sees_all_keys_and_everything_to_do(bench: Bench) -> None:
    bench.domain.issue("Zapier", owner="U0BOB")
    opens(bench)
    view = published(bench)["view"]
    text = json.dumps(view)
    assert "Zapier" in text
    assert "never used" in text
    assert {ids.NEW, ids.CHECK, ids.HELP, ids.HOME_SEARCH, ids.HOME_FILTER, ids.KEY_MENU} <= set(
        buttons(view["blocks"])
    ) | {block["element"]["action_id"] for block in view["blocks"] if "element" in block}


def test_somebody_else_sees_their_own_and_may_ask(bench: Bench) -> None:
    bench.domain.issue("Mine", owner="U0BOB")
    bench.domain.issue("Not mine")
    opens(bench, "U0BOB")
    view = published(bench)["view"]
    assert "Mine" in json.dumps(view)
    assert "Not mine" not in json.dumps(view)
    assert set(buttons(view["blocks"])) == {ids.REQUEST, ids.CHECK, ids.HELP, ids.KEY_CHOICE}


def test_a_member_reads_which_admins_to_ask(bench: Bench) -> None:
    bench.domain.issue("Zapier", owner="U0BOB")
    opens(bench, "U0BOB")
    view = json.dumps(bench.last("views.publish")["view"])
    assert "To change or revoke one, ask an admin: alice" in view


def test_guests_see_nothing(bench: Bench) -> None:
    bench.domain.issue("Zapier", owner="U0GUEST")
    opens(bench, "U0GUEST")
    assert "Zapier" not in json.dumps(published(bench))


def test_the_messages_tab_is_left_alone(bench: Bench) -> None:
    opens(bench, tab="messages")
    assert count(bench) == 0


def test_pages_search_and_shelves(bench: Bench) -> None:
    for number in range(12):
        bench.domain.issue(f"Program-{number:02}", owner=None if number == 7 else "U0ALICE")
    opens(bench)
    first = buttons(published(bench)["view"]["blocks"])
    presses(bench, first[ids.HOME_NEXT_PAGE])
    assert "11 to 12 of 12" in json.dumps(published(bench))
    presses(bench, buttons(published(bench)["view"]["blocks"])[ids.HOME_PREVIOUS_PAGE])
    assert "1 to 10 of 12" in json.dumps(published(bench))
    presses(bench, {"action_id": ids.HOME_SEARCH, "type": "plain_text_input", "value": "ram-03"})
    assert "1 to 1 of 1" in json.dumps(published(bench))
    presses(bench, {"action_id": ids.HOME_SEARCH, "type": "plain_text_input", "value": None})
    option = {"value": KeyFilter.UNOWNED.value}
    chosen = {"action_id": ids.HOME_FILTER, "type": "static_select", "selected_option": option}
    presses(bench, chosen)
    assert "Program-07" in json.dumps(published(bench))
    assert "1 to 1 of 1" in json.dumps(published(bench))


def test_a_member_turns_the_pages_of_their_own_keys(bench: Bench) -> None:
    for number in range(12):
        bench.domain.issue(f"Program-{number:02}", owner="U0BOB")
    bench.domain.issue("Program-99")
    opens(bench, "U0BOB")
    presses(bench, buttons(published(bench)["view"]["blocks"])[ids.HOME_NEXT_PAGE], "U0BOB")
    assert "11 to 12 of 12" in json.dumps(published(bench))
    presses(bench, buttons(published(bench)["view"]["blocks"])[ids.HOME_PREVIOUS_PAGE], "U0BOB")
    assert "1 to 10 of 12" in json.dumps(published(bench))


def test_what_is_pressed_there_opens_modals(bench: Bench) -> None:
    key, _ = bench.domain.issue("Zapier")
    opens(bench)
    menu = buttons(published(bench)["view"]["blocks"])[ids.KEY_MENU]
    for option, words in zip(
        menu["options"],
        ["History", "Rename API key", "Edit API key", "Rotate API key", "Are you sure"],
        strict=True,
    ):
        presses(bench, {**menu, "type": "overflow", "selected_option": option})
        assert words in json.dumps(bench.last("views.open"))
        if words == "Are you sure":
            asked = bench.last("views.open")["view"]
    press = {**buttons(asked["blocks"])[ids.REVOKE_CONFIRMED], "type": "button", "block_id": "b"}
    bench.sends(
        {
            "type": "block_actions",
            "user": {"id": "U0ALICE", "team_id": "T0ACME"},
            "team": {"id": "T0ACME"},
            "trigger_id": "t5",
            "view": {**asked, "id": "V1"},
            "actions": [press],
        }
    )
    assert "was revoked" in json.dumps(bench.last("views.update"))
    assert key.name in json.dumps(bench.last("views.update"))


def test_it_follows_what_is_done_elsewhere_with_the_views_hash(bench: Bench) -> None:
    opens(bench)
    follow(bench)
    assert count(bench) == 1
    bench.domain.issue("Zapier")
    follow(bench)
    assert count(bench) == 2
    assert published(bench)["hash"] == "h1"
    assert "Zapier" in json.dumps(published(bench))
    bench.domain.clock.move(timedelta(seconds=5))
    follow(bench)
    assert count(bench) == 2


def test_whoever_was_faster_is_overwritten_by_the_newer_state(bench: Bench) -> None:
    opens(bench)
    bench.domain.issue("Zapier")
    bench.calls.replies["views.publish"] = [
        refusal("hash_conflict"), {"view": {"id": "V9", "hash": "h3"}},
    ]  # fmt: skip
    follow(bench)
    assert count(bench) == 3
    assert "hash" not in published(bench)
    assert "Zapier" in json.dumps(published(bench))


def test_what_slack_cannot_take_is_tried_again(bench: Bench) -> None:
    opens(bench)
    bench.domain.issue("Zapier")
    bench.calls.replies["views.publish"] = [refusal("internal_error")]
    follow(bench)
    bench.calls.replies["views.publish"] = [{"view": {"id": "V9", "hash": "h2"}}]
    bench.domain.clock.move(timedelta(seconds=3))
    follow(bench)
    assert "Zapier" in json.dumps(published(bench))


def test_who_loses_the_role_loses_the_view(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.domain.issue("Somebody else's", owner="U0BOB")
    opens(bench)
    monkeypatch.setitem(PEOPLE, "U0ALICE", {**PEOPLE["U0ALICE"], "is_admin": False})
    bench.domain.issue("Another", owner="U0BOB")
    follow(bench)
    assert "Somebody else" not in json.dumps(published(bench))


def test_a_sparkline_shows_whatever_was_used_at_all() -> None:
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([0, 1, 1000]) == "▁▂█"
    assert sparkline([5, 5]) == "██"
    assert sparkline([]) == ""


def test_a_token_that_is_pasted_into_the_search_is_kept_nowhere_and_found(bench: Bench) -> None:
    _, token = bench.domain.issue("Zapier")
    bench.domain.issue("Make")
    opens(bench)
    presses(
        bench,
        {"action_id": ids.HOME_SEARCH, "type": "plain_text_input", "value": token.reveal()},
    )
    drawn = json.dumps(bench.last("views.publish")["view"])
    assert token.secret not in drawn
    assert "Zapier" in drawn
    assert "Make" not in drawn
    with reading(bench.domain.engine) as session:
        shown = [home.state for home in session.exec(select(Home))]
    assert token.secret not in json.dumps(shown)


def test_whoever_was_faster_has_what_is_newer_read_before_it_is_overwritten(bench: Bench) -> None:
    key, _ = bench.domain.issue("Zapier")
    opens(bench)

    def faster(args: dict[str, Any]) -> dict[str, Any]:
        if args.get("hash"):
            bench.domain.rename(key.id, "Renamed meanwhile")
            raise refusal("hash_conflict")
        return {"view": {"id": "V9", "hash": "h3"}}

    bench.calls.replies["views.publish"] = [faster]
    opens(bench)
    assert "Renamed meanwhile" in json.dumps(bench.last("views.publish")["view"])
