"""Who may own a key, and who may be given a token: full members of the account's workspace.

Only Slack knows who is one, so it is asked before an operation's transaction (`execute`), and again
when a token is delivered, shown or claimed. Entrances without Slack, such as a shell, check only
that it is a Slack id (keys.inputs.people).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from keys.base.actors import Actor
from keys.base.errors import MembershipUnknown, NotAMember


class Membership(StrEnum):
    """The membership of a user, as Slack knows it.

    Attributes:
        FULL: a full member of the workspace.
        NONE: a guest, a bot, a deactivated user or a user of another workspace.
        UNKNOWN: Slack did not answer, or did not say enough.
    """

    FULL = "full"
    NONE = "none"
    UNKNOWN = "unknown"


# Returns a user's membership now; takes the user's id.
AskMembership = Callable[[str], Membership]

_OWNER = "Choose a full member of this workspace: guests and bots cannot own a key."
_RECIPIENT = "Choose a full member of this workspace: guests and bots cannot get tokens."


@dataclass(frozen=True, slots=True)
class ChosenPerson:
    """A person who would become an owner, or be given a token.

    Attributes:
        refusal: a sentence for the caller if the person is not a full member.
        field: the operation's field that names the person.
    """

    user_id: str
    refusal: str
    field: str

    @classmethod
    def owner(cls, user_id: str, field: str = "owner") -> ChosenPerson:
        """Return the chosen owner, backup owner or new owner of a key."""
        return cls(user_id, _OWNER, field)

    @classmethod
    def recipient(cls, actor: Actor, refusal: str = _RECIPIENT) -> ChosenPerson:
        """Return the chosen recipient of a token; a printed token's has no user id."""
        return cls(actor.id if actor.kind == "person" else "", refusal, "recipient")


def require_full_member(ask: AskMembership | None, chosen: ChosenPerson) -> None:
    """Return if the person may own a key or be given a token.

    Args:
        ask: asks Slack; None where there is no Slack to ask.

    Raises:
        NotAMember: if the person is not a full member.
        MembershipUnknown: if Slack does not say for certain.
    """
    if ask is None or not chosen.user_id:
        return
    membership = ask(chosen.user_id)
    if membership is Membership.NONE:
        raise NotAMember(chosen.refusal, chosen.field)
    if membership is Membership.UNKNOWN:
        raise MembershipUnknown(chosen.field)
