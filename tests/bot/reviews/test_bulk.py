"""The modal that reviews many keys: pages of one's own, what was done, and undoing it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.ui import ids
from keys.base.models import KeyView, State
from keys.reviews import queries
from keys.reviews.models import Decision
from storage import reading
from tests.bot.harness.listening import Bench, buttons
from tests.bot.reviews.reviewing import board, follow, get, newest, pressed, said, start
from tests.keys.conftest import BOB
from tests.keys.rotation.test_rotations import use

ALICE, CARL = "U0ALICE", "U0CARL"


def opened(bench: Bench, user: str = ALICE) -> dict[str, Any]:
    bench.presses(buttons(board(bench)["blocks"])[ids.AUDIT_REVIEW], user)
    view: dict[str, Any] = bench.last("views.open")["view"]
    return view


def boxes(view: dict[str, Any]) -> list[dict[str, Any]]:
    return [b for b in view["blocks"] if b["type"] == "input"]


def listed(view: dict[str, Any]) -> list[str]:
    return [o["text"]["text"] for b in boxes(view) for o in b["element"]["options"]]


def ticked(view: dict[str, Any]) -> dict[str, Any]:
    """What a user submits who changes nothing."""
    return {
        b["block_id"]: {"selected_options": b["element"].get("initial_options", [])}
        for b in boxes(view)
    }


def all_ticked(view: dict[str, Any]) -> dict[str, Any]:
    return {b["block_id"]: {"selected_options": b["element"]["options"]} for b in boxes(view)}


def decision(bench: Bench, key: KeyView) -> Decision | None:
    with reading(bench.domain.engine, bench.domain.account) as session:
        return queries.item(session, newest(bench).id, key.id).decision


def text_of(view: dict[str, Any]) -> str:
    return json.dumps(view, ensure_ascii=False)


@pytest.fixture
def keys(bench: Bench) -> list[KeyView]:
    """Forty-five keys; 23 of them are used and owned."""
    found = []
    for n in range(45):
        key, token = bench.domain.issue(f"Key {n:02}", owner=BOB.id if n < 40 else None)
        if n < 23:
            use(bench.domain, token, bench.domain.clock.now())
        found.append(key)
    start(bench)
    return found


def test_an_admin_of_many_keys_keeps_those_that_are_used_and_owned(
    bench: Bench, keys: list[KeyView]
) -> None:
    view = opened(bench)
    assert "Keep the 23 that are used and owned?" in text_of(view)
    assert listed(view) == [f"Key {n:02}" for n in range(20)]
    assert [len(b["element"]["options"]) for b in boxes(view)] == [10, 10]
    assert "<@U0BOB> · used Nov 23 · no expiry date · read" in text_of(view)
    answer = bench.submits(view, **ticked(view))
    assert answer["response_action"] == "update"
    view = answer["view"]
    assert "You kept 20 keys." in text_of(view)
    assert listed(view)[:4] == ["Key 20", "Key 21", "Key 22", "Key 40"]
    assert len(ticked(view)) == 3
    bench.domain.clock.move(timedelta(minutes=1))
    view = bench.submits(view, **ticked(view))["view"]
    assert "You kept 3 keys." in text_of(view)
    assert "22 keys have no decision.* None on this page is selected" in text_of(view)
    assert not any(one["selected_options"] for one in ticked(view).values())
    assert "No key was selected" in text_of(bench.submits(view, **ticked(view)))
    assert newest(bench).done == 23
    assert not bench.answers, "nothing is shown beside the modal"
    follow(bench)
    assert "23 of 45 keys decided" in said(bench)
    assert '"3 keys"' in said(bench)
    assert '"20 keys"' in said(bench)
    assert keys[0].name not in said(bench), "the channel has no rows"


def test_each_admin_has_their_own_page(bench: Bench, keys: list[KeyView]) -> None:
    view = opened(bench)
    bench.presses_in(view, buttons(view["blocks"])[ids.AUDIT_PAGE_NEXT], ALICE)
    turned = bench.last("views.update")["view"]
    assert listed(turned)[0] == "Key 20"
    before = board(bench)
    theirs = opened(bench, CARL)
    assert listed(theirs)[0] == "Key 00"
    follow(bench)
    assert board(bench) == before
    bench.presses_in(turned, buttons(turned["blocks"])[ids.AUDIT_PAGE_PREVIOUS], ALICE)
    assert listed(bench.last("views.update")["view"])[0] == "Key 00"
    bench.submits(view, **ticked(view))
    late = bench.submits(theirs, CARL, **ticked(theirs))["view"]
    assert "You kept 0 keys. 20 keys had a decision before." in text_of(late)


def test_what_was_kept_can_be_undone(bench: Bench, keys: list[KeyView]) -> None:
    view = opened(bench)
    shown = bench.submits(view, **ticked(view))["view"]
    undo = buttons(shown["blocks"])[ids.AUDIT_UNDO]
    bench.presses_in(shown, undo, "U0BOB")
    assert newest(bench).done == 20, "only an admin undoes many"
    bench.presses_in(shown, undo, ALICE)
    again = bench.last("views.update")["view"]
    assert "20 keys have no decision again." in text_of(again)
    assert listed(again) == listed(view)
    assert newest(bench).done == 0
    follow(bench)
    assert "0 of 45 keys decided" in said(bench)


def test_the_last_page_ends_it(bench: Bench) -> None:
    bench.domain.issue("One")
    start(bench)
    view = opened(bench)
    shown = bench.submits(view, **all_ticked(view))["view"]
    assert "Every key has a decision." in text_of(shown)
    assert "submit" not in shown
    follow(bench)
    bench.presses_in(shown, buttons(shown["blocks"])[ids.AUDIT_UNDO], ALICE)
    assert "The audit is over" in text_of(bench.last("views.push"))
    bench.presses({"action_id": ids.AUDIT_REVIEW, "value": _ref(bench)})
    assert "The audit is over." in text_of(bench.last("views.open"))


def _ref(bench: Bench, **more: str) -> str:
    return json.dumps({"v": 1, "at": 1_790_000_000, "about": newest(bench).id, **more})


def choose(bench: Bench, view: dict[str, Any], key: KeyView) -> dict[str, Any]:
    menu = buttons(view["blocks"])[ids.AUDIT_ONE]
    option = next(o for o in menu["options"] if o["text"]["text"] == key.name)
    bench.presses_in(view, {"action_id": ids.AUDIT_ONE, "selected_option": option}, ALICE)
    shown: dict[str, Any] = bench.last("views.push")["view"]
    return shown


def test_one_key_is_decided_above_the_page(bench: Bench) -> None:
    owned, _ = bench.domain.issue("Owned", owner=BOB.id)
    unowned, _ = bench.domain.issue("Unowned", owner=None)
    start(bench)
    view = opened(bench)
    shown = choose(bench, view, unowned)
    assert ids.AUDIT_ASK not in buttons(shown["blocks"])
    shown = choose(bench, view, owned)
    bench.presses_in(shown, buttons(shown["blocks"])[ids.AUDIT_ASK], ALICE)
    asked = bench.last("views.update")["view"]
    assert "owner asked" in text_of(asked)
    assert ids.AUDIT_ASK not in buttons(asked["blocks"])
    bench.presses_in(shown, buttons(shown["blocks"])[ids.AUDIT_KEEP], ALICE)
    kept = bench.last("views.update")["view"]
    assert decision(bench, owned) is Decision.KEPT
    assert set(buttons(kept["blocks"])) == {ids.AUDIT_UNDO}
    bench.presses_in(kept, buttons(kept["blocks"])[ids.AUDIT_UNDO], ALICE)
    assert decision(bench, owned) is None
    assert ids.AUDIT_KEEP in buttons(bench.last("views.update")["view"]["blocks"])
    bench.presses_in(shown, buttons(shown["blocks"])[ids.AUDIT_ROTATE], ALICE)
    assert bench.last("views.push")["view"]["callback_id"] == ids.ROTATE_MODAL
    bench.presses_in(shown, buttons(shown["blocks"])[ids.AUDIT_REVOKE], ALICE)
    question = bench.last("views.push")["view"]
    assert "Owned" in text_of(question)
    bench.presses_in(question, buttons(question["blocks"])[ids.REVOKE_CONFIRMED], ALICE)
    assert get(bench, owned).state is State.REVOKED
    assert not bench.answers


def test_members_do_not_open_it(bench: Bench) -> None:
    key, _ = bench.domain.issue(owner=BOB.id)
    start(bench)
    bench.presses(buttons(board(bench)["blocks"])[ids.AUDIT_REVIEW], "U0BOB")
    assert "not an admin" in json.dumps(bench.answers[-1])
    view = opened(bench)
    bench.submits(view, "U0BOB", **all_ticked(view))
    assert decision(bench, key) is None


def test_a_forged_selection_keeps_nothing_else(bench: Bench, keys: list[KeyView]) -> None:
    view = opened(bench)
    forged: Any = {"selected_options": [{"value": "key_of_no_one"}, {"value": keys[1].id}]}
    shown = bench.submits(view, **{boxes(view)[0]["block_id"]: forged})["view"]
    assert newest(bench).done == 1
    assert "You kept 1 key." in text_of(shown)


def test_where_nothing_is_selected_the_page_stays(bench: Bench, keys: list[KeyView]) -> None:
    view = opened(bench)
    none: Any = {box["block_id"]: {"selected_options": []} for box in boxes(view)}
    shown = bench.submits(view, **none)["view"]
    assert "No key was selected, so nothing changed." in text_of(shown)
    assert listed(shown) == listed(view)


def test_old_lists_of_the_team_open_it(bench: Bench, keys: list[KeyView]) -> None:
    for action in (ids.AUDIT_NEXT_PAGE, ids.AUDIT_PREVIOUS_PAGE):
        bench.presses(pressed(bench, action), "U0BOB")
        assert "not an admin" in json.dumps(bench.answers[-1])
        bench.presses(pressed(bench, action))
        assert listed(bench.last("views.open")["view"])[0] == "Key 00"


def test_the_owners_list_stays_where_it_is(bench: Bench) -> None:
    keys = [bench.domain.issue(f"Key {n:02}", owner=BOB.id)[0] for n in range(9)]
    bench.domain.issue("Another")
    start(bench)
    place = "D-U0BOB"

    def rows() -> list[str]:
        blocks = board(bench, place)["blocks"]
        names = [b["text"]["text"] for b in blocks if b.get("block_id", "").startswith("key_")]
        return [name.strip("*") for name in names]

    def press(action: str, key: KeyView | None = None) -> None:
        bench.presses(pressed(bench, action, key, place), "U0BOB")
        follow(bench)

    first = rows()
    press(ids.AUDIT_KEEP, keys[1])
    assert rows() == first, "no other key slides under the pointer"
    assert not bench.answers, "the list says it"
    assert "It was kept" in said(bench, place)
    assert "1 to 6 of 9, 8 left" in said(bench, place)
    with pytest.raises(AssertionError):
        pressed(bench, ids.AUDIT_REVOKE, keys[1], place)
    press(ids.AUDIT_UNDO, keys[1])
    assert decision(bench, keys[1]) is None
    press(ids.AUDIT_KEEP, keys[1])
    bench.domain.clock.move(timedelta(minutes=1))
    press(ids.AUDIT_NEXT_PAGE)
    assert rows() == ["Key 06", "Key 07", "Key 08"]
    press(ids.AUDIT_PREVIOUS_PAGE)
    assert rows() == [f"Key {n:02}" for n in (0, 2, 3, 4, 5, 6)]


def test_dialogs_name_the_key(bench: Bench) -> None:
    bench.domain.issue("Zapier <production> & " + "x" * 50, owner=BOB.id)
    bench.domain.issue("Another")
    start(bench)
    found = buttons(board(bench, "D-U0BOB")["blocks"])
    for action, verb in ((ids.AUDIT_ROTATE, "Rotate"), (ids.AUDIT_REVOKE, "Revoke")):
        title = found[action]["confirm"]["title"]["text"]
        assert title.startswith(f"{verb} “Zapier &lt;production&gt; &amp; xxx")
        assert len(title) <= 100
