"""What is said of a key's origin and use, of imported keys too."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.browse_keys.details_view import details
from bot.reviews import item_view
from bot.ui import key_facts
from bot.ui.payloads import ActionPayload
from keys.base.models import KeyView
from keys.reviews.findings import risk_findings
from keys.reviews.models import ReviewItem
from tests.bot.harness.block_samples import ANN, OPERATOR, key

MARCH = datetime(2026, 3, 26, 9, tzinfo=UTC)
IMPORT = datetime(2026, 11, 27, 9, tzinfo=UTC)
UNSEEN = "no use seen since the import on 2026-11-27"


def imported(**changes: object) -> KeyView:
    given = {"created_at": MARCH, "activated_at": IMPORT, "imported": True, "creator": OPERATOR}
    return replace(key("Zapier"), **(given | changes))  # type: ignore[arg-type]


def test_an_imported_key_was_not_made_here_and_its_uses_elsewhere_are_unknown() -> None:
    assert UNSEEN in key_facts.last_use(imported())
    assert "imported" in key_facts.origin(imported())
    origin = key_facts.full_origin(imported())
    assert origin.startswith("Elsewhere on <!date^1774515600^")
    assert "; imported by operator `root@host` on <!date^1795770000^" in origin
    without_date = key_facts.full_origin(imported(created_at=IMPORT))
    assert without_date.startswith("Imported by operator `root@host` on ")
    assert "never used" not in json.dumps(
        details(imported(), [], [], IMPORT, ActionPayload(IMPORT))["blocks"]
    )


def test_a_key_of_our_own_was_created_and_may_never_have_been_used() -> None:
    assert key_facts.last_use(key()) == "never used"
    assert key_facts.origin(key()).startswith("<!date^1772366400^created ")
    assert key_facts.full_origin(key(creator=ANN)).endswith(", by <@U0ANN>")


def test_an_audit_suggests_nothing_of_a_key_that_was_just_imported() -> None:
    found = risk_findings(imported(), (), IMPORT)
    item = ReviewItem(imported(), found, None, None, None, "", None)
    assert "use" not in item_view.reason_of(item, IMPORT).lower()
    later = IMPORT + timedelta(days=14)
    found = risk_findings(imported(), (), later)
    assert item_view.reason_of(replace(item, risk_findings=found), later).endswith(
        "Suggestion: revoke."
    )
