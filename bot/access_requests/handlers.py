"""Asking for a key, and deciding about it: from Slack to the domain and back."""

from __future__ import annotations

from bot.access_requests import views
from bot.authorization.admins import Denied
from bot.framework.context import COMMAND
from bot.framework.interaction import Turn, refuse
from bot.manage_keys.issue import errand, say
from bot.token_delivery.deliver import hand_over, lease
from bot.ui import form_values, ids, replies
from bot.ui.payloads import Ref
from keys.access_requests import requests
from keys.access_requests.requests import RequestView
from keys.base.errors import (
    AlreadyRequested,
    NameRefused,
    NoteTooLong,
    NotPossibleNow,
    ReasonMissing,
    ScopesRefused,
)
from keys.base.ids import new_id
from keys.base.models import RequestStage
from keys.inputs.names import advice_on


def open_ask(turn: Turn, name: str = "") -> None:
    """Opens the modal, for full members of the workspace."""
    belongs = turn.context.admins.belongs(turn.person)
    if isinstance(belongs, Denied):
        refuse(turn, belongs)
        return
    draft = views.Draft(name=name, admin=bool(turn.context.admins.check(turn.person)))
    turn.acknowledge()
    view = views.ask(draft, COMMAND, turn.ref(request=new_id("req")))
    turn.context.slack.open_view(turn.trigger, view)


def asked(turn: Turn) -> None:
    """Takes the request, or says at its field why not."""
    context, view = turn.context, turn.view
    belongs = context.admins.belongs(turn.person)
    if isinstance(belongs, Denied):
        refuse(turn, belongs)
        return
    if errors := form_values.with_token(view, ids.NAME, ids.REASON):
        turn.refuse_inputs(errors)
        return
    ref = Ref.decode(view.get("private_metadata"))
    name, reason = form_values.text(view, ids.NAME), form_values.text(view, ids.REASON)
    scopes, advice = form_values.chosen(view, ids.SCOPES), advice_on(name)
    if name.strip() and advice and not form_values.chosen(view, ids.ANYWAY):
        turn.show(views.ask(views.Draft(name, scopes, reason, advice), COMMAND, ref))
        return
    try:
        with context.writing() as session:
            request = requests.ask(
                context.service, session, turn.person.user_id,
                name=name, scopes=scopes, reason=reason, submission=ref.request,
            )  # fmt: skip
    except NameRefused as error:
        turn.refuse_inputs({ids.NAME: str(error)})
    except ScopesRefused as error:
        turn.refuse_inputs({ids.SCOPES: str(error)})
    except (ReasonMissing, NoteTooLong, NotPossibleNow) as error:
        turn.refuse_inputs({ids.REASON: str(error)})
    except AlreadyRequested:
        turn.show(views.asked_before())
    else:
        turn.show(views.asked(request.name))
        context.nudge()


def approve(turn: Turn) -> None:
    """Approves, and hands the token to whoever asked."""
    turn.acknowledge()
    context, ref = turn.context, Ref.decode(turn.action.get("value"))
    policy = context.policy
    last_day = policy.default_expiry(context.clock.now())
    with context.writing() as session:
        made = requests.approve(
            context.service, session, ref.about, turn.actor,
            lease=lease(context), how=policy.delivery,
            expires_at=policy.last_moment(last_day) if last_day else None,
        )  # fmt: skip
    if made is None:
        _say_as_it_is(turn, ref.about)
        return
    context.nudge()
    request = _get(turn, ref.about)
    why = hand_over(context, errand(context, made, request.requester, turn.actor))
    if why:
        say(context, turn.person.user_id, f"{why} The request is open again.")
    context.nudge()


def open_deny(turn: Turn) -> None:
    """Asks for a reason; or shows what became of the request meanwhile."""
    ref = Ref.decode(turn.action.get("value"))
    request = _get(turn, ref.about)
    if request.requester == turn.person.user_id:
        turn.say(replies.told("This is your own request. Somebody else has to decide about it."))
        return
    if request.stage is not RequestStage.OPEN:
        turn.acknowledge()
        _say_as_it_is(turn, ref.about)
        return
    turn.acknowledge()
    turn.context.slack.open_view(turn.trigger, views.deny(request, turn.ref(about=request.id)))


def denied(turn: Turn) -> None:
    """Denies, with the reason."""
    context, ref = turn.context, Ref.decode(turn.view.get("private_metadata"))
    if errors := form_values.with_token(turn.view, ids.REASON):
        turn.refuse_inputs(errors)
        return
    reason = form_values.text(turn.view, ids.REASON)
    with context.writing() as session:
        requests.deny(context.service, session, ref.about, turn.actor, reason)
    context.nudge()
    turn.show(views.decided(_get(turn, ref.about)))


def withdraw(turn: Turn) -> None:
    """Takes the person's own request back."""
    turn.acknowledge()
    context, ref = turn.context, Ref.decode(turn.action.get("value"))
    with context.writing() as session:
        requests.withdraw(context.service, session, ref.about, turn.actor)
    context.nudge()


def _say_as_it_is(turn: Turn, request_id: str) -> None:
    decided = views.decided(_get(turn, request_id))
    turn.say({"text": "This request was decided before.", "blocks": decided["blocks"]})


def _get(turn: Turn, request_id: str) -> RequestView:
    with turn.context.reading() as session:
        return requests.get(session, request_id)
