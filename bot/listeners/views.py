"""What people submit: the modals for a new key and for another name."""

from __future__ import annotations

from typing import Any

from slack_bolt import App

from bot import issuing, revealing, rotating, showing
from bot.blocks import ids, new_key
from bot.blocks import rename as rename_blocks
from bot.blocks.parts import View
from bot.context import Context
from bot.delivering import lease
from bot.refs import Ref
from bot.turn import Turn, listener
from keys.errors import AlreadyRequested, NameRefused, NoteTooLong, ScopesRefused
from keys.naming import advice_on
from keys.token import redact
from keys.values import KeyRequest, State
from storage import writing

_HAS_TOKEN = "This contains a token. Leave it out: names and notes are for everybody to read."


def register(app: App, context: Context) -> None:
    """Registers the modals."""
    app.view(ids.NEW_MODAL)(listener(context, create))
    app.view(ids.RENAME_MODAL)(listener(context, rename))
    app.view(ids.ROTATE_MODAL)(listener(context, rotating.submitted))
    # Whoever was to have the token takes it, an admin or not.
    app.view(ids.REVEAL_MODAL)(listener(context, revealing.claim, anyone=True))


def create(turn: Turn) -> None:
    """Makes a key: refusals come in the modal, then the token is delivered."""
    context, user_id = turn.context, turn.person.user_id
    request = _request(turn)
    for block_id, text in ((ids.NAME, request.name), (ids.NOTE, request.note)):
        if redact(text) != text:
            _refuse(turn, block_id, _HAS_TOKEN)
            return
    advice = advice_on(request.name)
    if request.name.strip() and advice and not _insists(turn):
        owner = request.owner or user_id
        draft = new_key.Draft(owner, request.name, request.scopes, request.note, advice)
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
    context, ref, name = turn.context, _ref(turn), str(_value(turn, ids.NAME, "value") or "")
    key = showing.get(turn, ref.key)
    if redact(name) != name:
        _refuse(turn, ids.NAME, _HAS_TOKEN)
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


def _request(turn: Turn) -> KeyRequest:
    scopes = _value(turn, ids.SCOPES, "selected_options") or []
    return KeyRequest(
        name=str(_value(turn, ids.NAME, "value") or ""),
        scopes=tuple(str(option["value"]) for option in scopes),
        owner=_value(turn, ids.OWNER, "selected_user") or turn.person.user_id,
        request_id=_ref(turn).request,
        note=str(_value(turn, ids.NOTE, "value") or ""),
    )


def _ref(turn: Turn) -> Ref:
    return Ref.decode(turn.view.get("private_metadata"))


def _insists(turn: Turn) -> bool:
    return bool(_value(turn, ids.ANYWAY, "selected_options"))


def _value(turn: Turn, block_id: str, what: str) -> Any:
    values = turn.view["state"]["values"]
    return values.get(block_id, {}).get(ids.VALUE, {}).get(what)


def _refuse(turn: Turn, block_id: str, why: str) -> None:
    turn.acknowledge(response_action="errors", errors={block_id: why})
