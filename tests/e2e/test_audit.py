"""The audit: the real program, the practice Slack, real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from keys.reviews.evidence import files
from tests.e2e.harness.at_work import World, at_work
from tests.e2e.harness.program import eventually
from tests.e2e.test_life import WITHIN, answers, somebody

pytestmark = pytest.mark.sockets

PEOPLE = {
    "alice": ("Alice Adams", "admin"),
    "bob": ("Bob Baker", "owner"),
    "carol": ("Carol Clark", "member"),
}
BOARD = "Audit of the API keys"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with at_work(tmp_path_factory.mktemp("program"), PEOPLE, page=False) as world:
        yield world


def test_an_audit_from_its_beginning_to_its_evidence(world: World) -> None:
    tokens = {
        "Billing export, nightly": world.makes_key("Billing export, nightly", owner="carol"),
        "Partner portal, Globex": world.makes_key("Partner portal, Globex", owner="carol"),
        "Status page, production": world.makes_key("Status page, production", owner="alice"),
        "test": world.makes_key("Zapier, production"),
    }
    alice, carol = somebody(world, "alice"), somebody(world, "carol")
    carol.types("/apikeys audit start")
    carol.sees("You are not an admin of API keys here", within=WITHIN)
    alice.types("/apikeys audit start").sees("The audit has started: 4 keys.", within=WITHIN)
    alice.sees("0 of 4 keys decided", within=WITHIN)

    # Carol, who is no admin, has her own two keys in her direct messages.
    carol.sees("Which of your API keys are still needed?", within=WITHIN)
    carol.presses("Keep", on="Billing export, nightly")
    alice.sees("1 of 4 keys decided", within=WITHIN).sees("@Carol Clark kept Billing export")
    carol.sees("1 to 2 of 2, 1 left", within=WITHIN).sees("It was kept by @Carol Clark")
    carol.presses("Revoke", on="Which of your API keys").confirms()
    answers(world, tokens["Partner portal, Globex"], 401)
    carol.sees("All your API keys have a decision.", within=WITHIN)
    # The team's summary stands before her, but the others' keys are not hers to decide about.
    carol.presses("Review keys", on=BOARD)
    carol.sees("You are not an admin of API keys here", within=WITHIN)
    alice.sees("2 of 4 keys decided", within=WITHIN)

    alice.presses("Review keys", on=BOARD).person.sees("2 keys have no decision", within=WITHIN)
    alice.chooses("Status page, production").person.sees("Ask owner", within=WITHIN)
    alice.presses("Ask owner").person.sees("owner asked", within=WITHIN)
    alice.presses("Keep").person.sees("It was kept by @Alice Adams", within=WITHIN)
    alice.presses("Undo").person.sees("[Revoke]\n[Back]", within=WITHIN)
    alice.presses("Rotate").person.sees("Rotate API key", within=WITHIN)
    alice.submits().sees("has a new token", within=WITHIN).closes().closes()
    alice.chooses("Zapier, production").person.sees("[Ask owner]", within=WITHIN)
    alice.chooses("Keep with a reason").person.sees("Why is it needed?", within=WITHIN)
    alice.fills(reason="Invoices").submits().sees("was kept by", within=WITHIN).closes()
    alice.closes().closes()
    alice.sees("The audit of 4 keys is over: 2 kept, 1 rotated, 1 revoked.", within=WITHIN)
    alice.sees("[file] Keys and their use over the last year", within=WITHIN)

    alice.types("/apikeys audit export")
    eventually(lambda: any(m.payload.get("files") for m in alice.dm.messages), "the evidence comes")
    names = [f["name"] for m in alice.dm.messages for f in m.payload.get("files") or []]
    whole = files.read(alice.dm.file(next(name for name in names if name.endswith(".json"))))
    verdict = files.verify(whole, {whole["signature"]["key"]})
    assert verdict, verdict.problems
    assert verdict.keys == 4
    assert "Invoices" in json.dumps(whole)
    for token in tokens.values():
        assert token.split("_")[2] not in json.dumps(whole)
