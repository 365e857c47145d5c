"""Diagnosing why a token does not work, for an admin or the key's owner who has it.

Facts about a key are only given to a person who presents the complete, right secret. For another
account's key the answer is only that it is one. The pasted text is neither stored nor repeated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from keys.base.models import KeyView, State
from keys.base.rows import view
from keys.changes.services import Services
from keys.credentials import digests
from keys.credentials.peppers import Peppers
from keys.credentials.tokens import CHECKSUM_LENGTH, NotAToken, Token, TokenFormatError, parse
from keys.integrity import integrity
from storage import AccountSession
from storage.tables import Key, Rotation, Secret, SecretUse

PASTED_MAX = 3_000
_HEADER = re.compile(
    r"\A\s*(?:(?:authorization|x-api-key)\s*[:=]\s*)?(?:bearer(?:\s+|\Z))*", re.IGNORECASE
)
_AROUND = " \t\r\n\u00a0\u200b\ufeff\"'`“”‘’„‚«»‹›<>,;"
_BLANKS = re.compile(r"[\s\u00a0\u200b\ufeff]+")


class CopyError(StrEnum):
    """A mistake in copying the token; it is corrected before the diagnosis."""

    SURROUNDED = "surrounded"
    HEADER = "header"
    BROKEN = "broken"


class DiagnosisResult(StrEnum):
    """The result of a diagnosis.

    Attributes:
        NOT_YOURS: all that an owner learns of a token that is not of a key of theirs.
    """

    EMPTY = "empty"
    FOREIGN = "foreign"
    CUT = "cut"
    MISTYPED = "mistyped"
    OTHER_PREFIX = "other_prefix"
    UNKNOWN = "unknown"
    WRONG_SECRET = "wrong_secret"
    OTHER_ACCOUNT = "other_account"
    TAMPERED = "tampered"
    ON_ITS_WAY = "on_its_way"
    NEVER_CAME = "never_came"
    REVOKED = "revoked"
    EXPIRED = "expired"
    REPLACED = "replaced"
    FINE = "fine"
    NOT_YOURS = "not_yours"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A diagnosis of one token.

    Attributes:
        case: the result.
        slips: the mistakes made in copying it.
        key: the key, if the secret was right.
        hint: the token's hint.
        ended_at: when it was replaced.
        ends_at: when it expires.
        used_at, used_from: when and from where this token was last used.
    """

    case: DiagnosisResult
    slips: tuple[CopyError, ...] = ()
    key: KeyView | None = None
    hint: str = ""
    ended_at: datetime | None = None
    ends_at: datetime | None = None
    used_at: datetime | None = None
    used_from: str | None = None


# What the text alone says, whichever keys there are.
_OF_TEXT = frozenset({DiagnosisResult.EMPTY, DiagnosisResult.CUT, DiagnosisResult.MISTYPED})


def diagnose(
    services: Services, session: AccountSession, pasted: str, owner: str | None = None
) -> Diagnosis:
    """Diagnose a pasted text that should be a token.

    Args:
        owner: the user who asks, if they may learn of their own keys only. The answer is the same
            for an unknown token as for that of another owner, in whatever state its key is.
    """
    text, slips = _cleaned(pasted)
    found = _diagnose(services, session, text, slips)
    if owner is None or (found.key and owner in (found.key.owner, found.key.backup_owner)):
        return found
    of_text = _of_text(services, text)
    return Diagnosis(of_text if of_text in _OF_TEXT else DiagnosisResult.NOT_YOURS, slips)


def _of_text(services: Services, text: str) -> DiagnosisResult | None:
    """Return what is wrong with a text that cannot be a token; None if it can."""
    if not text:
        return DiagnosisResult.EMPTY
    try:
        parse(text)
    except NotAToken as error:
        return _malformed(text, error.flaw, services.prefix)
    return None


def _diagnose(
    services: Services, session: AccountSession, text: str, slips: tuple[CopyError, ...]
) -> Diagnosis:
    if not text:
        return Diagnosis(DiagnosisResult.EMPTY, slips)
    try:
        token = parse(text)
    except NotAToken as error:
        if imported := _imported(services.peppers, session, text):
            return _found(services, session, *imported, slips)
        return Diagnosis(_malformed(text, error.flaw, services.prefix), slips)
    found = session.exec(
        select(Secret, Key)
        .join(Key, col(Key.id) == col(Secret.key_id))
        .where(Secret.public_id == token.public_id)
    ).first()
    if found is None:
        case = (
            DiagnosisResult.UNKNOWN
            if token.prefix == services.prefix
            else DiagnosisResult.OTHER_PREFIX
        )
        return Diagnosis(case, slips, hint=token.hint)
    secret, key = found
    if not _right(services.peppers, token, secret):
        return Diagnosis(DiagnosisResult.WRONG_SECRET, slips, hint=token.hint)
    return _found(services, session, secret, key, slips)


def _found(
    services: Services,
    session: AccountSession,
    secret: Secret,
    key: Key,
    slips: tuple[CopyError, ...],
) -> Diagnosis:
    """Return the diagnosis for a token with the right secret."""
    if key.account_id != session.account_id:
        return Diagnosis(DiagnosisResult.OTHER_ACCOUNT, slips)
    return _of_key(session, secret, key, slips, services.clock.now())


def _imported(peppers: Peppers, session: Session, text: str) -> tuple[Secret, Key] | None:
    """Return the secret and key of an imported token, which has a format of its own."""
    key = digests.foreign_key(text)
    if key is None:
        return None
    rows = session.exec(
        select(Secret, Key)
        .join(Key, col(Key.id) == col(Secret.key_id))
        .where(col(Secret.imported), col(Secret.digest).in_(digests.candidates(key, peppers)))
    )
    for secret, owner in rows:
        stored = (secret.algorithm, secret.pepper_version, secret.digest)
        if digests.matches(*stored, key, peppers):
            return secret, owner
    return None


def _cleaned(pasted: str) -> tuple[str, tuple[CopyError, ...]]:
    slips = []
    text = pasted[:PASTED_MAX]
    inner = text.strip(_AROUND)
    without = _HEADER.sub("", inner).strip(_AROUND)
    if without != inner:
        slips.append(CopyError.HEADER)
    elif inner != text.strip("\r\n"):
        slips.append(CopyError.SURROUNDED)
    joined = _BLANKS.sub("", without)
    if joined != without:
        slips.append(CopyError.BROKEN)
    return joined, tuple(slips)


def _malformed(text: str, flaw: TokenFormatError, prefix: str) -> DiagnosisResult:
    if flaw is TokenFormatError.CHECKSUM:
        return DiagnosisResult.MISTYPED
    if not text.startswith(f"{prefix}_"):
        return DiagnosisResult.FOREIGN
    # A complete token of ours has four parts; a shorter text has lost its end.
    parts = text[len(prefix) + 1 :].split("_")
    whole = len(parts) == 3 and len(parts[2]) >= CHECKSUM_LENGTH
    return DiagnosisResult.MISTYPED if whole else DiagnosisResult.CUT


def _right(peppers: Peppers, token: Token, secret: Secret) -> bool:
    known = secret.pepper_version in peppers.by_version
    return known and peppers.matches(token, secret.pepper_version, secret.digest)


def _of_key(
    session: Session, secret: Secret, key: Key, slips: tuple[CopyError, ...], now: datetime
) -> Diagnosis:
    use = session.get(SecretUse, secret.id)
    key_view = view(session, key)
    ends = [at for at in (key.expires_at, secret.ends_at) if at is not None]
    believed = integrity.is_believed(session, key, secret)
    return Diagnosis(
        case=_case(session, secret, key_view, now) if believed else DiagnosisResult.TAMPERED,
        slips=slips,
        key=key_view,
        hint=secret.hint,
        ended_at=secret.ends_at,
        ends_at=min(ends) if ends else None,
        used_at=use.last_used_at if use else None,
        used_from=use.last_used_from if use else None,
    )


def _case(session: Session, secret: Secret, key: KeyView, now: datetime) -> DiagnosisResult:
    if key.state is State.REVOKED:
        return DiagnosisResult.REVOKED
    if key.state is State.ABANDONED:
        return DiagnosisResult.NEVER_CAME
    if key.state is State.PENDING:
        return DiagnosisResult.ON_ITS_WAY
    if secret.pending:
        rotation = session.exec(select(Rotation).where(Rotation.secret_id == secret.id)).first()
        cancelled = rotation is None or rotation.state == "abandoned"
        return DiagnosisResult.NEVER_CAME if cancelled else DiagnosisResult.ON_ITS_WAY
    if secret.ends_at is not None and secret.ends_at <= now:
        return DiagnosisResult.REPLACED
    return DiagnosisResult.EXPIRED if key.expired(now) else DiagnosisResult.FINE
