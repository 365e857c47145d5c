"""A token is checked in a modal, and stays nowhere: not in the answer, not in the log."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import pytest

from bot.ui import ids
from cli.bootstrap.redaction import redact
from runtime import redaction
from tests.bot.harness.listening import Bench, buttons
from tests.keys.rotation.test_rotations import rotate


def check(bench: Bench, text: str, user: str = "U0ALICE") -> dict[str, Any]:
    bench.types("check")
    view = bench.last("views.open")["view"]
    return bench.submits(view, user, pasted_token={"value": text})


def test_the_answer_names_the_case_and_not_the_token(bench: Bench) -> None:
    key, token = bench.domain.issue("Zapier")
    shown = check(bench, f'"{token.reveal()}"')
    text = json.dumps(shown, ensure_ascii=False)
    assert "quotation marks" in text
    assert '"text": " works."' in text
    assert token.secret not in text
    bench.domain.revoke(key.id)
    assert "was revoked" in json.dumps(check(bench, token.reveal()))


def test_an_old_token_that_still_works_says_so_and_names_the_new_one(bench: Bench) -> None:
    key, old = bench.domain.issue("Zapier")
    _, new = rotate(bench.domain, key.id, grace=timedelta(hours=1))
    shown = json.dumps(check(bench, old.reveal()), ensure_ascii=False)
    assert "It is the old token, and works " in shown
    assert f"Give the program the new one, `{new.hint}`." in shown
    assert "old token" not in json.dumps(check(bench, new.reveal()))


def pushed(bench: Bench, view: Any, action_id: str) -> Any:
    """What is shown above the answer once one of its buttons was pressed."""
    press = buttons(view["blocks"])[action_id]
    bench.calls.replies["views.push"] = [{"view": {"id": "V2"}}]
    bench.sends(
        {
            "type": "block_actions",
            "user": {"id": "U0ALICE", "team_id": "T0ACME"},
            "team": {"id": "T0ACME"},
            "trigger_id": "t2",
            "view": {**view, "id": "V1"},
            "actions": [{"block_id": "b", "type": "button", **press}],
        }
    )
    return bench.last("views.push")


def test_details_open_above_the_answer(bench: Bench) -> None:
    _, token = bench.domain.issue("Zapier")
    shown = check(bench, token.reveal())
    assert "Who has seen a token" in json.dumps(pushed(bench, shown["view"], ids.KEY_CHOICE))


def test_what_can_be_done_is_offered_only_where_it_can(bench: Bench) -> None:
    key, token = bench.domain.issue("Zapier")
    fine = check(bench, token.reveal())
    assert token.hint in json.dumps(fine, ensure_ascii=False)
    offered = buttons(fine["view"]["blocks"])
    assert offered.keys() == {ids.KEY_CHOICE, ids.ROTATE, ids.REVOKE}
    bench.domain.revoke(key.id)
    over = check(bench, token.reveal())
    assert token.hint in json.dumps(over, ensure_ascii=False)
    assert buttons(over["view"]["blocks"]).keys() == {ids.KEY_CHOICE}
    for text in ("", "sk_live_x", token.reveal()[:-3]):
        assert "rotate or revoke" not in json.dumps(check(bench, text))


def test_revoke_asks_above_the_answer(bench: Bench) -> None:
    _, token = bench.domain.issue("Zapier")
    shown = check(bench, token.reveal())
    assert "Are you sure" in json.dumps(pushed(bench, shown["view"], ids.REVOKE))


def test_who_is_no_admin_learns_nothing(bench: Bench) -> None:
    _, token = bench.domain.issue("Zapier")
    assert "Zapier" not in json.dumps(check(bench, token.reveal(), "U0BOB"))


def test_what_is_typed_after_the_command_is_never_looked_at(bench: Bench) -> None:
    _, token = bench.domain.issue("Zapier")
    bench.types(f"check {token.reveal()}")
    assert token.secret not in json.dumps([args for _, args in bench.calls.asked])
    assert "so it was removed" in json.dumps(bench.answers[-1])


@pytest.mark.parametrize("form", [json.dumps, repr])
@pytest.mark.parametrize("cut", [1, 5, 10])
@pytest.mark.parametrize("block_id", ["pasted_token", "pasted_token@7"])
def test_a_damaged_token_is_kept_out_of_the_log(
    bench: Bench, form: Any, cut: int, block_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    _, token = bench.domain.issue("Zapier")
    pasted = f'"{token.reveal()[cut:-cut]}" \\ it\'s this'
    body = {
        "state": {"values": {block_id: {"value": {"type": "plain_text_input", "value": pasted}}}}
    }
    said = redact(f"received {form(body)} and more")
    assert token.secret[10:30] not in said
    assert said.endswith("and more")
    uninstall = redaction.install(redact)
    try:
        with caplog.at_level(logging.DEBUG):
            check(bench, pasted)
    finally:
        uninstall()
    assert token.secret[10:30] not in caplog.text
