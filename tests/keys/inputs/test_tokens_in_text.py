"""A token is refused as a name, a note, a reason or anything else that is kept and read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlmodel import select

from keys.access_requests.operations import Approve, Ask, Deny
from keys.base.actors import Actor
from keys.base.errors import DomainError, InvalidImport, TokenInText
from keys.base.models import RequestStage
from keys.changes.authorization import Caller, Role
from keys.changes.operation import execute, problems
from keys.credentials.tokens import (
    ALPHABET,
    CHECKSUM_LENGTH,
    PREFIX_MAX,
    Token,
    make,
    redact,
)
from keys.inputs.names import clean_name, clean_note, refuse_token
from keys.inputs.scopes import check_scopes
from keys.offboarding.models import BulkAction
from keys.operations import (
    Create,
    KeepInReview,
    Limit,
    Operation,
    Rename,
    RequestBulkAction,
    Revoke,
    SetExpiry,
    StartOffboarding,
    StartReview,
    Transfer,
    Update,
)
from keys.search import search
from keys.transfer import export_keys, import_rows
from keys.transfer.import_files import COLUMNS, RawLine, read
from keys.transfer.import_rows import Defaults
from storage import reading, writing
from storage.tables import AccessRequest, Key
from tests.keys.conftest import ALICE, LEASE, NOON, Domain, open_test_application

CAROL = Actor.person("U0CAROL")
HASH = "0123456789abcdef" * 4
DEFAULTS = Defaults(scopes=("read",))
# What a column is called where its field refuses a token.
FIELDS = {"name": "name", "note": "note", "owner": "owner", "scopes": "list of scopes"}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Domain]:
    """A domain whose files can be read as they lie on the disk."""
    domain = open_test_application(tmp_path)
    yield domain
    domain.close()


# --- every operation that takes text --------------------------------------------------------------


def _do(domain: Domain, build: Callable[[str], Operation[Any]]) -> None:
    key, _ = domain.issue()
    execute(domain.services, Caller.operator("test"), build(key.id))


def _create(domain: Domain, **given: Any) -> None:
    values = {"name": "Zapier", "scopes": ("read",), "idempotency_key": "req_1"} | given
    operation = Create(recipient=ALICE, deadline=LEASE, **values)
    execute(domain.services, Caller.operator("test"), operation)


def _update(domain: Domain, **given: Any) -> None:
    values: dict[str, Any] = {
        "scopes": ("read",), "owner": ALICE.id, "backup_owner": None, "note": "", "networks": (),
        "rate_limit": "", "last_day": None, "version": 2,
    }  # fmt: skip
    _do(domain, lambda key: Update(key=key, **(values | given)))


def _ask(domain: Domain, name: str = "Zapier", reason: str = "For invoices") -> str:
    with unwrapped():
        operation = Ask(name=name, scopes=("read",), reason=reason, idempotency_key="sub_1")
    carol = Caller(CAROL, frozenset({Role.MEMBER}))
    return execute(domain.services, carol, operation).value.id


def _deny(domain: Domain, text: str) -> None:
    with unwrapped():
        operation = Deny(request=_ask(domain), reason=text)
    execute(domain.services, Caller(ALICE, frozenset({Role.ADMIN})), operation)


@contextmanager
def unwrapped() -> Iterator[None]:
    """Raise what a field of an operation was refused for."""
    try:
        yield
    except ValidationError as error:
        assert "input_value" not in str(error)
        (found,) = error.errors()
        raise found["ctx"]["error"] from None


def _keep(domain: Domain, text: str) -> None:
    key, _ = domain.issue()
    review = execute(domain.services, Caller.operator("test"), StartReview(period="asked:1")).value
    keep = KeepInReview(review=review, key=key.id, reason=text)
    execute(domain.services, Caller.operator("test"), keep)


OPERATIONS: dict[tuple[str, str], Callable[[Domain, str], object]] = {
    ("create", "name"): lambda domain, text: _create(domain, name=text),
    ("create", "note"): lambda domain, text: _create(domain, note=text),
    ("create", "owner"): lambda domain, text: _create(domain, owner=text),
    ("create", "backup owner"): lambda domain, text: _create(domain, backup_owner=text),
    ("create", "list of scopes"): lambda domain, text: _create(domain, scopes=("read", text)),
    ("create", "date"): lambda domain, text: _create(domain, last_day=text),
    ("rename", "name"): lambda domain, text: _do(domain, lambda key: Rename(key=key, name=text)),
    ("update", "note"): lambda domain, text: _update(domain, note=text),
    ("update", "owner"): lambda domain, text: _update(domain, owner=text),
    ("update", "backup owner"): lambda domain, text: _update(domain, backup_owner=text),
    ("update", "list of networks"): lambda domain, text: _update(domain, networks=(text,)),
    ("update", "list of scopes"): lambda domain, text: _update(domain, scopes=(text,)),
    ("update", "date"): lambda domain, text: _update(domain, last_day=text),
    ("set expiry", "date"): lambda domain, text: _do(
        domain, lambda key: SetExpiry(key=key, last_day=text)
    ),
    ("transfer", "owner"): lambda domain, text: _do(
        domain, lambda key: Transfer(key=key, before=ALICE.id, after=text)
    ),
    ("limit", "list of networks"): lambda domain, text: _do(
        domain, lambda key: Limit(key=key, rate_limit="", networks=("10.0.0.0/8", text))
    ),
    ("revoke", "reason"): lambda domain, text: _do(
        domain, lambda key: Revoke(key=key, reason=text)
    ),
    ("request", "name"): lambda domain, text: _ask(domain, name=text),
    ("request", "reason"): lambda domain, text: _ask(domain, reason=text),
    ("deny", "reason"): _deny,
    ("keep in an audit", "reason"): _keep,
    ("start offboarding", "person"): lambda domain, text: _do(
        domain, lambda _: StartOffboarding(person=text)
    ),
    ("bulk", "owner"): lambda domain, text: _do(
        domain,
        lambda _: RequestBulkAction(
            offboarding="off_1", action=BulkAction.HAND_OVER, recipient=text
        ),
    ),
}


@pytest.mark.parametrize(("operation", "field"), OPERATIONS)
def test_no_operation_takes_a_token(
    here: Domain,
    tmp_path: Path,
    operation: str,
    field: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    token = make("acme_live")
    with caplog.at_level(logging.DEBUG), pytest.raises((ValidationError, TokenInText)) as refused:
        OPERATIONS[operation, field](here, f"“{token.reveal()}”")
    assert isinstance(refused.value, ValidationError | TokenInText)
    ((_, why),) = problems(refused.value)
    assert why == (
        f"The {field} contains a token. It would be stored where others can read it. "
        "Remove the token."
    )
    assert nowhere(tmp_path, token, caplog.text, *capfd.readouterr())


@pytest.mark.parametrize(("operation", "field"), OPERATIONS)
def test_a_token_that_works_here_is_refused_too(
    here: Domain, tmp_path: Path, operation: str, field: str
) -> None:
    _, token = here.issue("Its own token")
    with pytest.raises((ValidationError, TokenInText), match="contains a token"):
        OPERATIONS[operation, field](here, token.reveal())
    assert nowhere(tmp_path, token)


def test_a_token_that_was_kept_would_be_found(here: Domain, tmp_path: Path) -> None:
    token, logged = make("ak"), make("ak")
    assert nowhere(tmp_path, token, "nothing")
    here.reserve(note=token.secret)
    assert not nowhere(tmp_path, token)
    assert not nowhere(tmp_path, logged, f"refused {logged.secret[:20]}…")


def nowhere(folder: Path, token: Token, *texts: str) -> bool:
    """Whether neither a file of the folder nor a text has a piece of the secret."""
    pieces = [token.secret[at : at + 14] for at in (0, 14, 28)]
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert any(file.startswith(b"SQLite") for file in files)
    everything = [*files, *(text.encode() for text in texts)]
    return not any(piece.encode() in each for piece in pieces for each in everything)


# --- imports --------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", [column for column in COLUMNS if column != "hash"])
def test_no_line_of_an_import_has_one(column: str) -> None:
    token = make("ak")
    for text in (token.reveal(), hidden(token), damaged(token)):
        checked = import_rows.check(
            [RawLine("line 2", {"hash": HASH} | {column: f"see {text}"})], DEFAULTS, NOON
        )
        (problem,) = checked.problems
        said = FIELDS.get(column, f"column “{column}”")
        assert problem.why.startswith(f"The {said} contains a token.")
        assert token.secret[:4] not in problem.why
        assert not checked.entries


def test_one_where_a_column_is_named_is_not_repeated() -> None:
    token = make("ak")
    for file in (
        f"{token.reveal()},hash\nZapier,{HASH}\n",
        f'{{"hash": "{HASH}", "{token.reveal()}": "Zapier"}}',
        f'{{"hash": "{HASH}", "{hidden(token)}": {{}}}}',
    ):
        with pytest.raises((TokenInText, InvalidImport)) as refused:
            read(file)
        assert "The name of a column contains a token." in str(refused.value)
        assert token.secret[:4] not in str(refused.value)


# --- what counts as one ---------------------------------------------------------------------------


def hidden(token: Token) -> str:
    """The token with a zero-width space after each character."""
    return "\u200b".join(token.reveal())


def damaged(token: Token) -> str:
    """The token with another checksum."""
    whole = token.reveal()
    other = ALPHABET[(ALPHABET.index(whole[-1]) + 1) % len(ALPHABET)]
    return whole[:-1] + other


SEPARATORS = st.text("\u200b\u200d\u2060\ufeff\u00ad\u034f\ufe0f\u3164\x00", max_size=2)
BREAKS = st.text(" \n\t\\`\"'“”>.-\u00a0\u2028\u200b", max_size=2)
PREFIXES = st.from_regex(r"[a-z][a-z0-9]{0,6}(_[a-z0-9]{1,6}){0,2}", fullmatch=True).filter(
    lambda prefix: len(prefix) <= PREFIX_MAX
)


@given(st.text(), st.text(), PREFIXES, st.data())
def test_a_token_anywhere_in_any_text_is_refused(
    before: str, after: str, prefix: str, data: st.DataObject
) -> None:
    token = make(prefix)
    said = data.draw(st.sampled_from((token.reveal(), damaged(token), hidden(token))))
    with pytest.raises(TokenInText) as refused:
        refuse_token(before + said + after, "note")
    assert token.secret not in str(refused.value)


@given(st.text(max_size=30), st.text(max_size=30), PREFIXES, st.data())
def test_what_cannot_be_seen_hides_no_token(
    before: str, after: str, prefix: str, data: st.DataObject
) -> None:
    text = damaged(make(prefix))
    for at in data.draw(st.lists(st.integers(1, len(text) - 1), max_size=5)):
        text = text[:at] + data.draw(SEPARATORS) + text[at:]
    with pytest.raises(TokenInText):
        refuse_token(before + text + after, "note")


@given(st.text(max_size=30), st.text(max_size=30), PREFIXES, st.data())
def test_a_token_in_pieces_is_refused(
    before: str, after: str, prefix: str, data: st.DataObject
) -> None:
    text = make(prefix).reveal()
    for at in data.draw(st.lists(st.integers(1, len(text) - 1), max_size=5)):
        text = text[:at] + data.draw(BREAKS) + text[at:]
    with pytest.raises(TokenInText):
        refuse_token(before + text + after, "note")


@pytest.mark.parametrize("around", ["{}", " {} ", "“{}”", "`{}`", "<{}>", "x{}x", "{0}_{0}"])
def test_whatever_stands_around_it(around: str) -> None:
    token = make("ak")
    for said in (token.reveal(), damaged(token), token.reveal()[: -CHECKSUM_LENGTH - 1]):
        for clean in (clean_name, clean_note):
            with pytest.raises(TokenInText):
                clean(around.format(said))


def test_wide_letters_are_the_same_letters() -> None:
    wide = "".join(chr(ord(char) + 0xFEE0) for char in make("ak").reveal())
    with pytest.raises(TokenInText):
        refuse_token(wide, "note")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Zapier, production",
        "key_0Ww7yVvBqKp3",
        "ak_7Fq2…x9Qe",
        "ak_7Fq2mZr81LdW",
        "my_integrations_service and then ask the platform team about what it does_for_us",
        "data_notification_accounts are described at https://example.com/wiki/a_b_c",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "sk_live_51H8xYzAbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefgh",
        "550e8400-e29b-41d4-a716-446655440000",
        "日本語の名前_と_メモ",
        "नमस्ते_दुनिया",
    ],
)
def test_what_is_none_is_taken(text: str) -> None:
    refuse_token(text, "note")


@given(st.text("ab_ 0Z\u200b", max_size=120))
@example("_" * 120)
def test_what_is_taken_is_never_redacted_later(text: str) -> None:
    try:
        refuse_token(text, "note")
    except TokenInText:
        return
    assert redact(text) == text


def test_a_long_text_takes_no_time() -> None:
    # As long as a cell of an import may be; the clock would tell less than that it ends at all.
    for filler in ("_", "a", "a_", "_aaaaaaaaaaaa", "\u200b", "_" + "a" * 12 + "_" + "a" * 43):
        clean = (filler * 10_000)[:10_000]
        assert isinstance(check(clean), bool)


def check(text: str) -> bool:
    try:
        refuse_token(text, "note")
    except DomainError:
        return True
    return False


def test_an_unknown_scope_is_still_named() -> None:
    with pytest.raises(DomainError, match="no scope “all”"):
        check_scopes(("all",))


# --- rows of the time before ----------------------------------------------------------------------


def test_a_key_that_has_one_in_its_name_can_be_listed_exported_renamed_and_revoked(
    domain: Domain,
) -> None:
    key, _ = domain.issue("Zapier")
    old = make("ak").reveal()

    def plant(name: str) -> None:
        with writing(domain.engine) as session:
            row = session.exec(select(Key).where(Key.id == key.id)).one()
            row.name, row.name_folded, row.note = name, name.casefold(), name
            session.add(row)

    plant(old)
    with reading(domain.engine, domain.account) as session:
        (listed,) = search.page(session, "", size=10, after=None).keys
    with reading(domain.engine, domain.account) as session:
        rows = list(export_keys.rows(session, NOON, revoked=True))
    assert (listed.name, listed.note) == (old, old)
    assert [row["name"] for row in rows] == [old]
    assert domain.rename(key.id, "Zapier again").value.name == "Zapier again"
    plant(old)
    assert domain.revoke(key.id).changed


@pytest.mark.parametrize("column", ["name", "reason"])
def test_a_request_that_has_one_is_not_approved_and_can_be_denied(
    domain: Domain, column: str
) -> None:
    request, admin = _ask(domain), Caller(ALICE, frozenset({Role.ADMIN}))
    with writing(domain.engine) as session:
        row = session.exec(select(AccessRequest).where(AccessRequest.id == request)).one()
        setattr(row, column, f"For invoices: {make('ak').reveal()}")
        session.add(row)
    with pytest.raises(TokenInText):
        execute(domain.services, admin, Approve(request=request, deadline=timedelta(minutes=1)))
    with reading(domain.engine, domain.account) as session:
        assert search.page(session, "", size=10, after=None).keys == []
    denied = execute(domain.services, admin, Deny(request=request, reason="It contains a token."))
    assert denied.value.stage is RequestStage.DENIED
