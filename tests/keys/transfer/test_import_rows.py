"""Reading a file of keys to import: every form of it, and a sentence for whatever is wrong."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.base.errors import DomainError, InvalidImport
from keys.credentials.algorithms import Algorithm
from keys.transfer.hashes import LineRefused, read_hash
from keys.transfer.import_files import COLUMNS, RawLine, read
from keys.transfer.import_rows import Checked, Defaults, ImportRow, check
from tests.keys.conftest import NOON

KEY = "sk_live_3ZYh9LqX8RzmTt5vW2nKpA"
DIGEST = hashlib.sha256(KEY.encode()).digest()
HEX = DIGEST.hex()
LONG = hashlib.sha512(KEY.encode()).digest()
READ = Defaults(scopes=("read",))


def checked(text: str, defaults: Defaults = READ) -> Checked:
    return check(read(text), defaults, NOON)


def entry(defaults: Defaults = READ, **cells: str) -> ImportRow:
    """One line with these cells, which is in order."""
    found = check([RawLine("line 2", {"hash": HEX} | cells)], defaults, NOON)
    assert not found.problems, found.problems
    return found.entries[0]


def why(defaults: Defaults = READ, **cells: str) -> str:
    """What is wrong with a line with these cells."""
    line = RawLine("line 2", {"hash": HEX} | cells)
    (problem,) = check([line], defaults, NOON).problems
    assert problem.where == "line 2"
    assert KEY not in problem.why
    return problem.why


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv(separator: str, end: str) -> None:
    rows = (("Name", "hash", "note"), ("Zapier", HEX, '"a, b; c"'), ("", "", ""), ("Other", HEX))
    lines = read("\ufeff" + end.join(separator.join(row) for row in rows) + end)
    assert lines == [
        RawLine("line 2", {"name": "Zapier", "hash": HEX, "note": "a, b; c"}),
        RawLine("line 4", {"name": "Other", "hash": HEX}),
    ]


def test_a_cell_of_several_lines_is_named_by_its_last() -> None:
    lines = read(f'hash,note\n{HEX},"one\ntwo"\n{HEX},x\n')
    assert [(line.where, line.cells["note"]) for line in lines] == [
        ("line 3", "one\ntwo"),
        ("line 4", "x"),
    ]


def test_a_line_separator_in_a_json_string_ends_no_line() -> None:
    line = json.dumps({"hash": HEX, "note": "one\u2028two\x85"}, ensure_ascii=False)
    for end in ("\n", "\r\n", "\r"):
        assert [each.cells["note"] for each in read(f"{line}{end}{line}{end}")] == [
            "one\u2028two"
        ] * 2


def test_json() -> None:
    keys = [{"name": "Zapier", "hash": HEX, "scopes": ["read", "write"], "created_at": 1700000000},
            {"hash": HEX, "note": None}]  # fmt: skip
    expected = [
        {"name": "Zapier", "hash": HEX, "scopes": "read write", "created_at": "1700000000"},
        {"hash": HEX},
    ]
    array = read(json.dumps(keys, indent=1))
    assert [line.cells for line in array] == expected
    assert [line.where for line in array] == ["entry 1", "entry 2"]
    objects = read("\n\n".join(map(json.dumps, keys)))
    assert [line.cells for line in objects] == expected
    assert [line.where for line in objects] == ["line 1", "line 3"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("name,scopes\nx,y\n", "“hash” must be among them"),
        ("hash,expire_at\n", "There is no column “expire_at”"),
        ("hash,hash\n", "twice"),
        ("hash,prefix,hint\n", "twice"),
        (f'hash,note\n{HEX},"open\n', "not CSV"),
        ("[{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"hash": "x"}\nnonsense', "Line 2 is not a JSON object"),
        ('[{"hash": "x", "expire_at": 1}]', "There is no column “expire_at”"),
    ],
)
def test_a_file_that_cannot_be_read(text: str, words: str) -> None:
    with pytest.raises(InvalidImport, match=words):
        read(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"hash,note\n{HEX},a,b\n", "more cells"),
        (f"hash,note\n{HEX},{'x' * 10_001}\n", "10000 characters"),
        ("[1]", "not an object"),
        ('[{"hash": {}}]', "“hash” is neither"),
        ('[{"hash": true}]', "“hash” is neither"),
    ],
)
def test_a_line_that_cannot_be_read(text: str, words: str) -> None:
    (problem,) = checked(text).problems
    assert words in problem.why


@given(st.text(max_size=200))
def test_any_text_gives_lines_or_a_sentence(text: str) -> None:
    try:
        found = check(read(text), READ, NOON)
    except DomainError as error:
        assert str(error).endswith(".")
    else:
        assert all(problem.why.endswith(".") for problem in found.problems)


@given(st.dictionaries(st.sampled_from(COLUMNS), st.text(max_size=100)))
def test_any_cells_give_a_key_or_a_sentence(cells: dict[str, str]) -> None:
    found = check([RawLine("line 2", {"hash": HEX} | cells)], READ, NOON)
    assert len(found.entries) + len(found.problems) + len(found.expired) == 1


# --- hashes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "algorithm", "expected"),
    [
        (HEX, None, (Algorithm.SHA256, DIGEST, True)),
        (HEX.upper(), None, (Algorithm.SHA256, DIGEST, True)),
        (HEX, Algorithm.SHA256_LAST, (Algorithm.SHA256_LAST, DIGEST, False)),
        (LONG.hex(), None, (Algorithm.SHA512, LONG, True)),
        (base64.b64encode(DIGEST).decode(), None, (Algorithm.SHA256, DIGEST, True)),
        (base64.urlsafe_b64encode(LONG).decode().rstrip("="), None, (Algorithm.SHA512, LONG, True)),
        (f"sha512$${LONG.hex()}", None, (Algorithm.SHA512, LONG, False)),
        (f"sha512$${LONG.hex()}", Algorithm.SHA512, (Algorithm.SHA512, LONG, False)),
    ],
)
def test_a_hash_in_each_form(
    text: str, algorithm: Algorithm | None, expected: tuple[Algorithm, bytes, bool]
) -> None:
    assert read_hash(text, algorithm) == expected


@pytest.mark.parametrize(
    ("text", "algorithm", "words"),
    [
        ("", None, "empty"),
        (KEY, None, "revoke the key"),
        ("zz" * 32, None, "not a SHA-256"),
        (HEX[:-2], None, "not a SHA-256"),
        (HEX, Algorithm.SHA512, "has 32 bytes, but sha512 makes 64"),
        (f"sha512$${LONG.hex()}", Algorithm.SHA256, "differs"),
        ("pbkdf2_sha256$600000$salt$aGFzaA==", None, "salted or slow, like PBKDF2"),
        ("$2b$12$" + "x" * 53, None, "DRF API Key 3"),
        ("argon2$argon2id$v=19$m=1", None, "slow"),
        (f"plain_sha512$${LONG.hex()}", None, "salted"),
        (hashlib.sha256(b"").hexdigest(), None, "empty text"),
        (hashlib.sha512(b"").hexdigest(), None, "empty text"),
    ],
)
def test_a_hash_that_is_refused(text: str, algorithm: Algorithm | None, words: str) -> None:
    with pytest.raises(LineRefused, match=words) as refused:
        read_hash(text, algorithm)
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [("unkey", "sha256"), ("SEAM", "sha256_last"), ("sha256-base64", "sha256")],
)
def test_an_algorithm_by_its_name(name: str, algorithm: str) -> None:
    assert entry(algorithm=name).algorithm == algorithm


def test_the_algorithm_for_lines_that_do_not_say_it() -> None:
    seam = Defaults(Algorithm.SHA256_LAST, ("read",))
    assert entry(seam).algorithm == Algorithm.SHA256_LAST
    assert entry(seam, algorithm="unkey").algorithm == Algorithm.SHA256


def test_an_algorithm_that_is_none() -> None:
    assert "There is no algorithm “md5”" in why(algorithm="md5")
    assert "bcrypt" in why(algorithm="bcrypt")


# --- the other columns ---------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["name", "note", "hint", "external_id", "owner", "scopes"])
def test_a_key_beside_its_hash_is_refused(column: str) -> None:
    assert f"The column “{column}” contains the key itself" in why(**{column: KEY})  # type: ignore[arg-type]


def test_a_token_of_ours_in_a_name_is_refused() -> None:
    token = "ak_7Fq2mZr81LdW_" + "s" * 43 + "_0x9QeA"
    assert "contains a token" in why(name=f"Zapier {token}")


@pytest.mark.parametrize(
    ("text", "scopes"),
    [("read", ("read",)), ("write, read", ("read", "write")), ("read;write", ("read", "write"))],
)
def test_scopes(text: str, scopes: tuple[str, ...]) -> None:
    assert entry(scopes=text).scopes == scopes


def test_scopes_that_are_missing_or_none() -> None:
    assert "--scopes" in why(Defaults())
    assert "There is no scope “admin”" in why(scopes="read admin")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-31", datetime(2024, 1, 31, tzinfo=UTC)),
        ("2024-01-31T10:00:00Z", datetime(2024, 1, 31, 10, tzinfo=UTC)),
        ("2024-01-31 12:00:00+02:00", datetime(2024, 1, 31, 10, tzinfo=UTC)),
        ("2024-01-31 10:00:00.5+00", datetime(2024, 1, 31, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("2024-01-31 10:00:00", datetime(2024, 1, 31, 10, tzinfo=UTC)),
        ("1706695200", datetime(2024, 1, 31, 10, tzinfo=UTC)),
        ("1706695200000", datetime(2024, 1, 31, 10, tzinfo=UTC)),
    ],
)
def test_times(text: str, expected: datetime) -> None:
    assert entry(created_at=text).created_at == expected


def test_a_date_of_expiry_is_the_last_day() -> None:
    assert entry(expires_at="2027-01-31").expires_at == datetime(2027, 2, 1, tzinfo=UTC)
    berlin = Defaults(scopes=("read",), timezone=ZoneInfo("Europe/Berlin"))
    # In each form of ISO 8601.
    for text in ("2027-01-31", "20270131", "2027-W04-7"):
        assert entry(berlin, expires_at=text).expires_at == datetime(2027, 1, 31, 23, tzinfo=UTC)


def test_times_that_are_none() -> None:
    assert "“expires_at” is not a time" in why(expires_at="soon")
    assert "“created_at” is not a time" in why(created_at="2024-02-30")
    assert "“expires_at” is not a time" in why(expires_at="99999-01-01")
    assert "in the future" in why(created_at="2030-01-01")
    # A clock that is a little ahead is no reason.
    assert entry(created_at="2026-11-23T18:00:00Z").created_at == NOON


def test_a_key_that_has_expired_is_left_out() -> None:
    found = checked(f"hash,expires_at\n{HEX},2024-01-31\n")
    assert (found.entries, found.problems, found.expired) == ([], [], ["line 2"])


def test_owners() -> None:
    assert entry(owner="U024BE7LH").owner == "U024BE7LH"
    assert "e-mail" in why(owner="ann@example.com")
    assert "not a Slack ID" in why(owner="ann")


def test_hints() -> None:
    assert entry(hint="sk_live_3ZYh").hint == "sk_live_3ZYh"
    assert "the key's beginning" in why(hint="x" * 21)
    assert "the key's beginning" in why(hint="`<@U1>`")


def test_names_notes_and_external_ids() -> None:
    assert "line break" in why(name="a\nb")
    assert "the maximum is 500" in why(note="x" * 501)
    assert "external_id" in why(external_id="x" * 101)
    assert "external_id" in why(external_id="a\nb")


def test_what_is_there_twice() -> None:
    other = hashlib.sha256(b"other").hexdigest()
    found = checked(f"hash,external_id\n{HEX},1\n{HEX},2\n{other},1\n")
    assert [(each.where, each.why.split(".")[0]) for each in found.problems] == [
        ("line 3", "It has the same hash as line 2"),
        ("line 4", "It has the same external_id as line 2"),
    ]
