"""What the bench itself promises: it waits for all work, and hides no failure of it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.bot.harness.listening import Work


def test_it_waits_for_work_and_for_what_that_hands_over() -> None:
    with ThreadPoolExecutor(2) as executor:
        work, may_end, done = Work(executor), threading.Event(), []

        def inner() -> None:
            assert may_end.wait(5)
            done.append("inner")

        def outer() -> None:
            executor.submit(inner)
            threading.Timer(0.05, may_end.set).start()
            done.append("outer")

        executor.submit(outer)
        work.settle()
        assert done == ["outer", "inner"]


def test_what_failed_is_raised() -> None:
    with ThreadPoolExecutor(1) as executor:
        work = Work(executor)
        executor.submit(lambda: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            work.settle()
        work.settle()
