"""docs/gateway.md names everything that an operator can meet."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.base.gateway_log import REMEDIES
from gateway.request.credentials import CredentialError
from keys.credentials.verification import Reason
from tests.gateway.fakes import GOOD, Harness
from tests.gateway.routes.test_openapi import DOCUMENT

TEXT = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text(encoding="utf-8")
SOURCE = Path(__file__).parents[2] / "gateway"


def test_every_path_with_its_answers() -> None:
    for path, item in DOCUMENT["paths"].items():
        (row,) = re.findall(rf"^\| `{re.escape(path)}` \|.*$", TEXT, re.MULTILINE)
        answers = {int(code) for code in re.findall(r"\d{3}", row.rsplit("|", 2)[1])}
        statuses = {
            int(status)
            for operation in item.values()
            if isinstance(operation, dict)
            for status in operation["responses"]
        }
        assert answers == statuses, path


def test_every_identity_header() -> None:
    for name, _ in Harness().bearer(GOOD).headers:
        assert name in TEXT.lower()


@pytest.mark.parametrize("reason", sorted({*CredentialError, *Reason, "insufficient_scope"}))
def test_every_reason_and_its_remedy(reason: str) -> None:
    assert f"| `{reason}` | {REMEDIES[reason]} |" in TEXT


def test_every_event_of_the_log() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    events = set(re.findall(r'(?:logging\.[A-Z]+,|_UNWRITTEN = \()\s+"([a-z_]+)"', code))
    assert events >= {
        "refused",
        "unavailable",
        "started",
        "failed",
        "last_used_unwritten",
        "digests_unwritten",
    }
    for event in events:
        assert f"`{event}`" in TEXT


def test_the_guard_is_where_the_text_says() -> None:
    assert "from gateway.asgi import ApiKeyGuard, identity" in TEXT
