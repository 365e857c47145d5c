"""What each message and modal must have in it: the right buttons, facts, and states."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from bot.background import announcement_views
from bot.browse_keys import details_view, help_view, list_view, member_view
from bot.manage_keys import create_view, rename_view, revoke_view
from bot.token_delivery.views import TokenContent, delivery_message
from bot.ui import ids, replies, revocation
from bot.ui import inputs as block_inputs
from bot.ui.blocks import Message, message, person, sentence, text_element
from bot.ui.key_rows import Reader
from bot.ui.payloads import ActionPayload
from bot.ui.search_box import QUERY_MAX, search_box
from keys.base.actors import Actor
from keys.base.models import Handover, HistoryEntry
from keys.base.policy import DeliveryWay
from keys.credentials.tokens import make
from keys.delivery.deliveries import DeliveryState, Purpose
from keys.inputs.names import advice_on
from sandbox.text import code_of_message, plain_of_message, plain_of_view
from tests.bot.harness.block_samples import (
    ANN,
    BY,
    EVERYWHERE,
    LATE,
    NOW,
    OPERATOR,
    REF,
    TOKEN,
    due,
    history,
    key,
    messages,
    notice,
    page,
    revoked_key,
    views,
)


def buttons(message: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The buttons of a message's rows of buttons, by label."""
    rows = [block["elements"] for block in message["blocks"] if block["type"] == "actions"]
    return {element["text"]["text"]: element for row in rows for element in row}


def inputs(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The inputs of a modal, by block_id."""
    return {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}


def test_the_guide_offers_buttons_to_admins_only() -> None:
    admin = help_view.help_message("/apikeys", REF)
    assert list(buttons(admin)) == ["New key", "List keys", "Check a token"]
    assert "/apikeys revoke <name or id>" in plain_of_message(admin)
    member = member_view.help_message("/apikeys", REF, Reader("U0BOB", may_rotate=False))
    assert list(buttons(member)) == ["Ask for a key", "Show my keys", "Check my token"]
    assert "revoke <" not in plain_of_message(member)
    assert "rotate <" not in plain_of_message(member)
    least = member_view.help_message("/apikeys", REF, Reader("U0BOB", may_check=False))
    assert list(buttons(least)) == ["Ask for a key", "Show my keys"]
    assert "/apikeys rotate <name or id>" in plain_of_message(least)


def test_a_row_of_the_list() -> None:
    used = key(last_used_at=NOW)
    shown = list_view.listing(list_view.Page([used], 1), REF)
    text = plain_of_message(shown)
    for expected in ("Zapier, production", used.hint, "read existing data, add new records"):
        assert expected in text
    assert "1 key" in text
    row = next(block for block in shown["blocks"] if block.get("block_id") == f"row_{used.id}")
    refs = [ActionPayload.decode(option["value"]) for option in row["accessory"]["options"]]
    assert [ref.do for ref in refs] == ["details", "rename", "edit", "rotate", "revoke"]
    assert {ref.key for ref in refs} == {used.id}


def test_a_list_turns_pages_within_its_search() -> None:
    shown = list_view.listing(page("a", 10, "zap"), REF)
    assert "41 to 50 of 100,000 keys" in plain_of_message(shown)
    back, on = (
        ActionPayload.decode(buttons(shown)[label]["value"]) for label in ("Previous", "Next")
    )
    assert (back.cursor, on.cursor) == ("c" * 100, "d" * 100)
    assert back.query == on.query == "zap"
    (search,) = (b for id_, b in inputs(shown).items() if ids.unversioned(id_) == ids.QUERY)
    assert search["dispatch_action"] is True
    assert search["element"]["initial_value"] == "zap"


def test_a_token_searched_for_is_not_kept_even_in_part() -> None:
    pasted = make("ak").reveal()
    for before in range(100, QUERY_MAX, 7):
        shown = list_view.listing(page("a", 1, "x" * before + " " + pasted), REF)
        assert pasted[16:22] not in json.dumps(shown)


def test_a_list_of_one_page_turns_nowhere() -> None:
    assert list(buttons(list_view.listing(list_view.Page([key()], 1), REF))) == ["New key"]


def test_an_empty_list_says_why() -> None:
    assert "no keys yet" in plain_of_message(list_view.listing(list_view.Page([], 0), REF))
    searched = list_view.listing(list_view.Page([], 0, query="x"), REF)
    assert "No key matches" in plain_of_message(searched)


def test_too_long_a_page_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 10"):
        list_view.listing(page("a", list_view.ROWS_MAX + 1), REF)


def test_the_new_key_modal_asks_for_five_things() -> None:
    view = create_view.new_key(create_view.Draft("U0ANN", "Zap"), REF)
    asked = inputs(view)
    assert list(asked) == [ids.NAME, ids.SCOPES, ids.OWNER, ids.LAST_DAY, ids.NOTE]
    assert asked[ids.NAME]["element"]["initial_value"] == "Zap"
    assert asked[ids.OWNER]["element"]["initial_user"] == "U0ANN"
    scopes = asked[ids.SCOPES]["element"]
    assert [option["value"] for option in scopes["options"]] == ["read", "write"]
    assert [option["value"] for option in scopes["initial_options"]] == ["read"]
    assert ActionPayload.decode(view["private_metadata"]) == REF


@pytest.mark.parametrize("poor", ["Test", "Old", "API"])
def test_a_poor_name_is_advised_on_and_may_be_kept(poor: str) -> None:
    advice = advice_on(poor)
    assert advice is not None
    created = create_view.new_key(create_view.Draft("U0ANN", poor, advice=advice), REF)
    for view in (created, rename_view.rename(key(), REF, poor, advice)):
        assert advice in plain_of_view(view)
        box = inputs(view)[ids.ANYWAY]
        assert box["optional"] is True
        assert box["element"]["options"][0]["value"] == block_inputs.ANYWAY_VALUE
        assert "initial_options" not in box["element"]


def test_outcomes_of_a_modal_ask_for_nothing_more() -> None:
    for view in (
        create_view.in_progress("a"),
        create_view.created(key()),
        create_view.creation_failed("Your messages are closed."),
        create_view.already_submitted(key()),
        rename_view.renamed(key(), "before"),
    ):
        assert "submit" not in view
        assert inputs(view) == {}


def test_renaming_to_the_same_name_says_so() -> None:
    assert "still Zapier, production" in plain_of_view(rename_view.renamed(key(), key().name))
    assert "before is now Zapier, production" in plain_of_view(rename_view.renamed(key(), "before"))


def with_token(minutes: int) -> Message:
    content = TokenContent(TOKEN, minutes, "https://api.example.com/documents")
    sent = DeliveryState.DELIVERED
    return delivery_message(
        key(), Purpose.NEW, DeliveryWay.DM, sent, by=BY, ref=REF, content=content
    )


def test_the_token_stands_alone_and_its_button_names_the_delivery() -> None:
    shown = with_token(15)
    codes = code_of_message(shown)
    assert TOKEN in codes
    assert [code for code in codes if TOKEN in code] == [TOKEN]
    text = plain_of_message(shown)
    assert "cannot be shown again" in text
    assert "after 15 minutes" in text
    stored = buttons(shown)["I've stored it"]
    assert stored["action_id"] == ids.STORED
    assert ActionPayload.decode(stored["value"]).delivery == REF.delivery
    assert "after 1 minute." in plain_of_message(with_token(1))


def test_the_message_after_the_token_has_no_button() -> None:
    shown = {
        state: delivery_message(key(), Purpose.NEW, DeliveryWay.DM, state, by=BY, ref=REF)
        for state in (DeliveryState.PENDING, DeliveryState.REMOVED, DeliveryState.CANCELLED)
    }
    assert [buttons(message) for message in shown.values()] == [{}, {}, {}]
    assert "no key was created" in plain_of_message(shown[DeliveryState.PENDING])


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("method", DeliveryWay)
def test_each_state_of_a_delivery_has_words_of_its_own(
    purpose: Purpose, method: DeliveryWay
) -> None:
    pending, removed, cancelled = (
        plain_of_message(delivery_message(key(), purpose, method, state, by=BY, ref=REF))
        for state in (DeliveryState.PENDING, DeliveryState.REMOVED, DeliveryState.CANCELLED)
    )
    assert len({pending, removed, cancelled}) == 3
    assert ("old" in cancelled) is (purpose is Purpose.ROTATION)


def test_the_question_before_revoking() -> None:
    shown = revoke_view.confirmation(key(last_used_at=NOW), REF)
    text = plain_of_message(shown)
    assert "Are you sure you want to revoke this API key?" in text
    assert "Last used\n2026-03-01 12:00 UTC" in text
    red, cancel = buttons(shown).values()
    assert (red["text"]["text"], red["style"]) == ("Revoke", "danger")
    assert "confirm" not in red
    assert cancel["text"]["text"] == "Cancel"
    assert "Last used\nnever" in plain_of_message(revoke_view.confirmation(key(), REF))


def test_after_the_decision_the_message_has_no_button() -> None:
    ended = revoked_key(reason="leaked")
    for shown in (
        revocation.revoked(ended, EVERYWHERE),
        revocation.already_revoked(ended),
        revoke_view.kept(key()),
    ):
        assert buttons(shown) == {}
    assert "by operator root@host" in plain_of_message(revocation.revoked(ended, EVERYWHERE))
    assert "Reason: leaked" in plain_of_message(revocation.already_revoked(ended))


def test_details_tell_state_and_history() -> None:
    expired = key(note="For invoices", expires_at=NOW, last_used_at=NOW, last_used_from="10.0.0.1")
    entries = [HistoryEntry(NOW, "key.renamed", ANN, {"from": "Old name", "to": "New name"})]
    sent = [Handover(ANN, NOW, None), Handover(OPERATOR, NOW, NOW)]
    shown = details_view.details(expired, entries, sent, NOW, REF)
    text = plain_of_message(shown)
    for expected in ("expired", "For invoices", "10.0.0.1", "renamed it: Old name → New name"):
        assert expected in text
    assert "still in the message" in text
    assert "on a terminal" in text
    assert list(buttons(shown)) == ["Rename", "Edit", "Rotate", "Revoke"]
    assert ActionPayload.decode(buttons(shown)["Revoke"]["value"]).key == expired.id
    before = details_view.details(expired, [], [], NOW - timedelta(days=1), REF)
    assert "active" in plain_of_message(before)


def test_who_revokes_is_told_how_many_gateways_know() -> None:
    ended = revoked_key()
    assert "3 of 3 gateways confirmed in 41 ms." in plain_of_message(
        revocation.revoked(ended, EVERYWHERE)
    )
    waiting = plain_of_message(revocation.revoked(ended, LATE))
    assert "1 of 3 gateways confirmed. web-2:8321 and <@U1> & co have not answered" in waiting
    assert "We'll message you" in waiting
    followed = plain_of_message(revoke_view.followed(ended, LATE))
    assert "1 of 3 gateways confirmed. web-2:8321 and <@U1> & co have not answered." in followed
    assert "Every running gateway" in plain_of_message(revoke_view.followed(ended, EVERYWHERE))
    assert "could not be checked" in plain_of_message(revocation.revoked(ended, None))


def test_within_a_sentence_today_is_small() -> None:
    ended = plain_of_message(revocation.revoked(revoked_key(), EVERYWHERE), now=NOW)
    assert ", today at 12:00 PM" in ended
    assert "created today" in plain_of_message(replies.choice("a", [key()], REF), now=NOW)


def test_details_of_a_revoked_key_offer_nothing() -> None:
    shown = details_view.details(revoked_key(reason="leaked"), [], [], NOW, REF)
    assert buttons(shown) == {}
    assert "Reason: leaked" in plain_of_message(shown)


def test_details_tell_who_made_a_key() -> None:
    made = key(creator=Actor.operator("`root`@<host>"))
    shown = details_view.details(made, [], [], NOW, REF)
    assert "by operator root@<host>" in plain_of_message(shown)


def test_a_revoked_candidate_says_so() -> None:
    shown = replies.unknown("Zapir", [revoked_key()], ActionPayload(NOW, do=ids.DO_DETAILS))
    assert "revoked 2026-03-01" in plain_of_message(shown)


def test_a_long_history_says_what_is_left_out() -> None:
    shown = details_view.details(key(), history("a", "b" * 500, 100), [], NOW, REF)
    assert "80 earlier entries are not shown." in plain_of_message(shown)


def test_a_choice_keeps_what_is_to_be_done() -> None:
    several = [key(id=f"key_{row}") for row in range(12)]
    shown = replies.choice("zap", several, ActionPayload(NOW, do=ids.DO_REVOKE))
    rows = [block for block in shown["blocks"] if "accessory" in block]
    refs = [ActionPayload.decode(row["accessory"]["value"]) for row in rows]
    assert [ref.key for ref in refs] == [f"key_{row}" for row in range(10)]
    assert {ref.do for ref in refs} == {"revoke"}
    assert "2 more match" in plain_of_message(shown)


def test_an_unknown_name_gets_the_nearest() -> None:
    shown = replies.unknown("Zapir", [key()], ActionPayload(NOW, do=ids.DO_DETAILS))
    assert "There is no key “Zapir”" in plain_of_message(shown)
    assert "Zapier, production" in plain_of_message(shown)


def test_a_mistyped_subcommand_gets_a_suggestion() -> None:
    shown = plain_of_message(replies.unknown_command("/apikeys", "revok", "revoke", REF))
    assert "Did you mean /apikeys revoke?" in shown
    kept = plain_of_message(replies.unknown_command("/apikeys", "revok", "revoke", REF, "Zap, <a>"))
    assert "Did you mean /apikeys revoke Zap, <a>?" in kept
    assert "Did you mean" not in plain_of_message(
        replies.unknown_command("/apikeys", "zzz", None, REF)
    )


def test_who_may_not_is_told_whom_to_ask() -> None:
    shown = replies.denied("Only admins may do this.", ["U0ANN", "W0BOB"])
    text = "".join(block["text"]["text"] for block in shown["blocks"])
    assert "Only admins may do this." in text
    assert "<@U0ANN>, <@W0BOB>" in text


def test_trouble_names_its_reference() -> None:
    assert "ref_1" in code_of_message(replies.internal_error("ref_1"))


def test_the_team_is_told_who_did_what() -> None:
    made = plain_of_message(notice(due("key.issued", OPERATOR)))
    assert made.startswith("Operator root@host created the key Zapier")
    assert "It may read existing data." in made
    ended = plain_of_message(notice(due("key.revoked", OPERATOR, reason="leaked")))
    assert ended.startswith("Operator root@host revoked the key Zapier")
    assert "(leaked)" in ended
    given_up = notice(due("key.abandoned", Actor.system("issuing")))
    assert "no key was created" in plain_of_message(given_up)


def test_a_notice_without_words_is_an_error() -> None:
    with pytest.raises(announcement_views.UnknownKind, match=r"key\.other"):
        notice(due("key.other"))


def test_only_a_search_box_that_shows_the_same_query_keeps_its_block_id() -> None:
    def box(query: str, searched_in: str = "") -> str:
        return str(search_box(query, ids.SEARCH, searched_in)["block_id"])

    assert box("zap") == box("zap") != box("")
    assert box("zap") != box("zapier")
    again = box("zap", box("zap"))
    assert again != box("zap") == box("zap", again)
    assert box("", box("zap")) == box("")
    assert {ids.unversioned(one) for one in (again, box(""))} == {ids.QUERY}


def test_a_version_changes_the_ids_of_inputs_alone() -> None:
    name, line = block_inputs.text("name", "Name", "x", most=9), {"type": "divider"}
    shown = block_inputs.showing("7", [name, line])
    assert [block.get("block_id") for block in shown] == ["name@7", None]
    assert shown[0]["element"] == name["element"]
    assert block_inputs.showing("8", [name])[0]["block_id"] != shown[0]["block_id"]
    assert ids.unversioned("name@7") == ids.unversioned("name") == "name"


CAPITAL = "<!date^1^{date_short_pretty}"


def _with_marks(part: Any) -> str:
    """All texts of a message in a row, with a mark where a date begins with a capital."""
    if isinstance(part, list):
        return "".join(map(_with_marks, part))
    if not isinstance(part, dict):
        return ""
    if part.get("type") == "date":
        return CAPITAL if str(part["format"]).startswith("{date_short_pretty}") else "a date"
    if isinstance(part.get("text"), str):
        return str(part["text"])
    return "".join(map(_with_marks, part.values())) + "\n"


def test_no_date_in_the_middle_of_a_sentence_begins_with_a_capital() -> None:
    # Slack writes "Today" at the beginning of a date, and "today" after words that are in it.
    inside = re.compile(r"[a-z,]\*? (?=<!date\^\d+\^\{date_short_pretty\})")
    texts = [_with_marks(each["blocks"]) for each in (*messages("N", "n"), *views("N", "n"))]
    assert sum(CAPITAL[:8] in text for text in texts) > 50
    found = [
        text[max(0, match.start() - 40) : match.end() + 40]
        for text in texts
        for match in inside.finditer(text)
    ]
    assert found == []


def test_our_words_have_a_capital_where_they_begin_a_sentence_and_a_users_words_stay() -> None:
    operator = person(OPERATOR)
    begun = plain_of_message(message(sentence(operator, " renamed it.")))
    assert begun == "Operator root@host renamed it."
    assert plain_of_message(message(sentence("By ", operator, "."))) == "By operator root@host."
    assert plain_of_message(message(sentence(text_element("operator x"), "."))) == "operator x."
