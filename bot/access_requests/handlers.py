"""Asking for a key, and deciding about it: from Slack to the domain and back."""

from __future__ import annotations

from bot.access_requests import views
from bot.framework.context import COMMAND
from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.manage_keys.issue import delivery_of, say
from bot.token_delivery.deliver import delivery_deadline, hand_over
from bot.ui import form_values, ids, replies
from bot.ui.payloads import ActionPayload
from keys.access_requests import requests
from keys.access_requests.requests import RequestView
from keys.base.errors import (
    DuplicateRequest,
    InvalidName,
    InvalidScopes,
    InvalidState,
    NoteTooLong,
    ReasonMissing,
)
from keys.base.ids import new_id
from keys.base.models import RequestStage
from keys.changes.authorization import admins, everyone, members
from keys.changes.change import SYSTEM, within
from keys.inputs.names import advice_on


def open_ask(interaction: Interaction, name: str = "") -> None:
    """Open the modal."""
    draft = views.Draft(name=name, admin=bool(interaction.decide(admins)))
    interaction.acknowledge()
    view = views.ask(draft, COMMAND, interaction.ref(request=new_id("req")))
    interaction.context.slack.open_view(interaction.trigger, view)


def asked(interaction: Interaction) -> None:
    """Takes the request, or says at its field why not."""
    context, view = interaction.context, interaction.view
    if errors := form_values.with_token(view, ids.NAME, ids.REASON):
        interaction.refuse_inputs(errors)
        return
    ref = ActionPayload.decode(view.get("private_metadata"))
    name, reason = form_values.text(view, ids.NAME), form_values.text(view, ids.REASON)
    scopes, advice = form_values.chosen(view, ids.SCOPES), advice_on(name)
    if name.strip() and advice and not form_values.chosen(view, ids.ANYWAY):
        interaction.show(views.ask(views.Draft(name, scopes, reason, advice), COMMAND, ref))
        return
    try:
        with context.writing() as session:
            request = requests.ask(
                within(context.services, session, SYSTEM), interaction.person.user_id,
                name=name, scopes=scopes, reason=reason, idempotency_key=ref.request,
            )  # fmt: skip
    except InvalidName as error:
        interaction.refuse_inputs({ids.NAME: str(error)})
    except InvalidScopes as error:
        interaction.refuse_inputs({ids.SCOPES: str(error)})
    except (ReasonMissing, NoteTooLong, InvalidState) as error:
        interaction.refuse_inputs({ids.REASON: str(error)})
    except DuplicateRequest:
        interaction.show(views.asked_before())
    else:
        interaction.show(views.asked(request.name))
        context.wake()


def approve(interaction: Interaction) -> None:
    """Approves, and hands the token to whoever asked."""
    interaction.acknowledge()
    context, ref = interaction.context, ActionPayload.decode(interaction.action.get("value"))
    policy = context.policy
    last_day = policy.default_expiry(context.clock.now())
    with context.writing() as session:
        made = requests.approve(
            within(context.services, session, interaction.actor),
            ref.about,
            delivery_deadline=delivery_deadline(context),
            method=policy.delivery,
            expires_at=policy.last_moment(last_day) if last_day else None,
        )
    if made is None:
        _say_as_it_is(interaction, ref.about)
        return
    context.wake()
    request = _get(interaction, ref.about)
    why = hand_over(context, delivery_of(context, made, request.requester, interaction.actor))
    if why:
        say(context, interaction.person.user_id, f"{why} The request is open again.")
    context.wake()


def open_deny(interaction: Interaction) -> None:
    """Asks for a reason; or shows what became of the request meanwhile."""
    ref = ActionPayload.decode(interaction.action.get("value"))
    request = _get(interaction, ref.about)
    if request.requester == interaction.person.user_id:
        interaction.say(
            replies.domain_error("This is your own request. Somebody else has to decide about it.")
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
    context, ref = (
        interaction.context,
        ActionPayload.decode(interaction.view.get("private_metadata")),
    )
    if errors := form_values.with_token(interaction.view, ids.REASON):
        interaction.refuse_inputs(errors)
        return
    reason = form_values.text(interaction.view, ids.REASON)
    with context.writing() as session:
        requests.deny(within(context.services, session, interaction.actor), ref.about, reason)
    context.wake()
    interaction.show(views.decided(_get(interaction, ref.about)))


def withdraw(interaction: Interaction) -> None:
    """Takes the person's own request back."""
    interaction.acknowledge()
    context, ref = interaction.context, ActionPayload.decode(interaction.action.get("value"))
    with context.writing() as session:
        requests.withdraw(
            within(context.services, session, interaction.actor),
            ref.about,
        )
    context.wake()


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
# The requester alone withdraws; the domain refuses everyone else.
router.action(ids.REQUEST_WITHDRAW, allow=everyone)(withdraw)
