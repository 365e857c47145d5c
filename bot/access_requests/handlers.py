"""Request a key, and approve, deny or withdraw a request."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from bot.access_requests import views
from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.token_delivery.deliver import (
    TokenDelivery,
    deliver_token,
    delivery_deadline,
    say,
    show_outcome,
)
from bot.ui import form_values, ids, replies
from bot.ui.blocks import clip, message
from bot.ui.command_name import command_name
from bot.ui.inputs import NAME_INPUT_MAX
from keys.access_requests import queries
from keys.access_requests.queries import RequestView
from keys.access_requests.rules import not_requester, requester
from keys.base.errors import DuplicateRequest, InvalidExpiry, InvalidState
from keys.base.ids import new_id
from keys.base.models import RequestStage
from keys.changes.authorization import admins, members
from keys.credentials.tokens import redact
from keys.delivery.deliveries import Purpose
from keys.inputs.names import advice_on
from keys.lifecycle.create import PendingKey
from keys.operations import Approve, ApproveWithChanges, Ask, Deny, Withdraw


def open_ask(interaction: Interaction, name: str = "") -> None:
    """Open the modal for a request."""
    _open(interaction, views.Draft(name=name, admin=bool(interaction.decide(admins))))


def _open(interaction: Interaction, draft: views.Draft, last_day: date | None = None) -> None:
    """Open the modal; without a last day, it proposes the team's default."""
    policy, now = interaction.context.policy, interaction.context.clock.now()
    proposed = last_day or policy.default_expiry(now)
    draft = replace(draft, last_day=proposed, latest=policy.latest_expiry(now))
    interaction.acknowledge()
    view = views.ask(draft, command_name(), interaction.ref(request=new_id("req")))
    interaction.context.slack.open_view(interaction.trigger, view)


def open_again(interaction: Interaction) -> None:
    """Open the modal with the values of an earlier request."""
    before = _get(interaction, interaction.payload.about)
    draft = views.Draft(before.name, before.terms.scopes, before.reason)
    _open(interaction, draft, before.terms.last_day)


def ask_pressed(interaction: Interaction) -> None:
    """Open the modal for a request, with the name that was typed before, if any."""
    open_ask(interaction, interaction.payload.query)


def suggest_request(interaction: Interaction, name: str) -> None:
    """Tell a member who would create a key that they can ask for it."""
    interaction.say(
        views.only_admins_create(interaction.ref(query=clip(redact(name), NAME_INPUT_MAX)))
    )


def submitted(interaction: Interaction) -> None:
    """Create the request, or show an error at each refused input."""
    view, ref = interaction.view, interaction.payload
    wanted = interaction.read(
        lambda: Ask(
            name=form_values.text(view, ids.NAME),
            scopes=form_values.chosen(view, ids.SCOPES),
            last_day=form_values.day(view, ids.LAST_DAY),
            reason=form_values.text(view, ids.REASON),
            idempotency_key=ref.request,
        )
    )
    if wanted is None:
        return
    if (advice := advice_on(wanted.name)) and not form_values.chosen(view, ids.ANYWAY):
        latest = _latest(interaction)
        draft = views.Draft(
            wanted.name, wanted.scopes, wanted.reason, advice, False, wanted.last_day, latest
        )
        interaction.show(views.ask(draft, command_name(), ref))
        return
    try:
        outcome = interaction.submit(lambda: wanted)
    except DuplicateRequest:
        interaction.show(views.already_submitted())
    except InvalidState as error:
        interaction.refuse_inputs({ids.REASON: str(error)})
    else:
        if outcome is not None:
            interaction.show(views.submitted(outcome.value.name))


def approve(interaction: Interaction) -> None:
    """Approve the request, and deliver the token to the requester."""
    interaction.acknowledge()
    context, request_id = interaction.context, interaction.payload.about
    operation = Approve(request=request_id, deadline=delivery_deadline(context))
    try:
        pending = interaction.execute(operation).value
    except InvalidExpiry as refused:
        why = f"{refused} To choose another date, press “Approve with changes…”."
        interaction.say(replies.domain_error(why))
        return
    request = _get(interaction, request_id)
    if pending is None:
        _show_decision(interaction, request)
    elif error := _deliver(interaction, pending, request):
        say(context, interaction.person.user_id, error)


def open_approve(interaction: Interaction) -> None:
    """Open the modal to approve with changes, or show the decision if there already is one."""
    if (request := _open_one(interaction)) is not None:
        ref = interaction.ref(about=request.id)
        view = views.approve(request, _latest(interaction), ref)
        interaction.context.slack.open_view(interaction.trigger, view)


def approved_with_changes(interaction: Interaction) -> None:
    """Approve the request as filled in, and deliver the token, or show an error at its input."""
    context, view = interaction.context, interaction.view
    request_id = interaction.payload.about
    outcome = interaction.submit(
        lambda: ApproveWithChanges(
            request=request_id,
            scopes=form_values.chosen(view, ids.SCOPES),
            last_day=form_values.day(view, ids.LAST_DAY),
            deadline=delivery_deadline(context),
        )
    )
    if outcome is None:
        return
    request = _get(interaction, request_id)
    if outcome.value is None:
        interaction.show(views.decided(request))
        return
    interaction.show(views.approving(request))
    error = _deliver(interaction, outcome.value, request)
    result = views.not_approved(error) if error else views.decided(_get(interaction, request_id))
    show_outcome(context, str(view["id"]), result, interaction.person.user_id, error)


def _deliver(interaction: Interaction, pending: PendingKey, request: RequestView) -> str:
    """Deliver the token to the requester; return why not, if it fails."""
    delivery = TokenDelivery.of(
        pending, request.requester, interaction.actor, Purpose.NEW, approved=True
    )
    error = deliver_token(interaction.context, delivery)
    return f"{error} The request is open again." if error else ""


def open_deny(interaction: Interaction) -> None:
    """Ask for a reason, or show the decision if there already is one."""
    if (request := _open_one(interaction)) is not None:
        view = views.deny(request, interaction.ref(about=request.id))
        interaction.context.slack.open_view(interaction.trigger, view)


def _open_one(interaction: Interaction) -> RequestView | None:
    """Return the request if it is open; if not, show the decision."""
    request = _get(interaction, interaction.payload.about)
    interaction.acknowledge()
    if request.stage is RequestStage.OPEN:
        return request
    _show_decision(interaction, request)
    return None


def _latest(interaction: Interaction) -> date | None:
    return interaction.context.policy.latest_expiry(interaction.context.clock.now())


def denied(interaction: Interaction) -> None:
    """Deny the request with the reason, or show an error at its input."""
    request, view = interaction.payload.about, interaction.view
    outcome = interaction.submit(
        lambda: Deny(request=request, reason=form_values.text(view, ids.REASON))
    )
    if outcome is not None:
        interaction.show(views.decided(outcome.value))


def withdraw(interaction: Interaction) -> None:
    """Withdraw the user's own request; its live messages show it."""
    interaction.acknowledge()
    interaction.execute(Withdraw(request=interaction.payload.about))


def _show_decision(interaction: Interaction, request: RequestView) -> None:
    decided = views.decided(request)
    interaction.say(message(*decided["blocks"]))


def _get(interaction: Interaction, request_id: str) -> RequestView:
    context = interaction.context
    with context.reading() as session:
        return queries.get(session, request_id, context.policy, context.clock.now())


router = Router()
router.action(ids.REQUEST, allow=members)(ask_pressed)
router.view(ids.REQUEST_MODAL, allow=members)(submitted)
router.action(ids.REQUEST_APPROVE, allow=admins & not_requester)(approve)
router.action(ids.REQUEST_CHANGE, allow=admins & not_requester)(open_approve)
router.view(ids.APPROVE_MODAL, allow=admins & not_requester)(approved_with_changes)
router.action(ids.REQUEST_DENY, allow=admins & not_requester)(open_deny)
router.view(ids.DENY_MODAL, allow=admins & not_requester)(denied)
router.action(ids.REQUEST_WITHDRAW, allow=requester)(withdraw)
router.action(ids.REQUEST_AGAIN, allow=requester)(open_again)
