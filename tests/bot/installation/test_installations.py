"""Installations: encrypted tokens, late ends, organisations, states that can be used once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from bot.installation.encryption import DecryptionError, TokenCipher
from bot.installation.installations import Installations, InstallationTarget, OAuthInstallation
from bot.installation.oauth import States
from bot.installation.workspaces import ManyWorkspaces, target_of
from keys.base.errors import PepperError
from keys.credentials.peppers import read_versions
from storage import reading, writing
from storage.tables import Account, Installation
from tests.bot.harness.listening import Bench
from tests.keys.conftest import NOON, Domain

OLD, NEW = b"o" * 32, b"n" * 32
ACME = OAuthInstallation(
    InstallationTarget("T0ACME"),
    "Acme",
    "B1",
    "U0BOT",
    "xoxb-acme",
    "chat:write,commands",
    "U0ALICE",
)


@given(st.text(), st.text(), st.text())
def test_a_ciphertext_is_decrypted_with_its_own_key_and_data_only(
    text: str, place: str, other: str
) -> None:
    cipher = TokenCipher({1: OLD})
    encrypted = cipher.encrypt(text, place)
    assert cipher.decrypt(encrypted, place) == text
    assert len(text) < 4 or text.encode() not in encrypted
    if other != place:
        with pytest.raises(DecryptionError):
            cipher.decrypt(encrypted, other)
    with pytest.raises(DecryptionError):
        TokenCipher({1: NEW}).decrypt(encrypted, place)
    with pytest.raises(DecryptionError, match="version 1 is missing"):
        TokenCipher({2: OLD}).decrypt(encrypted, place)
    for at in range(len(encrypted)):
        with pytest.raises(DecryptionError):
            cipher.decrypt(encrypted[:at] + bytes([encrypted[at] ^ 1]) + encrypted[at + 1 :], place)
    for length in range(len(encrypted)):
        with pytest.raises(DecryptionError):
            cipher.decrypt(encrypted[:length], place)


def test_a_key_that_is_none_is_named_by_its_setting() -> None:
    with pytest.raises(PepperError, match=r"^APIKEYS_SEAL_KEY must be at least 32"):
        read_versions("c2hvcnQ=", "APIKEYS_SEAL_KEY")


def kept(domain: Domain, keys: dict[int, bytes] | None = None) -> Installations:
    return Installations(domain.engine, TokenCipher(keys or {1: OLD}), domain.clock)


def tokens(domain: Domain) -> list[bytes | None]:
    with reading(domain.engine) as session:
        return [row.token for row in session.exec(select(Installation))]


def test_an_installation_is_found_by_its_workspace(domain: Domain) -> None:
    installations = kept(domain)
    account = installations.save(ACME)
    found = installations.find(InstallationTarget("T0ACME"))
    assert found is not None
    assert (found.account_id, found.token, found.bot_user_id) == (account, "xoxb-acme", "U0BOT")
    assert "xoxb-acme" not in repr(found) + repr(ACME)
    (encrypted,) = tokens(domain)
    assert encrypted is not None
    assert b"xoxb" not in encrypted
    assert installations.find(InstallationTarget("T0OTHER")) is None
    assert [one.account_id for one in installations.all()] == [account]
    # The account that the workspace had before, as the only one, is its own again.
    assert account == domain.account


def test_an_account_that_belongs_to_nobody_is_not_given_away(domain: Domain) -> None:
    with writing(domain.engine) as session:
        session.get_one(Account, domain.account).workspace_id = None
    assert kept(domain).save(ACME) != domain.account


def test_an_end_that_comes_late_does_not_end_what_was_installed_since(domain: Domain) -> None:
    installations = kept(domain)
    installations.save(ACME)
    left_at = domain.clock.now()
    assert installations.end(ACME.target, "app_uninstalled", left_at)
    assert not installations.end(ACME.target, "tokens_revoked", left_at)
    assert installations.find(ACME.target) is None
    assert installations.all() == []
    assert tokens(domain) == [None]
    domain.clock.move(timedelta(minutes=1))
    again = replace(ACME, token="xoxb-again")
    assert installations.save(again) == domain.account
    assert not installations.end(ACME.target, "app_uninstalled", left_at)
    found = installations.find(ACME.target)
    assert found is not None
    assert found.token == "xoxb-again"


def test_somebody_elses_token_may_be_taken_away(domain: Domain) -> None:
    installations = kept(domain)
    installations.save(ACME)
    now = domain.clock.now()
    assert not installations.end(ACME.target, "tokens_revoked", now, bot_user_id="U0OTHERBOT")
    assert installations.end(ACME.target, "tokens_revoked", now, bot_user_id="U0BOT")


def test_an_organisation_and_its_workspaces_are_three_accounts(domain: Domain) -> None:
    installations = kept(domain)
    wholly = InstallationTarget("", "E0ORG", org_wide=True)
    one, two = InstallationTarget("T0ONE", "E0ORG"), InstallationTarget("T0TWO", "E0ORG")
    ids = {installations.save(replace(ACME, target=each)) for each in (wholly, one, two)}
    assert len(ids) == 3
    for each in (wholly, one, two):
        found = installations.find(each)
        assert found is not None
        assert found.target == each
    assert installations.find(InstallationTarget("T0THREE", "E0ORG")) is None


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        (
            {"team_id": "T1", "command": "/apikeys", "is_enterprise_install": "false"},
            InstallationTarget("T1"),
        ),
        (
            {"team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": "true"},
            InstallationTarget("T1", "E1", org_wide=True),
        ),
        (
            {"team": None, "enterprise": {"id": "E1"}, "is_enterprise_install": True,
             "user": {"id": "W1", "team_id": "T1"}},
            InstallationTarget("T1", "E1", org_wide=True),
        ),
        (
            {"team_id": "T9", "authorizations": [
                {"team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": False}]},
            InstallationTarget("T1", "E1"),
        ),
    ],
)  # fmt: skip
def test_for_whom_a_request_is_meant(body: dict[str, object], meant: InstallationTarget) -> None:
    assert target_of(body) == meant
    assert target_of(body).id == ("E1" if meant.org_wide else "T1")


def test_a_new_key_encrypts_every_token_again(domain: Domain) -> None:
    kept(domain).save(ACME)
    both = kept(domain, {1: OLD, 2: NEW})
    assert (both.reencrypt(), both.reencrypt()) == (1, 0)
    found = kept(domain, {2: NEW}).find(ACME.target)
    assert found is not None
    assert found.token == "xoxb-acme"


def test_a_token_that_cannot_be_decrypted_leaves_the_others_alone(
    domain: Domain, caplog: pytest.LogCaptureFixture
) -> None:
    installations = kept(domain)
    installations.save(ACME)
    other = installations.save(replace(ACME, target=InstallationTarget("T0TWO"), name="Two"))
    with writing(domain.engine) as session:
        rows = session.exec(select(Installation).order_by(Installation.team_id)).all()
        # Somebody who may write to the database puts one workspace's token in another's place.
        rows[0].token = rows[1].token
        session.add(rows[0])
    assert [one.account_id for one in installations.all()] == [other]
    assert installations.find(ACME.target) is None
    assert "cannot be decrypted" in caplog.text
    assert "APIKEYS_SEAL_KEY" in caplog.text


def test_a_state_is_good_once_and_for_ten_minutes(domain: Domain) -> None:
    states = States(domain.engine, TokenCipher({1: OLD}), domain.clock)
    other = States(domain.engine, TokenCipher({1: OLD, 2: NEW}), domain.clock)
    state = states.issue()
    assert (other.consume(state), states.consume(state)) == (True, False)
    late = states.issue()
    domain.clock.move(timedelta(minutes=10, seconds=1))
    assert not states.consume(late)
    for forged in ("", "x", f"{state}0", f"9{states.issue()}", "1-2.3", ".", "-."):
        assert not states.consume(forged)


def test_services_are_kept_until_the_installation_changes(bench: Bench) -> None:
    installations = kept(bench.domain)
    opened: list[str] = []

    def open_(found: object) -> object:
        opened.append(repr(found))
        return replace(bench.context)

    workspaces = ManyWorkspaces(installations, open_)  # type: ignore[arg-type]
    assert workspaces.find(ACME.target) is None
    installations.save(ACME)
    first = workspaces.find(ACME.target)
    assert first is not None
    assert workspaces.find(ACME.target) is first
    assert list(workspaces.all()) == [first]
    installations.save(replace(ACME, token="xoxb-new"))
    again = workspaces.find(ACME.target)
    assert again is not None
    assert again.bot.bot_token == "xoxb-new"
    assert len(opened) == 2
    workspaces.ended(ACME.target, "app_uninstalled", bench.domain.clock.now())
    assert workspaces.find(ACME.target) is None


def test_the_only_workspace_tells_its_operator_that_it_has_ended(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    event = {"type": "event_callback", "team_id": "T0ACME", "event_time": int(NOON.timestamp())}
    revoked = {"type": "tokens_revoked", "tokens": {"bot": ["U0SOMEBODY"]}}
    bench.sends({**event, "event": revoked})
    assert "installed again" not in caplog.text
    bench.sends({**event, "event": {"type": "app_uninstalled"}})
    assert "SLACK_BOT_TOKEN is replaced" in caplog.text
