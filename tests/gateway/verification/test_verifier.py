"""Verdicts from the cache or the database, shared queries, and changes in between."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any

import pytest

from gateway.base.gateway_log import GatewayLog
from gateway.base.metrics import Metrics
from gateway.base.options import Options
from gateway.base.thread_pool import Pool, Unavailable
from gateway.cache.verdict_cache import CachedKey, VerdictCache, fingerprint
from gateway.usage.rehash_queue import RehashQueue
from gateway.verification.batch_loader import BatchLoader
from gateway.verification.verifier import CachingVerifier
from keys.credentials.peppers import Peppers
from keys.credentials.tokens import Token, make
from keys.credentials.verification import Reason, Refused
from runtime.clock import HeldClock
from storage.change_feed import FeedEntry
from storage.seals import plain
from storage.secret_lookup import MOST, SecretRow, WouldBlock
from tests.gateway.fakes import NOON

DEADLINE = 10
PEPPERS = Peppers({1: b"p" * 32})
Rows = Mapping[str, SecretRow]


def row(token: Token, **changes: Any) -> SecretRow:
    """An active key's row for this token."""
    found = SecretRow(
        secret_id=f"sec_{token.public_id}",
        secret_account_id="acc_1",
        secret_key_id=f"key_{token.public_id}",
        public_id=token.public_id,
        digest=PEPPERS.digest(token, 1),
        pepper_version=1,
        hint=token.hint,
        created_at=plain(NOON),
        ends_at=None,
        pending=0,
        imported=0,
        algorithm="hmac",
        revision=3,
        key_id=f"key_{token.public_id}",
        account_id="acc_1",
        state="active",
        name="Zapier, production",
        owner="U1",
        scopes="read write",
        expires_at=None,
        rate_limit="",
        networks="",
        key_revision=3,
        seal=None,
        recorded_revision=3,
        is_ended=0,
    )
    return sealed(found, **changes)


def sealed(found: SecretRow, **changes: Any) -> SecretRow:
    """The row with these changes, and the seal that it has then."""
    changed = found._replace(**{name: plain(value) for name, value in changes.items()})
    return changed._replace(seal=PEPPERS.seal(changed.content))


class Database:
    """Rows by public id; `before` runs before each query answers, in the query's thread."""

    def __init__(self, *rows: SecretRow) -> None:
        self.rows = {each.public_id: each for each in rows}
        self.asked: list[list[str]] = []
        self.before: Callable[[], None] = lambda: None
        self.at_once = False
        self.closed = False

    def read(self, public_ids: Sequence[str]) -> Rows:
        seen = {each: self.rows[each] for each in public_ids if each in self.rows}
        self.asked.append(list(public_ids))
        self.before()
        return seen

    def try_read_now(self, public_id: str) -> SecretRow | None:
        if not self.at_once:
            raise WouldBlock
        return self.read([public_id]).get(public_id)

    def read_imported(self, digests: Sequence[bytes]) -> dict[bytes, SecretRow]:
        raise AssertionError("nothing is imported here")

    def any_imported(self) -> bool:
        return False

    def try_any_imported_now(self) -> bool:
        if not self.at_once:
            raise WouldBlock
        return False

    def close(self) -> None:
        self.closed = True


class Desk:
    """A verifier with a valid cache."""

    def __init__(self, database: Database, **options: Any) -> None:
        clock = HeldClock(NOON)
        self.database = database
        self.cache = VerdictCache(clock)
        self.cache.valid_until(inf)
        self.verifier = CachingVerifier(
            database,  # type: ignore[arg-type]  # what it needs of a Lookup
            PEPPERS,
            clock,
            self.cache,
            Options(**options),
            Metrics(),
            RehashQueue(PEPPERS, lambda _: None, GatewayLog(clock)),
        )

    def check(self, *tokens: Token | str) -> list[CachedKey | Refused]:
        async def run() -> list[CachedKey | Refused]:
            texts = [each if isinstance(each, str) else each.reveal() for each in tokens]
            return await asyncio.gather(*(self.verifier.check(text) for text in texts))

        return asyncio.run(run())


def test_the_second_verification_needs_no_query() -> None:
    good, unknown = make("ak"), make("ak")
    desk = Desk(Database(row(good)))
    for _ in range(2):
        cached, refused = desk.check(good, unknown)
        assert isinstance(cached, CachedKey)
        assert cached.key.key_id == f"key_{good.public_id}"
        assert refused == Refused(Reason.UNKNOWN)
    assert len(desk.database.asked) == 1


def test_a_gateway_of_one_account_refuses_the_keys_of_others() -> None:
    own, other = make("ak"), make("ak")
    rows = row(own), row(other, account_id="acc_2", secret_account_id="acc_2")
    desk = Desk(Database(*rows), account="acc_1")
    for _ in range(2):
        cached, refused = desk.check(own, other)
        assert isinstance(cached, CachedKey)
        assert refused == Refused(Reason.ACCOUNT, f"key_{other.public_id}")
    assert all(isinstance(one, CachedKey) for one in Desk(Database(*rows)).check(own, other))


def test_a_typing_error_never_reaches_the_database() -> None:
    desk = Desk(Database())
    text = make("ak").reveal()
    flaws = [text[:-1] + ("A" if text[-1] != "A" else "B"), f'"{text}"', text[:-3], "", "\udcff"]
    reasons = [answer.reason for answer in desk.check(*flaws) if isinstance(answer, Refused)]
    assert reasons == ["checksum", "surrounded", "malformed", "missing", "malformed"]
    assert desk.database.asked == []


def test_concurrent_requests_share_one_query() -> None:
    tokens = [make("ak") for _ in range(MOST + 10)]
    desk = Desk(Database(*(row(token) for token in tokens)), threads=2)
    answers = desk.check(*tokens, *tokens[-5:])
    assert all(isinstance(answer, CachedKey) for answer in answers)
    assert sorted(map(len, desk.database.asked)) == [10, MOST]


def test_a_key_revoked_while_it_is_read_is_read_again() -> None:
    """The read saw the key as it was before; using it would accept a revoked key."""
    token = make("ak")
    database = Database(row(token))
    desk = Desk(database)

    def revoke() -> None:
        database.before = lambda: None
        database.rows[token.public_id] = row(token, state="revoked")
        desk.cache.apply([FeedEntry(f"key_{token.public_id}", None)])

    database.before = revoke
    (answer,) = desk.check(token)
    assert answer == Refused(Reason.REVOKED, f"key_{token.public_id}")
    assert len(database.asked) == 2
    (again,) = desk.check(token)
    assert again == answer


def test_a_key_made_while_its_absence_is_read_is_found() -> None:
    token = make("ak")
    database = Database()
    desk = Desk(database)

    def import_it() -> None:
        database.before = lambda: None
        database.rows[token.public_id] = row(token)
        desk.cache.apply([FeedEntry(f"key_{token.public_id}", token.public_id)])

    database.before = import_it
    assert isinstance(desk.check(token)[0], CachedKey)


def test_a_lost_feed_has_what_is_under_way_read_again() -> None:
    token = make("ak")
    database = Database(row(token))
    desk = Desk(database)

    def lose() -> None:
        database.before = lambda: None
        desk.cache.clear()

    database.before = lose
    assert isinstance(desk.check(token)[0], CachedKey)
    assert len(database.asked) == 2


def test_a_key_that_never_stands_still_is_not_waited_for() -> None:
    token = make("ak")
    desk = Desk(Database(row(token)))
    desk.database.before = desk.cache.clear
    with pytest.raises(Unavailable) as refused:
        desk.check(token)
    assert refused.value.cause == "changing"


def test_changes_of_other_keys_do_not_repeat_a_read() -> None:
    token = make("ak")
    desk = Desk(Database(row(token)))
    desk.database.before = lambda: desk.cache.apply([FeedEntry("key_other", "public_other")])
    assert isinstance(desk.check(token)[0], CachedKey)
    assert len(desk.database.asked) == 1


def test_closing_closes_the_connections_too() -> None:
    desk = Desk(Database())
    desk.verifier.close()
    assert desk.database.closed


def test_a_database_that_answers_without_waiting_is_read_in_the_loop() -> None:
    good, revoked = make("ak"), make("ak")
    desk = Desk(Database(row(good), row(revoked, state="revoked")))
    desk.database.at_once = True
    marked = good.reveal().encode()
    found = desk.verifier.try_read_now(marked, fingerprint(marked))
    assert found is desk.cache.get(fingerprint(marked))
    assert found is not None
    refused = revoked.reveal().encode()
    answer = desk.verifier.try_read_now(refused, fingerprint(refused))
    assert answer is not None
    assert answer is desk.cache.refusal(fingerprint(refused))
    unknown = make("ak").reveal().encode()
    assert desk.verifier.try_read_now(unknown, fingerprint(unknown)) == Refused(Reason.UNKNOWN)
    assert desk.verifier.try_read_now(b"\xff", fingerprint(b"\xff")) is None
    assert desk.check(good, revoked) == [found, desk.cache.refusal(fingerprint(refused))]


def test_a_read_that_would_block_is_left_to_the_usual_way() -> None:
    good = make("ak")
    desk = Desk(Database(row(good)))
    assert desk.verifier.try_read_now(good.reveal().encode(), b"mark") is None
    assert isinstance(desk.check(good)[0], CachedKey)


# Batches alone


def _batches(read: Callable[[Sequence[str]], Rows], **options: int) -> BatchLoader:  # type: ignore[type-arg]
    chosen = Options(**options)  # type: ignore[arg-type]
    return BatchLoader(read, Pool(chosen), chosen)


def test_a_request_during_a_query_waits_for_the_next() -> None:
    """Joining the one under way could give an answer from before the question."""
    let_go, begun = threading.Event(), threading.Event()
    asked: list[list[str]] = []

    def read(public_ids: Sequence[str]) -> Rows:
        asked.append(list(public_ids))
        begun.set()
        assert let_go.wait(DEADLINE)
        return {}

    async def run() -> None:
        batches = _batches(read, threads=1)
        first = asyncio.create_task(batches.load("a"))
        assert await asyncio.to_thread(begun.wait, DEADLINE)
        later = [asyncio.create_task(batches.load(each)) for each in ("a", "b", "a")]
        await asyncio.sleep(0)
        let_go.set()
        await asyncio.gather(first, *later)

    asyncio.run(run())
    assert asked == [["a"], ["a", "b"]]


def test_a_query_that_fails_fails_for_all_who_share_it_and_for_no_others() -> None:
    fails = [True]

    def read(public_ids: Sequence[str]) -> Rows:
        if fails.pop() if fails else False:
            raise KeyError("defect")
        return {}

    async def run() -> list[object]:
        batches = _batches(read)
        together = await asyncio.gather(
            batches.load("a"), batches.load("b"), return_exceptions=True
        )
        return [*together, await batches.load("a")]

    first, second, third = asyncio.run(run())
    assert isinstance(first, KeyError)
    assert isinstance(second, KeyError)
    assert third is None


def test_a_full_queue_refuses() -> None:
    async def run() -> list[object]:
        batches = _batches(lambda _: {}, waiting=2)
        return await asyncio.gather(*(batches.load(each) for each in "abc"), return_exceptions=True)

    *fine, turned_away = asyncio.run(run())
    assert fine == [None, None]
    assert isinstance(turned_away, Unavailable)


def test_a_client_that_disconnects_while_waiting_disturbs_no_other() -> None:
    let_go = threading.Event()

    def read(public_ids: Sequence[str]) -> Rows:
        assert let_go.wait(DEADLINE)
        return {}

    async def run() -> SecretRow | None:
        batches = _batches(read)
        gone = asyncio.create_task(batches.load("a"))
        stays = asyncio.create_task(batches.load("b"))
        await asyncio.sleep(0)
        gone.cancel()
        let_go.set()
        return await stays

    assert asyncio.run(run()) is None
