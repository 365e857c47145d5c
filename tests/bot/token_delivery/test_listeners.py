"""A key made in the modal and its token delivered, through Bolt itself and down to the database."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.ui import ids
from keys.base.errors import StorageUnavailable
from keys.changes.change import Change
from keys.lifecycle.create import activate_key
from tests.bot.harness.fake_slack import refusal
from tests.bot.harness.listening import READ, Bench, active, buttons, fill


def test_a_key_is_made_and_its_token_delivered(bench: Bench) -> None:
    shown = fill(bench, "Zapier, production")
    assert shown["response_action"] == "update"
    assert active(bench) == ["Zapier, production"]
    assert "ak_" not in json.dumps(bench.last("chat.postMessage"))
    assert "ak_" in json.dumps(bench.last("chat.update")["blocks"])
    assert "works now" in json.dumps(bench.last("views.update"))
    assert bench.nudges == 1


def test_the_same_modal_twice_makes_one_key(bench: Bench) -> None:
    fill(bench, "Zapier, production")
    view = bench.last("views.open")["view"]
    again = bench.submits(view, name={"value": "Other"}, scopes=READ)
    assert "submitted before" in json.dumps(again)
    assert active(bench) == ["Zapier, production"]


@pytest.mark.parametrize("method", ["conversations.open", "chat.postMessage", "chat.update"])
def test_without_delivery_no_key_works_and_the_person_is_told(bench: Bench, method: str) -> None:
    bench.calls.replies[method] = [refusal("messages_tab_disabled"), {}]
    fill(bench, "Zapier, production")
    assert active(bench) == []
    assert "No key was created" in json.dumps(bench.last("views.update"))
    if method == "chat.update":
        assert "was interrupted" in json.dumps(bench.last("chat.update"))


def test_the_stored_button_removes_the_token_at_once(bench: Bench) -> None:
    fill(bench, "Zapier, production")
    button = buttons(bench.last("chat.update")["blocks"])[ids.STORED]
    bench.presses(button, "U0BOB")
    assert "another person" in json.dumps(bench.answers[-1])
    bench.presses(button)
    assert "was removed" in json.dumps(bench.last("chat.update"))


def test_a_closed_modal_is_no_failure_but_a_refusal_is_told_elsewhere(bench: Bench) -> None:
    bench.calls.replies["views.update"] = [refusal("not_found")]
    fill(bench, "Zapier, production")
    assert active(bench) == ["Zapier, production"]
    bench.calls.replies["chat.update"] = [refusal("is_archived"), {}]
    fill(bench, "Backup, nightly")
    assert "No key was created" in json.dumps(bench.last("chat.postMessage"))


def test_when_the_database_is_away_nothing_is_promised(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.types("new")
    view = bench.last("views.open")["view"]

    def away(*_: Any, **__: Any) -> None:
        raise StorageUnavailable("The database did not answer.")

    monkeypatch.setattr("keys.delivery.completion.activate_key", away)
    bench.submits(view, name={"value": "Zapier, production"}, scopes=READ)
    assert active(bench) == []
    assert "was interrupted" in json.dumps(bench.last("chat.update"))


def test_an_activation_whose_answer_was_lost_counts(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(change: Change, *args: Any) -> None:
        activate_key(change, *args)
        change.session.commit()
        raise StorageUnavailable("The database went away.")

    monkeypatch.setattr("keys.delivery.completion.activate_key", lost)
    fill(bench, "Zapier, production")
    assert active(bench) == ["Zapier, production"]
    assert "works now" in json.dumps(bench.last("views.update"))
