"""How APIKEYS_ADMINS is read."""

from __future__ import annotations

import pytest

from bot.authorization.admins import (
    ExplicitUsers,
    GroupMembers,
    Policy,
    SlackAdmins,
    read_policy,
)


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
