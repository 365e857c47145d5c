"""An operation: what may be done, by whom, with which input; and the one door to all of them.

The input model is the operation: its fields are the only validators there are, `allow` says who
may, and `run` works inside one change. Slack's modals, the command line, imports and jobs are
entrances, which turn what they were given into an operation and its outcome into their own words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from keys.base.errors import DomainError, StorageUnavailable
from keys.changes import propagation
from keys.changes.authorization import Caller, Permission, Question
from keys.changes.change import Change, change
from keys.changes.propagation import Propagation
from keys.changes.services import Services
from storage import AccountSession

# Long enough for gateways, which take milliseconds, and short enough for the person who waits.
PROPAGATION_WAIT = 1.0
T = TypeVar("T")
_OPERATIONS: dict[str, type[Operation[Any]]] = {}
# Every operation by its name; filled as their modules are imported (keys.operations imports all).
OPERATIONS: Mapping[str, type[Operation[Any]]] = MappingProxyType(_OPERATIONS)


class Operation(BaseModel, Generic[T]):
    """One thing that can be done with the keys of an account.

    A subclass states its name and who may, its fields, and `run`::

        class Rename(Operation[KeyView], name="rename", allow=admins):
            key: KeyRef
            name: Name

            def run(self, change: Change) -> KeyView: ...
    """

    # What was typed may be a token, so a validation error never repeats it.
    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True
    )

    allow: ClassVar[Permission]
    # The field that holds the id of what else than a key it is about, such as a request.
    about_field: ClassVar[str] = ""

    def __init_subclass__(
        cls, *, name: str | None = None, allow: Permission | None = None, **given: Any
    ) -> None:
        """Take what `__pydantic_init_subclass__` is for: pydantic hands it to both."""
        super().__init_subclass__(**given)

    @classmethod
    def __pydantic_init_subclass__(
        cls, *, name: str | None = None, allow: Permission | None = None, **given: Any
    ) -> None:
        """Enter the operation into the table."""
        super().__pydantic_init_subclass__(**given)
        if cls.__pydantic_generic_metadata__["origin"] is not None:
            return  # Operation[KeyView] itself
        if name is None or allow is None:
            raise TypeError(f"{cls.__name__} has to say its name and who may: name=…, allow=…")
        if name in _OPERATIONS:
            raise TypeError(f"two operations are called “{name}”")
        cls.allow = allow
        _OPERATIONS[name] = cls

    def question(self, caller: Caller, session: AccountSession) -> Question:
        """What its rule is asked: about its key, its delivery, and what `about_field` names."""
        about = getattr(self, self.about_field) if self.about_field else ""
        key_id, delivery = getattr(self, "key", ""), getattr(self, "delivery", "")
        return Question(caller, session, key_id, about, delivery)

    def run(self, change: Change) -> T:
        """Do it, inside this change. Raises DomainError with a sentence for the person."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What came of an operation.

    Attributes:
        value: what it returned.
        changed: False if everything had been that way before.
        propagation: how far gateways have confirmed it after a moment of waiting; None if they
            need not, or could not be asked.
    """

    value: T
    changed: bool
    propagation: Propagation | None = None


def execute(
    services: Services, caller: Caller, operation: Operation[T], *, wait: float = PROPAGATION_WAIT
) -> Outcome[T]:
    """Do an operation: the one door for Slack, the command line, imports and jobs.

    Args:
        caller: who asks, with what they were found to be: nobody is asked inside the transaction.
        wait: how long to wait for gateways to confirm, in seconds; 0 for not at all.

    Raises:
        NotAllowed: with the reason.
        DomainError: with a sentence for the person.
        StorageUnavailable: if the database cannot be reached, or stayed busy.
    """
    with change(services, caller.actor) as made:
        operation.allow.require(operation.question(caller, made.session))
        value = operation.run(made)
    effects = made.effects
    reached = _wait(services, effects.fence, wait) if effects.fence and wait else None
    return Outcome(value, effects.events > 0, reached)


def _wait(services: Services, fence: str, seconds: float) -> Propagation | None:
    clock = services.clock
    try:
        return propagation.watch(
            services.engine, clock, fence,
            for_seconds=seconds, since=clock.monotonic(), sleep=services.sleep,
        )  # fmt: skip
    except StorageUnavailable:
        # The change is made; only how far it has come is not known.
        return None


def problems(error: ValidationError | DomainError) -> Iterator[tuple[str, str]]:
    """Each field that was refused, and why in a sentence; the field is empty where it is none's."""
    if isinstance(error, DomainError):
        yield error.field, str(error)
        return
    for found in error.errors():
        cause = (found.get("ctx") or {}).get("error")
        field = str(found["loc"][0]) if found["loc"] else ""
        yield field, str(cause) if cause is not None else f"{found['msg']}."
