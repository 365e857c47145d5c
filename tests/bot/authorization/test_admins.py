"""Who is an admin: deny by default, tested as such."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.authorization.admins import (
    DenialReason,
    Denied,
    ExplicitUsers,
    GroupMembers,
    Person,
    Policy,
    SlackAdmins,
)
from runtime.clock import HeldClock
from tests.bot.authorization.people import EVERY_POLICY, admins, calls_for, user, why
from tests.bot.harness.fake_slack import FakeCalls, Reply, refusal


@pytest.mark.parametrize("role", ["is_admin", "is_owner", "is_primary_owner"])
def test_slack_roles(role: str) -> None:
    assert admins(SlackAdmins(), calls_for(user() | {role: True})).check(Person("U1", "T1"))


@pytest.mark.parametrize("odd", [None, "true", 1])
def test_a_role_is_true_or_it_is_none(odd: object) -> None:
    answer = admins(SlackAdmins(), calls_for(user(is_admin=odd))).check(Person("U1", "T1"))
    assert why(answer) is DenialReason.NOT_AN_ADMIN


def test_an_ordinary_member_is_denied_with_a_sentence() -> None:
    answer = admins(SlackAdmins(), calls_for(user())).check(Person("U1", "T1"))
    assert isinstance(answer, Denied)
    assert not answer
    assert answer.reason.startswith("You are not an admin")


def test_group_and_list_need_no_role() -> None:
    for policy in (GroupMembers("S1"), ExplicitUsers(("U1",))):
        assert admins(policy, calls_for(user())).check(Person("U1", "T1"))


def test_a_role_does_not_help_where_a_group_or_a_list_counts() -> None:
    calls = calls_for(user("U2", is_owner=True))
    for policy in (GroupMembers("S1"), ExplicitUsers(("U1",))):
        assert why(admins(policy, calls).check(Person("U2", "T1"))) is DenialReason.NOT_AN_ADMIN


@pytest.mark.parametrize("policy", [ExplicitUsers(()), GroupMembers("S1")])
def test_an_empty_list_allows_nobody(policy: Policy) -> None:
    calls = calls_for(user(is_owner=True), group=())
    assert why(admins(policy, calls).check(Person("U1", "T1"))) is DenialReason.NOT_AN_ADMIN


@pytest.mark.parametrize("policy", EVERY_POLICY)
@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (TimeoutError(), DenialReason.NO_ANSWER),
        (ConnectionResetError(), DenialReason.NO_ANSWER),
        (refusal("ratelimited", 429), DenialReason.NO_ANSWER),
        (refusal("", 503), DenialReason.NO_ANSWER),
        (refusal("invalid_auth"), DenialReason.NOT_INSTALLED),
        (refusal("missing_scope", needed="users:read"), DenialReason.MISCONFIGURED),
        (refusal("user_not_found"), DenialReason.OUTSIDER),
    ],
)
def test_no_answer_is_a_no(policy: Policy, failure: Exception, reason: DenialReason) -> None:
    calls = FakeCalls(users__info=[failure], usergroups__users__list=[{"users": ["U1"]}])
    assert why(admins(policy, calls).check(Person("U1", "T1"))) is reason


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (TimeoutError(), DenialReason.NO_ANSWER),
        (refusal("no_such_subteam"), DenialReason.MISCONFIGURED),
    ],
)
def test_a_group_that_cannot_be_read_is_a_no(failure: Reply, reason: DenialReason) -> None:
    calls = calls_for(user(is_owner=True))
    calls.replies["usergroups.users.list"] = [failure]
    assert why(admins(GroupMembers("S1"), calls).check(Person("U1", "T1"))) is reason


def test_somebody_not_listed_is_denied_even_when_slack_is_silent() -> None:
    calls = FakeCalls(users__info=[TimeoutError()])
    answer = admins(ExplicitUsers(("U2",)), calls).check(Person("U1", "T1"))
    assert why(answer) is DenialReason.NOT_AN_ADMIN


def test_each_check_is_fresh() -> None:
    before, after = user(is_admin=True), user()
    calls = FakeCalls(users__info=[{"user": before}, {"user": after}])
    policy = admins(SlackAdmins(), calls)
    assert policy.check(Person("U1", "T1"))
    assert not policy.check(Person("U1", "T1"))


def everybody() -> tuple[dict[str, Any], ...]:
    return (
        user("U1"),
        user("U2", is_admin=True, deleted=True),
        user("U3", is_admin=True, is_bot=True),
        user("U4", is_admin=True),
        user("U5", is_owner=True, profile={}, real_name="Real U5"),
        user("U6", is_admin=True, team_id="T2"),
        user("U7", is_admin=True),
        user("U8", is_admin=True),
    )


@pytest.mark.parametrize(
    ("policy", "names"),
    [
        (SlackAdmins(), ("Name U4", "Real U5", "Name U7")),
        (GroupMembers("S1"), ("Name U1", "Name U8")),
        (ExplicitUsers(("U2", "UGONE", "U7")), ("Name U7",)),
        (ExplicitUsers(()), ()),
    ],
)
def test_names_are_of_real_admins(policy: Policy, names: tuple[str, ...]) -> None:
    calls = calls_for(*everybody(), group=("U3", "U1", "U6", "U8"))
    assert admins(policy, calls).names() == names


def test_names_are_kept_ten_minutes() -> None:
    clock = HeldClock(datetime(2026, 1, 1, tzinfo=UTC))
    calls = calls_for(*everybody())
    policy = admins(SlackAdmins(), calls, clock=clock)
    policy.names()
    clock.move(timedelta(minutes=9, seconds=59))
    policy.names()
    assert len(calls.asked) == 1
    clock.move(timedelta(seconds=1))
    calls.replies["users.list"] = [{"members": [user("U9", is_owner=True)]}]
    assert policy.names() == ("Name U9",)


def test_when_slack_is_silent_the_last_names_stay() -> None:
    clock = HeldClock(datetime(2026, 1, 1, tzinfo=UTC))
    calls = calls_for(user("U4", is_admin=True))
    policy = admins(SlackAdmins(), calls, clock=clock)
    found = list(calls.replies["users.list"])
    calls.replies["users.list"] = [TimeoutError()]
    assert policy.names() == ()
    calls.replies["users.list"] = found
    assert policy.names() == ("Name U4",)
    calls.replies["users.list"] = [TimeoutError()]
    clock.move(timedelta(hours=1))
    assert policy.names() == ("Name U4",)


def test_a_guest_who_is_not_listed_is_told_so() -> None:
    calls = calls_for(user("U5", is_restricted=True))
    assert (
        why(admins(ExplicitUsers(("U1",)), calls).check(Person("U5", "T1"))) is DenialReason.GUEST
    )


@pytest.mark.parametrize("policy", EVERY_POLICY)
def test_a_check_fits_before_an_acknowledgement(policy: Policy) -> None:
    calls = calls_for(user(is_admin=True))
    assert admins(policy, calls).check(Person("U1", "T1"))
    assert sum(calls.timeouts) < 3 - 0.5


def test_a_listed_admin_whose_id_slack_has_replaced_is_followed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After a migration to Enterprise Grid, Slack describes the former id by the new one."""
    known_as = {"U1": "W1", "U2": "U2", "W1": "W1", "W9": "W9"}
    calls = FakeCalls(users__info=[lambda args: {"user": user(id=known_as[args["user"]])}])
    checked = admins(ExplicitUsers(("U1", "U2")), calls)
    assert checked.check(Person("W1", "T1"))
    assert "replace U1 with W1" in caplog.text
    assert not checked.check(Person("W9", "T1"))
    # The list was looked up once.
    assert [args["user"] for _, args in calls.asked].count("U2") == 1
