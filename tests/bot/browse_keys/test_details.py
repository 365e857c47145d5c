"""The history of a key has words for all that can happen to it."""

from __future__ import annotations

import json

import pytest

import keys.operations  # noqa: F401  (imports every feature, so that every kind is known)
from bot.browse_keys.details_view import details
from bot.ui.payloads import ActionPayload
from keys.base.models import HistoryEntry
from keys.changes.events import KINDS
from tests.bot.harness.block_samples import key
from tests.keys.conftest import ALICE, NOON

# About no key: a request before there is one, and after it is over without one.
_WITHOUT_KEY = {"request.made", "request.closed"}
_ABOUT_KEYS = ("expiry.", "key.", "request.", "rotation.", "token.")


@pytest.mark.parametrize(
    "kind", sorted(k for k in KINDS if k.startswith(_ABOUT_KEYS) and k not in _WITHOUT_KEY)
)
def test_each_event_of_a_key_is_told_in_words(kind: str) -> None:
    data = {"from": "Before", "to": "After"} if kind == "key.renamed" else {}
    entry = HistoryEntry(NOON, kind, ALICE, data)
    shown = json.dumps(details(key("Zapier"), [entry], [], NOON, ActionPayload(NOON)))
    assert "U0ALICE" in shown
    assert kind not in shown
