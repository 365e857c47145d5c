"""What each flow costs in calls to Slack's Web API; docs/life-of-a-key.md has the same as a table.

`users.info`, which asks who somebody is before anything is done, is counted apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.home import handlers as home
from bot.offboarding import membership_sync
from bot.ui import ids
from keys.lifecycle import update
from tests.bot.access_requests.test_handlers import ask, posted
from tests.bot.harness.listening import Bench, buttons
from tests.bot.harness.working import worker
from tests.bot.home.test_handlers import opens, presses
from tests.bot.leaks.test_handlers import posts
from tests.bot.manage_keys.test_edit import submit as submit_edit
from tests.bot.rotation.test_handlers import submit as submit_rotation
from tests.keys.conftest import ALICE, BOB
from tests.keys.offboarding.test_offboarding import issue_to

DM = {"conversations.open": 1, "chat.postMessage": 1, "chat.update": 1}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    made.calls.replies["views.publish"] = [{"view": {"id": "V9", "hash": "h1"}}]
    yield made
    made.app.listener_runner.listener_executor.shutdown()
    made.domain.close()


class Cost:
    """Counts what is asked of Slack from one look to the next."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._seen = len(bench.calls.asked)
        self.asked_who = 0

    def __call__(self) -> dict[str, int]:
        methods = self._bench.calls.methods()[self._seen :]
        self._seen += len(methods)
        counted = Counter(methods)
        self.asked_who = counted.pop("users.info", 0)
        return dict(counted)


def follow(bench: Bench) -> None:
    domain = bench.domain
    jobs = [lambda _: home.refresh(bench.context)]
    worker(domain.services, bench.context.slack, jobs=jobs).run_once()


@pytest.fixture
def zapier(bench: Bench) -> str:
    """A key, of which the team has been told."""
    key, _ = bench.domain.issue("Zapier")
    follow(bench)
    return key.id


def view(bench: Bench) -> dict[str, Any]:
    opened: dict[str, Any] = bench.last("views.open")["view"]
    return opened


@pytest.mark.parametrize("typed", ["help", "list", "show Zapier", "revoke Zapier", "list x"])
def test_what_is_only_shown_costs_nothing(bench: Bench, zapier: str, typed: str) -> None:
    cost = Cost(bench)
    bench.types(typed)
    assert cost() == {}
    assert cost.asked_who == 1


@pytest.mark.parametrize(
    ("typed", "who"),
    [
        ("new", 1), ("rename Zapier", 1), ("edit Zapier", 1), ("rotate Zapier", 1), ("check", 1),
        # Whether they belong here, and whether they could make one themselves.
        ("request", 3),
    ],
)  # fmt: skip
def test_a_window_costs_one_call(bench: Bench, zapier: str, typed: str, who: int) -> None:
    cost = Cost(bench)
    bench.types(typed)
    assert cost() == {"views.open": 1}
    assert cost.asked_who <= who


def test_making_a_key(bench: Bench) -> None:
    bench.types("new")
    cost = Cost(bench)
    bench.submits(
        view(bench),
        name={"value": "Zapier, production"},
        scopes={"selected_options": [{"value": "read"}]},
    )
    assert cost() == DM | {"views.update": 1}
    follow(bench)
    assert cost() == {"chat.postMessage": 1}
    bench.domain.clock.move(timedelta(minutes=15))
    follow(bench)
    assert cost() == {"chat.update": 1}


def test_rotating(bench: Bench, zapier: str) -> None:
    bench.types("rotate Zapier")
    cost = Cost(bench)
    submit_rotation(bench, view(bench))
    assert cost() == DM | {"views.update": 1}
    follow(bench)
    assert cost() == {"chat.postMessage": 2}


def test_revoking(bench: Bench, zapier: str) -> None:
    shown = bench.types("revoke Zapier")
    cost = Cost(bench)
    press = buttons(shown["blocks"])[ids.REVOKE_CONFIRMED]
    bench.presses({**press, "type": "button"})
    assert cost() == {}
    follow(bench)
    assert cost() == {"chat.postMessage": 1}


def test_renaming_editing_and_checking(bench: Bench, zapier: str) -> None:
    name = {"value": "Zapier, one"}
    acts: list[tuple[str, Callable[[], object], dict[str, int]]] = [
        # The team is told.
        ("rename Zapier", lambda: bench.submits(view(bench), name=name), {"chat.postMessage": 1}),
        ("edit Zapier, one", lambda: submit_edit(bench, view(bench), note={"value": "n"}), {}),
        ("check", lambda: bench.submits(view(bench), pasted_token={"value": "x"}), {}),
    ]
    for typed, act, follows in acts:
        bench.types(typed)
        cost = Cost(bench)
        act()
        assert cost() == {}, typed
        follow(bench)
        assert cost() == follows, typed


def test_asking_and_approving(bench: Bench) -> None:
    cost = Cost(bench)
    ask(bench)
    assert cost() == {"views.open": 1}
    follow(bench)
    assert cost() == {"conversations.open": 1, "chat.postMessage": 2}
    bench.presses(posted(bench, ids.REQUEST_APPROVE))
    assert cost() == {"chat.postMessage": 1, "chat.update": 1}
    follow(bench)
    # The request's messages say it; no second message follows them.
    assert cost() == {"chat.update": 2}


def test_exporting(bench: Bench, zapier: str) -> None:
    cost = Cost(bench)
    bench.types("export")
    assert cost() == {
        "conversations.open": 1,
        "files.getUploadURLExternal": 1,
        "files.completeUploadExternal": 1,
    }
    assert len(bench.uploads) == 1


def test_home(bench: Bench, zapier: str) -> None:
    cost = Cost(bench)
    opens(bench)
    assert cost() == {"views.publish": 1}
    presses(bench, {"action_id": ids.HOME_SEARCH, "type": "plain_text_input", "value": "zap"})
    assert cost() == {"views.publish": 1}
    follow(bench)
    assert cost() == {}
    bench.domain.revoke(zapier)
    follow(bench)
    assert cost() == {"chat.postMessage": 1, "views.publish": 1}


def test_a_token_in_a_message(bench: Bench) -> None:
    _, token = bench.domain.issue("Make")
    bench.calls.replies["chat.postEphemeral"] = [{}]
    bench.calls.replies["chat.getPermalink"] = [{"permalink": "https://acme.slack.com/archives/C1"}]
    follow(bench)
    cost = Cost(bench)
    posts(bench, "a message without a token")
    follow(bench)
    assert (cost(), cost.asked_who) == ({}, 0)
    posts(bench, token.reveal())
    asked = {"chat.getPermalink": 1, "users.list": 1, "chat.postEphemeral": 1}
    assert (cost(), cost.asked_who) == (asked, 1)
    follow(bench)
    assert cost() == {"chat.postMessage": 1}


def test_somebody_leaves(bench: Bench) -> None:
    keys = [issue_to(bench.domain, f"Key {n}", BOB.id, ALICE)[0] for n in range(3)]
    follow(bench)
    cost = Cost(bench)
    bench.offboards("U0BOB")
    follow(bench)
    # For the question, and when it is answered.
    assert (cost(), cost.asked_who) == ({"chat.postMessage": 1}, 2)
    for key in keys:
        with bench.domain.change(ALICE) as change:
            update.transfer_ownership(change, key.id, BOB.id, ALICE.id, announce=False)
        follow(bench)
        last = key is keys[-1]
        assert cost() == {"chat.update": 1} | ({"chat.postMessage": 1} if last else {})


def test_who_has_to_do_with_keys_is_asked_about_once_a_day(bench: Bench) -> None:
    issue_to(bench.domain, "Key", BOB.id, ALICE)
    cost = Cost(bench)
    for _ in range(3):
        membership_sync.ask_about_people(bench.context)
        bench.domain.clock.move(timedelta(minutes=2))
    assert (cost(), cost.asked_who) == ({}, 2)
