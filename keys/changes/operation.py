"""Operations: the base class, and `execute`, through which every one of them runs.

An operation is its own input model: its fields are the only validators, `allow` is the permission
that it needs, and `run` works inside one change. Slack, the command line, imports and jobs are thin
adapters: they turn their input into an operation, and its outcome into their own words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from keys.base.errors import DomainError, StorageUnavailable
from keys.base.policy import Policy
from keys.changes import propagation
from keys.changes.authorization import Caller, Permission, PermissionCheck, Role
from keys.changes.change import Change, change
from keys.changes.membership import ChosenPerson, require_full_member
from keys.changes.propagation import Propagation
from keys.changes.services import Services
from storage import AccountSession

# Gateways take milliseconds; the user who waits should not wait much longer.
PROPAGATION_WAIT = 1.0
T = TypeVar("T")
_OPERATIONS: dict[str, type[Operation[Any]]] = {}
# Every operation by its name; filled as modules are imported (keys.operations imports them all).
OPERATIONS: Mapping[str, type[Operation[Any]]] = MappingProxyType(_OPERATIONS)


class Operation(BaseModel, Generic[T]):
    """Something that can be done with the keys of an account.

    A subclass declares its name, its permission, its fields and `run`::

        class Rename(Operation[KeyView], name="rename", allow=admins):
            key: KeyRef
            name: Name

            def run(self, change: Change) -> KeyView: ...
    """

    # Input may contain a token, so a validation error never repeats it.
    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True
    )

    allow: ClassVar[Permission]
    # The field with the id of its subject if that is not a key, such as a request.
    subject_field: ClassVar[str] = ""

    def __init_subclass__(
        cls, *, name: str | None = None, allow: Permission | None = None, **given: Any
    ) -> None:
        """Accept the arguments of `__pydantic_init_subclass__`: pydantic passes them to both."""
        super().__init_subclass__(**given)

    @classmethod
    def __pydantic_init_subclass__(
        cls, *, name: str | None = None, allow: Permission | None = None, **given: Any
    ) -> None:
        """Add the operation to the table."""
        super().__pydantic_init_subclass__(**given)
        if cls.__pydantic_generic_metadata__["origin"] is not None:
            return  # Operation[KeyView] itself
        if name is None or allow is None:
            raise TypeError(f"{cls.__name__} has to say its name and who may: name=…, allow=…")
        for field, info in cls.model_fields.items():
            if _is_text(info.annotation) and not any(map(_is_input_rule, info.metadata)):
                raise TypeError(f"{cls.__name__}.{field} has to have a type of keys.inputs.fields")
        if name in _OPERATIONS:
            raise TypeError(f"two operations are called “{name}”")
        cls.allow = allow
        _OPERATIONS[name] = cls

    def permission_check(
        self, caller: Caller, session: AccountSession, policy: Policy
    ) -> PermissionCheck:
        """Return the check for its permission: its key, delivery and `subject_field`."""
        subject = getattr(self, self.subject_field) if self.subject_field else ""
        key_id, delivery = getattr(self, "key", ""), getattr(self, "delivery", "")
        return PermissionCheck(caller, session, key_id, subject, delivery, policy)

    def people(self, caller: Caller, session: AccountSession) -> Iterable[ChosenPerson]:
        """Yield the people it makes owners or gives a token; each has to be a full member."""
        return ()

    def run(self, change: Change) -> T:
        """Carry it out inside this change. Raises DomainError with a sentence for the user."""
        raise NotImplementedError


def _is_text(annotation: Any) -> bool:
    return annotation is str or any(map(_is_text, get_args(annotation)))


def _is_input_rule(metadata: Any) -> bool:
    """Return whether it is a validator of keys.inputs; a length alone is no rule."""
    rule = getattr(metadata, "func", None)
    return rule is not None and rule.__module__.startswith("keys.inputs.")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """The outcome of an operation.

    Attributes:
        value: its return value.
        changed: False if there was nothing to change.
        propagation: which gateways had confirmed it when the wait ended; None if they need not,
            or could not be asked.
    """

    value: T
    changed: bool
    propagation: Propagation | None = None


def execute(
    services: Services, caller: Caller, operation: Operation[T], *, wait: float = PROPAGATION_WAIT
) -> Outcome[T]:
    """Run an operation, whether it comes from Slack, the command line, an import or a job.

    Args:
        caller: with their roles, which are not looked up inside the transaction.
        wait: how long to wait for gateways to confirm, in seconds; 0 for not at all.

    Raises:
        NotAllowed: with the reason.
        NotAMember, MembershipUnknown: about a new owner or a recipient.
        DomainError: with a sentence for the user.
        StorageUnavailable: if the database cannot be reached, or stayed busy.
    """
    _require_full_members(services, caller, operation)
    with change(services, caller.actor) as made:
        operation.allow.require(operation.permission_check(caller, made.session, services.policy))
        value = operation.run(made)
    effects = made.effects
    reached = _wait(services, effects.fence, wait) if effects.fence and wait else None
    return Outcome(value, effects.events > 0, reached)


def _require_full_members(services: Services, caller: Caller, operation: Operation[Any]) -> None:
    """Ask Slack about the people of an operation, outside any transaction."""
    if services.membership is None or type(operation).people is Operation.people:
        return
    with services.reading() as session:
        operation.allow.require(operation.permission_check(caller, session, services.policy))
        people = tuple(operation.people(caller, session))
    for person in people:
        # The caller's roles were looked up just before, and only full members have one.
        known = person.user_id == caller.actor.id and caller.roles & {Role.ADMIN, Role.MEMBER}
        if not known:
            require_full_member(services.membership, person)


def _wait(services: Services, fence: str, seconds: float) -> Propagation | None:
    clock = services.clock
    try:
        return propagation.watch(
            services.engine, clock, fence,
            for_seconds=seconds, since=clock.monotonic(), sleep=services.sleep,
        )  # fmt: skip
    except StorageUnavailable:
        # The change is committed; only its propagation is unknown.
        return None


def problems(error: ValidationError | DomainError) -> Iterator[tuple[str, str]]:
    """Yield each invalid field with a sentence that says why; empty if no field is to blame."""
    if isinstance(error, DomainError):
        yield error.field, str(error)
        return
    for found in error.errors():
        cause = (found.get("ctx") or {}).get("error")
        field = str(found["loc"][0]) if found["loc"] else ""
        yield field, str(cause) if cause is not None else f"{found['msg']}."
