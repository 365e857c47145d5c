"""The evidence: complete, signed, and any change to it is found."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, update

from keys.base.errors import InvalidEvidence, KeyNotFound
from keys.credentials.peppers import Peppers
from keys.reviews.evidence import export, files, signing
from storage import reading, writing
from storage.tables import Key
from tests.keys.conftest import Domain
from tests.keys.reviews.evidence.writing import PEPPERS, TRUSTED, audited, verdict, written
from tests.keys.reviews.reviewing import begin, keep, look


def test_it_tells_of_every_key_at_the_start_and_the_end_and_of_every_decision(
    domain: Domain,
) -> None:
    id_ = audited(domain)
    text = written(domain, id_)
    found = verdict(text)
    assert found, found.problems
    assert found.uncovered == ()
    assert (found.audit, found.keys) == (id_, 3)
    entries = json.loads(text)["entries"]
    kinds = [entry["kind"] for entry in entries]
    assert kinds[0] == "audit.started"
    assert kinds[-1] == "audit.finished"
    assert kinds.count("key.at_start") == kinds.count("key.at_end") == 3
    decisions = [entry["data"] for entry in entries if entry["kind"] == "decision"]
    assert [d["what"] for d in decisions] == [
        "audit.owner_asked", "audit.kept", "key.rotated", "key.renamed", "key.revoked",
    ]  # fmt: skip
    assert all(len(d["record"]["hash"]) == 64 for d in decisions)
    ends = {e["data"]["name"]: e["data"] for e in entries if e["kind"] == "key.at_end"}
    assert ends["Kept “ü”"]["reason"] == "Billing needs it"
    assert (ends["=Ended"]["decision"], ends["=Ended"]["state"]) == ("revoked", "revoked")
    assert ends["Turned and renamed"]["decision"] == "rotated"
    assert written(domain, id_) == text, "the same audit gives the same text"


def test_nothing_in_it_opens_anything(domain: Domain) -> None:
    _, token = domain.issue()
    id_ = begin(domain)
    text = written(domain, id_)
    assert token.secret not in text
    assert "digest" not in text


def test_an_open_audit_has_evidence_too(domain: Domain) -> None:
    domain.issue()
    id_ = begin(domain)
    text = written(domain, id_)
    assert verdict(text)
    assert json.loads(text)["entries"][-1]["kind"] == "audit.open"


def rehashed(whole: dict[str, Any], start: int = 0) -> None:
    """Makes the chain fit again, as somebody would who edits a file with care."""
    previous = whole["entries"][start - 1]["hash"] if start else files.GENESIS_HASH  # type: ignore[attr-defined]
    for number, entry in enumerate(whole["entries"][start:], start + 1):
        body = {"n": number, "kind": entry["kind"], "data": entry["data"]}
        entry.update(body, previous=previous, hash=files._hash(previous, body))
        previous = entry["hash"]
    whole["head"] = previous


def _another_decision(whole: dict[str, Any]) -> None:
    entry = next(e for e in whole["entries"] if e["kind"] == "key.at_end")
    entry["data"]["decided_by"] = "person:U0EVE"


def _less(whole: dict[str, Any]) -> None:
    del whole["entries"][3]


def _shorter(whole: dict[str, Any]) -> None:
    del whole["entries"][-1]


def _swapped(whole: dict[str, Any]) -> None:
    entries = whole["entries"]
    entries[2], entries[3] = entries[3], entries[2]


def _another_head(whole: dict[str, Any]) -> None:
    whole["head"] = "0" * 64


def _more_fields(whole: dict[str, Any]) -> None:
    whole["entries"][1]["note"] = "harmless"


def _more_parts(whole: dict[str, Any]) -> None:
    whole["note"] = "harmless"


def _another_signature(whole: dict[str, Any]) -> None:
    whole["signature"]["value"] = whole["signature"]["value"][::-1]


def _another_algorithm(whole: dict[str, Any]) -> None:
    whole["signature"]["algorithm"] = "none"


def _number_as_text(whole: dict[str, Any]) -> None:
    whole["entries"][0]["n"] = "1"


EDITS = [
    _another_decision, _less, _shorter, _swapped, _another_head, _more_fields, _more_parts,
    _another_signature, _another_algorithm, _number_as_text,
]  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_is_found(text: str, edit: Callable[[dict[str, Any]], None]) -> None:
    whole = json.loads(text)
    edit(whole)
    assert verdict(json.dumps(whole)).problems


@pytest.mark.parametrize("edit", [_another_decision, _less, _shorter, _swapped])
def test_an_edit_with_the_chain_made_anew_fails_at_the_signature(
    text: str, edit: Callable[[dict[str, Any]], None]
) -> None:
    whole = json.loads(text)
    edit(whole)
    rehashed(whole)
    assert verdict(json.dumps(whole)).problems == ("The signature does not match this file.",)


def test_whoever_signs_it_anew_is_not_known(text: str) -> None:
    whole = json.loads(text)
    _another_decision(whole)
    rehashed(whole)
    content = files._signed(whole["head"], len(whole["entries"]))
    forged = signing.sign(Peppers({1: b"e" * 32}), content)
    whole["signature"] |= {"key": forged.key, "value": forged.value}
    assert verdict(json.dumps(whole)).problems == ("The file was signed with an unknown key.",)


def test_another_way_of_writing_the_same_json_is_the_same_evidence(text: str) -> None:
    assert verdict(json.dumps(json.loads(text), indent=2, ensure_ascii=True))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_single_character_can_be_changed(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from([c for c in '0aA}{:," 9' if c != text[place]]))
    changed = text[:place] + other + text[place + 1 :]
    try:
        whole = files.read(changed)
    except InvalidEvidence:
        return
    # What differs only in blanks is the same evidence.
    assert whole == json.loads(text) or files.verify(whole, TRUSTED).problems


@pytest.mark.parametrize(
    "wrong",
    ["", "[]", "{}", "null", '{"format": "other"}', '{"a": 1, "a": 2}', '{"a": 1.5}', "\xff"],
)
def test_what_is_no_evidence_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidEvidence, match="not audit evidence"):
        files.read(wrong)


def test_the_key_changes_with_the_pepper_and_the_old_one_stays_known() -> None:
    both = signing.public_keys(Peppers({1: b"p" * 32, 2: b"q" * 32}))
    assert both[1] == signing.public_keys(PEPPERS)[1]
    assert both[1] != both[2]


def test_the_table_has_a_line_for_each_key_and_no_formula(domain: Domain) -> None:
    id_ = audited(domain)
    with reading(domain.engine, domain.account) as session:
        text = "".join(export.table(session, id_))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["name"]: row["decision"] for row in rows} == {
        "Kept “ü”": "kept", "Turned": "rotated", "'=Ended": "revoked",
    }  # fmt: skip
    assert rows[0]["doubts"]


def test_another_accounts_audit_has_no_evidence(domain: Domain) -> None:
    domain.issue()
    id_ = begin(domain)
    with reading(domain.engine, "acc_other") as session:
        for call in (
            lambda: export.serialize(session, id_, PEPPERS),
            lambda: "".join(export.table(session, id_)),
        ):
            with pytest.raises(KeyNotFound):
                call()


@pytest.mark.parametrize("form", ["json", "csv"])
def test_it_hides_nothing_and_is_still_genuine(domain: Domain, form: str) -> None:
    """Texts of earlier versions may have anything."""
    name = "x\x1b[2K\rState: revoked\u202e\x9b\u2028"
    key, _ = domain.issue("Old")
    with writing(domain.engine) as session:
        session.execute(update(Key).where(col(Key.id) == key.id).values(name=name))
    id_ = begin(domain)
    keep(domain, id_, key.id)
    look(domain, id_)
    if form == "csv":
        with reading(domain.engine, domain.account) as session:
            text = "".join(export.table(session, id_))
        assert r"x\x1b[2K\rState: revoked\u202e\x9b\u2028" in text
    else:
        text = written(domain, id_)
        assert verdict(text)
        (start,) = [e for e in json.loads(text)["entries"] if e["kind"] == "key.at_start"]
        assert start["data"]["name"] == name
    assert text.replace("\r\n", "").replace("\n", "").isprintable()
