"""The modal in which a token is pasted, and its diagnosis."""

from __future__ import annotations

from bot.ui import ids, inputs
from bot.ui.blocks import (
    Block,
    Element,
    View,
    actions,
    button,
    code,
    context,
    date,
    expiry,
    fields,
    format_expiry,
    format_time,
    modal,
    name_of,
    person,
    result_modal,
    scopes_in_words,
    section,
    sentence,
)
from bot.ui.key_rows import ADMIN, Reader
from bot.ui.payloads import ActionPayload
from keys.base.models import KeyView
from keys.search.diagnosis import PASTED_MAX, CopyError, Diagnosis, DiagnosisResult

_TITLE = "Check a token"
_SLIPS = {
    CopyError.SURROUNDED: (
        "There are spaces or quotation marks around it. A program must send it without them."
    ),
    CopyError.HEADER: "It begins with the name of a header. The token is only what follows.",
    CopyError.BROKEN: "There are spaces or line breaks inside it. It is a single word.",
}
_SHORT = {
    DiagnosisResult.EMPTY: (
        "Nothing was pasted.",
        "Copy the token from where the program keeps it.",
    ),
    DiagnosisResult.FOREIGN: (
        "This is not a token of this installation.",
        "It starts with a different prefix. It may be meant for another service.",
    ),
    DiagnosisResult.CUT: (
        "Its end is missing.",
        "Copy all of it again. A double-click selects it.",
    ),
    DiagnosisResult.MISTYPED: (
        "It contains a typing error or is damaged.",
        "Its checksum is wrong. Copy it again instead of typing it.",
    ),
    DiagnosisResult.OTHER_PREFIX: (
        "It starts with a different prefix than the tokens here.",
        "It may belong to another installation, such as a staging one.",
    ),
    DiagnosisResult.UNKNOWN: (
        "No key here has this token.",
        "It may belong to another installation, or its key was deleted here.",
    ),
    DiagnosisResult.WRONG_SECRET: (
        "Its public part is known, but its secret is wrong.",
        "It may be a guess, or a mix of two tokens.",
    ),
    DiagnosisResult.OTHER_ACCOUNT: (
        "It belongs to another account.",
        "We can't show anything else about it here.",
    ),
}


def ask(ref: ActionPayload) -> View:
    """Render the modal."""
    return modal(
        _TITLE,
        ids.CHECK_MODAL,
        [
            inputs.text(
                ids.PASTED,
                "The token that does not work",
                "",
                most=PASTED_MAX,
                hint="It is checked once, and neither stored nor logged.",
                multiline=True,
                optional=False,
            )
        ],
        submit="Check",
        ref=ref,
    )


def answer(diagnosis: Diagnosis, ref: ActionPayload, reader: Reader = ADMIN) -> View:
    """Render the diagnosis, without the token itself."""
    blocks: list[Block] = [section(f"*{_SLIPS[slip]}*") for slip in diagnosis.slips]
    if blocks:
        blocks.append(context("After removing that:"))
    if diagnosis.case is DiagnosisResult.NOT_YOURS:
        blocks += [
            section("*It is not a token of one of your keys.*"),
            section("An admin can check any other token. Or ask for a key of your own."),
            actions(button("Ask for a key", ids.REQUEST, ref)),
        ]
    elif diagnosis.case in _SHORT:
        problem, remedy = _SHORT[diagnosis.case]
        blocks += [section(f"*{problem}*"), section(remedy)]
        if diagnosis.hint:
            blocks.append(context(f"`{diagnosis.hint}`"))
    elif diagnosis.key is not None:
        blocks += _about_key(diagnosis, diagnosis.key, is_admin=reader.owner is None)
        blocks += _what_to_do(diagnosis, ActionPayload(ref.at, key=diagnosis.key.id), reader)
    return result_modal(_TITLE, blocks)


def _what_to_do(diagnosis: Diagnosis, ref: ActionPayload, reader: Reader) -> list[Block]:
    buttons = [button("Details", ids.KEY_CHOICE, ActionPayload(ref.at, ids.DO_DETAILS, ref.key))]
    blocks = [context(f"This token is {code(diagnosis.hint)}.")]
    if diagnosis.case is DiagnosisResult.REVOKED and reader.owner is not None:
        buttons.append(button("Ask for a key", ids.REQUEST, ActionPayload(ref.at)))
    elif diagnosis.case is DiagnosisResult.FINE and reader.owner is not None:
        blocks.append(context("If others may have seen it, tell an admin at once."))
        if reader.may_rotate:
            buttons.append(button("Rotate", ids.ROTATE, ref))
    elif diagnosis.case is DiagnosisResult.FINE:
        blocks.append(context("If others may have seen it, rotate or revoke the key."))
        buttons += [
            button("Rotate", ids.ROTATE, ref),
            button("Revoke", ids.REVOKE, ref, style="danger"),
        ]
    return [*blocks, actions(*buttons)]


def _about_key(diagnosis: Diagnosis, key: KeyView, *, is_admin: bool) -> list[Block]:
    match diagnosis.case:
        case DiagnosisResult.REVOKED:
            verb = "Create" if is_admin else "Ask for"
            return [
                _revoked(key),
                section(f"This is permanent. {verb} a new key if the program still needs one."),
            ]
        case DiagnosisResult.EXPIRED:
            who = "Extend the key" if is_admin else "Ask an admin to extend the key"
            return [
                sentence(name_of(key), " expired", *_when(key), "."),
                section(f"{who}, and the same token works again."),
            ]
        case DiagnosisResult.REPLACED:
            ended = [format_time(diagnosis.ended_at, ", ")] if diagnosis.ended_at else []
            return [
                sentence("This token of ", name_of(key), " was replaced, and expired", *ended, "."),
                section(f"The program needs the current one, `{key.hint}`."),
            ]
        case DiagnosisResult.TAMPERED:
            return [
                sentence(name_of(key), " was changed in the database by something else."),
                section(
                    "So its tokens are refused. Revoke it and create another key. An operator "
                    "can find out more with `apikeys db verify`."
                    if is_admin
                    else "So its tokens are refused. Tell an admin."
                ),
            ]
        case DiagnosisResult.ON_ITS_WAY:
            return [
                sentence("This token of ", name_of(key), " does not work yet."),
                section("It works once its recipient has collected it."),
            ]
        case DiagnosisResult.NEVER_CAME:
            return [
                sentence("This token of ", name_of(key), " was never activated."),
                section(
                    "It did not reach its recipient. Create a new one."
                    if is_admin
                    else "It did not reach its recipient. Ask an admin for a new one."
                ),
            ]
        case _:
            return _fine(diagnosis, key)


def _revoked(key: KeyView) -> Block:
    pieces: list[Element | str] = [name_of(key), " was revoked"]
    if key.revoked_by is not None:
        pieces += [" by ", person(key.revoked_by)]
    if key.revoked_at is not None:
        pieces.append(format_time(key.revoked_at, ", "))
    return sentence(*pieces, ".")


def _when(key: KeyView) -> list[Element | str]:
    return [format_expiry(key.expires_at, ", ")] if key.expires_at is not None else []


def _fine(diagnosis: Diagnosis, key: KeyView) -> list[Block]:
    used = date(diagnosis.used_at)
    if diagnosis.used_at is not None and diagnosis.used_from:
        used += f", from {code(diagnosis.used_from)}"
    facts = [
        ("Last used", used),
        ("It may", scopes_in_words(key.scopes)),
        ("Rate limit", code(key.rate_limit) if key.rate_limit else "none"),
        ("Works from", ", ".join(map(code, key.networks[:5])) or "anywhere"),
    ]
    if diagnosis.ends_at is not None:
        facts.append(("Expires", expiry(diagnosis.ends_at)))
    return [
        sentence("This token of ", name_of(key), " works."),
        *_replaced(diagnosis, key),
        fields(facts),
        section(
            "If a program is still refused:\n"
            "• 401: it sends a different token, or comes from a network that is not allowed. "
            "Restart it, so that it reads the token again.\n"
            "• 403: the key lacks the scope.\n"
            "• 429: it sends more requests than the rate limit allows.\n"
            "• A proxy in front of the API may cache old answers: it must not cache the check."
        ),
    ]


def _replaced(diagnosis: Diagnosis, key: KeyView) -> list[Block]:
    """Render that a token which still works has a successor."""
    if diagnosis.ended_at is None:
        return []
    until = format_time(diagnosis.ended_at, "only until ")
    return [
        sentence("It is the old token, and works ", until, "."),
        section(f"Give the program the new one, `{key.hint}`."),
    ]
