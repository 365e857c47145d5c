"""What a member who is not an admin sees and does: their own keys, and nothing of others."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.app import build
from bot.ui import ids
from keys.base.errors import NotAllowed
from keys.base.policy import Policy
from keys.changes.authorization import Caller, Role
from keys.operations import RotateOwn, execute
from tests.bot.harness.listening import Bench, buttons
from tests.keys.conftest import BOB, LEASE

MINE, LENT, OTHER = "Billing export, nightly", "Status page, production", "Zapier, production"


@pytest.fixture(autouse=True)
def keys(bench: Bench) -> dict[str, str]:
    made = {
        MINE: bench.domain.issue(MINE, owner="U0BOB")[0].id,
        LENT: bench.domain.issue(LENT, owner="U0ALICE", backup_owner="U0BOB")[0].id,
        OTHER: bench.domain.issue(OTHER, owner="U0ALICE")[0].id,
    }
    bench.domain.issue("Unowned", owner=None)
    return made


def with_policy(bench: Bench, policy: Policy) -> None:
    services = replace(bench.context.services, policy=policy)
    bench.context = replace(bench.context, services=services)
    bench.app = build(bench.context, bot_token="xoxb-1", bot_id="B1", bot_user_id="U0BOT")


def said(shown: Any) -> str:
    return json.dumps(shown, ensure_ascii=False)


def test_a_member_sees_what_they_can_do(bench: Bench) -> None:
    shown = bench.types("help", "U0BOB")
    assert [*buttons(shown["blocks"])] == [ids.REQUEST, ids.LIST, ids.CHECK]
    assert "revoke <name" not in said(shown)
    assert "rotate <name" not in said(shown)
    with_policy(bench, Policy(owner_check=False, owner_rotate=True))
    shown = bench.types("help", "U0BOB")
    assert [*buttons(shown["blocks"])] == [ids.REQUEST, ids.LIST]
    assert "rotate <name" in said(shown)


def test_a_guest_is_told_why_they_can_do_nothing(bench: Bench) -> None:
    shown = bench.types("help", "U0GUEST")
    assert buttons(shown["blocks"]) == {}
    assert "uest" in said(shown)


def test_new_offers_to_ask_and_keeps_the_name(bench: Bench) -> None:
    shown = bench.types("new Partner portal, Globex", "U0BOB")
    assert "views.open" not in bench.calls.methods()
    bench.presses(buttons(shown["blocks"])[ids.REQUEST], "U0BOB")
    view = bench.last("views.open")["view"]
    assert view["callback_id"] == ids.REQUEST_MODAL
    assert view["blocks"][0]["element"]["initial_value"] == "Partner portal, Globex"
    # Without a name there is none.
    bench.presses(buttons(bench.types("new", "U0BOB")["blocks"])[ids.REQUEST], "U0BOB")
    assert "initial_value" not in bench.last("views.open")["view"]["blocks"][0]["element"]


def test_the_list_is_of_their_own_keys_whatever_is_pressed_or_typed(bench: Bench) -> None:
    first = bench.types("list", "U0BOB")
    bench.types("list <@U0ALICE>", "U0BOB")
    typed = bench.answers[-1] if bench.answers else {}
    for action in ({"action_id": ids.SEARCH, "value": "production"}, {"action_id": ids.LIST}):
        bench.presses(action, "U0BOB")
    for shown in (first, typed, *bench.answers):
        assert OTHER not in said(shown)
        assert "Unowned" not in said(shown)
    assert MINE in said(first)
    assert LENT in said(first)
    assert ids.REQUEST in buttons(first["blocks"])
    assert ids.NEW not in buttons(first["blocks"])
    assert OTHER in said(bench.types("list"))


def test_details_of_their_own_key_open_from_the_list(bench: Bench, keys: dict[str, str]) -> None:
    shown = bench.types("list", "U0BOB")
    press = next(
        b["accessory"] for b in shown["blocks"] if b.get("block_id") == f"row_{keys[MINE]}"
    )
    assert press["action_id"] == ids.KEY_CHOICE
    bench.presses(press, "U0BOB")
    details = bench.answers[-1]
    assert "Who has seen a token" in said(details)
    assert buttons(details["blocks"]) == {}
    forged = {**press, "value": press["value"].replace(keys[MINE], keys[OTHER])}
    bench.presses(forged, "U0BOB")
    assert OTHER not in said(bench.answers[-1])
    assert "not an admin" in said(bench.answers[-1])


def test_show_finds_their_own_and_says_the_same_of_all_others(
    bench: Bench, keys: dict[str, str]
) -> None:
    assert "Who has seen a token" in said(bench.types("show billing", "U0BOB"))
    answers = [said(bench.types(f"show {typed}", "U0BOB")) for typed in (OTHER, keys[OTHER])]
    bench.domain.rename(keys[OTHER], "Quarterly")
    assert said(bench.types(f"show {OTHER}", "U0BOB")) == answers[0]
    bench.domain.revoke(keys[OTHER])
    assert said(bench.types(f"show {keys[OTHER]}", "U0BOB")) == answers[1]
    for answer in answers:
        assert "You don't own a key" in answer
        assert ids.REQUEST in answer


def check(bench: Bench, text: str) -> Any:
    bench.types("check", "U0BOB")
    return bench.submits(bench.last("views.open")["view"], "U0BOB", pasted_token={"value": text})


def test_an_owner_checks_their_token_and_learns_nothing_of_others(bench: Bench) -> None:
    _, token = bench.domain.issue("Mine", owner="U0BOB")
    key, other = bench.domain.issue("Theirs", owner="U0ALICE")
    fine = check(bench, token.reveal())
    assert '" works."' in said(fine)
    assert [*buttons(fine["view"]["blocks"])] == [ids.KEY_CHOICE]
    working = check(bench, other.reveal())
    bench.domain.revoke(key.id)
    assert said(working) == said(check(bench, other.reveal()))
    assert "not a token of one of your keys" in said(working)
    assert "Theirs" not in said(working)


def test_an_owner_is_told_what_they_can_do_themselves(bench: Bench) -> None:
    ends = bench.domain.clock.now() + timedelta(days=1)
    key, revoked = bench.domain.issue("Revoked", owner="U0BOB")
    bench.domain.revoke(key.id)
    _, expired = bench.domain.issue("Expired", owner="U0BOB", expires_at=ends)
    bench.domain.clock.move(timedelta(days=2))
    over = check(bench, revoked.reveal())
    assert "Ask for a new key" in said(over)
    assert [*buttons(over["view"]["blocks"])] == [ids.KEY_CHOICE, ids.REQUEST]
    assert "Ask an admin to extend the key" in said(check(bench, expired.reveal()))


def test_where_owners_do_not_check_a_submission_is_refused_too(bench: Bench) -> None:
    bench.types("check", "U0BOB")
    view = bench.last("views.open")["view"]
    with_policy(bench, Policy(owner_check=False))
    _, token = bench.domain.issue("Mine", owner="U0BOB")
    refused = bench.submits(view, "U0BOB", pasted_token={"value": token.reveal()})
    assert "Mine" not in said(refused)
    opened = bench.calls.methods().count("views.open")
    shown = bench.types("check", "U0BOB")
    assert "Only admins check tokens here" in said(shown)
    assert ids.REQUEST in buttons(shown["blocks"])
    assert bench.calls.methods().count("views.open") == opened


def rotate(bench: Bench, typed: str, **values: Any) -> Any:
    bench.types(f"rotate {typed}", "U0BOB")
    view = bench.last("views.open")["view"]
    grace = {"selected_option": {"value": "86400"}}
    return view, bench.submits(view, "U0BOB", grace={**grace}, **values)


def test_an_owner_rotates_their_key_and_the_token_goes_to_them_alone(bench: Bench) -> None:
    with_policy(bench, Policy(owner_rotate=True))
    view, _ = rotate(bench, "billing", recipient={"selected_user": "U0ALICE"})
    assert ids.RECIPIENT not in said(view)
    opened = [args["users"] for name, args in bench.calls.asked if name == "conversations.open"]
    assert opened == ["U0BOB"]
    assert "has a new token" in said(bench.last("views.update"))
    # Another's key cannot be found, and its modal cannot be forged.
    shown = bench.types(f"rotate {OTHER}", "U0BOB")
    assert "You don't own a key" in said(shown)


def test_a_forged_rotation_is_refused(bench: Bench, keys: dict[str, str]) -> None:
    with_policy(bench, Policy(owner_rotate=True))
    bench.types("rotate billing", "U0BOB")
    view = bench.last("views.open")["view"]
    forged = view["private_metadata"].replace(keys[MINE], keys[OTHER])
    grace = {"selected_option": {"value": "86400"}}
    bench.submits({**view, "private_metadata": forged}, "U0BOB", grace=grace)
    assert "conversations.open" not in bench.calls.methods()
    with_policy(bench, Policy(owner_rotate=False))
    bench.submits(view, "U0BOB", grace=grace)
    assert "conversations.open" not in bench.calls.methods()


@pytest.mark.parametrize(("on", "name"), [(False, MINE), (True, OTHER)])
def test_the_operation_asks_again(bench: Bench, keys: dict[str, str], on: bool, name: str) -> None:
    services = replace(bench.context.services, policy=Policy(owner_rotate=on))
    operation = RotateOwn(key=keys[name], idempotency_key="r", deadline=LEASE)
    caller = Caller(BOB, frozenset({Role.MEMBER}))
    with pytest.raises(NotAllowed):
        execute(services, caller, operation)


def test_home_has_their_keys_with_what_they_can_do(bench: Bench) -> None:
    bench.sends(
        {
            "type": "event_callback",
            "team_id": "T0ACME",
            "event": {"type": "app_home_opened", "user": "U0BOB", "tab": "home", "channel": "D1"},
            "event_id": "Ev1",
        }
    )
    view = bench.last("views.publish")["view"]
    assert MINE in said(view)
    assert OTHER not in said(view)
    assert {ids.REQUEST, ids.CHECK, ids.HELP, ids.KEY_CHOICE} == buttons(view["blocks"]).keys()
