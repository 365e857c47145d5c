"""What people submit: their modals."""

from __future__ import annotations

from datetime import date

from slack_bolt import App

from bot import (
    auditing,
    checking,
    editing,
    filled_in,
    issuing,
    leaving,
    requesting,
    revealing,
    rotating,
    showing,
)
from bot.blocks import ids, new_key
from bot.blocks import rename as rename_blocks
from bot.blocks.parts import View
from bot.delivering import lease
from bot.refs import Ref
from bot.turn import Turn, listener
from keys.errors import AlreadyRequested, ExpiryRefused, NameRefused, NoteTooLong, ScopesRefused
from keys.naming import advice_on
from keys.values import KeyRequest, State
from storage import writing


def register(app: App) -> None:
    """Registers the modals."""
    app.view(ids.NEW_MODAL)(listener(create))
    app.view(ids.RENAME_MODAL)(listener(rename))
    app.view(ids.CHECK_MODAL)(listener(checking.checked))
    app.view(ids.EDIT_MODAL)(listener(editing.submitted))
    app.view(ids.EXTEND_MODAL)(listener(editing.extend_submitted))
    app.view(ids.ROTATE_MODAL)(listener(rotating.submitted))
    app.view(ids.OFFBOARD_MODAL)(listener(leaving.submitted))
    app.view(ids.HAND_OVER_MODAL)(listener(leaving.handed_over))
    app.view(ids.DENY_MODAL)(listener(requesting.denied))
    app.view(ids.REQUEST_MODAL)(listener(requesting.asked, anyone=True))
    # Whoever was to have the token takes it, an admin or not.
    app.view(ids.AUDIT_KEEP_MODAL)(listener(auditing.kept, anyone=True))
    app.view(ids.REVEAL_MODAL)(listener(revealing.claim, anyone=True))


def create(turn: Turn) -> None:
    """Makes a key: refusals come in the modal, then the token is delivered."""
    context, user_id = turn.context, turn.person.user_id
    if errors := filled_in.with_token(turn.view, ids.NAME, ids.NOTE):
        turn.refuse_inputs(errors)
        return
    last_day = filled_in.day(turn.view, ids.LAST_DAY)
    try:
        request = _request(turn, last_day)
    except ExpiryRefused as error:
        _refuse(turn, ids.LAST_DAY, str(error))
        return
    advice = advice_on(request.name)
    if request.name.strip() and advice and not _insists(turn):
        owner = request.owner or user_id
        draft = new_key.Draft(
            owner,
            request.name,
            request.scopes,
            request.note,
            advice,
            last_day,
            context.policy.latest_expiry(context.clock.now()),
        )
        turn.show(new_key.new_key(draft, _ref(turn)))
        return
    try:
        with writing(context.engine) as session:
            reservation = context.service.reserve(
                session,
                context.account_id,
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
        turn.show(new_key.in_progress(reservation.key.name))
        issuing.issue(context, reservation, user_id, str(turn.view["id"]))


def _made_before(turn: Turn, key_id: str) -> View:
    key = showing.get(turn, key_id)
    if key.state is State.PENDING:
        return new_key.in_progress(key.name)
    if key.state is State.ABANDONED:
        return new_key.not_made("This was submitted before and did not work. Please start anew.")
    return new_key.already_asked(key)


def rename(turn: Turn) -> None:
    """Gives the key its new name, or says in the modal why not."""
    context, ref, name = turn.context, _ref(turn), filled_in.text(turn.view, ids.NAME)
    key = showing.get(turn, ref.key)
    if errors := filled_in.with_token(turn.view, ids.NAME):
        turn.refuse_inputs(errors)
        return
    advice = advice_on(name)
    if name.strip() and name != key.name and advice and not _insists(turn):
        turn.show(rename_blocks.rename(key, ref, name, advice))
        return
    try:
        with writing(context.engine) as session:
            outcome = context.service.rename(session, context.account_id, ref.key, name, turn.actor)
    except NameRefused as error:
        _refuse(turn, ids.NAME, str(error))
    else:
        turn.show(rename_blocks.renamed(outcome.key, key.name))


def _request(turn: Turn, last_day: date | None) -> KeyRequest:
    view, policy, now = turn.view, turn.context.policy, turn.context.clock.now()
    return KeyRequest(
        name=filled_in.text(view, ids.NAME),
        scopes=filled_in.chosen(view, ids.SCOPES),
        owner=filled_in.person(view, ids.OWNER) or turn.person.user_id,
        request_id=_ref(turn).request,
        note=filled_in.text(view, ids.NOTE),
        expires_at=policy.check_expiry(last_day, now),
    )


def _ref(turn: Turn) -> Ref:
    return Ref.decode(turn.view.get("private_metadata"))


def _insists(turn: Turn) -> bool:
    return bool(filled_in.chosen(turn.view, ids.ANYWAY))


def _refuse(turn: Turn, block_id: str, why: str) -> None:
    turn.refuse_inputs({block_id: why})
