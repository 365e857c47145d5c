"""Slack's answers about people and groups, for the tests of who is an admin."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.authorization.admins import (
    Admins,
    DenialReason,
    Denied,
    ExplicitUsers,
    GroupMembers,
    Policy,
    SlackAdmins,
    Workspace,
)
from bot.slack_api.client import SlackClient
from keys.changes.authorization import Allowed
from runtime.clock import HeldClock
from tests.bot.harness.fake_slack import FakeCalls, refusal

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
    """Return a Slack that knows these users and one group."""
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
    """Return the check of admins under this policy."""
    clock = clock or HeldClock(datetime(2026, 1, 1, tzinfo=UTC))
    return Admins(SlackClient(calls).quick(), policy, workspace, clock)


def why(answer: Allowed | Denied) -> DenialReason | None:
    """Return the reason of a denial."""
    return answer.why if isinstance(answer, Denied) else None
