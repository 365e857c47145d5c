"""Imported keys at the gateway: found by their digests, cached, rehashed and invalidated."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

import pytest

from gateway.base.gateway_log import GatewayLog
from gateway.base.metrics import Metrics
from gateway.base.options import Options
from gateway.base.thread_pool import Unavailable
from gateway.cache.verdict_cache import CachedKey, VerdictCache, fingerprint
from gateway.usage.rehash_queue import RehashQueue
from gateway.verification.verifier import CachingVerifier
from keys.base.errors import StorageUnavailable
from keys.credentials.peppers import Peppers
from keys.credentials.tokens import make
from keys.credentials.verification import Reason, Refused
from keys.transfer.import_keys import Upgrade
from runtime.clock import HeldClock
from storage.change_feed import FeedEntry
from storage.secret_lookup import SecretRow, WouldBlock
from tests.gateway.fakes import NOON, lines
from tests.gateway.verification.test_verifier import row

PEPPERS = Peppers({1: b"p" * 32})
KEY = "sk_live_3ZYh9LqX8RzmTt5vW2nKpA"
OTHER = "sk_live_another"


def imported(key: str = KEY, **changes: Any) -> SecretRow:
    """The row of an imported key, as SHA-256 of the whole of it."""
    name = hashlib.sha256(key.encode()).hexdigest()[:12]
    about = {
        "public_id": f"imp_{name}",
        "secret_id": f"sec_{name}",
        "key_id": f"key_{name}",
        "digest": PEPPERS.imported_digest("sha256", hashlib.sha256(key.encode()).digest(), 1),
        "algorithm": "sha256",
    }
    return row(make("ak"), **{**about, **changes})


def told(key: str = KEY) -> FeedEntry:
    """What the feed reports when this key is imported or changed."""
    about = imported(key)
    return FeedEntry(about.key_id, about.public_id)


class Database:
    """Imported secrets by their digests; `before` runs before a query in a thread answers."""

    def __init__(self, *rows: SecretRow) -> None:
        self.rows = {each.digest: each for each in rows}
        self.asked: list[int] = []
        self.any_asked = 0
        self.before: Callable[[], None] = lambda: None
        self.at_once = False

    def read(self, public_ids: Sequence[str]) -> dict[str, SecretRow]:
        return {}

    def try_read_now(self, public_id: str) -> SecretRow | None:
        raise WouldBlock

    def read_imported(self, digests: Sequence[bytes]) -> dict[bytes, SecretRow]:
        seen = {each: self.rows[each] for each in digests if each in self.rows}
        self.asked.append(len(digests))
        self.before()
        return seen

    def try_read_imported_now(self, digests: Sequence[bytes]) -> dict[bytes, SecretRow]:
        if not self.at_once:
            raise WouldBlock
        return self.read_imported(digests)

    def any_imported(self) -> bool:
        self.any_asked += 1
        found = bool(self.rows)
        self.before()
        return found

    def try_any_imported_now(self) -> bool:
        if not self.at_once:
            raise WouldBlock
        return self.any_imported()

    def close(self) -> None:
        pass


class Desk:
    """A verifier with a valid cache."""

    def __init__(self, database: Database, account: str = "") -> None:
        clock = HeldClock(NOON)
        self.database = database
        self.cache = VerdictCache(clock)
        self.cache.valid_until(inf)
        self.written: list[dict[str, Upgrade]] = []
        self.rehash_queue = RehashQueue(
            PEPPERS, lambda each: self.written.append(dict(each)), GatewayLog(clock)
        )
        self.verifier = CachingVerifier(
            database,  # type: ignore[arg-type]  # what it needs of a Lookup
            PEPPERS,
            clock,
            self.cache,
            Options(account=account),
            Metrics(),
            self.rehash_queue,
        )

    def check(self, *texts: str) -> list[CachedKey | Refused]:
        async def run() -> list[CachedKey | Refused]:
            return await asyncio.gather(*(self.verifier.check(text) for text in texts))

        return asyncio.run(run())


@pytest.fixture(params=[False, True], ids=["in a thread", "at once"])
def database(request: pytest.FixtureRequest) -> Database:
    made = Database(imported())
    made.at_once = request.param
    return made


def test_the_second_verification_needs_no_query(database: Database) -> None:
    desk = Desk(database)
    for _ in range(2):
        cached, refused = desk.check(KEY, OTHER)
        assert isinstance(cached, CachedKey)
        assert cached.key.key_id == imported().key_id
        assert refused == Refused(Reason.MALFORMED)
    assert len(database.asked) == (2 if database.at_once else 1)
    assert database.any_asked == 1


def test_without_imports_there_is_no_query(database: Database) -> None:
    database.rows.clear()
    desk = Desk(database)
    for _ in range(3):
        assert desk.check(KEY, OTHER, KEY + "x") == [Refused(Reason.MALFORMED)] * 3
    assert database.any_asked == 1
    assert database.asked == []


def test_an_import_counts_immediately(database: Database) -> None:
    rows, database.rows = database.rows, {}
    desk = Desk(database)
    assert desk.check(KEY) == [Refused(Reason.MALFORMED)]
    database.rows = rows
    desk.cache.apply([told()])
    assert isinstance(desk.check(KEY)[0], CachedKey)


def test_a_second_import_is_found_although_the_key_was_unknown(database: Database) -> None:
    desk = Desk(database)
    assert desk.check(OTHER) == [Refused(Reason.MALFORMED)]
    later = imported(OTHER)
    database.rows[later.digest] = later
    desk.cache.apply([told(OTHER)])
    assert isinstance(desk.check(OTHER)[0], CachedKey)


def test_a_change_of_ours_leaves_what_is_known_of_others(database: Database) -> None:
    desk = Desk(database)
    desk.check(KEY, OTHER)
    asked = len(database.asked)
    desk.cache.apply([FeedEntry("key_ours", "7Fq2mZr81LdW")])
    desk.check(KEY, OTHER)
    assert len(database.asked) == asked


def test_a_revoked_import_is_refused_immediately(database: Database) -> None:
    desk = Desk(database)
    desk.check(KEY)
    database.rows[imported().digest] = imported(state="revoked")
    desk.cache.apply([FeedEntry(imported().key_id, None)])
    for _ in range(2):
        assert desk.check(KEY) == [Refused(Reason.REVOKED, imported().key_id)]


def test_a_key_revoked_while_it_is_read_is_read_again() -> None:
    database = Database(imported())
    desk = Desk(database)
    desk.cache.set_imported(True, desk.cache.position)

    def revoke() -> None:
        database.before = lambda: None
        database.rows[imported().digest] = imported(state="revoked")
        desk.cache.apply([FeedEntry(imported().key_id, None)])

    database.before = revoke
    assert desk.check(KEY) == [Refused(Reason.REVOKED, imported().key_id)]


def test_a_key_imported_while_its_absence_is_read_is_found() -> None:
    database = Database(imported(OTHER))
    desk = Desk(database)
    desk.cache.set_imported(True, desk.cache.position)

    def import_it() -> None:
        database.before = lambda: None
        database.rows[imported().digest] = imported()
        desk.cache.apply([told()])

    database.before = import_it
    assert isinstance(desk.check(KEY)[0], CachedKey)


def test_an_import_while_one_asks_whether_there_is_any() -> None:
    database = Database()
    desk = Desk(database)

    def import_it() -> None:
        database.before = lambda: None
        database.rows[imported().digest] = imported()
        desk.cache.apply([told()])

    database.before = import_it
    assert isinstance(desk.check(KEY)[0], CachedKey)


def test_a_lost_feed_has_it_read_again(database: Database) -> None:
    rows, database.rows = database.rows, {}
    desk = Desk(database)
    desk.check(KEY)
    database.rows = rows
    desk.cache.clear()
    assert isinstance(desk.check(KEY)[0], CachedKey)
    assert database.any_asked == 2


def test_without_belief_the_digests_themselves_are_asked_for(database: Database) -> None:
    desk = Desk(database)
    desk.cache.valid_until(-inf)
    for _ in range(2):
        assert isinstance(desk.check(KEY)[0], CachedKey)
    assert (database.any_asked, len(database.asked)) == (0, 2)


def test_a_key_that_never_stands_still_is_not_waited_for() -> None:
    desk = Desk(Database(imported()))
    desk.cache.set_imported(True, desk.cache.position)
    desk.database.before = lambda: desk.cache.apply([told()])
    with pytest.raises(Unavailable) as refused:
        desk.check(KEY)
    assert refused.value.cause == "changing"


@pytest.mark.parametrize("text", ["", " x", '"x"', "x y", "ä", "\udcff", "x" * 201])
def test_what_can_be_no_key_never_reaches_the_database(database: Database, text: str) -> None:
    desk = Desk(database)
    desk.check(KEY)
    asked = len(database.asked)
    assert isinstance(desk.check(text)[0], Refused)
    assert len(database.asked) == asked


def test_concurrent_requests_share_one_query() -> None:
    desk = Desk(Database(imported()))
    answers = desk.check(KEY, *(f"unknown_{n}" for n in range(20)), KEY)
    assert isinstance(answers[0], CachedKey)
    assert isinstance(answers[-1], CachedKey)
    assert len(desk.database.asked) == 1
    assert desk.database.any_asked == 1


def test_unknown_texts_are_cached_in_bounded_number(database: Database) -> None:
    desk = Desk(database)
    desk.cache._max_refused = 10
    desk.check(*(f"unknown_{n}" for n in range(50)))
    assert len(desk.cache._refused) == 10
    desk.cache.apply([told()])
    assert len(desk.cache._refused) == 0


def test_the_fast_path_finds_it_too() -> None:
    database = Database(imported())
    database.at_once = True
    desk = Desk(database)
    raw = KEY.encode()
    # Whether there are any has to be found out first, which is the usual way's business.
    assert desk.verifier.try_read_now(raw, fingerprint(raw)) is None
    desk.check(OTHER)
    found = desk.verifier.try_read_now(raw, fingerprint(raw))
    assert found is not None
    assert found is desk.cache.get(fingerprint(raw))
    for nonsense in (b"", b"unknown", b"x y", "naïve".encode()):
        assert (
            desk.verifier.try_read_now(nonsense, fingerprint(nonsense))
            == desk.check(nonsense.decode())[0]
        )
    assert desk.verifier.try_read_now(b"\xff", fingerprint(b"\xff")) is None


# Upgrades


def test_the_first_use_has_its_digest_replaced(database: Database) -> None:
    desk = Desk(database)
    desk.check(KEY, KEY, OTHER)
    desk.check(KEY)
    assert desk.rehash_queue.backlog == 1
    assert desk.rehash_queue.flush() == 1
    ours = Upgrade(PEPPERS.digest_bytes(KEY.encode(), 1), 1)
    assert desk.written == [{imported().secret_id: ours}]
    assert desk.rehash_queue.flush() == 0
    # Then the database has it, the feed tells, and nothing is left to do.
    changed = imported(digest=ours.digest, pepper_version=1, algorithm="hmac")
    database.rows = {changed.digest: changed}
    desk.cache.apply([told()])
    assert isinstance(desk.check(KEY)[0], CachedKey)
    assert desk.rehash_queue.backlog == 0


def test_a_refused_key_is_not_rehashed(database: Database) -> None:
    database.rows[imported().digest] = imported(state="revoked")
    desk = Desk(database)
    desk.check(KEY)
    assert desk.rehash_queue.backlog == 0


def test_what_could_not_be_written_is_written_later(caplog: pytest.LogCaptureFixture) -> None:
    fails = [True]
    written: list[str] = []

    def write(rehash_queue: object) -> None:
        if fails:
            raise StorageUnavailable("gone")
        written.extend(rehash_queue)  # type: ignore[arg-type, call-overload]

    rehash_queue = RehashQueue(PEPPERS, write, GatewayLog(HeldClock(NOON)), every=0.01)
    rehash_queue.add("sec_1", b"one")
    with pytest.raises(StorageUnavailable):
        rehash_queue.flush()
    assert rehash_queue.backlog == 1
    rehash_queue.stop()
    assert [line["event"] for line in lines(caplog.records)] == ["digests_unwritten"]
    fails.clear()
    rehash_queue.start()
    with pytest.raises(RuntimeError, match="already"):
        rehash_queue.start()
    rehash_queue.add("sec_2", b"two")
    rehash_queue.stop()
    assert sorted(written) == ["sec_1", "sec_2"]


def test_no_key_is_shown_by_what_waits() -> None:
    upgrade = Upgrade(PEPPERS.digest_bytes(KEY.encode(), 1), 1)
    assert "digest" not in repr(upgrade)


@pytest.mark.parametrize("account", ["acc_1", "acc_2"])
def test_a_gateway_of_one_account_refuses_imported_keys_of_others(
    database: Database, account: str
) -> None:
    (answer,) = Desk(database, account).check(KEY)
    if account == "acc_1":
        assert isinstance(answer, CachedKey)
    else:
        assert answer == Refused(Reason.ACCOUNT, imported().key_id)
