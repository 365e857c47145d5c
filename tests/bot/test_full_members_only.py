"""Who may own a key or get a token: full members alone, at each entrance and again at delivery."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import col, select

from bot.app import build
from bot.offboarding import bulk_job
from bot.ui import ids
from keys.base.models import State
from keys.base.policy import DeliveryWay, Policy
from keys.changes import audit_log
from keys.delivery.completion import RECIPIENT_LEFT
from keys.search import search
from storage import reading
from storage.tables import Event, Key, OutboxRow, Rotation
from tests.bot.access_requests.test_handlers import ask, posted
from tests.bot.harness.fake_slack import refusal
from tests.bot.harness.listening import MEMBER, PEOPLE, READ, Bench
from tests.bot.harness.working import worker
from tests.bot.rotation.test_handlers import chosen
from tests.bot.rotation.test_handlers import submit as submit_rotation
from tests.keys.conftest import ALICE, BOB
from tests.keys.offboarding.test_offboarding import issue_to

NO_OWNER = "Choose a full member of this workspace: guests and bots cannot own a key."
NO_TOKEN = "Choose a full member of this workspace: guests and bots cannot get tokens."
NO_ANSWER = (
    "Slack did not say whether this person is a full member, so nothing was done. Please try "
    "again in a minute."
)
MEI = {**MEMBER, "id": "U0MEI", "team_id": "T0ACME", "is_admin": False, "name": "mei"}
# What each of these people differs in; None for one of whom Slack knows nothing.
OTHERS: dict[str, dict[str, Any] | None] = {
    "a guest of many channels": {"is_restricted": True},
    "a guest of one channel": {"is_ultra_restricted": True},
    "a bot": {"is_bot": True},
    "a deactivated user": {"deleted": True},
    "a user of another workspace": {"team_id": "T0OTHER"},
    "a stranger": None,
}
Entered = Callable[[Bench, str], tuple[str, str]]


def become(bench: Bench, user: str, differs: dict[str, Any] | None) -> None:
    """From now on Slack says this of a user."""
    person = {**PEOPLE.get(user, MEI), "id": user} | (differs or {})

    def info(args: dict[str, Any]) -> dict[str, Any]:
        if args["user"] != user:
            return {"user": PEOPLE[args["user"]]}
        if differs is None:
            raise refusal("user_not_found")
        return {"user": person}

    bench.calls.replies["users.info"] = [info]


def silent_about(bench: Bench, user: str) -> None:
    """Slack answers nothing about a user."""

    def info(args: dict[str, Any]) -> dict[str, Any]:
        if args["user"] == user:
            raise refusal("internal_error")
        return {"user": PEOPLE[args["user"]]}

    bench.calls.replies["users.info"] = [info]


def view(bench: Bench) -> dict[str, Any]:
    opened: dict[str, Any] = bench.last("views.open")["view"]
    return opened


def owner_of_a_new_key(bench: Bench, user: str) -> tuple[str, str]:
    bench.types("new")
    picked = {"selected_user": user}
    answer = bench.submits(view(bench), name={"value": "Invoices"}, scopes=READ, owner=picked)
    return answer.get("errors", {}).get(ids.OWNER, ""), NO_OWNER


def owner_in_an_edit(bench: Bench, user: str) -> tuple[str, str]:
    return _edit(bench, ids.OWNER, user), NO_OWNER


def backup_owner_in_an_edit(bench: Bench, user: str) -> tuple[str, str]:
    return _edit(bench, ids.BACKUP_OWNER, user), NO_OWNER


def _edit(bench: Bench, field: str, user: str) -> str:
    bench.domain.issue("Invoices", owner="U0ALICE")
    bench.types("edit Invoices")
    given: dict[str, Any] = {ids.OWNER: {"selected_user": "U0ALICE"}}
    given[field] = {"selected_user": user}
    answer = bench.submits(view(bench), scopes=READ, **given)
    return str(answer.get("errors", {}).get(field, ""))


def recipient_of_a_rotation(bench: Bench, user: str) -> tuple[str, str]:
    bench.domain.issue("Invoices")
    bench.types("rotate Invoices")
    answer = submit_rotation(bench, view(bench), **chosen(recipient=user))
    return str(answer.get("errors", {}).get(ids.RECIPIENT, "")), NO_TOKEN


def new_owner_of_a_leavers_key(bench: Bench, user: str) -> tuple[str, str]:
    return _hand_over(bench, ids.OFFBOARD_HAND_OVER, user), NO_OWNER


def new_owner_of_all_of_a_leavers_keys(bench: Bench, user: str) -> tuple[str, str]:
    return _hand_over(bench, ids.OFFBOARD_HAND_OVER_ALL, user), NO_OWNER


def _hand_over(bench: Bench, action: str, user: str) -> str:
    for name in ("Invoices", "Shipping"):
        issue_to(bench.domain, name, "U0BOB", ALICE)
    bench.offboards("U0BOB")
    follow(bench)
    bench.presses(posted(bench, action))
    answer = bench.submits(view(bench), person={"selected_user": user})
    return str(answer.get("errors", {}).get(ids.PERSON, ""))


ENTRANCES: tuple[Entered, ...] = (
    owner_of_a_new_key,
    owner_in_an_edit,
    backup_owner_in_an_edit,
    recipient_of_a_rotation,
    new_owner_of_a_leavers_key,
    new_owner_of_all_of_a_leavers_keys,
)
# What is recorded of the test's own preparations.
PREPARED = {"key.reserved", "key.issued", "offboarding.started"}


def follow(bench: Bench) -> None:
    worker(bench.context.services, bench.context.slack).run_once()


def recorded(bench: Bench) -> list[str]:
    with reading(bench.domain.engine, bench.domain.account) as session:
        kinds = session.exec(select(Event.kind).order_by(col(Event.id))).all()
        return [kind for kind in kinds if kind not in PREPARED]


@pytest.mark.parametrize("who", OTHERS)
@pytest.mark.parametrize("entered", ENTRANCES, ids=lambda entered: entered.__name__)
def test_each_entrance_refuses_who_is_no_full_member(
    bench: Bench, entered: Entered, who: str
) -> None:
    become(bench, "U0MEI", OTHERS[who])
    refused, sentence = entered(bench, "U0MEI")
    assert refused == sentence
    assert recorded(bench) == []


@pytest.mark.parametrize("entered", ENTRANCES, ids=lambda entered: entered.__name__)
def test_each_entrance_refuses_where_slack_is_silent(bench: Bench, entered: Entered) -> None:
    silent_about(bench, "U0MEI")
    assert entered(bench, "U0MEI")[0] == NO_ANSWER
    assert recorded(bench) == []


@pytest.mark.parametrize("entered", ENTRANCES, ids=lambda entered: entered.__name__)
def test_each_entrance_accepts_a_full_member(bench: Bench, entered: Entered) -> None:
    become(bench, "U0MEI", {})
    assert entered(bench, "U0MEI")[0] == ""
    assert recorded(bench) or [key.owner for key in keys(bench)] == ["U0MEI"]


def keys(bench: Bench) -> list[Key]:
    with reading(bench.domain.engine, bench.domain.account) as session:
        return list(session.exec(select(Key)).all())


def told(bench: Bench) -> list[tuple[str, str, str]]:
    with reading(bench.domain.engine, bench.domain.account) as session:
        rows = session.exec(select(OutboxRow).where(OutboxRow.kind != "key.issued")).all()
        return [(row.kind, row.recipient, json.loads(row.data)["reason"]) for row in rows]


@pytest.mark.parametrize("who", OTHERS)
def test_a_request_of_who_has_left_since_is_not_approved(bench: Bench, who: str) -> None:
    ask(bench)
    follow(bench)
    press = posted(bench, ids.REQUEST_APPROVE)
    become(bench, "U0BOB", OTHERS[who])
    bench.presses(press)
    assert "no longer a full member of this workspace" in json.dumps(bench.answers[-1])
    assert "Deny the request" in json.dumps(bench.answers[-1])
    assert (keys(bench), recorded(bench)) == ([], ["request.made"])
    assert "conversations.open" not in bench.calls.methods()[-3:]


def revealing(bench: Bench) -> None:
    policy = Policy(delivery=DeliveryWay.REVEAL)
    bench.context = replace(bench.context, services=replace(bench.context.services, policy=policy))
    bench.app = build(bench.context, bot_token="xoxb-1", bot_id="B1", bot_user_id="U0BOT")


def approved(bench: Bench) -> dict[str, Any]:
    """Bob has a button for the token that Alice has approved; returns it."""
    revealing(bench)
    ask(bench)
    follow(bench)
    bench.presses(posted(bench, ids.REQUEST_APPROVE))
    return posted(bench, ids.REVEAL)


ADMIN_IS_TOLD = [("key.abandoned", "person:U0ALICE", RECIPIENT_LEFT)]


@pytest.mark.parametrize("who", OTHERS)
def test_who_has_left_since_the_approval_is_shown_no_token(bench: Bench, who: str) -> None:
    button = approved(bench)
    become(bench, "U0BOB", OTHERS[who])
    windows = bench.calls.methods().count("views.open")
    bench.presses(button, "U0BOB")
    assert "cannot get this token" in json.dumps(bench.answers[-1])
    assert bench.calls.methods().count("views.open") == windows
    assert [key.state for key in keys(bench)] == [State.ABANDONED]
    assert told(bench) == ADMIN_IS_TOLD
    bench.calls.replies["users.info"] = [lambda args: {"user": PEOPLE[args["user"]]}]
    bench.presses(button, "U0BOB")
    assert bench.calls.methods().count("views.open") == windows, "it stays cancelled"
    follow(bench)
    said = [json.dumps(a) for m, a in bench.calls.asked if m == "chat.postMessage"]
    assert any("Create the key again for someone else" in text for text in said)
    rewritten = [json.dumps(a) for m, a in bench.calls.asked if m == "chat.update"]
    assert any("can no longer be collected" in text for text in rewritten)


@pytest.mark.parametrize("who", OTHERS)
def test_a_token_that_was_shown_does_not_begin_to_work_for_who_has_left(
    bench: Bench, who: str
) -> None:
    bench.presses(approved(bench), "U0BOB")
    shown = view(bench)
    become(bench, "U0BOB", OTHERS[who])
    assert "cannot get this token" in json.dumps(bench.submits(shown, "U0BOB"))
    assert [key.state for key in keys(bench)] == [State.ABANDONED]
    assert told(bench) == ADMIN_IS_TOLD


def test_nothing_is_cancelled_because_slack_is_silent(bench: Bench) -> None:
    button = approved(bench)
    silent_about(bench, "U0BOB")
    bench.presses(button, "U0BOB")
    assert "try again in a minute" in json.dumps(bench.answers[-1])
    assert [key.state for key in keys(bench)] == [State.PENDING]
    bench.calls.replies["users.info"] = [lambda args: {"user": PEOPLE[args["user"]]}]
    bench.presses(button, "U0BOB")
    bench.submits(view(bench), "U0BOB")
    assert [key.state for key in keys(bench)] == [State.ACTIVE]


def test_who_presses_the_button_of_another_person_cancels_nothing(bench: Bench) -> None:
    button = approved(bench)
    become(bench, "U0GUEST", {"is_restricted": True})
    bench.presses(button, "U0GUEST")
    assert "another person" in json.dumps(bench.answers[-1])
    assert [key.state for key in keys(bench)] == [State.PENDING]


@pytest.mark.parametrize("deleted", [True, False])
def test_a_delivery_ends_as_soon_as_slack_reports_that_its_recipient_has_left(
    bench: Bench, deleted: bool
) -> None:
    approved(bench)
    left = {**PEOPLE["U0BOB"], "deleted": deleted, "is_restricted": not deleted}
    event = {"type": "user_change", "user": left}
    bench.sends({"type": "event_callback", "team_id": "T0ACME", "event": event})
    assert [key.state for key in keys(bench)] == [State.ABANDONED]
    assert told(bench) == ADMIN_IS_TOLD


def test_a_rotation_to_who_has_left_leaves_the_old_token_as_it_is(bench: Bench) -> None:
    revealing(bench)
    bench.domain.issue("Invoices")
    bench.types("rotate Invoices")
    submit_rotation(bench, view(bench), **chosen(recipient="U0BOB"))
    button = posted(bench, ids.REVEAL)
    become(bench, "U0BOB", {"deleted": True})
    bench.presses(button, "U0BOB")
    with reading(bench.domain.engine, bench.domain.account) as session:
        assert session.exec(select(Rotation.state)).all() == ["abandoned"]
        assert [key.state for key in search.page(session).keys] == [State.ACTIVE]
    assert told(bench) == [("rotation.abandoned", "person:U0ALICE", RECIPIENT_LEFT)]


def test_a_token_is_not_sent_to_who_leaves_between_the_request_and_the_delivery(
    bench: Bench,
) -> None:
    bench.domain.issue("Invoices")
    bench.types("rotate Invoices")
    full, guest = PEOPLE["U0BOB"], {**PEOPLE["U0BOB"], "is_restricted": True}
    answers = iter([full, guest])

    def info(args: dict[str, Any]) -> dict[str, Any]:
        return {"user": next(answers) if args["user"] == "U0BOB" else PEOPLE[args["user"]]}

    bench.calls.replies["users.info"] = [info]
    submit_rotation(bench, view(bench), **chosen(recipient="U0BOB"))
    assert "chat.postMessage" not in bench.calls.methods()
    assert NO_TOKEN in json.dumps(bench.last("views.update"))
    with reading(bench.domain.engine, bench.domain.account) as session:
        assert session.exec(select(Rotation.state)).all() == ["abandoned"]


def test_an_owner_who_has_left_may_stay_while_the_rest_is_edited(bench: Bench) -> None:
    bench.domain.issue("Invoices", owner="U0BOB")
    become(bench, "U0BOB", {"deleted": True})
    bench.types("edit Invoices")
    given: dict[str, Any] = {
        ids.OWNER: {"selected_user": "U0BOB"},
        ids.NOTE: {"value": "For the archive"},
    }
    assert "errors" not in bench.submits(view(bench), scopes=READ, **given)
    assert [(key.owner, key.note) for key in keys(bench)] == [("U0BOB", "For the archive")]


def test_keys_of_a_leaver_are_not_handed_over_to_who_leaves_before_their_turn(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PEOPLE, "U0MEI", MEI)
    assert new_owner_of_all_of_a_leavers_keys(bench, "U0MEI")[0] == ""
    become(bench, "U0MEI", {"is_ultra_restricted": True})
    while bulk_job.run(bench.context):
        pass
    assert {key.owner for key in keys(bench)} == {"U0BOB"}


def test_slack_is_asked_outside_any_transaction(bench: Bench) -> None:
    """Slack is asked while no transaction of the account is open: another change gets through."""
    key, _ = issue_to(bench.domain, "Invoices", "U0BOB", BOB)
    seen: list[str] = []

    def info(args: dict[str, Any]) -> dict[str, Any]:
        if args["user"] == "U0GUEST":
            bench.domain.rename(key.id, f"Invoices {len(seen)}")
            seen.append(args["user"])
        return {"user": PEOPLE[args["user"]]}

    bench.calls.replies["users.info"] = [info]
    with reading(bench.domain.engine, bench.domain.account) as session:
        before = len(audit_log.history(session, key.id))
    bench.types("edit Invoices")
    given: dict[str, Any] = {ids.OWNER: {"selected_user": "U0GUEST"}}
    refused = bench.submits(view(bench), scopes=READ, **given)
    assert refused["errors"] == {ids.OWNER: NO_OWNER}
    with reading(bench.domain.engine, bench.domain.account) as session:
        assert len(audit_log.history(session, key.id)) == before + len(seen)
    assert seen


def test_what_was_decided_or_collected_before_is_said_of_who_has_left_since(bench: Bench) -> None:
    button = approved(bench)
    press = posted(bench, ids.REQUEST_APPROVE)
    bench.presses(button, "U0BOB")
    bench.submits(view(bench), "U0BOB")
    become(bench, "U0BOB", {"is_restricted": True})
    bench.presses(button, "U0BOB")
    assert "You already have the token" in json.dumps(bench.answers[-1])
    bench.presses(press)
    assert "approved this" in json.dumps(bench.answers[-1])
    assert [key.state for key in keys(bench)] == [State.ACTIVE]
    assert told(bench) == []
