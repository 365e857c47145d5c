"""Authorization: permissions, and the decisions they return.

A permission is checked twice: by the router before anything is shown or done, and again by
`execute` in the transaction. Neither calls Slack inside a transaction: the caller's roles are
looked up beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlmodel import select

from keys.base.actors import Actor
from keys.base.errors import NotAllowed
from keys.base.policy import Policy
from storage import AccountSession
from storage.tables import Delivery


class Role(StrEnum):
    """A role of a caller.

    Attributes:
        ADMIN: a key admin of the account.
        MEMBER: a full member of the account's workspace.
        OPERATOR: someone with a shell on the machine.
        SYSTEM: the program itself, for scheduled work and Slack events.
    """

    ADMIN = "admin"
    MEMBER = "member"
    OPERATOR = "operator"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Caller:
    """The user or process that requests an operation, with their roles.

    Attributes:
        refusals: why they lack a role, in a sentence to show them.
    """

    actor: Actor
    roles: frozenset[Role] = frozenset()
    refusals: Mapping[Role, str] = field(default_factory=dict)

    @classmethod
    def operator(cls, name: str) -> Caller:
        """Return an operator at a shell, named `user@host`."""
        return cls(Actor.operator(name), frozenset({Role.OPERATOR}))

    @classmethod
    def system(cls, part: str) -> Caller:
        """Return the program itself; `part` is the part of it that acts."""
        return cls(Actor.system(part), frozenset({Role.SYSTEM}))


@dataclass(frozen=True, slots=True)
class Allowed:
    """The caller has permission."""

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Denied:
    """The caller lacks permission; `reason` is a sentence to show them."""

    reason: str

    def __bool__(self) -> bool:
        return False


Decision = Allowed | Denied


@dataclass(frozen=True, slots=True)
class PermissionCheck:
    """The input of a permission check.

    Attributes:
        session: for the rows that the permission reads, never for writing. None if it reads none.
        key_id: the key concerned; empty if none.
        subject: the id of another thing concerned, such as a review or a request; empty if none.
        delivery: the id of the token delivery concerned; empty if none.
        policy: the team's policy, which says what owners may do.
    """

    caller: Caller
    session: AccountSession | None = None
    key_id: str = ""
    subject: str = ""
    delivery: str = ""
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission; permissions combine: `admins | recipient`, `members & recipient`.

    Attributes:
        name: its name in docs/operations.md.
        roles: the roles that it depends on; the router looks up no others.
        reads: whether it reads rows.
    """

    name: str
    rule: Callable[[PermissionCheck], Decision]
    roles: frozenset[Role] = frozenset()
    reads: bool = False

    def decide(self, check: PermissionCheck) -> Decision:
        """Allow, or deny with a reason."""
        return self.rule(check)

    def require(self, check: PermissionCheck) -> None:
        """Return if the caller has permission. Raises NotAllowed with the reason."""
        if isinstance(decision := self.rule(check), Denied):
            raise NotAllowed(decision.reason)

    def __or__(self, other: Permission) -> Permission:
        def either(check: PermissionCheck) -> Decision:
            first = self.rule(check)
            if first:
                return first
            # If neither allows it, the reason is the first one's: that is the usual way in.
            return Allowed() if other.rule(check) else first

        return self._with("|", other, either)

    def __and__(self, other: Permission) -> Permission:
        def both(check: PermissionCheck) -> Decision:
            return other.rule(check) if (first := self.rule(check)) else first

        return self._with("&", other, both)

    def _with(
        self, sign: str, other: Permission, rule: Callable[[PermissionCheck], Decision]
    ) -> Permission:
        return Permission(
            f"{self.name} {sign} {other.name}",
            rule,
            self.roles | other.roles,
            self.reads or other.reads,
        )


def _has(*roles: Role) -> Callable[[PermissionCheck], Decision]:
    def has_role(check: PermissionCheck) -> Decision:
        caller = check.caller
        if caller.roles.intersection(roles):
            return Allowed()
        why = next((caller.refusals[role] for role in roles if role in caller.refusals), "")
        return Denied(why or "You are not allowed to do this.")

    return has_role


def _receives(check: PermissionCheck) -> Decision:
    session = check.session
    if session is not None and check.delivery:
        found = select(Delivery.id).where(
            Delivery.account_id == session.account_id,
            Delivery.id == check.delivery,
            Delivery.recipient == str(check.caller.actor),
        )
        if session.exec(found).first() is not None:
            return Allowed()
    return Denied("This token is meant for another person.")


def _role(name: str, *roles: Role) -> Permission:
    return Permission(name, _has(*roles), frozenset(roles))


# The account's key admins, operators at a shell, and the program itself for scheduled work.
admins = _role("admins", Role.ADMIN, Role.OPERATOR, Role.SYSTEM)
# Full members of the workspace: no guests, no bots, no external (Slack Connect) users.
members = _role("members", Role.MEMBER)
operators = _role("operators", Role.OPERATOR)
system = _role("system", Role.SYSTEM)
# The recipient of a token's delivery, whatever their roles are now.
recipient = Permission("recipient", _receives, reads=True)
# Never the default: a router or an operation has to state it.
everyone = Permission("everyone", lambda _: Allowed())
