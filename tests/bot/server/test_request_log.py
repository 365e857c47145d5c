"""One request, from what Slack sent to the record and the log."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest
from sqlmodel import Session, select

from bot.ui import ids
from runtime import tracing
from runtime.logging import JsonFormatter, TextFormatter
from storage import reading
from storage.tables import Event, OutboxRow
from tests.bot.harness.listening import Bench
from tests.bot.harness.working import worker
from tests.bot.test_listeners import fill


@pytest.fixture(autouse=True)
def _everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bot")


def requests(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [r.__dict__["fields"] for r in caplog.records if r.getMessage() == "request"]


def names(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The ids of the requests' lines, as the log has them."""
    return [r.__dict__["id_there"] for r in caplog.records if r.getMessage() == "request"]


@pytest.fixture(autouse=True)
def _noted(caplog: pytest.LogCaptureFixture) -> None:
    """Has each line keep the id that a handler finds when it writes it."""

    def note(record: logging.LogRecord) -> bool:
        record.__dict__["id_there"] = tracing.current_id()
        return True

    caplog.handler.addFilter(note)


def test_a_request_has_one_line_and_its_id_stands_in_the_record(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    fill(bench, "Zapier, production")
    command, submission = requests(caplog)
    assert {name: command[name] for name in ("kind", "what", "person", "workspace", "outcome")} == {
        "kind": "command",
        "what": "new",
        "person": "U0ALICE",
        "workspace": "T0ACME",
        "outcome": "done",
    }
    assert (submission["kind"], submission["what"]) == ("view_submission", ids.NEW_MODAL)
    assert submission["database"]["times"] > 0
    first, second = names(caplog)
    assert first != second
    with reading(bench.domain.engine) as session:
        assert set(_of(session, Event)) == set(_of(session, OutboxRow)) == {second}


def _of(session: Session, table: type[Event] | type[OutboxRow]) -> list[str | None]:
    return list(session.exec(select(table.trace_id)))


def test_what_is_announced_bears_the_id_of_the_request_that_did_it(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    fill(bench, "Zapier, production")
    domain = bench.domain
    worker(domain.services, bench.context.slack).run_once()
    (said,) = (r for r in caplog.records if r.getMessage() == "notice")
    assert said.__dict__["id_there"] == names(caplog)[1]
    assert said.__dict__["fields"] == {"kind": "key.issued", "outcome": "said"}


def test_the_reference_that_a_person_is_told_finds_the_lines_of_the_log(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.calls.replies["users.info"] = [ZeroDivisionError("boom")]
    shown = json.dumps(bench.types("list"))
    (request_id,) = names(caplog)
    assert request_id in shown
    assert requests(caplog)[0]["outcome"] == "ZeroDivisionError"
    assert f"unexpected, reference {request_id}" in caplog.text


def test_nothing_that_was_typed_stands_in_the_line(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.types("revoke zapier-of-the-canary")
    bench.types("canary")
    bench.types("export", "U0BOB")
    assert "canary" not in json.dumps(requests(caplog))
    assert [each["outcome"] for each in requests(caplog)] == ["done", "done", "refused"]


def test_a_slack_call_is_counted_for_its_request(bench: Bench) -> None:
    with tracing.within(tracing.Trace()) as trace:
        tracing.spend("slack", 0.5)
        tracing.spend("slack", 0.25)
    tracing.spend("slack", 1)
    assert (trace.spent["slack"].times, trace.spent["slack"].seconds) == (2, 0.75)


def test_lines_are_json_or_text() -> None:
    def line(form: logging.Formatter, **fields: object) -> str:
        try:
            int("wrong")
        except ValueError:
            record = logging.LogRecord("bot", 30, "p", 1, "%s went", ("it",), sys.exc_info())
        record.__dict__["fields"] = fields
        with tracing.within(tracing.Trace("0123456789ab")):
            return form.format(record)

    read = json.loads(line(JsonFormatter(), kind="command", database={"times": 2}))
    assert read.pop("traceback").endswith("base 10: 'wrong'")
    assert read.pop("at").endswith("+00:00")
    assert read == {
        "event": "it went",
        "level": "warning",
        "logger": "bot",
        "request_id": "0123456789ab",
        "kind": "command",
        "database": {"times": 2},
    }
    first, *traceback = line(TextFormatter(), kind="command").splitlines()
    assert first.endswith('Z WARNING bot: it went kind="command" request_id="0123456789ab"')
    assert traceback[-1].startswith("  ValueError: ")
