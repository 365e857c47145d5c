"""What is wrong with a token: the modal in which it is pasted, and the answer."""

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
    fields,
    format_time,
    modal,
    name_of,
    person,
    result_modal,
    scopes_in_words,
    section,
    sentence,
)
from bot.ui.payloads import ActionPayload
from keys.base.models import KeyView
from keys.search.diagnosis import PASTED_MAX, CopyError, Diagnosis, DiagnosisResult

_TITLE = "Check a token"
_SLIPS = {
    CopyError.SURROUNDED: (
        "There are spaces or quotation marks around it. A program must send it bare."
    ),
    CopyError.HEADER: "The name of a header stands before it. Only what follows is the token.",
    CopyError.BROKEN: "There are spaces or line breaks inside it. It is a single word.",
}
_SHORT = {
    DiagnosisResult.EMPTY: (
        "Nothing was pasted.",
        "Copy the token from where the program keeps it.",
    ),
    DiagnosisResult.FOREIGN: (
        "This is no token of this installation.",
        "It starts with a different prefix. It may be meant for another service.",
    ),
    DiagnosisResult.CUT: (
        "Its end is missing.",
        "Copy it again, as a whole. A double-click selects it.",
    ),
    DiagnosisResult.MISTYPED: (
        "It is mistyped or damaged.",
        "Its checksum does not fit. Copy it again instead of typing it.",
    ),
    DiagnosisResult.OTHER_PREFIX: (
        "It begins with another prefix than the tokens here.",
        "It may belong to another installation, such as a staging one.",
    ),
    DiagnosisResult.UNKNOWN: (
        "No key here has this token.",
        "It may belong to another installation, or its key was taken out of this one.",
    ),
    DiagnosisResult.WRONG_SECRET: (
        "Its beginning is known, but its secret is wrong.",
        "It may be a guess, or it was put together from two tokens.",
    ),
    DiagnosisResult.OTHER_ACCOUNT: (
        "It belongs to another account.",
        "Nothing more can be said about it here.",
    ),
}


def ask(ref: ActionPayload) -> View:
    """The modal."""
    return modal(
        _TITLE,
        ids.CHECK_MODAL,
        [
            inputs.text(
                ids.PASTED,
                "The token that does not work",
                "",
                most=PASTED_MAX,
                hint="It is looked at once. It is neither kept nor written into a log.",
                multiline=True,
                optional=False,
            )
        ],
        submit="Check",
        ref=ref,
    )


def answer(diagnosis: Diagnosis, ref: ActionPayload) -> View:
    """What the matter is. The token itself is not repeated."""
    blocks: list[Block] = [section(f"*{_SLIPS[slip]}*") for slip in diagnosis.slips]
    if blocks:
        blocks.append(context("After removing that:"))
    if diagnosis.case in _SHORT:
        what, then = _SHORT[diagnosis.case]
        blocks += [section(f"*{what}*"), section(then)]
        if diagnosis.hint:
            blocks.append(context(f"`{diagnosis.hint}`"))
    elif diagnosis.key is not None:
        blocks += _about_key(diagnosis, diagnosis.key)
        blocks += _what_to_do(diagnosis, ActionPayload(ref.at, key=diagnosis.key.id))
    return result_modal(_TITLE, blocks)


def _what_to_do(diagnosis: Diagnosis, ref: ActionPayload) -> list[Block]:
    buttons = [button("Details", ids.KEY_CHOICE, ActionPayload(ref.at, ids.DO_DETAILS, ref.key))]
    blocks = [context(f"This token is {code(diagnosis.hint)}.")]
    if diagnosis.case is DiagnosisResult.FINE:
        blocks.append(context("If others could read it somewhere, replace it: rotate or revoke."))
        buttons += [
            button("Rotate", ids.ROTATE, ref),
            button("Revoke", ids.REVOKE, ref, style="danger"),
        ]
    return [*blocks, actions(*buttons)]


def _about_key(diagnosis: Diagnosis, key: KeyView) -> list[Block]:
    match diagnosis.case:
        case DiagnosisResult.REVOKED:
            return [
                _revoked(key),
                section("This is permanent. Create a new key if the program still needs one."),
            ]
        case DiagnosisResult.EXPIRED:
            return [
                sentence(name_of(key), " expired", *_when(key), "."),
                section("Extend the key, and the same token works again."),
            ]
        case DiagnosisResult.REPLACED:
            ended = [format_time(diagnosis.ended_at, ", ")] if diagnosis.ended_at else []
            return [
                sentence("This token of ", name_of(key), " was replaced and ended", *ended, "."),
                section(f"The program needs the present one, `{key.hint}`."),
            ]
        case DiagnosisResult.ON_ITS_WAY:
            return [
                sentence("This token of ", name_of(key), " does not work yet."),
                section("It works once its person has it, or says so."),
            ]
        case DiagnosisResult.NEVER_CAME:
            return [
                sentence("This token of ", name_of(key), " never came to work."),
                section("It did not reach its person. Another one is needed."),
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
    return [format_time(key.expires_at, ", ")] if key.expires_at is not None else []


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
        facts.append(("Ends", date(diagnosis.ends_at)))
    return [
        sentence("It is fine: this token of ", name_of(key), " works."),
        fields(facts),
        section(
            "If a program is refused all the same:\n"
            "• 401: it sends another token, or from an address that the key is not allowed from. "
            "Restart it, so that it reads the token again.\n"
            "• 403: the key lacks the scope.\n"
            "• 429: it asks more often than the rate limit allows.\n"
            "• A proxy before the API may keep old answers: its check must not be cached."
        ),
    ]
