"""What a run found, as a table for people and JSON for programs."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison or measurement.

    Attributes:
        value: a ratio, or a number in `unit`.
        target: what it must reach; `least` tells whether at least or at most.
        detail: the medians that the ratio is made of, and the like.
    """

    what: str
    value: float
    unit: str = "ratio"
    target: float | None = None
    least: bool = True
    detail: dict[str, float | str] = field(default_factory=dict)

    @property
    def reached(self) -> bool | None:
        """Whether the target was reached; None without one."""
        if self.target is None:
            return None
        return self.value >= self.target if self.least else self.value <= self.target


def ratio(
    what: str,
    ours: Sequence[float],
    baseline: Sequence[float],
    target: float | None = None,
    **detail: float,
) -> Finding:
    """The median of the ratios of pairs that were measured one after the other."""
    pairs = [mine / other for mine, other in zip(ours, baseline, strict=True)]
    medians: dict[str, float | str] = {
        "ours_per_second": round(statistics.median(ours), 1),
        "theirs_per_second": round(statistics.median(baseline), 1),
    }
    return Finding(what, statistics.median(pairs), target=target, detail={**medians, **detail})


class Report:
    """Gathers findings; each is printed as soon as it is there."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.left_out: list[str] = []

    def add(self, finding: Finding) -> None:
        """Keep and print a finding."""
        self.findings.append(finding)
        print(_row(finding), flush=True)  # noqa: T201 - it is a program's output

    def leave_out(self, why: str) -> None:
        """Record what could not be measured here."""
        self.left_out.append(why)
        print(f"| left out: {why} | | | |", flush=True)  # noqa: T201

    def write(self, path: Path) -> None:
        """Write everything as JSON."""
        document = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": {
                "processors": os.cpu_count(),
                "python": platform.python_version(),
                "system": f"{platform.system()} {platform.machine()}",
            },
            "findings": [asdict(f) | {"reached": f.reached} for f in self.findings],
            "left_out": self.left_out,
        }
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


HEADING = "| what | measured | must reach | medians |\n| --- | ---: | ---: | --- |"


def _row(finding: Finding) -> str:
    must = ""
    if finding.target is not None:
        sign = "≥" if finding.least else "≤"
        must = f"{sign} {finding.target:g} {'✓' if finding.reached else '✗'}"
    unit = "" if finding.unit == "ratio" else f" {finding.unit}"
    detail = ", ".join(f"{name} {_number(value)}" for name, value in finding.detail.items())
    return f"| {finding.what} | {_number(finding.value)}{unit} | {must} | {detail} |"


def _number(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
