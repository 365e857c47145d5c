"""Who is an admin: deny by default, tested as such."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.authorization.admins import (
    Admins,
    DenialReason,
    Denied,
    ExplicitUsers,
    GroupMembers,
    Person,
    Policy,
    SlackAdmins,
    Workspace,
    read_policy,
)
from bot.slack_api.client import SlackClient
from keys.changes.authorization import Allowed
from runtime.clock import HeldClock
from tests.bot.fake_slack import FakeCalls, Reply, refusal

HOME = Workspace("T1")
GRID = Workspace("T1", "E1")
EVERY_POLICY: list[Policy] = [SlackAdmins(), GroupMembers("S1"), ExplicitUsers(("U1",))]


def user(id_: str = "U1", **flags: Any) -> dict[str, Any]:
    """An ordinary person of the workspace, as `users.info` describes one."""
    return {
        "id": id_,
        "team_id": "T1",
        "name": f"name-{id_}",
        "profile": {"display_name": f"Name {id_}"},
        "deleted": False,
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": False,
        **flags,
    }


def calls_for(*users: dict[str, Any], group: tuple[str, ...] = ("U1",)) -> FakeCalls:
    known = {person["id"]: person for person in users}

    def info(args: dict[str, Any]) -> dict[str, Any]:
        if args["user"] not in known:
            raise refusal("user_not_found")
        return {"ok": True, "user": known[args["user"]]}

    return FakeCalls(
        users__info=[info],
        users__list=[{"ok": True, "members": list(users)}],
        usergroups__users__list=[{"ok": True, "users": list(group)}],
    )


def admins(
    policy: Policy,
    calls: FakeCalls,
    workspace: Workspace = HOME,
    clock: HeldClock | None = None,
) -> Admins:
    clock = clock or HeldClock(datetime(2026, 1, 1, tzinfo=UTC))
    return Admins(SlackClient(calls).quick(), policy, workspace, clock)


def why(answer: Allowed | Denied) -> DenialReason | None:
    return answer.why if isinstance(answer, Denied) else None


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
    ("flags", "reason"),
    [
        ({"deleted": True}, DenialReason.DEACTIVATED),
        ({"is_bot": True}, DenialReason.BOT),
        ({"is_workflow_bot": True}, DenialReason.BOT),
        ({"is_restricted": True}, DenialReason.GUEST),
        ({"is_ultra_restricted": True}, DenialReason.GUEST),
        ({"is_stranger": True}, DenialReason.OUTSIDER),
        ({"team_id": "T2"}, DenialReason.OUTSIDER),
        ({"team_id": None}, DenialReason.OUTSIDER),
        ({"enterprise_id": "E9"}, DenialReason.OUTSIDER),
        ({"enterprise_user": {"enterprise_id": "E9", "teams": ["T1"]}}, DenialReason.OUTSIDER),
        ({"is_restricted": None}, DenialReason.UNKNOWN),
        ({"deleted": None}, DenialReason.UNKNOWN),
        ({"id": "U9"}, DenialReason.UNKNOWN),
    ],
)
def test_these_are_never_admins(
    policy: Policy, flags: dict[str, Any], reason: DenialReason
) -> None:
    person = user(is_admin=True, is_owner=True, is_primary_owner=True) | flags
    calls = FakeCalls(
        users__info=[{"ok": True, "user": person}],
        usergroups__users__list=[{"ok": True, "users": ["U1", "U9"]}],
    )
    answer = admins(policy, calls).check(Person("U1", "T1"))
    assert why(answer) is reason


@pytest.mark.parametrize("policy", EVERY_POLICY)
@pytest.mark.parametrize(
    ("person", "workspace"),
    [
        (Person("U1", "T2"), HOME),
        (Person("U1", "T2", "E2"), HOME),
        (Person("U1", "T1", "E2"), HOME),
        (Person("U1", "T2", "E2"), GRID),
        (Person("U1", "T2"), Workspace("")),
    ],
)
def test_whom_the_payload_calls_foreign_is_denied_unasked(
    policy: Policy, person: Person, workspace: Workspace
) -> None:
    calls = calls_for(user(is_admin=True))
    assert why(admins(policy, calls, workspace).check(person)) is DenialReason.OUTSIDER
    assert calls.asked == []


@pytest.mark.parametrize("policy", EVERY_POLICY)
def test_no_workspace_matches_nobody(policy: Policy) -> None:
    calls = calls_for(user(is_admin=True, team_id=""))
    assert why(admins(policy, calls, Workspace("")).check(Person("U1"))) is DenialReason.OUTSIDER


@pytest.mark.parametrize(
    ("enterprise", "teams", "allowed"),
    [("E1", ["T1", "T2"], True), ("E1", ["T2"], False), ("E2", ["T1"], False), ("E1", [], False)],
)
def test_on_grid_the_person_belongs_to_the_workspace(
    enterprise: str, teams: list[str], allowed: bool
) -> None:
    grid = {"enterprise_id": enterprise, "teams": teams}
    person = user("W1", team_id="T2", is_admin=True, enterprise_user=grid)
    answer = admins(SlackAdmins(), calls_for(person), GRID).check(Person("W1", "T2", "E1"))
    assert bool(answer) is allowed


@pytest.mark.parametrize(
    ("enterprise", "here", "there", "allowed"),
    [("E1", False, True, True), ("E1", True, False, False), ("E2", True, True, False)],
)
def test_an_organisations_keys_are_for_its_own_admins(
    enterprise: str, here: bool, there: bool, allowed: bool
) -> None:
    grid = {"enterprise_id": enterprise, "teams": ["T2"], "is_admin": there, "is_owner": False}
    person = user("W1", team_id="T2", is_admin=here, enterprise_user=grid)
    whole = admins(SlackAdmins(), calls_for(person), Workspace("", "E1"))
    assert bool(whole.check(Person("W1", "T2", "E1"))) is allowed
    assert bool(whole.check_membership(Person("W1", "T2", "E1"))) is (enterprise == "E1")


def test_an_organisation_role_is_no_role_here() -> None:
    grid = {"enterprise_id": "E1", "teams": ["T1"], "is_admin": True, "is_owner": True}
    calls = calls_for(user("W1", enterprise_user=grid))
    assert why(admins(SlackAdmins(), calls, GRID).check(Person("W1"))) is DenialReason.NOT_AN_ADMIN


@pytest.mark.parametrize("policy", EVERY_POLICY)
@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (TimeoutError(), DenialReason.NO_ANSWER),
        (ConnectionResetError(), DenialReason.NO_ANSWER),
        (refusal("ratelimited", 429), DenialReason.NO_ANSWER),
        (refusal("", 503), DenialReason.NO_ANSWER),
        (refusal("invalid_auth"), DenialReason.NO_ANSWER),
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


def test_every_reason_has_a_sentence() -> None:
    assert all(Denied(reason).reason.endswith(".") for reason in DenialReason)


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


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("slack-admins", SlackAdmins()),
        (" usergroup:S0123 ", GroupMembers("S0123")),
        ("users:U1, W2,U1,", ExplicitUsers(("U1", "W2"))),
        ("users:", ExplicitUsers(())),
    ],
)
def test_policies_are_read(text: str, policy: Policy) -> None:
    assert read_policy(text) == policy


@pytest.mark.parametrize(
    "text",
    ["", "everyone", "usergroup:", "usergroup:U1", "users", "users:bob", "users:U1;U2",
     "slack-admins:U1", "Slack-Admins", "users:U1\nU2"],
)  # fmt: skip
def test_other_policies_are_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"^APIKEYS_ADMINS"):
        read_policy(text)


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
