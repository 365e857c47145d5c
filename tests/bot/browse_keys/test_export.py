"""Exporting from Slack: to admins, as a file, and with nothing in it that opens anything."""

from __future__ import annotations

import csv
import io
import json

from sqlmodel import select

from bot.ui import ids
from storage import reading
from storage.tables import Event, Secret
from tests.bot.harness.fake_slack import refusal
from tests.bot.harness.listening import Bench


def exports(bench: Bench) -> list[dict[str, object]]:
    """What the record says of exports."""
    with reading(bench.domain.engine) as session:
        events = session.exec(select(Event).where(Event.kind == "keys.exported")).all()
        return [{"actor": event.actor, **json.loads(event.data)} for event in events]


def test_an_admin_gets_a_file_without_what_opens_anything(bench: Bench) -> None:
    _, token = bench.domain.issue("Zapier, production")
    gone, _ = bench.domain.issue("=Old")
    bench.domain.revoke(gone.id)
    answer = bench.types("export")
    assert "send you the file in a direct message" in json.dumps(answer)
    ((address, content),) = bench.uploads
    assert address == "https://files.slack.invalid/1"
    asked = bench.last("files.getUploadURLExternal")
    assert (asked["filename"], asked["length"]) == ("api-keys-2026-11-23.csv", len(content))
    shared = bench.last("files.completeUploadExternal")
    assert (shared["channel_id"], shared["files"][0]["id"]) == ("D1", "F1")
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert [(row["name"], row["state"]) for row in rows] == [
        ("Zapier, production", "active"), ("'=Old", "revoked"),
    ]  # fmt: skip
    with reading(bench.domain.engine) as session:
        digests = [secret.digest for secret in session.exec(select(Secret))]
    for secret in (token.reveal(), token.secret, *(d.hex() for d in digests)):
        assert secret not in content.decode()
    assert exports(bench) == [
        {"actor": "person:U0ALICE", "count": 2, "form": "csv", "revoked": True}
    ]


def test_json_when_it_is_asked_for_and_nothing_else(bench: Bench) -> None:
    bench.domain.issue()
    bench.types("export JSON")
    ((_, content),) = bench.uploads
    assert [row["name"] for row in json.loads(content)] == ["Zapier, production"]
    assert "csv or json" in json.dumps(bench.types("export xlsx"))
    assert len(bench.uploads) == 1


def test_from_home_it_comes_too(bench: Bench) -> None:
    bench.presses({"action_id": ids.EXPORT, "value": '{"v":1,"at":0}'})
    assert len(bench.uploads) == 1


def test_who_is_no_admin_gets_nothing(bench: Bench) -> None:
    bench.domain.issue()
    bench.types("export", "U0BOB")
    bench.presses({"action_id": ids.EXPORT, "value": '{"v":1,"at":0}'}, "U0BOB")
    assert (bench.uploads, exports(bench)) == ([], [])
    assert "not an admin" in json.dumps(bench.answers)


def test_without_the_scope_the_command_line_is_named(bench: Bench) -> None:
    missing = refusal("missing_scope", needed="files:write")
    bench.calls.replies["files.getUploadURLExternal"] = [missing]
    bench.types("export")
    said = json.dumps(bench.last("chat.postMessage"))
    assert "files:write" in said
    assert "apikeys export" in said


def test_what_goes_wrong_is_said(bench: Bench) -> None:
    bench.calls.replies["files.completeUploadExternal"] = [refusal("file_not_found")]
    bench.types("export")
    assert "The export was not sent." in json.dumps(bench.last("chat.postMessage"))
