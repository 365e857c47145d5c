"""Asking for a key, and deciding about it: from Slack to the domain and back."""

from __future__ import annotations

from bot.access_requests import views
from bot.framework.context import COMMAND
from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.token_delivery.deliver import TokenDelivery, deliver_token, delivery_deadline, say
from bot.ui import form_values, ids, replies
from keys.access_requests import requests
from keys.access_requests.operations import requester
from keys.access_requests.requests import RequestView
from keys.base.errors import (
    DuplicateRequest,
    InvalidState,
)
from keys.base.ids import new_id
from keys.base.models import RequestStage
from keys.changes.authorization import admins, members
from keys.delivery.deliveries import Purpose
from keys.inputs.names import advice_on
from keys.operations import Approve, Ask, Deny, Withdraw


def open_ask(interaction: Interaction, name: str = "") -> None:
    """Open the modal."""
    draft = views.Draft(name=name, admin=bool(interaction.decide(admins)))
    interaction.acknowledge()
    view = views.ask(draft, COMMAND, interaction.ref(request=new_id("req")))
    interaction.context.slack.open_view(interaction.trigger, view)


def asked(interaction: Interaction) -> None:
    """Takes the request, or says at its field why not."""
    view = interaction.view
    if errors := form_values.with_token(view, ids.NAME, ids.REASON):
        interaction.refuse_inputs(errors)
        return
    ref = interaction.payload
    name, reason = form_values.text(view, ids.NAME), form_values.text(view, ids.REASON)
    scopes, advice = form_values.chosen(view, ids.SCOPES), advice_on(name)
    if name.strip() and advice and not form_values.chosen(view, ids.ANYWAY):
        interaction.show(views.ask(views.Draft(name, scopes, reason, advice), COMMAND, ref))
        return
    try:
        outcome = interaction.submit(
            lambda: Ask(name=name, scopes=scopes, reason=reason, idempotency_key=ref.request)
        )
    except DuplicateRequest:
        interaction.show(views.asked_before())
    except InvalidState as error:
        interaction.refuse_inputs({ids.REASON: str(error)})
    else:
        if outcome is not None:
            interaction.show(views.asked(outcome.value.name))


def approve(interaction: Interaction) -> None:
    """Approve the request, and deliver the token to the requester."""
    interaction.acknowledge()
    context, ref = interaction.context, interaction.payload
    policy = context.policy
    last_day = policy.default_expiry(context.clock.now())
    made = interaction.execute(
        Approve(
            request=ref.about,
            deadline=delivery_deadline(context),
            method=policy.delivery,
            expires_at=policy.last_moment(last_day) if last_day else None,
        )
    ).value
    if made is None:
        _say_as_it_is(interaction, ref.about)
        return
    request = _get(interaction, ref.about)
    token = TokenDelivery.of(made, request.requester, interaction.actor, Purpose.NEW)
    why = deliver_token(context, token)
    if why:
        say(context, interaction.person.user_id, f"{why} The request is open again.")


def open_deny(interaction: Interaction) -> None:
    """Asks for a reason; or shows what became of the request meanwhile."""
    ref = interaction.payload
    request = _get(interaction, ref.about)
    if request.requester == interaction.person.user_id:
        interaction.say(
            replies.domain_error("This is your own request. Another admin has to decide about it.")
        )
        return
    if request.stage is not RequestStage.OPEN:
        interaction.acknowledge()
        _say_as_it_is(interaction, ref.about)
        return
    interaction.acknowledge()
    interaction.context.slack.open_view(
        interaction.trigger, views.deny(request, interaction.ref(about=request.id))
    )


def denied(interaction: Interaction) -> None:
    """Denies, with the reason."""
    request, view = interaction.payload.about, interaction.view
    outcome = interaction.submit(
        lambda: Deny(request=request, reason=form_values.text(view, ids.REASON))
    )
    if outcome is not None:
        interaction.show(views.decided(_get(interaction, request)))


def withdraw(interaction: Interaction) -> None:
    """Takes the person's own request back."""
    interaction.acknowledge()
    interaction.execute(Withdraw(request=interaction.payload.about))


def _say_as_it_is(interaction: Interaction, request_id: str) -> None:
    decided = views.decided(_get(interaction, request_id))
    interaction.say({"text": "This request was decided before.", "blocks": decided["blocks"]})


def _get(interaction: Interaction, request_id: str) -> RequestView:
    with interaction.context.reading() as session:
        return requests.get(session, request_id)


router = Router()
router.action(ids.REQUEST, allow=members)(open_ask)
router.view(ids.REQUEST_MODAL, allow=members)(asked)
router.action(ids.REQUEST_APPROVE, allow=admins)(approve)
router.action(ids.REQUEST_DENY, allow=admins)(open_deny)
router.view(ids.DENY_MODAL, allow=admins)(denied)
router.action(ids.REQUEST_WITHDRAW, allow=requester)(withdraw)
