"""Who may do what: rules, and the decisions that they come to.

A rule is asked twice: by the router before anything is shown or done, and by `execute` again with
the row in hand. Neither asks Slack inside a transaction: who the caller is was looked up before and
is part of the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlmodel import select

from keys.base.actors import Actor
from keys.base.errors import NotAllowed
from storage import AccountSession
from storage.tables import Delivery


class Role(StrEnum):
    """What a caller is.

    Attributes:
        ADMIN: an admin of the account's keys.
        MEMBER: a full member of the account's workspace.
        OPERATOR: has a shell on the machine.
        SYSTEM: the program itself, for what time or Slack brings about.
    """

    ADMIN = "admin"
    MEMBER = "member"
    OPERATOR = "operator"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for something, and what they were found to be.

    Attributes:
        refusals: why they do not have a role, in a sentence for them to read.
    """

    actor: Actor
    roles: frozenset[Role] = frozenset()
    refusals: Mapping[Role, str] = field(default_factory=dict)

    @classmethod
    def operator(cls, name: str) -> Caller:
        """An operator at a shell, as `user@host`."""
        return cls(Actor.operator(name), frozenset({Role.OPERATOR}))

    @classmethod
    def system(cls, part: str) -> Caller:
        """The program itself; `part` says which part."""
        return cls(Actor.system(part), frozenset({Role.SYSTEM}))


@dataclass(frozen=True, slots=True)
class Allowed:
    """They may."""

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Denied:
    """They may not; `reason` is a sentence for them to read."""

    reason: str

    def __bool__(self) -> bool:
        return False


Decision = Allowed | Denied


@dataclass(frozen=True, slots=True)
class Question:
    """What a rule is asked.

    Attributes:
        session: reads the rows that the rule needs; it is never written to. None for a rule that
            reads none.
        key_id: the key that it is about; empty if about none.
        about: what else it is about, such as a review or a request; empty if nothing.
        delivery: the token's delivery that it is about; empty if none.
    """

    caller: Caller
    session: AccountSession | None = None
    key_id: str = ""
    about: str = ""
    delivery: str = ""


@dataclass(frozen=True, slots=True)
class Permission:
    """A rule that others can be combined with: `admins | recipient`, `members & recipient`.

    Attributes:
        name: what a table of who may calls it.
        roles: what it has to know of the caller; the router looks up nothing else.
        reads: whether it reads rows.
    """

    name: str
    check: Callable[[Question], Decision]
    roles: frozenset[Role] = frozenset()
    reads: bool = False

    def decide(self, question: Question) -> Decision:
        """Allow, or deny with a reason."""
        return self.check(question)

    def require(self, question: Question) -> None:
        """Return if the caller may. Raises NotAllowed with the reason."""
        if isinstance(decision := self.check(question), Denied):
            raise NotAllowed(decision.reason)

    def __or__(self, other: Permission) -> Permission:
        def either(question: Question) -> Decision:
            first = self.check(question)
            if first:
                return first
            # Whom neither allows is told why the first one does not: it is the usual way.
            return Allowed() if other.check(question) else first

        return self._with("|", other, either)

    def __and__(self, other: Permission) -> Permission:
        def both(question: Question) -> Decision:
            return other.check(question) if (first := self.check(question)) else first

        return self._with("&", other, both)

    def _with(
        self, sign: str, other: Permission, check: Callable[[Question], Decision]
    ) -> Permission:
        return Permission(
            f"{self.name} {sign} {other.name}",
            check,
            self.roles | other.roles,
            self.reads or other.reads,
        )


def _has(*roles: Role) -> Callable[[Question], Decision]:
    def check(question: Question) -> Decision:
        caller = question.caller
        if caller.roles.intersection(roles):
            return Allowed()
        why = next((caller.refusals[role] for role in roles if role in caller.refusals), "")
        return Denied(why or "You are not allowed to do this.")

    return check


def _receives(question: Question) -> Decision:
    session = question.session
    if session is not None and question.delivery:
        found = select(Delivery.id).where(
            Delivery.account_id == session.account_id,
            Delivery.id == question.delivery,
            Delivery.recipient == str(question.caller.actor),
        )
        if session.exec(found).first() is not None:
            return Allowed()
    return Denied("This token is meant for another person.")


def _role(name: str, *roles: Role) -> Permission:
    return Permission(name, _has(*roles), frozenset(roles))


# Admins of the account's keys, operators at a shell, and the program itself for what is due.
admins = _role("admins", Role.ADMIN, Role.OPERATOR, Role.SYSTEM)
# Full members of the workspace: no guests, no bots, nobody of another organisation.
members = _role("members", Role.MEMBER)
system = _role("system", Role.SYSTEM)
# The person whom a token was or will be delivered to, whatever else they are by now.
recipient = Permission("recipient", _receives, reads=True)
# Has to be written, and never is the default.
everyone = Permission("everyone", lambda _: Allowed())
