"""Who learns of each event, how, and what a phone shows; `pytest -s` prints the whole table."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

import keys.integrity.events
import keys.operations  # noqa: F401  (with it, every event is known)
from bot.access_requests import views as request
from bot.features import FEATURES
from bot.framework.feature import announcements
from bot.leaks import views as leak
from bot.manage_keys import revoke_view
from bot.offboarding import views as offboard
from bot.rotation import views as rotate
from bot.token_delivery import views as token
from bot.ui.message_text import spell_out
from keys.base.actors import Actor
from keys.base.policy import DeliveryWay
from keys.changes.audiences import AUDIENCES, Audience, Told, Way
from keys.changes.events import KINDS
from keys.changes.outbox import TEAM, to_person
from keys.delivery.completion import NOT_TAKEN
from keys.delivery.deliveries import DeliveryState, Purpose
from keys.leaks.detection import TokenStatus
from tests.bot.harness import block_samples as samples
from tests.bot.harness.block_samples import LATE, NOW, REF, due, key, notice, revoked_key

NAME = "Zapier, production"
ADA, TIMER = Actor.person("U0ADA"), Actor.system("timer")
NAMES = {"U0ADA": "Ada", "U0ANN": "Ann", "W0BOB": "Bob", "C0TEAM": "general"}
PEOPLE = {
    Audience.TEAM: TEAM, Audience.OWNER: to_person("U0ANN"),
    Audience.BACKUP_OWNER: to_person("W0BOB"),
    Audience.FORMER_OWNER: to_person("W0BOB"), Audience.HOLDER: to_person("W0BOB"),
    Audience.REQUESTER: to_person("U0ANN"), Audience.RECIPIENT: to_person("U0ANN"),
    Audience.ASKED_FOR_IT: to_person("U0ADA"), Audience.ADMINS: TEAM,
}  # fmt: skip
_FACTS = {"name": NAME, "owner": "U0ANN", "scopes": ["read", "write"]}
_ENDS = {"ends_at": NOW.isoformat(), "hint": "ak_7Fq2…x9Qe", "used_from": "10.1.0.0/16"}
_RESULT = {
    "owners": [["U0ANN", 2], ["", 1]], "total": 65, "decided": {"kept": 40, "revoked": 3},
    "deadline_at": NOW.isoformat(), "revokes_at": NOW.isoformat(), "doubtful": {},
}  # fmt: skip
# What is announced, as the events record it.
ANNOUNCED: dict[str, tuple[Actor, dict[str, Any]]] = {
    "key.issued": (ADA, {"recipient": "person:U0ANN", "expires_at": NOW.isoformat()}),
    "key.abandoned": (TIMER, {"reason": NOT_TAKEN}),
    "key.renamed": (ADA, {"from": "Zapier", "to": NAME}),
    "key.edited": (ADA, {
        "from": {"owner": "W0BOB", "scopes": "read", "expires_at": None},
        "to": {"owner": "U0ANN", "scopes": "read write", "expires_at": NOW.isoformat()},
    }),
    "key.limited": (ADA, {"rate_limit": "100/minute", "networks": ["10.0.0.0/8"]}),
    "key.revoked": (ADA, {"reason": "leaked"}),
    "expiry.accepted": (ADA, {"expires_at": NOW.isoformat()}),
    "keys.imported": (ADA, {"count": 64}),
    "key.rotated": (ADA, _ENDS),
    "rotation.abandoned": (TIMER, {}),
    "rotation.still_used": (TIMER, _ENDS),
    "rotation.ended": (TIMER, _ENDS),
    "token.remained": (TIMER, {"recipient": "person:U0ANN", "works": True}),
    "request.denied": (ADA, {"request": "ask_1", "requester": "U0ANN", "reason": "Use mine."}),
    "request.closed": (TIMER, {
        "request": "ask_1", "requester": "U0ANN", "reason": "no decision within 14 days",
    }),
    "offboarding.finished": (TIMER, {"person": "W0BOB", "keys": {"rotated": 18, "revoked": 2}}),
    "audit.escalated": (TIMER, _RESULT),
    "audit.revokes": (TIMER, _RESULT),
    "audit.finished": (TIMER, _RESULT),
    "audit.evidence_refused": (TIMER, {"differences": [f"Key “{NAME}”: other scopes."], "more": 0}),
    "digest.posted": (TIMER, {
        "since": NOW.isoformat(), "total": 65, "made": 3, "revoked": 1, "expiring": 4, "idle": 2,
        "never_used": 24,
    }),
    "tampering.found": (TIMER, {"count": 1, "findings": [{
        "table": "keys", "row": "key_1", "key": "key_1", "name": NAME,
        "what": "was changed by something other than this program",
    }]}),
    "channel.reminded": (TIMER, {
        "channel": "#api-keys", "fault": "archived", "since": NOW.isoformat(), "waiting": 3,
        "admin": "U0ADA",
    }),
    "channel.shared": (TIMER, {
        "channel": "C0TEAM", "external": True, "members": 9, "admin": "U0ADA",
    }),
    "channel.back": (TIMER, {"since": NOW.isoformat(), "count": 2, "missed": ["Ada left."] * 2}),
    "channel.chosen": (ADA, {"channel": "C0TEAM", "before": "#api-keys"}),
    "database.restored": (Actor.operator("root@host"), {"reason": "disk full", "known": 9}),
}  # fmt: skip
# News without one key, and those that are nobody's act.
NO_KEY = {"keys.imported", "offboarding.finished", "offboarding.started", "digest.posted",
          "database.restored"}  # fmt: skip
NO_KEY |= {kind for kind in KINDS if kind.startswith("channel.")}
NO_KEY |= {kind for kind in KINDS if kind.startswith("audit.")}


def announced(kind: str, who: Audience) -> dict[str, Any]:
    """What an audience is sent."""
    actor, data = ANNOUNCED[kind]
    recipient = PEOPLE[who]
    if recipient != TEAM and kind in ("keys.imported", "audit.revokes"):
        data = {**data, "yours": 3}
    entry = replace(due(kind, actor, **(_FACTS | data)), recipient=recipient)
    return notice(entry, lambda: ["U0ADA"])


def followed(kind: str, who: Audience) -> dict[str, Any]:
    """A live message as it is first posted."""
    asked = next(samples.asked_for(NAME, "Exports the invoices every night."))
    leaked = leak.Leak(key(NAME), TokenStatus("ak_7Fq2…x9Qe", works=True, ends_at=None), "C0TEAM",
                       "W0BOB")  # fmt: skip
    of_request = request.for_team if who is Audience.TEAM else request.for_requester

    def of_audit(begins: str) -> dict[str, Any]:
        return next(shown for shown in audits if shown["text"].startswith(begins))

    audits = [m for m in samples.audited(NAME, "") if NAME in str(m["blocks"])]
    return {
        "request.made": lambda: of_request(asked, REF),
        "key.rotated": lambda: rotate.followed(
            next(samples.rotations(NAME)), NOW - timedelta(seconds=1), REF
        ),
        "key.revoked": lambda: revoke_view.followed(revoked_key(NAME), LATE),
        "token.seen": lambda: leak.for_team(leaked, NOW, REF),
        "offboarding.started": lambda: offboard.for_team(next(samples.leaving(NAME)), REF),
        "audit.started": lambda: of_audit("Audit" if who is Audience.TEAM else "Which of your"),
        "audit.reminded": lambda: of_audit("Audit" if who is Audience.TEAM else "Which of your"),
        "audit.owner_asked": lambda: of_audit("<@U0ANN> asks"),
    }[kind]()


def delivered(kind: str) -> dict[str, Any]:
    """The first form of a token's message."""
    purpose = Purpose.ROTATION if kind == "rotation.asked" else Purpose.NEW
    return token.delivery_message(
        key(NAME), purpose, DeliveryWay.REVEAL, DeliveryState.PENDING, by=token.Maker(ADA), ref=REF
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def example(kind: str, told: Told) -> str:
    """What a phone shows of a new message; an edit notifies nobody."""
    if told.way is Way.EDIT:
        return ""
    sent: Callable[[], dict[str, Any]] = {
        Way.TOKEN: lambda: delivered(kind),
        Way.LIVE: lambda: followed(kind, told.who),
    }.get(told.way, lambda: announced(kind, told.who))
    return spell_out(sent()["text"], NAMES.get)


def test_every_event_has_a_row() -> None:
    ours = {kind for kind, event in KINDS.items() if event.__module__.startswith("keys.")}
    assert set(AUDIENCES) == ours


def test_whatever_is_announced_has_words_and_the_other_way_round() -> None:
    ways = {kind: {told.way for told in row} for kind, row in AUDIENCES.items()}
    announced_kinds = {kind for kind, used in ways.items() if used & {Way.CHANNEL, Way.DM}}
    assert announced_kinds == set(announcements(FEATURES)) == set(ANNOUNCED)


def test_the_table_with_what_each_phone_shows() -> None:
    for kind, row in AUDIENCES.items():
        if not row:
            _say(f"{kind:24} nobody")
        for told in row:
            text = example(kind, told).split("\n")[0]
            _say(f"{kind:24} {told.who:26} {told.way:29} {text}")


@pytest.mark.parametrize(
    ("kind", "told"), [(k, t) for k, row in AUDIENCES.items() for t in row if t.way is not Way.EDIT]
)
def test_a_phone_names_the_key_and_the_person_first(kind: str, told: Told) -> None:
    text = example(kind, told)
    first = text.split("\n")[0]
    if kind not in NO_KEY:
        assert NAME in (text if kind == "audit.evidence_refused" else first), text
    if told.way in (Way.CHANNEL, Way.DM) and ANNOUNCED[kind][0] == ADA:
        assert first.startswith("Ada "), text
    if kind.startswith("request.") and told.who is Audience.TEAM:
        assert first.startswith("Ann asks"), text
