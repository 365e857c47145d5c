"""Charts as PNG, drawn by Matplotlib without a display."""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from datetime import timedelta

from keys.usage.trends import Week

_INK, _SOFT, _LINE, _BAR = "#1d1c1d", "#616061", "#1264a3", "#c9d8e6"
_INCHES, _DOTS = (9.0, 4.2), 144
# Matplotlib is not thread-safe, as its FAQ says.
_one_at_a_time = threading.Lock()


def keys_and_use(weeks: Sequence[Week]) -> bytes:
    """Draw the number of keys as a line, and their use as bars, week by week.

    Args:
        weeks: oldest first; at least one.

    Returns:
        A PNG of 1,296 by 604 pixels.
    """
    with _one_at_a_time:
        return _draw(weeks)


def _draw(weeks: Sequence[Week]) -> bytes:
    # Matplotlib takes half a second to import, and most runs of the program need no chart.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.dates import ConciseDateFormatter, MonthLocator
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    figure = Figure(figsize=_INCHES, dpi=_DOTS, layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1))
    days = [week.last for week in weeks]
    above.step(days, [week.keys for week in weeks], where="post", color=_LINE, linewidth=2)
    above.fill_between(days, [week.keys for week in weeks], step="post", color=_LINE, alpha=0.08)
    below.bar(days, [week.uses for week in weeks], width=5.5, color=_BAR)
    titles = ((above, "Keys that work"), (below, "Uses in a week"))
    for axes, title in titles:
        axes.set_title(title, loc="left", fontsize=11, color=_INK, fontweight="bold")
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.tick_params(colors=_SOFT, labelsize=9, length=0)
        axes.grid(axis="y", color="#e8e8e8", linewidth=0.8)
        axes.set_axisbelow(True)
        for side in axes.spines.values():
            side.set_visible(False)
    locator = MonthLocator()  # type: ignore[no-untyped-call]  # as Matplotlib has it
    below.xaxis.set_major_locator(locator)
    below.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    margin = timedelta(days=4)
    below.set_xlim(days[0] - margin, days[-1] + margin)
    picture = io.BytesIO()
    # Without metadata, the same numbers give the same file.
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()
