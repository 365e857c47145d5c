"""Creating a key in the modal: who may own it, and what is said first."""

from __future__ import annotations

import pytest

from bot.ui import ids
from tests.bot.harness.listening import Bench, active, fill


@pytest.mark.parametrize("owner", ["U0GUEST", "U0FAR"])
def test_a_new_keys_owner_is_a_full_member(bench: Bench, owner: str) -> None:
    refused = fill(bench, "Zapier, production", owner={"selected_user": owner})
    assert refused["errors"] == {
        ids.OWNER: "Choose a full member of this workspace: guests and bots cannot own a key."
    }
    assert active(bench) == []


def test_another_members_key(bench: Bench) -> None:
    fill(bench, "Zapier, production", owner={"selected_user": "U0BOB"})
    assert active(bench) == ["Zapier, production"]


def test_what_is_wrong_is_said_before_advice_on_the_name(bench: Bench) -> None:
    assert list(fill(bench, "Test", scopes={"selected_options": []})["errors"]) == [ids.SCOPES]
    assert fill(bench, "Test")["response_action"] == "update"
    assert active(bench) == []
