"""Writers of one process queue: urgent ones go first, and none is refused while others write."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from storage import StorageUnavailable, open_engine, urgent_until, write_queue, writing
from storage.write_queue import WriteQueue, is_urgent

WRITERS, EACH_SECONDS = 40, 0.03
DEADLINE = 10.0


def test_forty_writers_at_once_all_write(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'keys.db'}")
    with writing(engine) as session:
        session.execute(text("CREATE TABLE written (by INTEGER)"))
    together = threading.Barrier(WRITERS)

    def write(number: int) -> None:
        together.wait()
        with writing(engine) as session:
            session.execute(text("INSERT INTO written VALUES (:by)"), {"by": number})
            time.sleep(EACH_SECONDS)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    with writing(engine) as session:
        assert session.execute(text("SELECT count(*) FROM written")).scalar_one() == WRITERS
    engine.dispose()


def test_what_is_urgent_goes_first_and_each_kind_in_its_order() -> None:
    queue, entered, waiting = WriteQueue(), [], []
    acknowledged = threading.Event()
    acknowledged.set()

    def enter(name: str) -> None:
        assert queue.enter()
        entered.append(name)
        queue.leave()

    def patiently(name: str) -> None:
        with urgent_until(acknowledged):
            enter(name)

    assert queue.enter()
    order: list[tuple[Callable[[str], None], str]] = [
        (patiently, "late 1"), (patiently, "late 2"), (enter, "soon 1"), (enter, "soon 2"),
    ]  # fmt: skip
    for number, (work, name) in enumerate(order, 1):
        waiting.append(threading.Thread(target=work, args=(name,)))
        waiting[-1].start()
        wait_for(lambda number=number: len(queue._urgent) + len(queue._patient) == number)
    queue.leave()
    for thread in waiting:
        thread.join(DEADLINE)
    assert entered == ["soon 1", "soon 2", "late 1", "late 2"]


def test_a_write_is_urgent_until_its_request_is_acknowledged() -> None:
    acknowledged = threading.Event()
    assert is_urgent()
    with urgent_until(acknowledged):
        assert is_urgent()
        acknowledged.set()
        assert not is_urgent()
    assert is_urgent()


def test_an_urgent_writer_gives_up_and_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_queue, "URGENT_SECONDS", 0.05)
    engine = open_engine(f"sqlite:///{tmp_path / 'keys.db'}")

    def write() -> None:
        with writing(engine):
            pass

    with ThreadPoolExecutor(1) as pool:
        with writing(engine), pytest.raises(StorageUnavailable, match="busy"):
            pool.submit(write).result(DEADLINE)
        pool.submit(write).result(DEADLINE)
    engine.dispose()


def test_several_may_write_where_the_database_lets_them() -> None:
    queue = WriteQueue(2)
    assert queue.enter()
    assert queue.enter()
    with ThreadPoolExecutor(1) as pool:
        third = pool.submit(queue.enter)
        wait_for(lambda: bool(queue._urgent))
        queue.leave()
        assert third.result(DEADLINE)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)
