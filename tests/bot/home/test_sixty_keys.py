"""App Home with many keys: numbers that filter, orders, owners' names, and what is due."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.framework.slack_event import SLACK
from bot.slack_api.people_names import KEPT
from bot.ui import ids
from keys.base.models import KeyView
from keys.changes.operation import execute
from keys.offboarding.departures import DepartureReason
from keys.operations import RecordDeparture
from keys.search.filters import KeyFilter
from keys.search.sorting import Sort
from keys.usage.usage import Use, record_uses
from storage import reading, writing
from storage.tables import Home, Key, Secret
from tests.bot.harness.fake_slack import refusal
from tests.bot.harness.listening import MEMBER, PEOPLE, Bench
from tests.bot.home.test_handlers import opens, presses, published
from tests.keys.many import many_keys

DAY = timedelta(days=1)
ADA = {
    **MEMBER, "id": "U0ADA", "team_id": "T0ACME", "name": "countess",
    "profile": {"display_name": "Ada L.", "real_name": "Ada Lovelace"},
}  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setitem(PEOPLE, "U0ADA", ADA)
    made = Bench(tmp_path)
    yield made
    made.app.listener_runner.listener_executor.shutdown()
    made.domain.close()


def elements(bench: Bench) -> dict[str, dict[str, Any]]:
    """The buttons and menus above the keys, by action id."""
    blocks = published(bench)["view"]["blocks"]
    rows = [block["elements"] for block in blocks if block["type"] == "actions"]
    return {element["action_id"]: element for row in rows for element in row}


def counts(bench: Bench) -> dict[str, str]:
    return {
        action.removeprefix(ids.HOME_COUNT): element["text"]["text"]
        for action, element in elements(bench).items()
        if action.startswith(ids.HOME_COUNT)
    }


def names(bench: Bench) -> list[str]:
    return [
        block["text"]["text"].strip("*")
        for block in published(bench)["view"]["blocks"]
        if str(block.get("block_id", "")).startswith("row_")
    ]


def facts(bench: Bench, name: str) -> str:
    blocks = published(bench)["view"]["blocks"]
    (row,) = [n for n, b in enumerate(blocks) if (b.get("text") or {}).get("text") == f"*{name}*"]
    text: str = blocks[row + 1]["elements"][0]["text"]
    return text


def press_count(bench: Bench, key_filter: KeyFilter) -> None:
    presses(bench, elements(bench)[f"{ids.HOME_COUNT}{key_filter}"])


def choose(bench: Bench, action: str, value: str) -> None:
    presses(
        bench,
        {"action_id": action, "type": "static_select", "selected_option": {"value": value}},
    )


def search(bench: Bench, words: str) -> None:
    presses(bench, {"action_id": ids.HOME_SEARCH, "type": "plain_text_input", "value": words})


def use(bench: Bench, key: KeyView, days_ago: int) -> None:
    with writing(bench.domain.engine) as session:
        secret = session.exec(select(Secret.id).where(Secret.key_id == key.id)).one()
        at = bench.domain.clock.now() - days_ago * DAY
        record_uses(session, {secret: Use(at, "10.1.0.0/16")})


@pytest.fixture
def keys(bench: Bench) -> Bench:
    """Keys of which each needs attention for a reason of its own."""
    domain = bench.domain
    domain.issue("Unused", owner="U0BOB")
    left, _ = domain.issue("Left", owner="U0GUEST")
    idle, _ = domain.issue("Idle", owner="U0BOB")
    domain.clock.move(100 * DAY)
    now = domain.clock.now()
    use(bench, idle, 91)
    use(bench, left, 1)
    domain.issue("Zulu, in 6 days", expires_at=now + 6 * DAY, owner="U0ADA")
    domain.issue("Yankee, in 3 days", expires_at=now + 3 * DAY, owner="U0BOB")
    domain.issue("Nobody", owner=None)
    execute(
        domain.services,
        SLACK,
        RecordDeparture(person="U0GUEST", left=DepartureReason.DEACTIVATED),
        wait=0,
    )
    opens(bench)
    return bench


def test_each_number_shows_its_keys(keys: Bench) -> None:
    assert counts(keys) == {
        "all": "✓ 6 keys", "this_week": "2 expire within a week", "gone": "1 whose owner has left",
        "unowned": "1 without an owner", "never_used": "1 never used", "idle": "1 idle",
    }  # fmt: skip
    for key_filter, expected in (
        (KeyFilter.UNOWNED, ["Nobody"]),
        (KeyFilter.THIS_WEEK, ["Yankee, in 3 days", "Zulu, in 6 days"]),
        (KeyFilter.GONE, ["Left"]),
        (KeyFilter.NEVER_USED, ["Unused"]),
        (KeyFilter.IDLE, ["Idle"]),
    ):
        search(keys, "nothing has this")
        assert not any(text.startswith("✓") for text in counts(keys).values())
        press_count(keys, key_filter)
        assert names(keys) == expected
        assert counts(keys)[key_filter].startswith("✓ ")
        label = elements(keys)[f"{ids.HOME_COUNT}{key_filter}"]["accessibility_label"]
        assert label.startswith("Shown: ")
        chosen = elements(keys)[ids.HOME_FILTER]["initial_option"]["value"]
        assert chosen == key_filter


def test_an_end_filter_is_sorted_by_end_until_something_else_is_chosen(keys: Bench) -> None:
    choose(keys, ids.HOME_FILTER, KeyFilter.EXPIRING)
    assert names(keys) == ["Yankee, in 3 days", "Zulu, in 6 days"]
    assert elements(keys)[ids.HOME_SORT]["initial_option"]["value"] == Sort.END
    choose(keys, ids.HOME_SORT, Sort.CREATED)
    assert names(keys)[0] != "Unused"
    choose(keys, ids.HOME_SORT, Sort.NAME)
    assert names(keys) == ["Yankee, in 3 days", "Zulu, in 6 days"]
    choose(keys, ids.HOME_FILTER, KeyFilter.ALL)
    assert names(keys)[0] == "Idle"
    choose(keys, ids.HOME_SORT, Sort.LAST_USE)
    assert names(keys)[-2:] == ["Idle", "Left"]
    choose(keys, ids.HOME_SORT, "forged")
    assert names(keys)[0] == "Idle"


def test_menus_that_must_show_another_choice_have_another_block_id(keys: Bench) -> None:
    def block_id() -> str:
        blocks = published(keys)["view"]["blocks"]
        return str(next(b["block_id"] for b in blocks if "home_menus" in b.get("block_id", "")))

    before = block_id()
    search(keys, "zulu")
    assert block_id() == before
    press_count(keys, KeyFilter.IDLE)
    assert block_id() != before


def test_what_is_due_is_marked(keys: Bench) -> None:
    assert facts(keys, "Left").startswith(":warning: *owner has left*")
    assert facts(keys, "Idle").startswith(":warning: *idle for 90 days*")
    assert facts(keys, "Yankee, in 3 days").startswith(":warning: *<!date^")
    assert facts(keys, "Yankee, in 3 days").count("expires") == 2  # the date and its fallback
    assert not facts(keys, "Unused").startswith(":warning:")
    assert not facts(keys, "Nobody").startswith(":warning:")


def test_the_menu_begins_with_details_and_ends_with_what_cannot_be_undone(keys: Bench) -> None:
    row = next(b for b in published(keys)["view"]["blocks"] if "accessory" in b)
    labels = [option["text"]["text"] for option in row["accessory"]["options"]]
    assert (labels[0], labels[-1]) == ("Details", "Revoke")


@pytest.mark.parametrize("typed", ["ada", "@Ada", "LOVELACE", "countess", "ada zulu"])
def test_an_owners_name_finds_their_keys(keys: Bench, typed: str) -> None:
    search(keys, typed)
    assert names(keys) == ["Zulu, in 6 days"]


def test_names_are_asked_for_once_an_hour(keys: Bench) -> None:
    def asked() -> int:
        return sum(
            method == "users.info" and args["user"] == "U0ADA" for method, args in keys.calls.asked
        )

    for _ in range(3):
        search(keys, "ada")
        search(keys, "bob")
    assert asked() == 1
    keys.domain.clock.move(KEPT)
    search(keys, "ada")
    assert asked() == 2


def test_many_owners_are_listed_instead(keys: Bench) -> None:
    for number in range(25):
        keys.domain.issue(f"Program {number}", owner=f"U0MANY{number}")
    keys.calls.replies["users.list"] = [
        {"members": [ADA, *({"id": f"U0MANY{n}", "name": f"n{n}"} for n in range(25))]}
    ]
    before = keys.calls.methods().count("users.list")
    search(keys, "n24")
    assert names(keys) == ["Program 24"]
    assert keys.calls.methods().count("users.list") == before + 1


def test_a_silent_slack_is_said_and_the_rest_is_searched(keys: Bench) -> None:
    def silent(args: dict[str, Any]) -> dict[str, Any]:
        if args["user"] != "U0ALICE":
            raise refusal("internal_error")
        return {"user": PEOPLE[args["user"]]}

    keys.calls.replies["users.info"] = [silent]
    search(keys, "zulu")
    assert names(keys) == ["Zulu, in 6 days"]
    assert "owners’ names were not searched" in json.dumps(published(keys), ensure_ascii=False)


def test_pages_stay_right_while_keys_are_used(bench: Bench) -> None:
    made = [bench.domain.issue(f"Program {number:02}")[0] for number in range(25)]
    for number, key in enumerate(made):
        use(bench, key, 30 - number)
    opens(bench)
    choose(bench, ids.HOME_SORT, Sort.LAST_USE)
    assert names(bench) == [f"Program {number:02}" for number in range(10)]
    use(bench, made[9], 0)
    presses(bench, elements(bench)[ids.HOME_NEXT_PAGE])
    assert names(bench) == [f"Program {number:02}" for number in range(10, 20)]
    presses(bench, elements(bench)[ids.HOME_PREVIOUS_PAGE])
    assert names(bench)[-1] == "Program 08"


def test_a_button_of_the_version_before_still_turns_the_page(bench: Bench) -> None:
    made = sorted(
        (bench.domain.issue(f"Program {n:02}")[0] for n in range(12)), key=lambda k: k.name
    )
    opens(bench)
    value = json.dumps({"v": 1, "at": 0, "cursor": made[9].id})
    presses(bench, {"action_id": ids.HOME_NEXT_PAGE, "value": value})
    assert names(bench) == ["Program 10", "Program 11"]


def test_six_hundred_keys_are_quick_and_within_the_limit(bench: Bench) -> None:
    many_keys(bench.domain, 600)
    started = time.monotonic()
    opens(bench)
    for sort in Sort:
        choose(bench, ids.HOME_SORT, sort)
    taken = time.monotonic() - started
    assert counts(bench)["all"] == "✓ 600 keys"
    assert len(published(bench)["view"]["blocks"]) < 100
    assert taken / 5 < 1


def test_a_state_of_a_later_version_is_read_as_far_as_it_is_known(bench: Bench) -> None:
    bench.domain.issue("Zapier")
    opens(bench)
    with writing(bench.domain.engine) as session:
        home = session.exec(select(Home)).one()
        home.state = json.dumps({"query": "", "shelf": "new one", "sort": "by luck", "more": 1})
        session.add(home)
    opens(bench)
    assert names(bench) == ["Zapier"]
    with reading(bench.domain.engine) as session:
        assert session.exec(select(Key.name)).all() == ["Zapier"]
