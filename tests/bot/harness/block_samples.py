"""Every message, modal and Home that there is, made of whatever words it is given.

The one list of them: the tests hold it against Block Kit's rules, the code and the manifest, and
`scripts/validate-with-slack` shows it to the real Slack.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, Literal

from bot.access_requests import views as request
from bot.background import announcement_views
from bot.browse_keys import (
    check_view,
    details_view,
    export_view,
    help_view,
    history_view,
    list_view,
    member_view,
)
from bot.expiry import views as expiry
from bot.features import FEATURES
from bot.framework.announcement import AdminIds
from bot.framework.feature import announcements
from bot.home import view as home
from bot.leaks import views as leak
from bot.manage_keys import create_view, edit_view, rename_view, revoke_view
from bot.offboarding import views as offboard
from bot.reviews import bulk_view, item_view, summary_view
from bot.reviews import list_view as review_list
from bot.rotation import views as rotate
from bot.slack_api.errors import ChannelFault
from bot.team_channel import views as team_channel
from bot.token_delivery import views as token
from bot.ui import ids, inputs, replies, revocation
from bot.ui.command_name import command_name
from bot.ui.key_rows import Reader
from bot.ui.message_text import name_people
from bot.ui.payloads import ActionPayload
from bot.ui.search_box import QUERY_MAX
from keys.access_requests.queries import RequestView
from keys.access_requests.terms import Terms
from keys.base.actors import Actor
from keys.base.models import Handover, HistoryEntry, KeyView, RequestStage, State
from keys.base.policy import DeliveryWay
from keys.changes.outbox import OutboxEntry
from keys.changes.propagation import Propagation
from keys.delivery.completion import NOT_TAKEN
from keys.delivery.deliveries import DeliveryState, Purpose
from keys.leaks.detection import TokenStatus
from keys.lifecycle import expiry_reminders
from keys.offboarding import models as offboarding
from keys.offboarding.departures import DepartureReason
from keys.offboarding.models import BulkAction, Result
from keys.reviews.findings import RiskFinding
from keys.reviews.models import Decision, ReviewItem, ReviewView
from keys.reviews.models import Stage as ReviewStage
from keys.reviews.pages import OwnersPage, ReviewPage
from keys.reviews.queries import LatestDecisions
from keys.rotation.queries import RotationView, Stage
from keys.search.diagnosis import CopyError, Diagnosis, DiagnosisResult
from keys.search.due import DueReason
from keys.search.filters import KeyFilter
from keys.search.sorting import default_sort

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANN, BOB = Actor.person("U0ANN"), Actor.person("W0BOB")
OPERATOR = Actor.operator("root@host")
TOKEN = "ak_7Fq2mZr81LdW_" + "s" * 43 + "_0x9QeA"
EVERYWHERE = Propagation(running=3, waiting=(), seconds=0.041)
LATE = Propagation(running=3, waiting=("web-2:8321", "<@U1> & co"), seconds=1.0)
PROPAGATIONS = (EVERYWHERE, LATE, Propagation(0, (), 0.001), None)
BY = token.Maker(BOB)
REF = ActionPayload(NOW, key="key_7Fq2mZr81LdW", delivery="dlv_7Fq2mZr81LdW", request="req_1")

# Short words, and the longest: an ampersand takes five characters in Slack's texts.
WORDS = (("Zapier, production", "Exports the invoices every night."), ("&" * 80, "&" * 500))


@dataclass(frozen=True)
class Sample:
    """A message, or a view: a modal or a Home. The name says which one it is to people."""

    kind: Literal["message", "view"]
    name: str
    payload: dict[str, Any]


def samples() -> Iterator[Sample]:
    """Everything that the bot draws, in short words and in long ones, each once."""
    seen = set()
    for name, note in WORDS:
        for number, message in enumerate(messages(name, note), 1):
            if (text := json.dumps(message)) not in seen:
                seen.add(text)
                yield Sample("message", _name("message", number, message["text"]), message)
        for number, view in enumerate(views(name, note), 1):
            if (text := json.dumps(view)) not in seen:
                seen.add(text)
                title = view["title"]["text"] if "title" in view else ""
                yield Sample("view", _name(view["type"], number, title), view)


def _name(kind: str, number: int, text: str) -> str:
    words = " ".join(text.split())
    words = words if len(words) <= 50 else words[:49] + "…"
    return f"{kind} {number}" + (f" “{words}”" if words else "")


def key(name: str = "Zapier, production", **changes: Any) -> KeyView:
    """An active key, unless changed."""
    values: dict[str, Any] = {
        "id": "key_7Fq2mZr81LdW",
        "account_id": "acc_1",
        "state": State.ACTIVE,
        "name": name,
        "hint": "ak_7Fq2…x9Qe",
        "scopes": ("read", "write"),
        "owner": "U0ANN",
        "creator": ANN,
        "note": "",
        "created_at": NOW,
        "expires_at": None,
        "last_used_at": None,
        "last_used_from": None,
        "revoked_at": None,
        "revoked_by": None,
        "revoked_reason": "",
        "rate_limit": "",
        "networks": (),
    }
    return KeyView(**(values | changes))


def revoked_key(name: str = "Zapier, production", reason: str = "") -> KeyView:
    """A key that an operator has revoked."""
    ended = {"revoked_at": NOW, "revoked_by": OPERATOR, "revoked_reason": reason}
    return key(name, state=State.REVOKED, **ended)


def due(kind: str, actor: Actor = ANN, **data: Any) -> OutboxEntry:
    """A notice as the outbox hands it out."""
    facts = {"key_id": "key_1", "name": "Zapier", "owner": "U0ANN", "scopes": ["read"]}
    return OutboxEntry("ntc_1", "acc_1", kind, "team", facts | data, actor, NOW, 0)


def notice(entry: OutboxEntry, admins: AdminIds = tuple) -> dict[str, Any]:
    """An entry's message in the words of its feature."""
    return announcement_views.render(announcements(FEATURES), entry, admins)


def rotations(name: str) -> Iterator[RotationView]:
    """Rotations in every state."""
    day = timedelta(days=1)
    running = RotationView(
        id="rot_7Fq2mZr81LdW",
        key=key(name),
        stage=Stage.RUNNING,
        started_by=ANN,
        started_at=NOW,
        ends_at=NOW,
        ended_by=None,
        grace=day,
        old_hint="ak_7Fq2…x9Qe",
        new_hint="ak_9Zz1…Q0aA",
        old_used_at=None,
        old_used_from=None,
        new_used_at=None,
    )
    yield running
    yield replace(running, old_used_at=NOW, old_used_from="10.1.0.0/16", new_used_at=NOW)
    yield replace(running, stage=Stage.ENDED, ends_at=NOW, ended_by=BOB)
    yield replace(running, stage=Stage.ENDED, ends_at=NOW, ended_by=Actor.system("timer"))
    yield replace(running, key=revoked_key(name))


def asked_for(name: str, note: str) -> Iterator[RequestView]:
    """Requests in every state."""
    opened = RequestView(
        id="ask_7Fq2mZr81LdW",
        requester="U0ANN",
        name=name,
        terms=Terms(("read", "write"), None),
        reason=note or "n",
        stage=RequestStage.OPEN,
        created_at=NOW,
        closes_at=NOW,
        decided_by=None,
        decided_at=None,
        decision_reason="",
        key_id=None,
        attempts=0,
    )
    yield opened
    yield replace(opened, decision_reason="the token could not be delivered", attempts=1)
    for stage in RequestStage:
        for by in (BOB, Actor.system("timer")):
            decided = replace(
                opened, stage=stage, decided_by=by, decided_at=NOW, decision_reason=note
            )
            yield decided
            yield replace(decided, granted=Terms(("read",), NOW.date()))


def leaving(name: str) -> Iterator[offboarding.OffboardingView]:
    """Offboardings in every state, with few keys and with many."""
    item = offboarding.OffboardingItem(
        key=key(name, owner="W0BOB", last_used_at=NOW),
        relations=offboarding.KeyRelation(created=True, owned=True, sent=True),
        knows=True,
        owns=True,
        result=None,
        by=None,
        at=None,
        action=None,
        problem="",
    )
    backed = replace(item, key=key(name, backup_owner="W0BOB"), knows=False)
    waiting = [replace(item, action=action) for action in BulkAction]
    failed = replace(item, problem=f"“{name}” is being rotated already.", owns=False)
    done = [
        replace(item, result=result, by=by, at=NOW) for result in Result for by in (BOB, OPERATOR)
    ]
    opened = offboarding.OffboardingView(
        id="off_7Fq2mZr81LdW",
        person="W0BOB",
        why="asked",
        stage=offboarding.Stage.OPEN,
        started_by=ANN,
        created_at=NOW,
        ended_at=None,
        ended_by=None,
        returned=False,
        items=[item],
    )
    yield opened
    for why in DepartureReason:
        for returned in (True, False):
            yield replace(
                opened, why=why, returned=returned, items=[backed, *waiting, failed, *done]
            )
    yield replace(opened, items=[item] * 500)
    for stage in (offboarding.Stage.FINISHED, offboarding.Stage.CLOSED):
        for items in ([item], done, done * 50):
            yield replace(opened, stage=stage, ended_at=NOW, ended_by=BOB, items=items)


def in_review(name: str) -> ReviewItem:
    """A key without a decision, of every finding."""
    return ReviewItem(
        key=key(name, owner="W0BOB", last_used_at=NOW, expires_at=NOW),
        risk_findings=tuple(RiskFinding), decision=None, by=None, at=None, reason="", asked_at=None,
    )  # fmt: skip


def running_review() -> ReviewView:
    """An open audit of many keys."""
    return ReviewView(
        id="aud_7Fq2mZr81LdW",
        period="2026-10-05T07:00+00:00",
        stage=ReviewStage.OPEN,
        started_by=ANN,
        created_at=NOW,
        deadline_at=NOW,
        ended_at=None,
        total=5_000,
        flagged=dict.fromkeys(RiskFinding, 1_000),
        decided={},
        revokes_at=None,
        reminders=0,
    )


def reviewed_in_bulk(name: str, note: str) -> Iterator[dict[str, Any]]:
    """The modal that reviews many keys, and the one about one of them."""
    item, running = in_review(name), running_review()
    ended = replace(running, stage=ReviewStage.FINISHED, ended_at=NOW)
    ref = ActionPayload(NOW, about=running.id)
    items = [
        replace(item, key=replace(item.key, id=f"key_{n:012}", owner="W0BOB" if n % 3 else None))
        for n in range(bulk_view.PAGE_MAX)
    ]
    keys = [one.key.id for one in items]
    results = (
        None,
        bulk_view.Result(bulk_view.kept(20, 20), keys),
        bulk_view.Result(bulk_view.undone(1)),
    )
    for suggested in (frozenset(keys), frozenset(keys[:7]), frozenset[str]()):
        for result in results:
            page = ReviewPage(items, suggested, 5_000, len(suggested), 40, "0-40", "0-20", "1-60")
            yield bulk_view.review(running, page, ref, lambda at: at.date(), result)
    nothing = ReviewPage([], frozenset(), 0, 0, 0, "", None, None)
    for view in (running, ended):
        yield bulk_view.review(view, nothing, ref, lambda at: at.date(), results[1])
        for one in (item, replace(item, key=key(name, owner=None)), *decided_on(item, note)):
            yield bulk_view.one(view, one, NOW, ref)


def decided_on(item: ReviewItem, note: str) -> list[ReviewItem]:
    """The key with every decision."""
    return [
        replace(item, decision=how, by=by, at=NOW, reason=note)
        for how in Decision
        for by in (BOB, Actor.system("audit"))
    ]


def audited(name: str, note: str) -> Iterator[dict[str, Any]]:
    """The audit's messages in every state, with few keys and with many."""
    item = in_review(name)
    plain = replace(item, risk_findings=(), asked_at=NOW, key=key(name, owner=None))
    idle = replace(item, risk_findings=(RiskFinding.IDLE,), key=key(name, id="key_other"))
    many = [
        replace(item, key=replace(item.key, id=f"key_{n:012}"))
        for n in range(review_list.ITEMS_MAX)
    ]
    done = decided_on(item, note)
    latest = [
        LatestDecisions(by, how, count, item.key)
        for by, how, count in (
            (BOB, Decision.KEPT, 1), (ANN, Decision.KEPT, 20), (BOB, Decision.REVOKED, 1),
        )
    ]  # fmt: skip
    running = running_review()
    decided = dict.fromkeys(Decision, 900)
    ended = replace(running, stage=ReviewStage.FINISHED, ended_at=NOW, decided=decided, total=4_500)
    for view in (
        running,
        replace(running, decided=decided, revokes_at=NOW),
        replace(running, total=1, flagged={}),
        ended,
    ):
        for page in (
            None,
            OwnersPage([], 0, 0, 0, 0),
            OwnersPage(many, 5_000, 6, 5_000, 6),
            OwnersPage([plain, idle], 9, 3, 4, 2),
            *(OwnersPage([idle, one], 2, 0, 1, 0) for one in done),
            OwnersPage(done[:1], 1, 0, 0, 0),
        ):
            for replaced in (True, False):
                shown = review_list.ReviewListView(view, page, latest, NOW, replaced)
                yield review_list.board(
                    shown, ActionPayload(NOW, about=view.id, query=f"{view.id}:2")
                )
        for one in (item, *done):
            yield item_view.asks_owner(view, one, ANN, ActionPayload(NOW, about=view.id))
        yield item_view.asks_owner(view, item, None, ActionPayload(NOW, about=view.id))
        yield summary_view.status(view, NOW, REF)
        yield summary_view.status(view, None, REF)
        yield summary_view.begun(view, before=True)
        yield summary_view.begun(view, before=False)
    yield summary_view.status(None, NOW, REF)
    yield summary_view.status(None, None, REF)
    for one in (item, plain, *done):
        yield item_view.decided(one)
        yield item_view.owner_asked(one)
    data = {
        "owners": [["U0ANN", 40], ["W0BOB", 2], ["", 7]] * 10,
        "total": 5_000,
        "decided": dict.fromkeys(Decision, 1_000),
        "deadline_at": NOW.isoformat(),
        "revokes_at": NOW.isoformat(),
        "doubtful": dict.fromkeys(RiskFinding, 1_000),
    }
    yield notice(due("audit.escalated", Actor.system("audit"), **data), lambda: ["U0ANN"] * 10)
    yield notice(due("audit.revokes", Actor.system("audit"), **data))
    yield notice(due("audit.revokes", Actor.system("audit"), **data, yours=1))
    refused = {"audit": "aud_1", "differences": ["Key “Zapier” (key_1): reason is “ü”."] * 5}
    for more in (0, 1_000):
        data_of_refusal = refused | {"more": more}
        yield notice(
            due("audit.evidence_refused", Actor.system("audit"), **data_of_refusal),
            lambda: ["U0ANN"] * 10,
        )
    before = {"total": 4_000, "doubtful": dict.fromkeys(RiskFinding, 900)}
    yield notice(due("audit.finished", Actor.system("audit"), **data, before=before))
    yield notice(due("audit.finished", Actor.system("audit"), **data))
    counts = dict.fromkeys(("total", "made", "revoked", "expiring", "idle", "never_used"), 1_000)
    yield notice(due("digest.posted", Actor.system("schedule"), **counts, since=NOW.isoformat()))


def page(name: str, rows: int, query: str = "") -> list_view.Page:
    """A page in the middle of many keys."""
    keys = [key(name, id=f"key_{row:012}", last_used_at=NOW) for row in range(rows)]
    return list_view.Page(
        keys, 100_000, 41, query, previous_cursor="c" * 100, next_cursor="d" * 100
    )


def history(name: str, note: str, length: int) -> list[HistoryEntry]:
    """A record with entries of every kind."""
    data = {"from": name, "to": name, "reason": note}
    edited = {
        "from": {"scopes": "read", "owner": None, "note": note, "expires_at": NOW.isoformat()},
        "to": {"scopes": "read write", "owner": "U0ANN", "note": name, "expires_at": None},
    }
    kinds = [*history_view.WORDS, "key.other"]
    who = (ANN, OPERATOR, Actor.system("issuing"))
    return [
        HistoryEntry(
            NOW,
            kind := kinds[i % len(kinds)],
            who[i % len(who)],
            edited if kind == "key.edited" else data,
        )
        for i in range(length)
    ]


def messages(name: str, note: str) -> Iterator[dict[str, Any]]:
    """Every message as Slack gets it, with that name and note wherever people's words may stand.

    Its text still has references to people, which the client spells out.
    """
    for drawn in _messages(name, note):
        yield {**drawn, "blocks": name_people(drawn["blocks"], {"W0BOB": "Bob"}.get)}


def _messages(name: str, note: str) -> Iterator[dict[str, Any]]:
    full = key(name, note=note or "n", expires_at=NOW, last_used_at=NOW, last_used_from="10.0.0.1")
    ended = revoked_key(name, note)
    sent = [Handover(ANN, NOW, None), Handover(OPERATOR, NOW, NOW + timedelta(hours=1))] * 30
    yield help_view.help_message(command_name(), REF)
    yield member_view.for_others("Guests cannot manage API keys.")
    yield member_view.no_check(REF)
    yield request.only_admins_create(replace(REF, query=name))
    for reader in (Reader("U0ANN"), Reader("U0ANN", may_rotate=False, may_check=False)):
        yield member_view.help_message(command_name(), REF, reader)
        for rows, query in ((0, ""), (0, note), (list_view.ROWS_MAX, note)):
            yield list_view.listing(page(name, rows, query[:QUERY_MAX]), REF, reader)
        yield details_view.details(full, [], [], NOW, REF, reader=reader)
    for near in ([], [full]):
        yield member_view.not_owned(name, near, replace(REF, do=ids.DO_DETAILS))
    for rows, query in ((0, ""), (0, note), (1, ""), (list_view.ROWS_MAX, note)):
        yield list_view.listing(page(name, rows, query[:QUERY_MAX]), REF)
    yield list_view.listing(list_view.Page([key(name, owner=None)], 1), REF)
    content = token.TokenContent(TOKEN, 15, "https://api.example.com/documents")
    yield token.delivery_message(
        full, Purpose.NEW, DeliveryWay.DM, DeliveryState.DELIVERED, by=BY, ref=REF, content=content
    )
    for purpose, method, state in product(Purpose, DeliveryWay, DeliveryState):
        for by in (BY, token.Maker(BOB, approved=True), token.Maker(ANN, is_recipient=True)):
            yield token.delivery_message(full, purpose, method, state, by=by, ref=REF)
    for leaked in (full, ended):
        for standing in (
            TokenStatus("ak_7Fq2…x9Qe", works=True, ends_at=None),
            TokenStatus("ak_7Fq2…x9Qe", works=True, ends_at=NOW),
            TokenStatus("ak_7Fq2…x9Qe", works=False, ends_at=NOW),
        ):
            for poster in ("U0ANN", ""):
                for more in (("", ()), ("https://acme.slack.com/archives/C1/p1", ("U0ANN",))):
                    shown_leak = leak.Leak(leaked, standing, "C0TEAM", poster, *more)
                    yield leak.for_team(shown_leak, NOW, REF)
    for works, done in ((True, True), (True, False), (False, False)):
        yield leak.for_poster(works=works, revoked=done)
    yield leak.for_outsider()
    for asked in asked_for(name, note):
        yield request.for_team(asked, ActionPayload(NOW, about=asked.id))
        yield request.for_requester(asked, ActionPayload(NOW, about=asked.id))
    yield from audited(name, note)
    for found in leaving(name):
        yield offboard.for_team(found, ActionPayload(NOW, about=found.id))
    yield export_view.on_its_way()
    yield export_view.not_granted("apikeys export")
    for private in (True, False):
        yield offboard.begun("W0BOB", private=private)
    for had in (1, 2):
        for where in ("C0TEAM", "#" + "x" * 60):
            ref = ActionPayload(NOW, about="W0BOB")
            yield offboard.question("W0BOB", 20, had, 3 - had, where, ref)
    yield offboard.nothing("W0BOB")
    dated = key(name, expires_at=NOW, backup_owner="W0BOB")
    for days in (30, 7, 1):
        yield expiry.reminder(dated, days, REF)
    yield expiry.expired(dated, REF)
    for over in (True, False):
        yield expiry.settled(dated, is_over=over)
        yield expiry.settled(replace(dated, expiry_accepted_by=ANN), is_over=over)
    for count in (1, 4, 600):
        decided = Counter(dict.fromkeys(expiry.Outcome, count))
        together = expiry.Shared(NOW, [dated] * count, decided)
        for days in (*expiry_reminders.STAGES, expiry_reminders.EXPIRED):
            yield expiry.shared(together, days, REF)
            yield expiry.shared(together, days, None)
            yield expiry.shared_settled(together, is_over=days == 0)
            yield expiry.shared_settled(replace(together, waiting=[]), is_over=days == 0)
    yield expiry.settled(ended, is_over=False)
    yield expiry.settled(full, is_over=False)
    yield details_view.details(dated, history(name, note, 100), [], NOW, REF)
    for rotation in rotations(name):
        yield rotate.followed(
            rotation, NOW - timedelta(seconds=1), ActionPayload(NOW, about=rotation.id)
        )
        yield rotate.followed(rotation, NOW - timedelta(seconds=1), None)
    yield revoke_view.confirmation(full, REF)
    for propagation in PROPAGATIONS:
        yield revocation.revoked(ended, propagation)
        if propagation is not None:
            yield revoke_view.followed(ended, propagation)
    yield revocation.already_revoked(ended)
    yield revoke_view.kept(full)
    yield details_view.details(full, history(name, note, 100), sent, NOW, REF, [0, 1, 5_000] * 10)
    yield details_view.details(ended, history(name, note, 3), [], NOW, REF)
    yield details_view.details(key(name), [], [], NOW, REF)
    several = [key(name, id=f"key_{row:012}") for row in range(30)]
    yield replies.choice(note, several, ActionPayload(NOW, do=ids.DO_REVOKE))
    yield replies.unknown(note, several, ActionPayload(NOW, do=ids.DO_REVOKE))
    yield replies.unknown(name, [], ActionPayload(NOW))
    yield replies.unknown_command(command_name(), note, "revoke", REF)
    yield replies.unknown_command(command_name(), note, None, REF)
    yield replies.denied(f"Only admins may do this. {note}", ["U0ANN"] * 30)
    yield replies.denied("Only admins may do this.", [])
    yield replies.domain_error(f"“{name}” was revoked and can no longer be renamed. {note}")
    yield replies.expired()
    yield replies.outdated(REF)
    yield replies.outdated(ActionPayload(NOW))
    yield replies.busy()
    yield replies.internal_error("r" * 300)
    for actor in (ANN, BOB, OPERATOR):
        yield notice(due("key.issued", actor, name=name, scopes=["read", "write"]))
        yield notice(due("key.revoked", actor, name=name, reason=note))
    yield notice(due("key.issued", OPERATOR, name=name, owner=None, scopes=[]))
    yield notice(due("key.abandoned", Actor.system("issuing"), name=name))
    yield notice(due("key.abandoned", Actor.system("issuing"), name=name, reason=NOT_TAKEN))
    for results in ({"rotated": 2, "revoked": 1}, {}):
        yield notice(due("offboarding.finished", BOB, person="W0BOB", keys=results))
    for number in (1, 100_000):
        yield notice(due("keys.imported", OPERATOR, count=number))
    ends = {"ends_at": NOW.isoformat(), "hint": "ak_7Fq2…x9Qe", "used_from": "10.1.0.0/16"}
    for kind in ("rotation.still_used", "rotation.ended", "rotation.abandoned"):
        yield notice(due(kind, Actor.system("timer"), name=name, **ends))
    you = {"from": {"owner": "W0BOB"}, "to": {"owner": "U0ANN", "backup_owner": "W0BOB"}}
    moved = {"from": {"scopes": "read", "note": ""}, "to": {"scopes": "", "note": note or "n"}}
    limits = {"rate_limit": "100/minute", "networks": ["10.0.0.0/8"]}
    for kind, data in (
        ("key.issued", {}),
        ("key.revoked", {"reason": note}),
        ("key.rotated", ends),
        ("key.renamed", {"from": name, "to": name}),
        ("key.edited", you),
        ("key.edited", moved),
        ("key.limited", limits),
        ("expiry.accepted", {"expires_at": NOW.isoformat()}),
        ("request.denied", {"request": "ask_1", "requester": "U0ANN", "reason": note}),
        ("request.closed", {"request": "ask_1", "requester": "U0ANN", "reason": note}),
        ("keys.imported", {"count": 64, "yours": 3}),
    ):
        entry = due(kind, BOB, **({"name": name} | data))
        for recipient in ("team", "person:U0ANN", "person:W0BOB"):
            yield notice(replace(entry, recipient=recipient))
    for works in (True, False):
        remained = {"name": name, "recipient": str(Actor.person("U0ANN")), "works": works}
        yield notice(due("token.remained", Actor.system("timer"), **remained))
    yield from of_the_channel(name, note)


def of_the_channel(name: str, note: str) -> Iterator[dict[str, Any]]:
    """Every message about the team's channel."""
    since = {"since": NOW.isoformat()}
    for fault in ChannelFault:
        lost = {"channel": "#" + "x" * 79, "fault": fault.value, "waiting": 100_000, **since}
        yield notice(due("channel.reminded", Actor.system("slack"), **lost))
    missed = [f"Ann revoked “{name}”. {note}"] * 30
    for lines in (missed, []):
        yield notice(due("channel.back", Actor.system("slack"), count=4711, missed=lines, **since))
    for before in ("#api-keys", "C0123456789"):
        yield notice(due("channel.chosen", ANN, channel="C0NEW", before=before))
    for external in (True, False):
        read = {"channel": "C0NEW", "external": external, "members": 100_000}
        yield notice(due("channel.shared", Actor.system("slack"), **read))
    yield team_channel.refused("The channel is archived. Choose another one, or unarchive it.")


def waiting_in_home(name: str, note: str) -> list[dict[str, Any]]:
    """More requests than App Home shows, one of them the admin's own."""
    opened = [one for one in asked_for(name, note) if one.stage is RequestStage.OPEN]
    others = [
        replace(one, id=f"ask_{n:012}", requester="U0BOB") for n, one in enumerate(opened * 8)
    ]
    return request.in_home([*opened, *others], "U0ANN", REF)


def homes(name: str, note: str) -> Iterator[dict[str, Any]]:
    """Every App Home."""
    counts = [0, 1, 1_000_000] * 10
    for number, query in (
        (0, ""),
        (0, note),
        (1, ""),
        (list_view.ROWS_MAX, note[:QUERY_MAX]),
    ):
        keys = [
            key(name, id=f"key_{row:012}", last_used_at=NOW, expires_at=NOW)
            for row in range(number)
        ]
        for shelf in KeyFilter:
            shown = home.Page(
                keys, 100_000, 41, {each.id: counts for each in keys[1:]}, query,
                key_filter=shelf, sort=default_sort(shelf),
                counts=dict.fromkeys(KeyFilter, 100_000),
                due={each.id: list(DueReason) for each in keys}, owners_unknown=True,
                previous_cursor="key_7Fq2mZr81LdW", next_cursor="key_7Fq2mZr81LdW",
            )  # fmt: skip
            yield home.for_admin(shown, REF)
            lost = team_channel.notice("#" + "x" * 79, ChannelFault.ARCHIVED, NOW)
            yield home.for_admin(shown, REF, [*lost, *waiting_in_home(name, note)])
            yield home.for_owner(shown, REF, Reader("U0ANN"), ("Ada <b>*", "Ben"))
            own = request.own_in_home(list(asked_for(name, note))[:5], REF)
            yield home.for_owner(shown, REF, Reader("U0ANN", may_rotate=False), (), own)
    yield home.for_others("Guests cannot manage API keys.")


def views(name: str, note: str) -> Iterator[dict[str, Any]]:
    """Every modal and App Home."""
    yield from homes(name, note)
    poor = "It does not say what uses the key."
    networks = tuple(f"10.{number}.0.0/16" for number in range(20))
    limited = key(name, note=note, networks=networks, rate_limit="100/minute", owner=None)
    yield create_view.new_key(create_view.Draft("U0ANN"), REF)
    yield create_view.new_key(create_view.Draft("W0BOB", name, (), note), REF)
    yield create_view.new_key(create_view.Draft("U0ANN", name, ("read", "write"), note, poor), REF)
    yield create_view.in_progress(name)
    yield create_view.created(key(name))
    yield create_view.creation_failed(f"There is a key “{name}” already. {note}")
    yield create_view.already_submitted(key(name))
    for draft in (
        request.Draft(),
        request.Draft(name, ("read", "write"), note, poor, admin=True),
    ):
        yield request.ask(draft, command_name(), REF)
    yield item_view.say_why(key(name), REF)
    yield from reviewed_in_bulk(name, note)
    yield offboard.ask(REF)
    yield offboard.transfer_modal(key(name), 1, REF)
    for number in (1, 5_000):
        yield offboard.transfer_modal(None, number, REF)
        yield offboard.ownership_transferred("U0ANN", number)
        yield offboard.in_progress(number)
    yield check_view.ask(REF)
    for case in DiagnosisResult:
        for slips in ((), tuple(CopyError)):
            about = limited if case is not DiagnosisResult.REVOKED else revoked_key(name)
            yield check_view.answer(
                Diagnosis(case, slips, about, "ak_7Fq2…x9Qe", NOW, NOW, NOW, "10.1.0.0/16"), REF
            )
    yield check_view.answer(Diagnosis(DiagnosisResult.FINE, (), key(name), "ak_7Fq2…x9Qe"), REF)
    yield request.submitted(name)
    yield request.already_submitted()
    for asked in asked_for(name, note):
        yield request.deny(asked, ActionPayload(NOW, about=asked.id))
        yield request.approve(asked, NOW.date(), ActionPayload(NOW, about=asked.id))
        yield request.approving(asked)
        yield request.not_approved(note or "n")
        yield request.decided(asked)
    yield create_view.reveal_pending(key(name))
    day = NOW.date()
    yield create_view.new_key(create_view.Draft("U0ANN", last_day=day, latest=day), REF)
    yield edit_view.edit(key(name), None, None, REF)
    yield edit_view.edit(limited, day, day, REF, changed_by=BOB)
    yield edit_view.saved(key(name), [], None)
    for propagation in PROPAGATIONS:
        yield edit_view.saved(key(name), list(inputs.FIELD_NAMES), propagation)
        yield edit_view.saved(key(name), ["owner"], propagation)
    yield expiry.extend(key(name, expires_at=NOW), day, None, REF)
    yield expiry.extend(key(name), None, day, REF)
    yield expiry.extended(key(name, expires_at=NOW))
    yield expiry.extended(key(name))
    for purpose in Purpose:
        yield token.token_shown(key(name), TOKEN, "https://api.example.com/", REF, purpose, BY)
    yield rotate.rotate(key(name), "U0ANN", REF)
    yield rotate.rotate(key(name), "U0ANN", REF, is_leaked=True)
    yield rotate.in_progress(key(name))
    yield rotate.reveal_pending(key(name), "W0BOB")
    yield rotate.not_rotated(f"“{name}” was revoked. {note}"[:500])
    for rotation in rotations(name):
        yield rotate.rotated(rotation, "U0ANN")
    yield rename_view.rename(key(name), REF)
    yield rename_view.rename(key(name), REF, note)
    yield rename_view.rename(key(name), REF, note, poor)
    yield rename_view.renamed(key(name), note or "before")
    yield rename_view.renamed(key(name), name)
