"""The last day that somebody chose is the day that everyone reads, at each place that shows it."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.ui.blocks import DAY, expiry, format_expiry
from keys.base.policy import Policy
from tests.bot.harness.listening import Bench, buttons
from tests.keys.conftest import NOON
from tests.keys.lifecycle.test_update import edit, like

LAST_DAY = date(2026, 12, 24)


@pytest.mark.parametrize("zone", ["UTC", "America/Chicago", "Asia/Kathmandu", "Pacific/Kiritimati"])
@pytest.mark.parametrize("day", [LAST_DAY, date(2026, 3, 28), date(2026, 11, 1), date(2028, 2, 29)])
def test_in_the_teams_zone_it_is_the_day_that_was_chosen(zone: str, day: date) -> None:
    end = Policy(timezone=ZoneInfo(zone)).last_moment(day)
    shown = format_expiry(end)["timestamp"]
    (in_mrkdwn,) = re.findall(r"<!date\^(\d+)\^", expiry(end, DAY))
    assert int(in_mrkdwn) == shown
    last_minute = end - timedelta(minutes=1)
    assert shown == last_minute.timestamp()
    assert last_minute.astimezone(ZoneInfo(zone)).date() == day


def days(shown: Any) -> set[str]:
    """The days of December in what is shown, as a client in UTC writes them."""
    text = json.dumps(shown, ensure_ascii=False)
    return set(re.findall(r"2026-12-\d\d", text))


def test_what_an_admin_reads(bench: Bench) -> None:
    domain = bench.domain
    key, token = domain.issue("Zapier", expires_at=domain.services.policy.last_moment(LAST_DAY))
    chosen = {LAST_DAY.isoformat()}
    assert days(bench.types("list")) == chosen
    assert days(bench.types("show Zapier")) == chosen
    bench.types("check")
    pasted = {"value": token.reveal()}
    checked = bench.submits(bench.last("views.open")["view"], pasted_token=pasted)
    assert days(checked) == chosen
    edit(domain, key.id, like(last_day=LAST_DAY + timedelta(days=2)))
    assert days(bench.types("show Zapier")) == {*chosen, "2026-12-26"}, "with its history"


def test_a_list_says_that_a_key_has_expired(bench: Bench) -> None:
    bench.domain.issue("Zapier", owner="U0BOB", expires_at=NOON + timedelta(days=3))
    assert "^expires {date" in json.dumps(bench.types("list"))
    bench.domain.clock.move(timedelta(days=4))
    for person in ("U0ALICE", "U0BOB"):
        shown = bench.types("list", person)
        assert "^expired {date" in json.dumps(shown)
        assert "^expires {date" not in json.dumps(shown)
    assert buttons(bench.types("list")["blocks"])
