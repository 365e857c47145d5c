"""What people submit: their modals."""

from __future__ import annotations

from datetime import date

from slack_bolt import App

from bot.access_requests import handlers as requesting
from bot.browse_keys import check, pages
from bot.framework.interaction import Turn, listener
from bot.manage_keys import create_view, edit, issue, rename_view
from bot.offboarding import handlers as leaving
from bot.reviews import handlers as auditing
from bot.rotation import handlers as rotating
from bot.token_delivery import reveal
from bot.token_delivery.deliver import lease
from bot.ui import form_values, ids
from bot.ui.blocks import View
from bot.ui.payloads import Ref
from keys.base.errors import (
    AlreadyRequested,
    ExpiryRefused,
    NameRefused,
    NoteTooLong,
    ScopesRefused,
)
from keys.base.models import KeyRequest, State
from keys.inputs.names import advice_on


def register(app: App) -> None:
    """Registers the modals."""
    app.view(ids.NEW_MODAL)(listener(create))
    app.view(ids.RENAME_MODAL)(listener(rename))
    app.view(ids.CHECK_MODAL)(listener(check.checked))
    app.view(ids.EDIT_MODAL)(listener(edit.submitted))
    app.view(ids.EXTEND_MODAL)(listener(edit.extend_submitted))
    app.view(ids.ROTATE_MODAL)(listener(rotating.submitted))
    app.view(ids.OFFBOARD_MODAL)(listener(leaving.submitted))
    app.view(ids.HAND_OVER_MODAL)(listener(leaving.handed_over))
    app.view(ids.DENY_MODAL)(listener(requesting.denied))
    app.view(ids.REQUEST_MODAL)(listener(requesting.asked, anyone=True))
    # Whoever was to have the token takes it, an admin or not.
    app.view(ids.AUDIT_KEEP_MODAL)(listener(auditing.kept, anyone=True))
    app.view(ids.REVEAL_MODAL)(listener(reveal.claim, anyone=True))


def create(turn: Turn) -> None:
    """Makes a key: refusals come in the modal, then the token is delivered."""
    context, user_id = turn.context, turn.person.user_id
    if errors := form_values.with_token(turn.view, ids.NAME, ids.NOTE):
        turn.refuse_inputs(errors)
        return
    last_day = form_values.day(turn.view, ids.LAST_DAY)
    try:
        request = _request(turn, last_day)
    except ExpiryRefused as error:
        _refuse(turn, ids.LAST_DAY, str(error))
        return
    advice = advice_on(request.name)
    if request.name.strip() and advice and not _insists(turn):
        owner = request.owner or user_id
        draft = create_view.Draft(
            owner,
            request.name,
            request.scopes,
            request.note,
            advice,
            last_day,
            context.policy.latest_expiry(context.clock.now()),
        )
        turn.show(create_view.new_key(draft, _ref(turn)))
        return
    try:
        with context.writing() as session:
            reservation = context.service.reserve(
                session,
                request,
                turn.actor,
                turn.actor,
                lease(context),
                context.policy.delivery,
            )
    except NameRefused as error:
        _refuse(turn, ids.NAME, str(error))
    except ScopesRefused as error:
        _refuse(turn, ids.SCOPES, str(error))
    except NoteTooLong as error:
        _refuse(turn, ids.NOTE, str(error))
    except AlreadyRequested as error:
        turn.show(_made_before(turn, error.key_id))
    else:
        turn.show(create_view.in_progress(reservation.key.name))
        issue.issue(context, reservation, user_id, str(turn.view["id"]))


def _made_before(turn: Turn, key_id: str) -> View:
    key = pages.get(turn, key_id)
    if key.state is State.PENDING:
        return create_view.in_progress(key.name)
    if key.state is State.ABANDONED:
        return create_view.not_made(
            "This was submitted before and did not work. Please start anew."
        )
    return create_view.already_asked(key)


def rename(turn: Turn) -> None:
    """Gives the key its new name, or says in the modal why not."""
    context, ref, name = turn.context, _ref(turn), form_values.text(turn.view, ids.NAME)
    key = pages.get(turn, ref.key)
    if errors := form_values.with_token(turn.view, ids.NAME):
        turn.refuse_inputs(errors)
        return
    advice = advice_on(name)
    if name.strip() and name != key.name and advice and not _insists(turn):
        turn.show(rename_view.rename(key, ref, name, advice))
        return
    try:
        with context.writing() as session:
            outcome = context.service.rename(session, ref.key, name, turn.actor)
    except NameRefused as error:
        _refuse(turn, ids.NAME, str(error))
    else:
        turn.show(rename_view.renamed(outcome.key, key.name))


def _request(turn: Turn, last_day: date | None) -> KeyRequest:
    view, policy, now = turn.view, turn.context.policy, turn.context.clock.now()
    return KeyRequest(
        name=form_values.text(view, ids.NAME),
        scopes=form_values.chosen(view, ids.SCOPES),
        owner=form_values.person(view, ids.OWNER) or turn.person.user_id,
        request_id=_ref(turn).request,
        note=form_values.text(view, ids.NOTE),
        expires_at=policy.check_expiry(last_day, now),
    )


def _ref(turn: Turn) -> Ref:
    return Ref.decode(turn.view.get("private_metadata"))


def _insists(turn: Turn) -> bool:
    return bool(form_values.chosen(turn.view, ids.ANYWAY))


def _refuse(turn: Turn, block_id: str, why: str) -> None:
    turn.refuse_inputs({block_id: why})
