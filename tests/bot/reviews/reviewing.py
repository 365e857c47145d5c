"""What tests of reviews do: rounds of the worker, and the buttons of the newest list."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.reviews import jobs
from keys.base.models import KeyView
from keys.base.policy import AuditRules
from keys.reviews import queries
from keys.reviews.models import ReviewView
from keys.search import search
from storage import reading
from tests.bot.harness.listening import Bench
from tests.bot.harness.working import worker_of


def follow(bench: Bench, rules: AuditRules | None = None) -> None:
    """Rounds until nothing is due, as the schedule goes on."""
    domain = bench.domain
    policy = replace(domain.services.policy, audits=rules or AuditRules())
    context = replace(bench.context, services=replace(domain.services, policy=policy))
    due = [lambda _, job=job: job(bench.context) for job in jobs.JOBS]
    following = worker_of(context, jobs=due, admins=lambda: ("U0ALICE", "U0CARL"))
    for _ in range(200):
        if not following.run_once():
            return
    raise AssertionError("there is always something due")


def start(bench: Bench) -> ReviewView:
    answer = bench.types("audit start")
    assert "The audit has started" in json.dumps(answer)
    follow(bench)
    return newest(bench)


def newest(bench: Bench) -> ReviewView:
    with reading(bench.domain.engine, bench.domain.account) as session:
        found = queries.newest(session)
    assert found is not None
    return found


def board(bench: Bench, place: str = "C1") -> dict[str, Any]:
    """The newest list in this place as it stands."""
    for name, args in reversed(bench.calls.asked):
        if name not in ("chat.postMessage", "chat.update") or args["channel"] != place:
            continue
        if re.search("Audit of the API keys|still needed|API keys have a decision", args["text"]):
            return args
    raise AssertionError("no message")


def said(bench: Bench, place: str = "C1") -> str:
    return json.dumps(board(bench, place)["blocks"], ensure_ascii=False)


def pressed(bench: Bench, action: str, key: KeyView | None = None, place: str = "C1") -> Any:
    """A button of the list, of this key if one is given.

    In the channel, the buttons of a key are those of a list that an earlier version posted.
    """
    if place == "C1":
        ref = {"v": 1, "at": 1_790_000_000, "do": "team", "about": newest(bench).id}
        ref |= {"key": key.id} if key is not None else {"cursor": "6", "query": f"{ref['about']}:0"}
        return {"action_id": action, "value": json.dumps(ref)}
    for block in board(bench, place)["blocks"]:
        for element in block.get("elements", ()):
            ref = json.loads(element.get("value") or "{}")
            if element.get("action_id") == action and (key is None or ref.get("key") == key.id):
                return {"action_id": action, "value": element["value"]}
    raise AssertionError(f"{action} is not in {said(bench, place)}")


def get(bench: Bench, key: KeyView) -> KeyView:
    with reading(bench.domain.engine, bench.domain.account) as session:
        return search.get(session, key.id)


def at(bench: Bench, text: str) -> None:
    """Moves the clock there."""
    bench.domain.clock.move(datetime.fromisoformat(text).astimezone(UTC) - bench.domain.clock.now())
