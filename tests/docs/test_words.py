"""Names and phrases that are not used: there is a term that everybody in the field knows.

The left side of NAMES was once a name in this code, the right side is what says it now. Names are
classes, functions, parameters, attributes, modules and variables. What is stored or sent keeps its
name (columns, kinds of events, payloads of buttons): those are texts, and no names of Python's.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = [
    "bench",
    "bot",
    "cli",
    "gateway",
    "keys",
    "runtime",
    "sandbox",
    "scripts",
    "settings",
    "storage",
]

NAMES = dict(
    line.split(" = ")
    for line in """
house = application
House = Application
open_house = open_application
Turn = Interaction
turn = interaction
Errand = TokenDelivery
errand = delivery
hand_over = deliver_token / transfer_ownership
handed_over = ownership_transferred
given_up = on_cancelled
came_to_work = on_key_activated
settling = subscribers
Shelf = KeyFilter
shelf = filter
shelves = filters
Doubt = RiskFinding
doubts = risk_findings
doubtful = flagged
Advice = Recommendation
weight = severity
Spread = Propagation
spreading = propagation
in_words = describe
Beside = BackgroundTasks
beside = background_tasks
needs = required_scopes
needed = required_scopes
Someone = Departure / TourUser
gone_since = departed_at
Left = DepartureReason
noticed = record_departure
Hands = UserActions
hands = actions
Wish = BulkAction
wish = action
Wanted = KeyUpdate
wanted_by = action_requested_by
wanted_for = action_recipient
wanted_at = action_requested_at
want = request_bulk_action
Ties = KeyRelation
ties = relations
heir = successor
pass_on = transfer_to_recipient
claim_work = claim_bulk_item
work_done = complete_bulk_item
Work = BulkItem
glance = try_read_now
WouldWait = WouldBlock
mark = cache_key / marker / status
Mark = CheckStatus
filled_in = form_values
Ref = ActionPayload
BadRef = InvalidPayload
refs = payloads
Pulse = FeedBatch
Changed = FeedEntry
Following = Worker / BackgroundTasks
following = worker / live_updater
LiveMessages = LiveMessageUpdater
Live = LiveMessage
Drawing = RenderedMessage
may_stand = may_be_posted_already
touch = mark_stale
touch_each = mark_stale_by_prefix
nudge = wake
hurry = prioritise
EveryWorkspace = WorkspaceRoundRobin
Rounds = WorkSource
Letter = OutgoingMessage
Standing = PostedMessage / TokenStatus
Reservation = PendingKey
reserve = create_pending
abandon = cancel
Sighting = LeakedToken
forget = purge
Chore = PeriodicJob
chores = periodic
claim_moment = claim_scheduled_run
moment_is_due = is_scheduled_run_due
sweep = run_due
have_news = has_due_work
Shown = HomeState
shown = state
offer = reveal_message
Revealed = RevealedToken
how = method
place = channel_id
Moment = UtcDateTime
moment = scheduled_at / format_time
began = account_created_at
NotPossibleNow = InvalidState
ChangedMeanwhile = EditConflict
KeysError = DomainError
NameRefused = InvalidName
AlreadyRequested = DuplicateRequest
ReservationLost = DeliveryExpired
Fresh = NewKey
Known = CachedKey
Tally = UsageCounter
Memory = VerdictCache
Follower = CacheInvalidator
Presence = Heartbeat
Ledger = ReplicaPositions
Hot = FastPath
hot = fast_path
glance_imported = try_read_imported_now
Slip = CredentialError / CopyError
Flaw = TokenFormatError
Verdict = EvidenceVerification
filed_at = evidence_posted_at
claim_to_file = claim_evidence_posting
filed = mark_evidence_posted
Board = ReviewListView
Seal = TokenCipher
sealing = encryption
seal_anew = reencrypt
Where = InstallationTarget
Served = WorkspaceBot
Installed = OAuthInstallation
Opening = WorkspaceServicesFactory
told = domain_error
trouble = internal_error
mistyped = unknown_command
unclear = ambiguous_or_unknown
sure = confirm_dialog
theirs = plain_user_text
guide = help_view
anyone = allow=
PATIENCE = ACK_DEADLINE / PROPAGATION_WAIT
in_time = ack_before_deadline
audience = recipient
KIND = MESSAGE_KIND
Why = DenialReason
belongs = check_membership
no_member = membership_problem
ListedUsers = ExplicitUsers
first_break = verify_chain
BEGINNING = GENESIS_HASH
DueNotice = OutboxEntry
begun_after = starts_after_seq
record_hash = audit_log_hash_at_start
ended_hash = audit_log_hash_at_end
at_start = snapshot_at_start
at_end = snapshot_at_end
GRANTING = DELIVERING
Courier = Dispatcher
Teller = EventQueue
Wiring = SandboxRuntime
Keeper = Persister
Spot = ElementLocation
PracticeSlack = Sandbox
Part = Component / ServedPart → Process
furnish = load_fixtures
World = DemoEnvironment
Busy = LoadLoop
ForeignKeys = ImportedKeys
Upgrades = RehashQueue
judge = evaluate
Inbound = RequestHeaders
gather = parse
wire = http_messages
Gone = ClientDisconnected
GuardedProtocol = BoundedHttpProtocol
believe_until = valid_until
beat = heartbeat
""".strip().splitlines()
)

# A name that something stored has, and one that is kept for a version.
KEPT = {("bot/home/state.py", "shelf"), ("sandbox/directory.py", "hands")}

# What to say instead stands on the right; both sides of a hyphen or a line break are looked at.
PHRASES = {
    r"somebody": "a user, a person, the caller, the owner",
    r"whoever": "the person who, anyone who, or the role's name",
    r"they who": "people who",
    r"anew": "again",
    r"goes on|go on for": "keeps working, continues",
    r"answers for": "owns, the key's owner",
    r"dealt with": "handled",
    r"takes leave": "deregisters",
    r"is let in|are let in|lets? in": "is accepted, is allowed",
    r"it stays so": "this is permanent",
    r"you hear of it": "we'll message you",
    r"put right": "after removing that",
    r"no key is like that": "no keys match this filter",
    r"waiting to be said": "pending",
    r"to read on": "more documentation",
}

# In these packages nothing reads like a translation either.
PLAIN = ("keys", "storage")
ACCENTS = {
    r"stands?|standing": "is, is stored",
    r"nobody": "no one, or say who does",
    r"tells? of": "is about, mentions",
    r"(?:is|at) the most": "at most, the maximum",
    r"given up": "cancelled",
    r"comes to its end|comes to work": "ends, works",
    r"a moment": "a time",
    r"lets? go of": "releases",
    r"any ?more": "no longer",
}
# A reason that is stored, and compared with what is stored.
STORED = "nobody took its token within 24 hours"


def _files() -> dict[str, Path]:
    found = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    return {str(path.relative_to(ROOT)): path for path in found if "versions" not in path.parts}


def _documents() -> dict[str, Path]:
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "manifest.yml"]
    # What was written about earlier versions stays.
    return {str(path.relative_to(ROOT)): path for path in found if path.name != "CHANGELOG.md"}


def _names(source: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name, node.lineno
            case ast.arg():
                yield node.arg, node.lineno
            case ast.Name(ctx=ast.Store()):
                yield node.id, node.lineno
            case ast.Attribute(ctx=ast.Store()):
                yield node.attr, node.lineno
            case ast.alias(asname=str(name)):
                yield name, node.lineno


def _private_names(source: str, file: str = "") -> list[str]:
    names = sorted({(line, name.strip("_")) for name, line in _names(source)})
    found = [(line, name) for line, name in names if name in NAMES and (file, name) not in KEPT]
    return [f"line {line}: {name}: say {NAMES[name]}" for line, name in found]


def _phrases(text: str, phrases: Mapping[str, str] = PHRASES) -> list[str]:
    """Each phrase that is not used, with its line; a line break counts as a space."""
    found = []
    for phrase, instead in phrases.items():
        gap = phrase.replace(" ", r"[ \n#]+")
        for match in re.finditer(rf"(?i)\b(?:{gap})\b", text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"line {line}: {match.group()!r}: say {instead}")
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_names_are_the_terms_of_the_field(package: str) -> None:
    found = [
        f"{file}, {line}"
        for file, path in _files().items()
        if file.startswith(f"{package}/")
        for line in _private_names(path.read_text(encoding="utf-8"), file)
    ]
    assert found == []


def test_modules_have_plain_names() -> None:
    parts = {part.strip("_") for path in map(Path, _files()) for part in path.with_suffix("").parts}
    assert parts & NAMES.keys() == set()


def test_texts_and_documents_use_plain_words() -> None:
    found = [
        f"{file}, {line}"
        for file, path in (_files() | _documents()).items()
        for line in _phrases(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("package", PLAIN)
def test_texts_do_not_read_like_a_translation(package: str) -> None:
    found = [
        f"{file}, {line}"
        for file, path in _files().items()
        if file.startswith(f"{package}/")
        for line in _phrases(path.read_text(encoding="utf-8").replace(STORED, ""), ACCENTS)
    ]
    assert found == []


def test_an_accent_is_found() -> None:
    (found,) = _phrases("The token stands in a message.", ACCENTS)
    assert found == "line 1: 'stands': say is, is stored"


def test_a_private_word_is_found() -> None:
    source = "def f(errand):\n    self.hands = 1\nclass Turn: pass\n"
    assert [found.split(": say")[0] for found in _private_names(source)] == [
        "line 1: errand",
        "line 2: hands",
        "line 3: Turn",
    ]


def test_a_phrase_is_found_across_a_line_break() -> None:
    assert _phrases("It was dealt\n# with, whoever asks.") == [
        "line 2: 'whoever': say the person who, anyone who, or the role's name",
        "line 1: 'dealt\\n# with': say handled",
    ]
