"""The modals for requests, and the live messages about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date as day

from bot.access_requests.terms_view import describe, facts, risk, wording
from bot.ui import ids, inputs
from bot.ui.blocks import (
    Block,
    Element,
    Message,
    View,
    about,
    actions,
    button,
    clip,
    context,
    date,
    fields,
    format_time,
    header,
    message,
    modal,
    person,
    plain_user_text,
    result_modal,
    section,
    sentence,
    text_element,
)
from bot.ui.payloads import ActionPayload
from keys.access_requests.queries import RequestView
from keys.base.actors import Actor
from keys.base.models import RequestStage as Stage
from keys.inputs.names import NOTE_MAX
from keys.inputs.scopes import READ

# How many requests App Home shows, and how much of each reason.
IN_HOME_MAX, REASON_IN_HOME_MAX = 5, 200


@dataclass(frozen=True, slots=True)
class Draft:
    """The values with which the modal opens.

    Attributes:
        advice: why the name is poor.
        admin: whether the user could create the key without asking.
        last_day: the proposed last day; None for no expiry date.
        latest: the latest last day that the team allows; None for no limit.
    """

    name: str = ""
    scopes: tuple[str, ...] = (READ,)
    reason: str = ""
    advice: str | None = None
    admin: bool = False
    last_day: day | None = None
    latest: day | None = None


def ask(draft: Draft, command: str, ref: ActionPayload) -> View:
    """Render the modal; `command` is the slash command, such as `/apikeys`."""
    blocks: list[Block] = []
    if draft.admin:
        blocks.append(context(f"As an admin, you can create a key yourself with `{command} new`."))
    blocks += [
        *inputs.name_inputs(draft.name, draft.advice),
        inputs.scopes(draft.scopes),
        inputs.last_day(draft.last_day, draft.latest),
        inputs.text(
            ids.REASON,
            "What is it for?",
            draft.reason,
            most=NOTE_MAX,
            hint="The approver sees this, and it stays with the key as its note.",
            multiline=True,
            optional=False,
        ),
    ]
    return modal("Ask for an API key", ids.REQUEST_MODAL, blocks, submit="Ask", ref=ref)


def only_admins_create(ref: ActionPayload) -> Message:
    """Render that only admins create keys; `ref` has the name that was typed, if any."""
    return message(
        section("Only admins create keys here. You can ask for one, and an admin decides."),
        actions(
            button("Ask for a key", ids.REQUEST, ref, style="primary"),
            button("Show my keys", ids.LIST, ActionPayload(ref.at)),
        ),
    )


def submitted(name: str) -> View:
    """Render the result."""
    return _result(
        "Request sent",
        sentence("You have asked for ", text_element(name, bold=True), "."),
        section("An admin will decide. We'll message you in this app."),
    )


def already_submitted() -> View:
    """Render that the same modal was submitted before."""
    return _result("Already sent", section("You have already sent this request."))


def approve(request: RequestView, latest: day | None, ref: ActionPayload) -> View:
    """Render the modal in which an admin approves a request with changes.

    Args:
        latest: the latest last day that the team allows; None for no limit.
    """
    blocks = [
        sentence(person(Actor.person(request.requester)), " asks for ", _name(request), "."),
        _purpose(request),
        inputs.scopes(request.terms.scopes),
        inputs.last_day(request.terms.last_day, latest),
    ]
    return modal("Approve with changes", ids.APPROVE_MODAL, blocks, submit="Approve", ref=ref)


def approving(request: RequestView) -> View:
    """Render what is shown while the token is being delivered."""
    return _result("Approving", sentence("Delivering the token of ", _name(request), " …"))


def not_approved(error: str) -> View:
    """Render why the token did not reach the requester: a sentence or two, as plain text."""
    return _result("Not approved", {"type": "section", "text": plain_user_text(error)})


def deny(request: RequestView, ref: ActionPayload) -> View:
    """Render the modal in which an admin may give a reason."""
    blocks = [
        sentence(person(Actor.person(request.requester)), " asks for ", _name(request), "."),
        inputs.text(
            ids.REASON,
            "Reason",
            "",
            most=NOTE_MAX,
            hint="The requester sees this.",
            multiline=True,
        ),
    ]
    return modal("Deny the request", ids.DENY_MODAL, blocks, submit="Deny", ref=ref)


def decided(request: RequestView) -> View:
    """Render the decision, in place of the modal."""
    return _result(_title(request), *_state(request, for_requester=False))


def _result(title: str, *blocks: Block) -> View:
    return result_modal(title, blocks)


def for_team(request: RequestView, ref: ActionPayload) -> Message:
    """Render the message in the team's channel; a decision redraws it."""
    who = person(Actor.person(request.requester))
    blocks = [
        sentence(who, " asks for the key ", _name(request), "."),
        fields(facts(request)),
        _purpose(request),
    ]
    if request.stage is Stage.OPEN:
        if request.attempts:
            blocks.append(context("It was approved before, but its token could not be delivered."))
        blocks += [
            _decide(ref, request.name),
            context(
                f"Without a decision, this request {date(request.closes_at, before='closes ')}. "
                "You can't approve your own."
            ),
        ]
    else:
        blocks += _state(request, for_requester=False)
    return message(*blocks, title=_title(request))


def in_home(requests: Sequence[RequestView], user_id: str, ref: ActionPayload) -> list[Block]:
    """Render the requests that wait for a decision, for an admin's App Home.

    Args:
        requests: the oldest first.
        user_id: the admin, who cannot decide on their own.
    """
    if not requests:
        return []
    count = len(requests)
    blocks = [header("1 request waits for you" if count == 1 else f"{count:,} requests wait")]
    for request in requests[:IN_HOME_MAX]:
        blocks += [
            sentence(
                person(Actor.person(request.requester)), " asks for the key ", _name(request), ". ",
                f"{describe(request.terms)} For what: ",
                text_element(clip(request.reason, REASON_IN_HOME_MAX)),
            ),
            context(f"Risk: {risk(request.terms)}"),
            context("You can't approve your own request.")
            if request.requester == user_id
            else _decide(replace(ref, about=request.id), request.name),
        ]  # fmt: skip
    if count > IN_HOME_MAX:
        blocks.append(context(f"… and {count - IN_HOME_MAX:,} more."))
    return [*blocks, {"type": "divider"}]


def own_in_home(requests: Sequence[RequestView], ref: ActionPayload) -> list[Block]:
    """Render a member's own requests that wait for a decision, for their App Home."""
    blocks: list[Block] = []
    for request in requests:
        withdraw = about(
            request.name,
            button("Withdraw", ids.REQUEST_WITHDRAW, replace(ref, about=request.id)),
        )
        asked = format_time(request.created_at, ", ")
        blocks += [
            sentence("You asked for ", _name(request), asked, ". An admin will decide."),
            actions(withdraw),
        ]
    return [*blocks, {"type": "divider"}] if blocks else []


def _title(request: RequestView) -> str:
    titles = {
        Stage.OPEN: "Request for an API key",
        Stage.DELIVERING: "Request approved",
        Stage.GRANTED: "Request approved",
        Stage.DENIED: "Request denied",
        Stage.CLOSED: "Request withdrawn" if request.withdrawn else "Request closed",
    }
    return titles[request.stage]


def _purpose(request: RequestView) -> Block:
    return sentence("For what: ", text_element(request.reason))


def _decide(ref: ActionPayload, name: str) -> Block:
    return actions(
        about(name, button("Approve", ids.REQUEST_APPROVE, ref, style="primary")),
        about(name, button("Approve with changes…", ids.REQUEST_CHANGE, ref)),
        about(name, button("Deny", ids.REQUEST_DENY, ref)),
    )


def for_requester(request: RequestView, ref: ActionPayload) -> Message:
    """Render the message to the requester."""
    blocks = [sentence("You asked for ", _name(request), ".")]
    if request.stage is Stage.OPEN:
        blocks += [
            section("An admin will decide. We'll message you here."),
            actions(button("Withdraw", ids.REQUEST_WITHDRAW, ref)),
        ]
    else:
        blocks += _state(request, for_requester=True)
    return message(*blocks)


def _state(request: RequestView, *, for_requester: bool) -> list[Block]:
    by = request.decided_by
    who: list[Element | str] = [person(by)] if by is not None else ["Someone"]
    when = [format_time(request.decided_at, ", ")] if request.decided_at is not None else []
    if request.stage in (Stage.DELIVERING, Stage.GRANTED):
        with_changes = " with changes" if request.changed else ""
        blocks = [sentence(*who, f" approved this{with_changes}", *when, ".")]
        if request.changed and for_requester and request.granted is not None:
            blocks.append(section(describe(request.granted)))
        elif request.changed:
            blocks.append(context(f"This was asked for: {wording(request.terms)}."))
        if request.stage is Stage.DELIVERING:
            blocks.append(context("Waiting for them to collect the token."))
        elif for_requester:
            blocks.append(context("You got the token in this conversation."))
        else:
            blocks.append(context("Only the requester got the token."))
        return blocks
    if request.stage is Stage.DENIED:
        pieces: list[Element | str] = [*who, " denied this", *when, "."]
        # The message that follows in the same conversation gives the requester the reason.
        if request.decision_reason and not for_requester:
            pieces += [" Reason: ", text_element(request.decision_reason)]
        return [sentence(*pieces)]
    if request.withdrawn:
        return [sentence("This was withdrawn", *when, ".")]
    return [sentence("This was closed", *when, f": {request.decision_reason}.")]


def _name(request: RequestView) -> Element:
    return text_element(request.name, bold=True)
