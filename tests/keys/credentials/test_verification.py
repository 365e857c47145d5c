"""Verification, uses and peppers."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_mock import MockerFixture
from sqlalchemy import text

from keys.base import accounts
from keys.base.errors import PepperError, StorageUnavailable
from keys.credentials import tokens
from keys.credentials.peppers import Peppers, check_peppers, in_use, load_or_make, read_peppers
from keys.credentials.verification import Reason, Refused, Verified
from keys.search import search
from keys.usage.usage import Use, record_uses
from storage import open_engine, reading, writing
from tests.databases import open_migrated
from tests.keys.conftest import NOON, Domain
from tests.keys.rotation.test_rotations import rotate
from tests.keys.stored_verifier import StoredVerifier

SECOND = timedelta(seconds=1)


def test_a_stranger_and_a_wrong_secret_are_told_apart_inside_only(domain: Domain) -> None:
    _, mine = domain.issue()
    other = tokens.make("ak")
    assert domain.verifier.verify(other.reveal()) == Refused(Reason.UNKNOWN)
    guess = tokens.Token("ak", mine.public_id, other.secret)
    assert domain.verifier.verify(guess.reveal()) == Refused(Reason.DIGEST)
    relabelled = tokens.Token("other", mine.public_id, mine.secret)
    assert domain.verifier.verify(relabelled.reveal()) == Refused(Reason.DIGEST)


def test_only_a_comparison_in_constant_time_opens(domain: Domain, mocker: MockerFixture) -> None:
    """Whatever else of a token is right: where that comparison says no, it is refused."""
    _, token = domain.issue("Zapier, production")
    compared = mocker.patch("hmac.compare_digest", return_value=False)
    assert domain.verifier.verify(token.reveal()) == Refused(Reason.DIGEST)
    mocker.stop(compared)
    assert isinstance(domain.verifier.verify(token.reveal()), Verified)


def test_a_wrong_secret_learns_nothing_of_a_revoked_key(domain: Domain) -> None:
    key, mine = domain.issue()
    domain.revoke(key.id)
    guess = tokens.Token("ak", mine.public_id, tokens.make("ak").secret)
    assert domain.verifier.verify(guess.reveal()) == Refused(Reason.DIGEST)


def test_a_key_expires_at_its_very_moment(domain: Domain) -> None:
    key, mine = domain.issue(expires_at=NOON + 10 * SECOND)
    domain.clock.move(10 * SECOND - timedelta(microseconds=1))
    assert isinstance(domain.verifier.verify(mine.reveal()), Verified)
    domain.clock.move(timedelta(microseconds=1))
    assert domain.verifier.verify(mine.reveal()) == Refused(Reason.EXPIRED, key.id)


def test_a_planted_digest_does_not_open(domain: Domain) -> None:
    """Whoever can write to the database but has no pepper cannot make a key."""
    _, mine = domain.issue()
    planted = Peppers({1: b"q" * 32}).digest(mine, 1)
    with writing(domain.engine) as session:
        session.connection().execute(text("UPDATE secrets SET digest = :d"), {"d": planted})
    assert domain.verifier.verify(mine.reveal()) == Refused(Reason.DIGEST)


def test_a_replaced_pepper_leaves_old_tokens_working(domain: Domain) -> None:
    _, mine = domain.issue()
    both = Peppers({1: b"p" * 32, 2: b"n" * 32})
    with closing(StoredVerifier(domain.engine, both, domain.clock)) as verifier:
        assert isinstance(verifier.verify(mine.reveal()), Verified)
    new = Peppers({2: b"n" * 32})
    with closing(StoredVerifier(domain.engine, new, domain.clock)) as verifier:
        assert verifier.verify(mine.reveal()) == Refused(Reason.PEPPER)


def test_a_wrong_or_missing_pepper_is_noticed(domain: Domain) -> None:
    domain.issue()
    with writing(domain.engine) as session:
        check_peppers(session, Peppers({1: b"p" * 32}), NOON)
    with pytest.raises(PepperError, match="not the one"), writing(domain.engine) as session:
        check_peppers(session, Peppers({1: b"q" * 32}), NOON)
    with pytest.raises(PepperError, match="version 1, which is missing"):  # noqa: SIM117
        with writing(domain.engine) as session:
            check_peppers(session, Peppers({2: b"q" * 32}), NOON)


def test_an_old_pepper_can_go_once_no_token_that_works_needs_it(domain: Domain) -> None:
    both, new = Peppers({1: b"p" * 32, 2: b"n" * 32}), Peppers({2: b"n" * 32})
    old, _ = domain.issue("Old")
    ends, _ = domain.issue("Ends")
    rotated = replace(domain, services=replace(domain.services, peppers=both))
    younger, token = rotated.issue("Young")
    rotation, _ = rotate(rotated, ends.id)

    def used() -> dict[int, int]:
        with reading(domain.engine) as session:
            return in_use(session, domain.clock.now())

    def check() -> None:
        with writing(domain.engine) as session:
            check_peppers(session, new, domain.clock.now())

    assert used() == {1: 2, 2: 2}
    domain.revoke(old.id)
    assert used() == {1: 1, 2: 2}
    with pytest.raises(PepperError, match="version 1, which is missing"):
        check()
    domain.clock.move(timedelta(days=2))
    assert used() == {2: 2}
    check()
    with closing(StoredVerifier(domain.engine, new, domain.clock)) as verifier:
        assert isinstance(verifier.verify(token.reveal()), Verified)
    assert (younger.name, bool(rotation)) == ("Young", True)


def test_the_pepper_file_is_private_and_stays_the_same(tmp_path: Path) -> None:
    path = tmp_path / "home" / "pepper"
    one, two = load_or_make(path), load_or_make(path)
    assert one == two
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
    path.chmod(0o640)
    with pytest.raises(PepperError, match=r"Other users can read .*chmod 600"):
        load_or_make(path)


def test_what_is_wrong_in_the_pepper_file_is_said_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "pepper"
    load_or_make(path)
    path.write_text(f"1:{path.read_text()}")
    with pytest.raises(PepperError) as caught:
        load_or_make(path)
    assert str(caught.value).startswith(f"{path}: a version is a whole number")


@pytest.mark.parametrize("given", ["", "short", "1:short", "0:" + "A" * 44, "x:" + "A" * 44])
def test_a_malformed_pepper_is_named_and_not_shown(given: str) -> None:
    with pytest.raises(PepperError) as caught:
        read_peppers(given)
    assert "APIKEYS_PEPPER" in str(caught.value)
    assert "short" not in str(caught.value)


def test_peppers_with_versions_are_read() -> None:
    one, two = "A" * 43 + "=", "B" * 42 + "A="
    peppers = read_peppers(f"1:{one}, 2:{two}")
    assert peppers.current == 2
    with pytest.raises(PepperError, match="twice"):
        read_peppers(f"1:{one},1:{two}")
    assert one[:10] not in repr(peppers)


def test_last_use_never_goes_back(domain: Domain) -> None:
    key, mine = domain.issue()
    answer = domain.verifier.verify(mine.reveal())
    assert isinstance(answer, Verified)
    for at, source in ((NOON + SECOND, "10.1.0.0/16"), (NOON, "10.2.0.0/16")):
        with writing(domain.engine) as session:
            record_uses(session, {answer.secret_id: Use(at, source), "sec_gone": Use(at, source)})
    with reading(domain.engine, domain.account) as session:
        view = search.get(session, key.id)
    assert (view.last_used_at, view.last_used_from) == (NOON + SECOND, "10.1.0.0/16")


def test_a_database_that_is_gone_is_said_so(tmp_path: Path, domain: Domain) -> None:
    _, mine = domain.issue()
    engine = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    verifier = StoredVerifier(engine, domain.services.peppers, domain.clock)
    with closing(verifier), pytest.raises(StorageUnavailable):
        verifier.verify(mine.reveal())
    engine.dispose()


def test_the_first_workspace_takes_over_the_operators_account(tmp_path: Path) -> None:
    engine = open_migrated(f"sqlite:///{tmp_path / 'fresh.db'}")
    with writing(engine) as session:
        made = accounts.the_only(session, NOON)
        assert accounts.the_only(session, NOON) == made
        assert accounts.connect(session, "T1", "One", NOON) == made
        assert accounts.of_workspace(session, "T1") == made
        assert accounts.connect(session, "T2", "Two", NOON) != made
        with pytest.raises(accounts.WhichAccount, match=r"T1 \(One\), T2 \(Two\)"):
            accounts.the_only(session, NOON)
    engine.dispose()
