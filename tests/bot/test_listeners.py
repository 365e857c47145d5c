"""What people type, press and submit, through Bolt itself and down to the database."""

from __future__ import annotations

import json
import threading
from contextlib import nullcontext
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from bot.app import build
from bot.browse_keys import pages
from bot.framework.context import web_answers
from bot.framework.interaction import Interaction
from bot.slack_api.errors import Unavailable
from bot.ui import ids
from bot.ui.blocks import Message
from bot.ui.payloads import ActionPayload
from keys.base.models import State
from keys.credentials.tokens import make
from keys.search import search as finding
from storage import reading
from tests.bot.harness.listening import DEADLINE, READ, Bench, active, buttons, fill


def state(bench: Bench, key_id: str) -> State:
    with reading(bench.domain.engine, bench.domain.account) as session:
        return finding.get(session, key_id).state


def test_a_taken_name_is_an_error_in_the_modal(bench: Bench) -> None:
    bench.domain.issue("Zapier, production")
    assert "already" in fill(bench, "ZAPIER, production")["errors"][ids.NAME]


def test_a_token_is_refused_at_its_field_and_not_repeated(bench: Bench) -> None:
    bench.domain.issue("Zapier")
    # Without anything else it would also be a poor name, and advice shows again what was typed.
    token = make("acme_old")
    hidden = "\u200b".join(token.reveal())
    both = fill(bench, token.reveal(), note={"value": f"see {hidden}"})
    assert both["errors"] == {
        field: f"The {field} contains a token. It would be stored where others can read it. "
        "Remove the token."
        for field in (ids.NAME, ids.NOTE)
    }
    bench.types("rename zapier")
    renamed = bench.submits(bench.last("views.open")["view"], name={"value": hidden})
    assert list(renamed["errors"]) == [ids.NAME]
    assert "contains a token" in renamed["errors"][ids.NAME]
    assert token.secret[:6] not in json.dumps([both, renamed])
    assert active(bench) == ["Zapier"]


def test_a_poor_name_is_advised_against_and_may_be_insisted_on(bench: Bench) -> None:
    advised = fill(bench, "Test")
    assert advised["response_action"] == "update"
    assert active(bench) == []
    insisted = {"selected_options": [{"value": "anyway"}]}
    bench.submits(advised["view"], name={"value": "Test"}, scopes=READ, anyway=insisted)
    assert active(bench) == ["Test"]


def test_revoking_asks_first_and_then_redraws(bench: Bench) -> None:
    key, _ = bench.domain.issue("Zapier")
    asked = buttons(bench.types("revoke zapier")["blocks"])
    assert state(bench, key.id) is State.ACTIVE
    for words in ("refused from now on", "already revoked"):
        bench.presses(asked[ids.REVOKE_CONFIRMED])
        assert state(bench, key.id) is State.REVOKED
        assert bench.answers[-1]["replace_original"] is True
        assert not buttons(bench.answers[-1]["blocks"])
        assert words in json.dumps(bench.answers[-1])
    assert bench.nudges == 1


def test_cancel_keeps_the_key(bench: Bench) -> None:
    key, _ = bench.domain.issue("Zapier")
    bench.presses(buttons(bench.types("revoke zapier")["blocks"])[ids.CANCEL])
    assert state(bench, key.id) is State.ACTIVE
    assert "not revoked" in json.dumps(bench.answers[-1])


def test_last_months_question_revokes_nothing(bench: Bench) -> None:
    key, _ = bench.domain.issue("Zapier")
    asked = buttons(bench.types("revoke zapier")["blocks"])
    bench.domain.clock.move(timedelta(days=30))
    bench.presses(asked[ids.REVOKE_CONFIRMED])
    assert state(bench, key.id) is State.ACTIVE
    assert "out of date" in json.dumps(bench.answers[-1])


ADMINS_ONLY = ("rename Zapier", "revoke Zapier", "edit Zapier", "rotate Zapier", "export")
MEMBERS = ("new X", "list", "show Zapier", "check", "bogus")


@pytest.mark.parametrize(
    ("text", "user"),
    [
        *product(ADMINS_ONLY, ("U0BOB", "U0GUEST", "U0FAR")),
        *product(MEMBERS, ("U0GUEST", "U0FAR")),
    ],
)
def test_who_may_not_is_told_whom_to_ask(bench: Bench, user: str, text: str) -> None:
    bench.domain.issue("Zapier")
    bench.types(text, user)
    assert "You can ask: alice" in json.dumps(bench.answers[-1])
    assert "views.open" not in bench.calls.methods()


@pytest.mark.parametrize("user", ["U0BOB", "U0GUEST", "U0FAR"])
def test_presses_and_submissions_are_for_admins(bench: Bench, user: str) -> None:
    key, _ = bench.domain.issue("Zapier")
    bench.presses(buttons(bench.types("revoke zapier")["blocks"])[ids.REVOKE_CONFIRMED], user)
    assert state(bench, key.id) is State.ACTIVE
    bench.types("new")
    view = bench.last("views.open")["view"]
    bench.submits(view, user, name={"value": "Crept in"}, scopes=READ)
    assert active(bench) == ["Zapier"]
    assert "You can ask: alice" in json.dumps(bench.last("views.update"))


def test_everybody_may_see_the_guide(bench: Bench) -> None:
    assert ids.NEW in buttons(bench.types("")["blocks"])
    assert ids.NEW not in buttons(bench.types("help", "U0BOB")["blocks"])


def test_the_list_is_paged_and_searched(bench: Bench) -> None:
    for number in range(12):
        bench.domain.issue(f"Program-{number:02}")
    first = buttons(bench.types("list")["blocks"])
    bench.presses(first[ids.NEXT_PAGE])
    assert "11 to 12 of 12" in json.dumps(bench.answers[-1])
    bench.presses(buttons(bench.answers[-1]["blocks"])[ids.PREVIOUS_PAGE])
    assert "1 to 10 of 12" in json.dumps(bench.answers[-1])
    bench.presses({"action_id": ids.SEARCH, "type": "plain_text_input", "value": "ram-07"})
    assert bench.answers[-1]["text"].endswith("1 key")
    menu = buttons(bench.answers[-1]["blocks"])[ids.KEY_MENU]
    for option, words in zip(menu["options"][::4], ["created it", "Are you sure"], strict=True):
        pressed = {"action_id": ids.KEY_MENU, "type": "overflow", "selected_option": option}
        bench.presses(pressed)
        assert words in json.dumps(bench.answers[-1])


def test_from_a_search_one_press_leads_back_to_all_keys(bench: Bench) -> None:
    for name in ("Zapier", "Billing"):
        bench.domain.issue(name)
    assert ids.SHOW_ALL not in buttons(bench.types("list")["blocks"])
    bench.presses({"action_id": ids.SEARCH, "type": "plain_text_input", "value": "zap"})
    assert bench.answers[-1]["text"].endswith("1 key")
    bench.presses(buttons(bench.answers[-1]["blocks"])[ids.SHOW_ALL])
    assert bench.answers[-1]["text"].endswith("2 keys")
    assert bench.answers[-1]["replace_original"] is True


def test_renaming(bench: Bench) -> None:
    bench.domain.issue("Zapier")
    bench.types("rename zapier to Zapier, production")
    view = bench.last("views.open")["view"]
    assert "Zapier, production" in json.dumps(view)
    shown = bench.submits(view, name={"value": "Zapier, production"})
    assert "is now" in json.dumps(shown)
    assert active(bench) == ["Zapier, production"]


def test_what_is_unclear_gets_a_choice_or_a_suggestion(bench: Bench) -> None:
    for name in ("Zapier, sales", "Zapier, support"):
        bench.domain.issue(name)
    several = bench.types("show zapier")
    bench.presses(buttons(several["blocks"])[ids.KEY_CHOICE])
    assert "Who has seen a token" in json.dumps(bench.answers[-1])
    assert "Zapier, sales" in json.dumps(bench.types("show Zapper, sales"))
    assert "/apikeys revoke" in json.dumps(bench.types("revok zapier"))
    assert "Which key?" in json.dumps(bench.types("revoke"), ensure_ascii=False)


def test_the_unexpected_gets_a_reference(bench: Bench) -> None:
    bench.calls.replies["users.info"] = [ZeroDivisionError("boom")]
    shown = json.dumps(bench.types("list"))
    assert "reference" in shown
    assert "boom" not in shown


def test_oauth_stays_off(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "s")
    (tmp_path / "other").mkdir()
    other = Bench(tmp_path / "other")
    assert other.app.oauth_flow is None
    assert "blocks" in other.types("help")
    other.app.listener_runner.listener_executor.shutdown()
    other.domain.engine.dispose()


def test_the_app_talks_to_the_slack_it_was_given(bench: Bench) -> None:
    app = build(bench.context, "xoxb-1", slack_url="http://127.0.0.1:9/api/")
    assert app.client.base_url == "http://127.0.0.1:9/api/"
    app.listener_runner.listener_executor.shutdown()


def test_a_token_belongs_in_no_name_and_no_note(bench: Bench) -> None:
    _, token = bench.domain.issue("Zapier")
    assert ids.NAME in fill(bench, token.reveal())["errors"]
    noted = fill(bench, "Backup, nightly", note={"value": f"it was {token.reveal()}"})
    assert ids.NOTE in noted["errors"]
    bench.types(f"show {token.reveal()}")
    assert "so it was removed" in json.dumps(bench.answers[-1])
    assert token.reveal() not in json.dumps(bench.answers)
    assert active(bench) == ["Zapier"]


@pytest.mark.sockets
@pytest.mark.parametrize("status", [200, 500])
def test_answers_go_to_the_response_url(status: int) -> None:
    got: list[Any] = []

    class Slack(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Keeps quiet."""

    with HTTPServer(("127.0.0.1", 0), Slack) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/r"
        with nullcontext() if status == 200 else pytest.raises(Unavailable):
            web_answers(url, {"text": "hello", "replace_original": True})
        thread.join(10)
    assert got == [{"text": "hello", "replace_original": True}]
    with pytest.raises(Unavailable):
        web_answers(url, {"text": "nobody is there"})


def test_a_slow_search_is_acknowledged_before_it_ends(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait ends with the acknowledgement, and so does the test: nothing is left to chance."""
    acknowledged = threading.Event()
    before = Interaction.acknowledge

    def acknowledge(interaction: Interaction, **answer: Any) -> bool:
        done = before(interaction, **answer)
        acknowledged.set()
        return done

    search = pages.keys

    def slow(interaction: Interaction, ref: ActionPayload, **how: Any) -> Message:
        assert acknowledged.wait(DEADLINE)
        return search(interaction, ref, **how)

    monkeypatch.setattr("bot.framework.interaction.ACK_DEADLINE", 0.01)
    monkeypatch.setattr(Interaction, "acknowledge", acknowledge)
    monkeypatch.setattr(pages, "keys", slow)
    assert bench.types("list") == {}
    assert "There are no keys yet" in json.dumps(bench.answers[-1])
