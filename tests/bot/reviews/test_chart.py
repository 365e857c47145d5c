"""The picture of the last year."""

from __future__ import annotations

import struct
from datetime import date, timedelta

import pytest

from bot.reviews.chart import keys_and_use
from keys.usage.trends import Week


@pytest.mark.parametrize("scale", [0, 1, 5_000])
def test_it_is_a_png_of_a_known_size_and_the_same_for_the_same_numbers(scale: int) -> None:
    weeks = [
        Week(date(2026, 1, 1) + timedelta(weeks=n), n * scale, n * n * scale) for n in range(52)
    ]
    picture = keys_and_use(weeks)
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", picture[16:24]) == (1296, 604)
    assert keys_and_use(weeks) == picture
    other = keys_and_use([Week(w.last, w.keys * 2 + (scale == 0), w.uses) for w in weeks])
    assert other != picture


def test_a_single_week_is_drawn_too() -> None:
    assert keys_and_use([Week(date(2026, 1, 1), 1, 1)])
