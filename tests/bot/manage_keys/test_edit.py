"""Editing, extending and letting expire, through Bolt and down to the database."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.manage_keys import edit
from bot.ui import ids, inputs
from keys.base.models import KeyView
from keys.credentials.tokens import make
from keys.lifecycle.update import KeyUpdate
from keys.search import search
from storage import reading
from tests.bot.harness.listening import Bench, buttons
from tests.bot.harness.working import worker

DAY = timedelta(days=1)


def get(bench: Bench, key_id: str) -> KeyView:
    with reading(bench.domain.engine, bench.domain.account) as session:
        return search.get(session, key_id)


def open_modal(bench: Bench, name: str) -> dict[str, Any]:
    bench.types(f"edit {name}")
    view: dict[str, Any] = bench.last("views.open")["view"]
    return view


def filled(**changes: Any) -> dict[str, Any]:
    """What the modal sends; `changes` replace what stood in it."""
    values: dict[str, Any] = {
        ids.SCOPES: {"selected_options": [{"value": "read"}]},
        ids.OWNER: {"selected_user": "U0ALICE"},
        ids.BACKUP_OWNER: {"selected_user": None},
        ids.NOTE: {"value": None},
        ids.NETWORKS: {"value": None},
        ids.RATE: {"value": None},
        ids.LAST_DAY: {"selected_date": None},
    }
    return values | changes


def submit(bench: Bench, view: dict[str, Any], user: str = "U0ALICE", **changes: Any) -> Any:
    state = {"values": {block: {ids.VALUE: value} for block, value in filled(**changes).items()}}
    return bench.sends(
        {
            "type": "view_submission",
            "user": {"id": user, "team_id": "T0ACME"},
            "team": {"id": "T0ACME"},
            "trigger_id": "t3",
            "view": {**view, "id": "V1", "state": state},
        }
    )


def test_what_was_filled_in_is_saved_and_said(bench: Bench) -> None:
    key, _ = bench.domain.issue("Zapier")
    shown = submit(
        bench,
        open_modal(bench, "Zapier"),
        note={"value": "For invoices"},
        backup_owner={"selected_user": "U0BOB"},
        networks={"value": "10.1.0.0/16\n192.0.2.7"},
        rate={"value": "100 per minute"},
        last_day={"selected_date": "2027-01-31"},
    )
    text = json.dumps(shown)
    for name in ("backup owner", "note", "allowed networks", "rate limit", "expiry date"):
        assert name in text
    after = get(bench, key.id)
    assert (after.note, after.backup_owner) == ("For invoices", "U0BOB")
    assert after.networks == ("10.1.0.0/16", "192.0.2.7/32")
    again = open_modal(bench, "Zapier")
    assert "2027-01-31" in json.dumps(again)
    assert "already has these values" in json.dumps(
        submit(
            bench,
            again,
            note={"value": "For invoices"},
            backup_owner={"selected_user": "U0BOB"},
            networks={"value": "10.1.0.0/16\n192.0.2.7/32"},
            rate={"value": "100/minute"},
            last_day={"selected_date": "2027-01-31"},
        )
    )


@pytest.mark.parametrize(
    ("block", "value", "words"),
    [
        (ids.RATE, {"value": "often"}, "100/minute"),
        (ids.NETWORKS, {"value": "10.1.2.3/16"}, "10.1.0.0/16"),
        (ids.OWNER, {"selected_user": "U0GUEST"}, "full member"),
        (ids.BACKUP_OWNER, {"selected_user": "U0FAR"}, "full member"),
        (ids.LAST_DAY, {"selected_date": "2020-01-01"}, "is in the past"),
        (ids.SCOPES, {"selected_options": []}, "at least one"),
        (ids.NOTE, {"value": f"it is {make('ak').reveal()}"}, "contains a token"),
        (ids.NETWORKS, {"value": f"10.1.0.0/16, {make('ak').reveal()}"}, "contains a token"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(
    bench: Bench, block: str, value: dict[str, Any], words: str
) -> None:
    key, _ = bench.domain.issue("Zapier")
    answer = submit(bench, open_modal(bench, "Zapier"), **{block: value})  # type: ignore[arg-type]
    assert words in answer["errors"][block]
    assert get(bench, key.id) == key


def test_two_admins_do_not_overwrite_each_other(bench: Bench) -> None:
    key, _ = bench.domain.issue("Zapier")
    first, second = open_modal(bench, "Zapier"), open_modal(bench, "Zapier")
    submit(bench, first, note={"value": "the first"})
    shown = submit(bench, second, note={"value": "the second"})
    assert "changed this key in the meantime" in json.dumps(shown)
    assert get(bench, key.id).note == "the first"
    submit(bench, shown["view"], note={"value": "the second"})
    assert get(bench, key.id).note == "the second"


def test_who_is_no_admin_saves_nothing(bench: Bench) -> None:
    key, _ = bench.domain.issue("Zapier")
    submit(bench, open_modal(bench, "Zapier"), user="U0BOB", note={"value": "x"})
    assert get(bench, key.id).note == ""


def test_a_revoked_key_says_why_not(bench: Bench) -> None:
    key, _ = bench.domain.issue("Zapier")
    bench.domain.revoke(key.id)
    assert "was revoked" in json.dumps(bench.types(f"edit {key.id}"))


def reminded(bench: Bench, days: int = 30) -> list[dict[str, Any]]:
    """The reminders that were posted for a key that is about to expire."""
    domain = bench.domain
    domain.issue("Zapier", expires_at=domain.clock.now() + (days + 10) * DAY)
    domain.clock.move(10 * DAY)
    worker(domain.services, bench.context.slack).run_once()
    return posted_with_buttons(bench)


def posted_with_buttons(bench: Bench) -> list[dict[str, Any]]:
    """The reminders that were posted with buttons, so far."""
    return [
        args
        for name, args in bench.calls.asked
        if name == "chat.postMessage" and ids.EXTEND in json.dumps(args)
    ]


def follow(bench: Bench) -> None:
    domain = bench.domain
    worker(domain.services, bench.context.slack).run_once()


def test_a_reminder_is_extended_and_says_so_everywhere(bench: Bench) -> None:
    posts = reminded(bench)
    assert len(posts) == 1  # the channel; its owner is told whom to ask
    bench.presses(buttons(posts[0]["blocks"])[ids.EXTEND])
    view = bench.last("views.open")["view"]
    assert "2027-03" in json.dumps(view)  # 90 days from then
    refused = submit(bench, view, last_day={"selected_date": "2020-01-01"})
    assert "is in the past" in refused["errors"][ids.LAST_DAY]
    assert "works until" in json.dumps(
        submit(bench, view, last_day={"selected_date": "2027-12-31"})
    )
    follow(bench)
    redrawn = [args for name, args in bench.calls.asked if name == "chat.update"][-2:]
    assert all(" expires" in json.dumps(args) for args in redrawn)
    assert all(not buttons(args["blocks"]) for args in redrawn)


def test_every_reminder_of_a_key_that_had_expired_shows_that_it_was_extended(bench: Bench) -> None:
    reminded(bench)
    for days in (23, 6, 1):  # within 7 days, within a day, expired
        bench.domain.clock.move(days * DAY)
        follow(bench)
    posts = posted_with_buttons(bench)
    assert len(posts) == 4
    bench.calls.asked.clear()
    bench.presses(buttons(posts[-1]["blocks"])[ids.EXTEND])
    submit(bench, bench.last("views.open")["view"], last_day={"selected_date": "2027-12-31"})
    for _ in range(5):
        follow(bench)
    shown = [json.dumps(args) for name, args in bench.calls.asked if name == "chat.update"]
    assert sum("C1" in each for each in shown) == 4
    assert all(" expires" in each and "expired" not in each for each in shown)


def test_let_it_expire_is_said_and_nobody_is_reminded_again(bench: Bench) -> None:
    posts = reminded(bench)
    press = buttons(posts[0]["blocks"])[ids.LET_EXPIRE]
    bench.presses(press, "U0BOB")
    assert "not an admin" in json.dumps(bench.answers[-1])
    bench.presses(press)
    bench.presses(press)
    follow(bench)
    assert "decided to let it expire" in json.dumps(bench.last("chat.update"))
    before = bench.calls.methods().count("chat.postMessage")
    bench.domain.clock.move(25 * DAY)
    follow(bench)
    assert bench.calls.methods().count("chat.postMessage") == before
    bench.domain.clock.move(6 * DAY)
    follow(bench)
    assert "expired" in json.dumps(bench.last("chat.postMessage"))


def test_a_new_key_may_get_a_date_and_a_past_one_is_refused(bench: Bench) -> None:
    bench.types("new")
    view = bench.last("views.open")["view"]
    values: dict[str, Any] = {
        "name": {"value": "Zapier, production"},
        "scopes": {"selected_options": [{"value": "read"}]},
    }
    answer = bench.submits(view, **values, last_day={"selected_date": "2020-01-01"})
    assert "is in the past" in answer["errors"][ids.LAST_DAY]
    bench.submits(view, **values, last_day={"selected_date": "2027-01-31"})
    with reading(bench.domain.engine, bench.domain.account) as session:
        (key,) = search.page(session).keys
    assert str(key.expires_at) == "2027-02-01 00:00:00+00:00"


@pytest.mark.parametrize("name", KeyUpdate.model_fields)
def test_every_field_that_can_be_edited_is_compared_and_has_a_name(bench: Bench, name: str) -> None:
    key, _ = bench.domain.issue("Zapier")
    another: Any = {"expires_at" if name == "last_day" else name: "another"}
    assert edit.changed_fields(key, replace(key, **another)) == [name]
    assert edit.changed_fields(key, key) == []
    assert inputs.FIELD_NAMES[name]
