"""Who is a full member of the workspace: whatever Slack does not say for certain is a refusal."""

from __future__ import annotations

from typing import Any

import pytest

from bot.authorization.admins import (
    DenialReason,
    Denied,
    Person,
    Policy,
    SlackAdmins,
    Workspace,
)
from tests.bot.authorization.people import EVERY_POLICY, GRID, HOME, admins, calls_for, user, why
from tests.bot.harness.fake_slack import FakeCalls


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


def test_every_reason_has_a_sentence() -> None:
    assert all(Denied(reason).reason.endswith(".") for reason in DenialReason)
