"""Finding keys by what somebody typed, and page by page."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_mock import MockerFixture

from keys.base import accounts
from keys.base.errors import KeyNotFound
from keys.search import search
from keys.search.search import Finding, Found, Nothing, Several
from storage import reading, writing
from tests.keys.conftest import ALICE, NOON, Domain

NAMES = ["Zapier, production", "Zapier, staging", "GitHub Actions", "Grafana dashboard"]


@pytest.fixture
def ids(domain: Domain) -> dict[str, str]:
    return {name: domain.issue(name)[0].id for name in NAMES}


def find(domain: Domain, text: str, **more: Any) -> Finding:
    with reading(domain.engine, domain.account) as session:
        return search.find(session, text, **more)


@pytest.mark.parametrize(
    "typed",
    ["GitHub Actions", "  github   ACTIONS ", "“GitHub Actions”", "github", "`GitHub Actions`"],
)
def test_a_name_or_a_part_that_fits_one_key_is_that_key(
    domain: Domain, ids: dict[str, str], typed: str
) -> None:
    found = find(domain, typed)
    assert isinstance(found, Found)
    assert found.key.id == ids["GitHub Actions"]


def test_an_id_a_token_and_a_hint_are_understood(domain: Domain) -> None:
    key, token = domain.issue()
    for typed in (key.id, token.reveal(), token.hint):
        found = find(domain, typed)
        assert isinstance(found, Found)
        assert found.key.id == key.id


def test_an_ambiguous_name_is_a_choice(domain: Domain, ids: dict[str, str]) -> None:
    found = find(domain, "zapier")
    assert isinstance(found, Several)
    assert [key.name for key in found.keys] == NAMES[:2]


def test_an_exact_name_wins_over_longer_ones(domain: Domain, ids: dict[str, str]) -> None:
    key, _ = domain.issue("Zapier")
    found = find(domain, "zapier")
    assert isinstance(found, Found)
    assert found.key.id == key.id


def test_an_unknown_name_gets_the_nearest(domain: Domain, ids: dict[str, str]) -> None:
    found = find(domain, "Grafna dashbord")
    assert isinstance(found, Nothing)
    assert found.nearest[0].name == "Grafana dashboard"


@pytest.mark.parametrize("typed", ["", "%", "_", "   ", "\x00", "x" * 3000])
def test_odd_text_finds_nothing(domain: Domain, ids: dict[str, str], typed: str) -> None:
    assert isinstance(find(domain, typed), Nothing)


def test_revoked_keys_are_found_only_when_asked_for(domain: Domain) -> None:
    key, _ = domain.issue("GitHub")
    domain.revoke(key.id)
    assert isinstance(find(domain, "GitHub"), Nothing)
    assert isinstance(find(domain, "GitHub", revoked=True), Found)


def test_other_accounts_keys_are_not_found(domain: Domain) -> None:
    key, token = domain.issue()
    with writing(domain.engine) as plain:
        other = accounts.connect(plain, "T0OTHER", "Other", NOON)
    with writing(domain.engine, other) as session:
        for typed in (key.id, key.name, token.reveal(), token.hint):
            assert isinstance(search.find(session, typed, revoked=True), Nothing)
        with pytest.raises(KeyNotFound):
            search.get(session, key.id)


@pytest.mark.parametrize(
    ("typed", "name", "rest"),
    [
        ("Zapier, production Zapier EU", "Zapier, production", "Zapier EU"),
        ('"GitHub Actions" CI', "GitHub Actions", "CI"),
        ("GitHub Actions", "GitHub Actions", ""),
        ("github", "GitHub Actions", ""),
    ],
)
def test_words_after_a_name_are_the_rest(
    domain: Domain, ids: dict[str, str], typed: str, name: str, rest: str
) -> None:
    with reading(domain.engine, domain.account) as session:
        found = search.find_leading(session, typed)
    assert isinstance(found, Found)
    assert (found.key.name, found.rest) == (name, rest)


def names_of(page: search.Page) -> list[str]:
    return [key.name for key in page.keys]


def test_pages_go_forth_and_back(domain: Domain) -> None:
    names = [f"Program {number:02}" for number in range(25)]
    for name in names:
        domain.issue(name)
    with reading(domain.engine, domain.account) as session:
        first = search.page(session, size=10)
        second = search.page(session, size=10, after=first.keys[-1].id)
        third = search.page(session, size=10, after=second.keys[-1].id)
        back = search.page(session, size=10, before=third.keys[0].id)
    assert names_of(first) + names_of(second) + names_of(third) == names
    assert names_of(back) == names_of(second)
    assert [page.before for page in (first, second, third)] == [0, 10, 20]
    assert (first.has_previous, first.has_next) == (False, True)
    assert (third.has_previous, third.has_next) == (True, False)
    assert third.total == 25


def test_search_takes_all_words_and_an_owner(domain: Domain, ids: dict[str, str]) -> None:
    domain.issue("Cron job", note="sends Invoices", owner="U0BOB")
    with reading(domain.engine, domain.account) as session:
        page = lambda *a, **k: names_of(search.page(session, *a, **k))
        assert page("zapier prod") == ["Zapier, production"]
        assert page("INVOICES") == ["Cron job"]
        assert page("", owner="U0BOB") == ["Cron job"]
        assert page("100%") == []
        assert len(page("", owner=ALICE.id)) == 4


@pytest.mark.parametrize("typed", ["07", "k 0", "07w"])
def test_short_words_are_not_looked_for_in_random_ids(
    domain: Domain, mocker: MockerFixture, typed: str
) -> None:
    mocker.patch("keys.lifecycle.create.new_id", side_effect=lambda kind: f"{kind}_k07wHdPm{kind}")
    domain.issue("Nightly", note="copies everything")
    with reading(domain.engine, domain.account) as session:
        assert search.page(session, typed).total == 0
        assert search.page(session, "07wh").total == 1
        assert search.page(session, "all").total == 0
        assert search.page(session, "eve").total == 1
    assert isinstance(find(domain, typed), Nothing)


def test_what_like_means_by_itself_is_only_a_character(domain: Domain) -> None:
    domain.issue("Nightly 100% run")
    domain.issue("Nightly 1000 run")
    with reading(domain.engine, domain.account) as session:
        assert search.page(session, "0%").total == 1
        assert search.page(session, "_").total == 0
        assert search.page(session, "/").total == 0


def test_the_list_is_searched_by_a_hint_as_it_is_shown(domain: Domain) -> None:
    key, token = domain.issue("Nightly")
    domain.issue("Daily")
    with reading(domain.engine, domain.account) as session:
        for typed in (token.hint, key.hint.upper(), f"  {token.hint} "):
            found = search.page(session, typed)
            assert [one.id for one in found.keys] == [key.id]
