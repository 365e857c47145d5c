"""Count and time verifications, for Prometheus.

Numbers are plain attributes that the event loop increments and a scrape reads: prometheus_client's
own counters take a lock for each increment, which is expensive where a reply takes microseconds.
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
# Seconds; from a cached answer to a database in trouble.
BUCKETS = (
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5,
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
)  # fmt: skip
Gauge = Callable[[], float]
ALLOWED = "allowed"
"""The outcome of a request that was accepted with a key."""
PREFLIGHT = "preflight"
"""That of a CORS preflight, accepted without one. Every other outcome is a refusal's reason."""


class Metrics(Collector):
    """The metrics of one gateway."""

    def __init__(self) -> None:
        self._refused: dict[str, int] = defaultdict(int)
        self.allowed = 0
        self.from_cache = 0
        self.from_database = 0
        self.from_replica = 0
        self._buckets = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0
        self._gauges: list[tuple[str, str, Gauge]] = []
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def count(self, outcome: str) -> None:
        """Count one verification by its outcome: `allowed`, or the reason for the refusal."""
        if outcome == ALLOWED:
            self.allowed += 1
        else:
            self._refused[outcome] += 1

    def observe(self, seconds: float) -> None:
        """Record how long one verification took."""
        self._buckets[bisect_left(BUCKETS, seconds)] += 1
        self._seconds += seconds

    def observe_allowed(self, seconds: float) -> None:
        """Count one accepted verification and record how long it took."""
        self.allowed += 1
        self.observe(seconds)

    def watch(self, name: str, meaning: str, gauge: Gauge) -> None:
        """Add a gauge whose value is computed at each scrape; `name` without the prefix."""
        self._gauges.append((name, meaning, gauge))

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        """Yield all metrics; see prometheus_client's Collector."""
        outcomes = {ALLOWED: self.allowed, **self._refused}
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
