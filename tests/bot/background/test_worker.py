"""What has to follow a change follows: once, in spite of Slack's moods, and after a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.background.worker import LEASE, Worker  # type: ignore[attr-defined]
from bot.slack_api.client import SlackClient
from keys.base.actors import Actor
from keys.delivery import deliveries
from keys.lifecycle.create import PendingKey, activate_key
from keys.team_channel.events import ChannelReminded
from storage import writing
from tests.bot.harness.fake_slack import FakeCalls, FakeTime, full_member, refusal
from tests.bot.harness.listening import buttons
from tests.bot.harness.working import worker
from tests.keys.conftest import ALICE, BOB, Domain, open_test_application

OK: dict[str, Any] = {"ok": True, "channel": "C1", "ts": "1.000001"}


@pytest.fixture
def domain(tmp_path: Path) -> Iterator[Domain]:
    opened = open_test_application(tmp_path)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def calls() -> FakeCalls:
    dm = {"ok": True, "channel": {"id": "D1"}}
    return FakeCalls(
        chat__postMessage=[OK],
        chat__update=[OK],
        conversations__open=[dm],
        conversations__history=[{"messages": []}],
    )


@pytest.fixture
def following(domain: Domain, calls: FakeCalls) -> Worker:
    time = FakeTime()
    slack = SlackClient(calls, sleep=time.sleep, monotonic=time.monotonic)
    return worker(domain.services, slack, "#api-keys")


def delivered(domain: Domain) -> PendingKey:
    """A key whose token stands in a message."""
    made = domain.reserve()
    with domain.change(ALICE) as changing:
        deliveries.record_place(changing.session, made.delivery_id, "D1", "2.000002")
        activate_key(changing, made.delivery_id, timedelta(minutes=15))
    return made


def posts(calls: FakeCalls) -> list[dict[str, Any]]:
    return [args for method, args in calls.asked if method == "chat.postMessage"]


def test_the_team_is_told_once(domain: Domain, calls: FakeCalls, following: Worker) -> None:
    key, _ = domain.issue("Zapier")
    domain.revoke(key.id)
    domain.revoke(key.id)
    assert following.run_once() == 2
    assert following.run_once() == 0
    issued, revoked = posts(calls)
    # The name is looked up once; the id stays the same when the channel is renamed.
    assert (issued["channel"], revoked["channel"]) == ("#api-keys", "C1")
    assert "Zapier" in str(revoked["blocks"])
    assert ALICE.id in str(revoked["blocks"])


def test_what_slack_did_not_take_is_said_later_and_later(
    domain: Domain, calls: FakeCalls, following: Worker
) -> None:
    domain.issue()
    for method in ("chat.postMessage", "chat.scheduleMessage"):
        calls.replies[method] = [refusal("fatal_error")]
    pauses = []
    for _ in range(6):
        assert following.announce_one()
        waited = 5
        domain.clock.move(timedelta(seconds=5))
        while not following.announce_one():
            domain.clock.move(timedelta(seconds=5))
            waited += 5
            assert waited <= 15 * 60, "it was forgotten"
        pauses.append(waited)
        domain.clock.move(timedelta(minutes=15))
    assert pauses[0] < pauses[1] < pauses[-1]
    calls.replies["chat.postMessage"] = [OK]
    calls.replies["chat.scheduleMessage"] = [{"channel": "C1", "scheduled_message_id": "Q1"}]
    calls.replies["chat.deleteScheduledMessage"] = [{}]
    assert following.announce_one()
    domain.clock.move(timedelta(hours=1))
    assert not following.announce_one()


def test_a_bot_that_died_while_saying_is_followed_by_another(
    domain: Domain, calls: FakeCalls, following: Worker
) -> None:
    domain.issue()

    class KilledError(BaseException):
        pass

    def die(_: dict[str, Any]) -> dict[str, Any]:
        raise KilledError

    calls.replies["chat.postMessage"] = [die]
    with pytest.raises(KilledError):
        following.run_once()
    calls.replies |= {
        "chat.postMessage": [OK],
        "chat.scheduleMessage": [{"channel": "C1", "scheduled_message_id": "Q1"}],
        "chat.deleteScheduledMessage": [{}],
        "conversations.history": [{"messages": []}],
    }
    assert following.run_once() == 0
    domain.clock.move(LEASE)
    assert following.run_once() == 1


def test_a_token_goes_from_its_message_when_its_time_is_up(
    domain: Domain, calls: FakeCalls, following: Worker
) -> None:
    made = delivered(domain)
    following.run_once()
    assert "chat.update" not in calls.methods()
    domain.clock.move(timedelta(minutes=15))
    following.run_once()
    ((_, update),) = [call for call in calls.asked if call[0] == "chat.update"]
    assert (update["channel"], update["ts"]) == ("D1", "2.000002")
    assert made.token.secret not in str(update)
    domain.clock.move(timedelta(hours=1))
    assert following.run_once() == 0


@pytest.mark.parametrize(("trouble", "tries"), [("message_not_found", 1), ("internal_error", 2)])
def test_a_token_that_could_not_be_removed_is_tried_again(
    domain: Domain, calls: FakeCalls, following: Worker, trouble: str, tries: int
) -> None:
    delivered(domain)
    following.run_once()
    domain.clock.move(timedelta(minutes=15))
    failing: Callable[[], Exception] = lambda: refusal(trouble)
    calls.replies["chat.update"] = [failing()]
    following.run_once()
    calls.replies["chat.update"] = [OK]
    domain.clock.move(timedelta(minutes=1))
    assert following.run_once() == tries - 1


def test_a_lost_reservation_ends_and_its_person_is_told(
    domain: Domain, calls: FakeCalls, following: Worker
) -> None:
    made = domain.reserve("Zapier")
    with writing(domain.engine, domain.account) as session:
        deliveries.record_place(session, made.delivery_id, "D1", "2.000002")
    assert following.run_once() == 0
    domain.clock.move(timedelta(minutes=1))
    assert following.run_once() == 3
    assert calls.methods() == [
        "chat.update", "users.info", "conversations.open", "chat.postMessage",
    ]  # fmt: skip
    assert posts(calls)[0]["channel"] == "D1"
    assert domain.issue("Zapier")


def test_a_person_who_cannot_be_reached_is_told_of_in_the_channel(
    domain: Domain, calls: FakeCalls, following: Worker
) -> None:
    domain.reserve("Zapier")
    domain.clock.move(timedelta(minutes=1))
    calls.replies["conversations.open"] = [refusal("user_disabled")]
    following.run_once()
    assert [post["channel"] for post in posts(calls)] == ["#api-keys"]
    assert following.run_once() == 0


def test_whoever_is_told_to_stop_leaves_the_rest(
    domain: Domain, calls: FakeCalls, following: Worker
) -> None:
    domain.issue("Zapier")
    domain.issue("Backup, nightly")
    assert following.run_once(lambda: not posts(calls)) == 1
    assert following.run_once() == 1


def test_what_a_person_who_left_would_be_told_goes_to_the_team(
    domain: Domain, calls: FakeCalls, following: Worker
) -> None:
    """Slack takes a message to a deactivated person, who never reads it."""
    gone = {**full_member({"user": "U0CAROL"})["user"], "deleted": True}
    calls.replies["users.info"] = [{"user": gone}]
    with domain.change(Actor.system("slack")) as made:
        made.record(ChannelReminded("#api-keys", "archived", "U0CAROL", made.now, 3))
    assert following.announce_one()
    (told,) = posts(calls)
    assert told["channel"] == "#api-keys"
    assert "conversations.open" not in calls.methods()


def test_a_person_gets_one_message_about_many_keys(
    domain: Domain, calls: FakeCalls, following: Worker
) -> None:
    made = [domain.issue(f"Report {n:02}", owner=BOB.id, backup_owner=None)[0] for n in range(20)]
    while following.run_once():
        pass
    calls.asked.clear()
    for key in made:
        domain.revoke(key.id)
    while following.run_once():
        pass
    direct = [args for args in posts(calls) if args["channel"] == "D1"]
    assert len(posts(calls)) == 20 + 1, "the team has one for each key"
    (message,) = direct
    assert message["text"].count("revoked the key “Report") == 15
    assert "… and 5 more." in message["text"]
    assert message["text"].count("If one still needs a key") == 1
    assert len(buttons(message["blocks"])) == 1
    assert following.run_once() == 0


def test_what_one_message_covers_is_all_tried_again(
    domain: Domain, calls: FakeCalls, following: Worker
) -> None:
    for name in ("Report, one", "Report, two"):
        key, _ = domain.issue(name, owner=BOB.id)
        domain.revoke(key.id)
    calls.replies["conversations.open"] = [refusal("internal_error")]
    while following.run_once():
        pass
    calls.replies["conversations.open"] = [{"ok": True, "channel": {"id": "D1"}}]
    domain.clock.move(timedelta(minutes=5))
    while following.run_once():
        pass
    direct = "\n".join(args["text"] for args in posts(calls) if args["channel"] == "D1")
    for name in ("Report, one", "Report, two"):
        assert direct.count(f"revoked the key “{name}”") == 1
