"""The history of a key has words, with old and new values, for all that can happen to it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import keys.operations  # noqa: F401  (imports every feature, so that every kind is known)
from bot.browse_keys import history_view
from bot.browse_keys.details_view import details
from bot.ui import ids
from bot.ui.blocks import Message
from bot.ui.payloads import ActionPayload
from keys.base.actors import Actor
from keys.base.models import Handover, HistoryEntry
from keys.base.policy import DeliveryWay
from keys.changes.events import KINDS
from keys.lifecycle.update import limit_key
from sandbox.text import NameBook, plain_of_message
from tests.bot.harness.block_samples import key
from tests.bot.harness.listening import Bench, buttons
from tests.keys.conftest import ALICE, BOB, NOON

# Entries about no key, or about several: no key's history has them.
WITHOUT_KEY = {
    "audit.escalated", "audit.evidence_refused", "audit.finished", "audit.reminded",
    "audit.revokes", "audit.scheduled", "audit.started", "channel.back", "channel.chosen",
    "channel.lost", "channel.reminded", "channel.shared", "database.restored", "digest.posted",
    "keys.exported", "keys.imported", "offboarding.asked", "offboarding.closed",
    "offboarding.finished", "offboarding.started", "request.closed", "request.made",
    "tampering.found",
}  # fmt: skip


def shown(*entries: HistoryEntry, **more: Any) -> Message:
    return details(key("Zapier", **more), entries, [], NOON, ActionPayload(NOON))


def told(kind: str, data: dict[str, Any]) -> str:
    text = plain_of_message(shown(HistoryEntry(NOON, kind, ALICE, data)), NameBook())
    return next(line for line in text.splitlines() if "@U0ALICE" in line and "by" not in line)


def test_every_kind_has_words_or_is_about_no_key() -> None:
    assert set(history_view.WORDS) | WITHOUT_KEY == {
        kind for kind in KINDS if not kind.startswith("test.")
    }
    assert not set(history_view.WORDS) & WITHOUT_KEY


@pytest.mark.parametrize("kind", sorted(history_view.WORDS))
def test_each_event_of_a_key_is_told_in_words(kind: str) -> None:
    entry = HistoryEntry(NOON, kind, ALICE, {})
    text = json.dumps(shown(entry))
    assert "U0ALICE" in text
    assert kind not in text


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("key.renamed", {"from": "Old", "to": "New"}, "renamed it: Old → New"),
        (
            "key.edited",
            {"from": {"scopes": "read"}, "to": {"scopes": "read write"}},
            "changed it: scopes read → read, write",
        ),
        (
            "key.edited",
            {
                "from": {"owner": None, "note": "", "networks": "10.0.0.0/8"},
                "to": {"owner": "U0BOB", "note": "Nightly", "networks": ""},
            },
            "changed it: owner no owner → @U0BOB; note none → “Nightly”; "
            "allowed networks 10.0.0.0/8 → anywhere",
        ),
        (
            "key.limited",
            {
                "rate_limit": "9/minute", "networks": ["10.0.0.0/8"],
                "from": {"rate_limit": "", "networks": ["10.0.0.0/8"]},
            },
            "changed its limits: rate limit none → 9/minute",
        ),
        # As versions before have written it.
        (
            "key.limited",
            {"rate_limit": "9/minute", "networks": []},
            "changed its limits: rate limit 9/minute; allowed networks anywhere",
        ),
        ("key.revoked", {"reason": "leaked"}, "revoked it: leaked"),
    ],
)  # fmt: skip
def test_a_change_says_what_was_and_what_is(kind: str, data: dict[str, Any], expected: str) -> None:
    assert told(kind, data).endswith(expected)


def test_an_expiry_date_is_a_date_before_and_after() -> None:
    data = {"from": {"expires_at": NOON.isoformat()}, "to": {"expires_at": None}}
    line = json.dumps(shown(HistoryEntry(NOON, "key.edited", ALICE, data)), ensure_ascii=False)
    assert f'"timestamp": {int(NOON.timestamp())}' in line
    assert "no expiry date" in line


@pytest.mark.parametrize("spoilt", [None, "x", 7, [], {"expires_at": "x", "owner": 3}, {"": [{}]}])
def test_a_spoilt_entry_breaks_nothing(spoilt: Any) -> None:
    for kind in history_view.WORDS:
        shown(HistoryEntry(NOON, kind, ALICE, {"from": spoilt, "to": spoilt, "ends_at": spoilt}))


def test_the_name_is_the_title_and_the_use_a_picture() -> None:
    message = details(
        key("Zapier", last_used_at=NOON, last_used_from="10.0.0.0/8"), [], [], NOON,
        ActionPayload(NOON), [0] * 27 + [1, 200, 3],
    )  # fmt: skip
    title, picture = (block for block in message["blocks"] if block["type"] == "header")
    assert title["text"]["text"] == "Zapier"
    assert picture["text"]["text"] == "▁" * 13 + "▂█"
    text = plain_of_message(message, NameBook())
    assert "204 uses in 30 days" in text
    assert "most 2026-11-22" in text.replace("Nov 22, 2026", "2026-11-22")
    assert "from 10.0.0.0/8" in text


def test_who_has_seen_a_token_is_told_of_deliveries_leaks_and_imports() -> None:
    entry = HistoryEntry(
        NOON - timedelta(days=1), "token.seen", Actor.system("leaks"), {"channel": "C0TEAM"}
    )
    sent = [Handover(BOB, NOON, None, DeliveryWay.REVEAL)]
    message = details(key("Zapier", imported=True), [entry], sent, NOON, ActionPayload(NOON))
    text = plain_of_message(message, NameBook())
    seen = text[text.index("Who has seen a token") : text.index("History")].splitlines()[1:4]
    assert "made elsewhere" in seen[0]
    assert "C0TEAM" in seen[1]
    assert "@U0BOB" in seen[2]


def test_revoking_stands_apart_and_last() -> None:
    rows = [block for block in shown()["blocks"] if block["type"] == "actions"]
    assert [[element["action_id"] for element in row["elements"]] for row in rows] == [
        [ids.RENAME, ids.EDIT, ids.ROTATE],
        [ids.REVOKE],
    ]


def test_limits_are_recorded_with_what_they_were(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    made, _ = bench.domain.issue("Zapier")
    with bench.domain.change(ALICE) as change:
        limit_key(change, made.id, rate_limit="9/minute", networks=())
    answer = bench.types("show Zapier")
    assert "rate limit none → 9/minute" in plain_of_message(answer, NameBook())
    assert ids.REVOKE in buttons(answer["blocks"])
    bench.domain.close()
