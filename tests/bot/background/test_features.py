"""Features hand in what they do: the worker does it in order, and nothing is answered by two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.background.announcement_views import UnknownKind
from bot.background.worker import Worker
from bot.features import FEATURES
from bot.framework.feature import Feature, Job, TimedJob, announcements, live_renderers
from bot.ui.blocks import message, section
from keys.base.actors import Actor
from keys.changes.change import Change, change
from keys.changes.events import Event
from keys.changes.outbox import TEAM
from storage.tables import OutboxRow
from tests.bot.harness.listening import Bench
from tests.bot.harness.working import without_jobs


class Painted(Event, kind="test.painted"):
    """A key was painted; the team is told."""

    def __init__(self) -> None:
        super().__init__(None, {}, announce={TEAM: {"colour": "teal"}})


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.app.listener_runner.listener_executor.shutdown()
    made.domain.close()


def counting(done: list[str], name: str, times: int) -> Job:
    """A job that finds something so many times."""
    left = [times]

    def job(_: Any) -> int:
        done.append(name)
        left[0] -= 1
        return left[0] >= 0

    return job


def test_a_round_does_the_jobs_of_all_features_in_order(bench: Bench) -> None:
    done: list[str] = []

    def timed(change: Change) -> int:
        done.append(f"timed by {change.actor}")
        return 2

    features = [
        Feature(
            name="first",
            jobs=[counting(done, "long", 5)],
            urgent=[counting(done, "urgent", 2)],
            timed=[
                TimedJob(lambda session, services: True, timed),
                TimedJob(lambda session, services: False, timed),
            ],
        ),
        Feature(
            name="second", jobs=[counting(done, "idle", 0)], urgent=[counting(done, "late", 0)]
        ),
    ]
    assert Worker(bench.context, features).run_once() == 2 + 2 + 1
    timer = f"timed by {Actor.system('timer')}"
    assert done == [timer, "urgent", "urgent", "urgent", "late", "long", "idle"]


def test_a_round_that_is_to_stop_begins_no_further_job(bench: Bench) -> None:
    done: list[str] = []
    feature = Feature(
        name="one", urgent=[counting(done, "urgent", 9)], jobs=[counting(done, "long", 9)]
    )
    answers = iter((True, True))
    Worker(bench.context, [feature]).run_once(lambda: next(answers, False))
    assert done == ["urgent", "urgent"]


def paints(bench: Bench) -> None:
    with change(bench.context.services, Actor.system("test")) as made:
        made.record(Painted())


def test_an_entry_is_announced_in_the_words_of_the_feature_that_has_its_kind(bench: Bench) -> None:
    asked: list[str] = []

    def painted(entry: Any, admins: Callable[[], Any]) -> dict[str, Any]:
        asked.extend(admins())
        return message(section(f"It is {entry.data['colour']} now."))

    feature = Feature(name="paint", announcements={"test.painted": painted})
    paints(bench)
    assert Worker(bench.context, [*without_jobs(), feature], lambda: ["U0ALICE"]).announce_one()
    assert "It is teal now." in str(bench.last("chat.postMessage")["blocks"])
    assert asked == ["U0ALICE"]


def test_an_entry_without_words_is_an_error_and_is_kept(bench: Bench) -> None:
    paints(bench)
    with pytest.raises(UnknownKind, match=r"test\.painted"):
        Worker(bench.context, FEATURES).announce_one()
    with bench.context.reading() as session:
        assert [row.closed_at for row in session.exec(select(OutboxRow))] == [None]


@pytest.mark.parametrize("table", ["live", "announcements"])
def test_two_features_with_the_same_kind_of_message_are_refused(bench: Bench, table: str) -> None:
    both = [
        Feature(name=name, **{table: {"test.painted": lambda *_: None}})  # type: ignore[arg-type]
        for name in ("paint", "varnish")
    ]
    with pytest.raises(ValueError, match=r"varnish has “test\.painted”"):
        Worker(bench.context, both)


def test_each_feature_is_its_folder_and_is_listed_once() -> None:
    root = Path(__file__).parents[3] / "bot"
    folders = {path.parent.name for path in root.glob("*/feature.py")} - {"framework"}
    names = [feature.name for feature in FEATURES]
    assert sorted(names) == sorted(folders | {"housekeeping"})


def test_what_is_stored_has_words_and_renderers() -> None:
    """Rows of these kinds are in databases, so a kind that is missing here is never shown."""
    assert set(live_renderers(FEATURES)) == {
        "audit", "audit_question", "expiry", "expiries", "leak", "offboarding", "request",
        "revocation", "rotation",
    }  # fmt: skip
    assert set(announcements(FEATURES)) == {
        "audit.escalated", "audit.evidence_refused", "audit.finished", "audit.revokes",
        "channel.back", "channel.chosen", "channel.reminded", "channel.shared",
        "database.restored", "digest.posted", "key.abandoned",
        "expiry.accepted", "key.edited", "key.issued", "key.limited", "key.renamed", "key.revoked",
        "key.rotated", "request.closed", "request.denied", "keys.imported", "offboarding.finished",
        "rotation.abandoned", "rotation.ended", "rotation.still_used",
        "tampering.found", "token.remained",
    }  # fmt: skip
