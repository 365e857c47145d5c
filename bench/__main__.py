"""Runs the benchmarks and writes bench/results.json: `make bench`.

    python -m bench [--only hot peers cold …] [--rounds 12] [--seconds 1] [--keys N]

What is compared runs side by side in one run and in turns, so that whatever else the machine does
hits both; a ratio is the median of ratios of neighbouring rounds. Many short rounds serve that
better than few long ones: shared machines change speed within seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench.commands import commands, rounds
from bench.integrity import verification
from bench.neighbours import neighbours
from bench.peers.comparing import peers
from bench.refusals import refusals
from bench.report import HEADING, Report
from bench.revocation import revocation
from bench.speed import Stocked, cold, fast_path, memory, scale
from bench.stock import PEPPER, stock
from bench.wrk import WrkMissing, command
from keys.credentials.peppers import read_peppers
from tests.postgresql import NoPostgresql, Postgresql, Replica

SECTIONS = (
    "hot",
    "peers",
    "cold",
    "verify",
    "scale",
    "memory",
    "refusals",
    "neighbours",
    "revocation",
    "commands",
)
RESULTS = Path(__file__).parent / "results.json"
_FEW = 1_000
# PostgreSQL's database is made more slowly, and its tokens are read more slowly too.
_ON_POSTGRESQL = 400_000
# By how many seconds the replica is behind from which gateways read.
_BEHIND = 1.0


class Bench:
    """One run: its report, its databases, made when first needed."""

    def __init__(self, chosen: argparse.Namespace, stack: ExitStack) -> None:
        self.report = Report()
        self._chosen = chosen
        self._stack = stack
        self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        self._stocked: dict[str, Stocked] = {}
        self._server: Postgresql | None = None

    def sqlite(self, keys: int) -> Stocked:
        """A SQLite database with so many keys."""
        return self._made(
            f"sqlite-{keys}", keys, lambda name: f"sqlite:///{self._folder / name}.db"
        )

    def postgresql(self, keys: int) -> Stocked:
        """The same on PostgreSQL. Raises NoPostgresql."""
        return self._made(f"postgresql-{keys}", keys, lambda name: self.server().create(name))

    def server(self) -> Postgresql:
        """A PostgreSQL server. Raises NoPostgresql."""
        if self._server is None:
            self._server = self._stack.enter_context(Postgresql())
        return self._server

    def run(self) -> None:
        """Everything that was chosen."""
        rounds, seconds = self._chosen.rounds, self._chosen.seconds
        sections: dict[str, Callable[[], None]] = {
            "hot": lambda: fast_path(self.report, self.sqlite(_FEW), rounds, seconds),
            "peers": lambda: peers(self.report, self.sqlite(_FEW), self._folder, rounds, seconds),
            "cold": lambda: self._cold(rounds, seconds),
            "verify": self._verify,
            "scale": lambda: scale(
                self.report, self.sqlite(_FEW), self.sqlite(self._chosen.keys), rounds, seconds
            ),
            "memory": lambda: memory(self.report, self.sqlite(self._chosen.keys), 100_000),
            "refusals": lambda: refusals(
                self.report, f"sqlite:///{self._folder / 'refusals.db'}", rounds, seconds
            ),
            "neighbours": lambda: neighbours(
                self.report, f"sqlite:///{self._folder / 'neighbours.db'}", rounds, seconds
            ),
            "revocation": self._revocation,
            "commands": self._commands,
        }
        for name in self._chosen.only:
            sections[name]()

    def _cold(self, rounds: int, seconds: int) -> None:
        cold(self.report, "SQLite", self.sqlite(self._chosen.keys), rounds, seconds)
        try:
            on_server = self.postgresql(_ON_POSTGRESQL)
        except NoPostgresql as missing:
            self.report.leave_out(f"cold verification on PostgreSQL: {missing}")
        else:
            cold(self.report, "PostgreSQL", on_server, rounds, seconds)

    def _verify(self) -> None:
        verification(self.report, "SQLite", self.sqlite(self._chosen.keys))
        try:
            on_server = self.postgresql(_ON_POSTGRESQL)
        except NoPostgresql as missing:
            self.report.leave_out(f"`db verify` on PostgreSQL: {missing}")
        else:
            verification(self.report, "PostgreSQL", on_server)

    def _revocation(self) -> None:
        count = self._chosen.revocations
        revocation(self.report, "SQLite", f"sqlite:///{self._folder / 'revocation.db'}", count)
        try:
            url = self.server().create("revocation")
        except NoPostgresql as missing:
            self.report.leave_out(f"revocation on PostgreSQL: {missing}")
        else:
            revocation(self.report, "PostgreSQL", url, count)
            self._revocation_with_replica(count)

    def _revocation_with_replica(self, count: int) -> None:
        server = self.server()
        url = server.create("revocation_replica")
        with Replica(server, delay=_BEHIND) as replica:
            name = f"PostgreSQL, read from a replica {_BEHIND:g} s behind"
            revocation(self.report, name, url, count, replica.url("revocation_replica"), _BEHIND)

    def _commands(self) -> None:
        commands(self.report)
        rounds(self.report, "SQLite", f"sqlite:///{self._folder / 'rounds.db'}")
        try:
            rounds(self.report, "PostgreSQL", self.server().create("rounds"))
        except NoPostgresql as missing:
            self.report.leave_out(f"rounds on PostgreSQL: {missing}")

    def _made(self, name: str, keys: int, url: Callable[[str], str]) -> Stocked:
        if name not in self._stocked:
            tokens = self._folder / f"{name}.tokens"
            address = url(name)
            # A fast machine presents every one of a million once.
            stock(address, read_peppers(PEPPER), keys, keys, tokens)
            self._stocked[name] = Stocked(address, tokens, keys)
        return self._stocked[name]


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--keys", type=int, default=1_000_000, help="what many keys are")
    parser.add_argument("--revocations", type=int, default=200)
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    try:
        command("", 1)
    except WrkMissing as missing:
        sys.exit(str(missing))
    print(HEADING)  # noqa: T201 - it is a program's output
    with ExitStack() as stack:
        bench = Bench(chosen, stack)
        bench.run()
        bench.report.write(chosen.results)


if __name__ == "__main__":
    main()
