"""Request a key, and approve, deny or withdraw a request."""

from __future__ import annotations

from bot.access_requests import views
from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.token_delivery.deliver import TokenDelivery, deliver_token, delivery_deadline, say
from bot.ui import form_values, ids
from bot.ui.blocks import clip, message
from bot.ui.command_name import command_name
from bot.ui.inputs import NAME_INPUT_MAX
from keys.access_requests import queries
from keys.access_requests.queries import RequestView
from keys.access_requests.rules import not_requester, requester
from keys.base.errors import DuplicateRequest, InvalidState
from keys.base.ids import new_id
from keys.base.models import RequestStage
from keys.changes.authorization import admins, members
from keys.credentials.tokens import redact
from keys.delivery.deliveries import Purpose
from keys.inputs.names import advice_on
from keys.operations import Approve, Ask, Deny, Withdraw


def open_ask(interaction: Interaction, name: str = "") -> None:
    """Open the modal for a request."""
    _open(interaction, views.Draft(name=name, admin=bool(interaction.decide(admins))))


def _open(interaction: Interaction, draft: views.Draft) -> None:
    interaction.acknowledge()
    view = views.ask(draft, command_name(), interaction.ref(request=new_id("req")))
    interaction.context.slack.open_view(interaction.trigger, view)


def open_again(interaction: Interaction) -> None:
    """Open the modal with the values of an earlier request."""
    before = _get(interaction, interaction.payload.about)
    _open(interaction, views.Draft(before.name, before.scopes, before.reason))


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
            reason=form_values.text(view, ids.REASON),
            idempotency_key=ref.request,
        )
    )
    if wanted is None:
        return
    if (advice := advice_on(wanted.name)) and not form_values.chosen(view, ids.ANYWAY):
        draft = views.Draft(wanted.name, wanted.scopes, wanted.reason, advice)
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
    pending = interaction.execute(operation).value
    request = _get(interaction, request_id)
    if pending is None:
        _show_decision(interaction, request)
        return
    delivery = TokenDelivery.of(
        pending, request.requester, interaction.actor, Purpose.NEW, approved=True
    )
    if error := deliver_token(context, delivery):
        say(context, interaction.person.user_id, f"{error} The request is open again.")


def open_deny(interaction: Interaction) -> None:
    """Ask for a reason, or show the decision if there already is one."""
    request = _get(interaction, interaction.payload.about)
    interaction.acknowledge()
    if request.stage is not RequestStage.OPEN:
        _show_decision(interaction, request)
        return
    interaction.context.slack.open_view(
        interaction.trigger, views.deny(request, interaction.ref(about=request.id))
    )


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
    with interaction.context.reading() as session:
        return queries.get(session, request_id)


router = Router()
router.action(ids.REQUEST, allow=members)(ask_pressed)
router.view(ids.REQUEST_MODAL, allow=members)(submitted)
router.action(ids.REQUEST_APPROVE, allow=admins & not_requester)(approve)
router.action(ids.REQUEST_DENY, allow=admins & not_requester)(open_deny)
router.view(ids.DENY_MODAL, allow=admins & not_requester)(denied)
router.action(ids.REQUEST_WITHDRAW, allow=requester)(withdraw)
router.action(ids.REQUEST_AGAIN, allow=requester)(open_again)
