"""One request, followed through the program's log, PostgreSQL's log, and the record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.e2e.harness.at_work import at_work
from tests.e2e.harness.program import PEPPER, eventually
from tests.postgresql import Postgresql

pytestmark = pytest.mark.sockets

# What the program says on starting is for whoever started it, and no line of the log.
SAID = ("The gateway listens", "The bot is connected")


def lines(log: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for line in log.read_text(encoding="utf-8").splitlines()
        if not line.startswith(SAID)
    ]


def test_a_request_is_found_by_its_id_in_every_log(tmp_path: Path) -> None:
    people = {"bob": ("Bob Brown", "admin")}
    with Postgresql({"log_statement": "all"}) as server:
        url = server.create("logged")
        with at_work(
            tmp_path / "program", people, page=False, DATABASE_URL=url, APIKEYS_PEPPER=PEPPER
        ) as world:
            world.makes_key("Zapier, production")
            log = tmp_path / "program" / "log"

            def done(what: str) -> list[dict[str, Any]]:
                return [
                    line
                    for line in lines(log)
                    if line["event"] == "request" and line["what"] == what
                ]

            eventually(lambda: done("new_modal"), "the submission's line")
            (submission,) = done("new_modal")
            request_id = submission["request_id"]
            eventually(
                lambda: any(
                    line["event"] == "notice" and line["request_id"] == request_id
                    for line in lines(log)
                ),
                "the announcement's line",
            )
        assert submission["outcome"] == "done"
        assert submission["slack"]["times"] >= 3
        assert submission["database"]["times"] >= 5
        told = [line for line in server.log.splitlines() if f"request_id='{request_id}'" in line]
        assert any("INSERT INTO events" in line for line in told)
        # The announcement has been closed by a statement of the same request.
        assert any("UPDATE notices" in line for line in told)
        with psycopg.connect(url) as connection:
            kinds = connection.execute(
                "SELECT kind FROM events WHERE request_id = %s ORDER BY id", (request_id,)
            ).fetchall()
        assert ("key.issued",) in kinds
