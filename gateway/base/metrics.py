"""What can be counted and measured of a gateway, in Prometheus' form.

Numbers are plain attributes, raised in the event loop, and read only when somebody asks:
prometheus_client's own counters lock at each step, which is dear where an answer takes
microseconds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import accumulate

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_LATEST
# Seconds; from an answer out of memory to a database in trouble.
BUCKETS = (
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5,
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
)  # fmt: skip
Gauge = Callable[[], float]
ALLOWED = "allowed"
"""The outcome of who was let in; every other one is the reason why not."""


class Metrics(Collector):
    """The numbers of one gateway."""

    def __init__(self) -> None:
        self._refused: dict[str, int] = defaultdict(int)
        self._allowed = 0
        self.from_cache = 0
        self.from_database = 0
        self.from_replica = 0
        self._buckets = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0
        self._gauges: list[tuple[str, str, Gauge]] = []
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def count(self, outcome: str) -> None:
        """Counts one verification: `allowed`, or the reason why not."""
        if outcome == ALLOWED:
            self._allowed += 1
        else:
            self._refused[outcome] += 1

    def took(self, seconds: float) -> None:
        """Notes how long one verification took."""
        self._buckets[bisect_left(BUCKETS, seconds)] += 1
        self._seconds += seconds

    def allowed_in(self, seconds: float) -> None:
        """Both for one that was allowed, in one step."""
        self._allowed += 1
        self.took(seconds)

    def watch(self, name: str, meaning: str, gauge: Gauge) -> None:
        """Adds a number that is asked for when it is read; `name` without the prefix."""
        self._gauges.append((name, meaning, gauge))

    def text(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        """See prometheus_client's Collector."""
        outcomes = {ALLOWED: self._allowed, **self._refused}
        yield _counter("verifications", "Verifications by outcome.", "outcome", outcomes)
        yield _counter(
            "lookups",
            "Where answers came from.",
            "source",
            {
                "memory": self.from_cache,
                "database": self.from_database,
                "replica": self.from_replica,
            },
        )
        latency = HistogramMetricFamily(
            "apikeys_gateway_verification_seconds", "How long verifications took."
        )
        names = [f"{bound:g}" for bound in BUCKETS] + ["+Inf"]
        sums = list(accumulate(self._buckets))
        latency.add_metric([], list(zip(names, sums, strict=True)), self._seconds)
        yield latency
        for name, meaning, gauge in self._gauges:
            yield GaugeMetricFamily(f"apikeys_gateway_{name}", meaning, gauge())


def _counter(name: str, meaning: str, label: str, values: dict[str, int]) -> Metric:
    family = CounterMetricFamily(f"apikeys_gateway_{name}", meaning, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family
